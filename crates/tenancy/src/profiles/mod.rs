//! The application profiles of the deployment: those that come with the program, and those that were imported.

mod control;
pub(crate) mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use profile::{Applied, Profile, builtin};
use scim::Schemas;

pub use control::ImportedProfile;
pub use store::ProfileVersion;

use crate::{Settings, TenancyError};

/// The version of a profile that came with the program.
pub const BUILT_IN: i64 = 0;

/// Every profile there is.
#[derive(Clone, Debug)]
pub struct Profiles {
    by_name: BTreeMap<String, (i64, Arc<Profile>)>,
    base_paths: Vec<Arc<str>>,
}

impl Default for Profiles {
    fn default() -> Self {
        Self::with(Vec::new())
    }
}

impl Profiles {
    /// Those that come with the program, and these in their place or beside them.
    pub(crate) fn with(imported: Vec<(i64, Profile)>) -> Self {
        let of_program = builtin().iter().map(|profile| (BUILT_IN, Arc::clone(profile)));
        let imported = imported.into_iter().map(|(version, profile)| (version, Arc::new(profile)));
        let named = of_program.chain(imported).map(|known| (known.1.name().to_owned(), known));
        let by_name: BTreeMap<_, _> = named.collect();
        let paths = by_name.values().flat_map(|(_, profile)| profile.base_paths());
        let mut base_paths: Vec<Arc<str>> = paths.map(|path| path.as_str().into()).collect();
        // The longest first: one may begin with another. Last those in which a tenant's name may be anything.
        base_paths.sort_by_key(|path| (path.contains('{'), std::cmp::Reverse(path.len()), Arc::clone(path)));
        base_paths.dedup();
        Self { by_name, base_paths }
    }

    /// The profile of this name, and its version.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<(i64, &Arc<Profile>)> {
        self.by_name.get(name).map(|(version, profile)| (*version, profile))
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = (i64, &Arc<Profile>)> {
        self.by_name.values().map(|(version, profile)| (*version, profile))
    }

    /// The paths of base URLs of all of them, in the order in which they are tried, as [`Profile::base_paths`].
    #[must_use]
    pub fn base_paths(&self) -> &[Arc<str>] {
        &self.base_paths
    }

    /// The profile that settings name, with what they decide.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`]
    pub fn applied(&self, settings: &Settings) -> Result<Arc<Applied>, TenancyError> {
        let name = &settings.profile;
        let Some((_, profile)) = self.find(name) else {
            let names: Vec<&str> = self.by_name.keys().map(String::as_str).collect();
            return Err(TenancyError::Invalid(format!(
                "no profile is named \"{name}\"; there are {}",
                names.join(", ")
            )));
        };
        let is_plain = settings.profile_options.is_empty() && settings.prerequisites_met.is_empty();
        if name == profile::GENERIC && is_plain && settings.invitation.is_empty() {
            return Ok(Applied::generic());
        }
        let applied = Applied::new(Arc::clone(profile), &settings.profile_options, &settings.prerequisites_met);
        applied.and_then(|applied| applied.inviting(&settings.invitation)).map(Arc::new).map_err(TenancyError::Invalid)
    }

    /// The same of a tenant as it is stored, and its schemas. Who does not fit, because a server of another version knows other
    /// profiles, is served to nobody; the others are.
    pub(crate) fn of_tenant(&self, name: &str, settings: &Settings) -> (Arc<Applied>, Arc<Schemas>) {
        let fit =
            self.applied(settings).and_then(|applied| settings.schemas(&applied).map(|schemas| (applied, schemas)));
        fit.unwrap_or_else(|error| {
            tracing::error!(tenant.id = name, %error, "a tenant does not fit its profile, and is not served");
            (Arc::new(Applied::unfit(error.to_string())), Schemas::standard())
        })
    }

    /// The same with another version of a profile, or without the one that was imported.
    pub(crate) fn changed(&self, name: &str, version: Option<(i64, Profile)>) -> Self {
        let imported =
            self.by_name.values().filter(|(version, profile)| *version != BUILT_IN && profile.name() != name);
        let imported = imported.map(|(version, profile)| (*version, Profile::clone(profile)));
        Self::with(imported.chain(version).collect())
    }

    /// Refuses paths of a profile that begin with one of another, or with which one of another begins: a client of one would be
    /// taken for one of the other.
    pub(crate) fn check_paths(&self, name: &str) -> Result<(), TenancyError> {
        let Some((_, own)) = self.find(name) else { return Ok(()) };
        for (_, other) in self.all().filter(|(_, other)| other.name() != name) {
            for path in own.base_paths() {
                let is_below =
                    |path: &str, above: &str| path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
                let near = other.base_paths().iter().find(|known| is_below(path, known) || is_below(known, path));
                if let Some(near) = near {
                    return Err(TenancyError::Invalid(format!(
                        "the base path {path} of profile {name} and {near} of profile {} begin alike; choose another one",
                        other.name()
                    )));
                }
            }
        }
        Ok(())
    }

    /// The versions of those that were imported.
    pub(crate) fn versions(&self) -> BTreeMap<&str, i64> {
        let imported = self.by_name.iter().filter(|(_, (version, _))| *version != BUILT_IN);
        imported.map(|(name, (version, _))| (name.as_str(), *version)).collect()
    }
}
