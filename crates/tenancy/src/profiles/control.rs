//! Importing profiles, and going back to a version before.

use std::sync::Arc;

use profile::{Applied, Profile, builtin};
use sea_orm::ConnectionTrait;
use serde_json::{Map, Value};

use super::store::{self, ProfileVersion};
use super::{BUILT_IN, Profiles};
use crate::replication::Change;
use crate::{TenancyError, Tenant, Tenants};

/// What an import came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedProfile {
    /// Its name.
    pub name: String,
    /// Its version; 0 is the one that came with the program.
    pub version: i64,
    /// Whether it is another one than before.
    pub is_changed: bool,
}

impl Tenants {
    /// The profiles that tenants go by.
    #[must_use]
    pub fn profiles(&self) -> Arc<Profiles> {
        Arc::clone(self.inner.known.snapshot().profiles())
    }

    /// Makes a text the newest version of the profile that it names. When this returns, every tenant with that profile goes by
    /// it, on every server. The same text as the current one changes nothing; with `unless_known`, that of any
    /// version neither: somebody has gone on from it, or back.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`] with the file, the line and what was expected, or the tenants that could not go by it; or the
    /// database's.
    pub async fn import_profile(
        &self,
        text: &str,
        file: &str,
        unless_known: bool,
    ) -> Result<ImportedProfile, TenancyError> {
        let profile = Profile::parse(text, file).map_err(|error| TenancyError::Invalid(error.to_string()))?;
        let name = profile.name().to_owned();
        if name == profile::GENERIC {
            return Err(TenancyError::Invalid(format!(
                "{file}: \"{name}\" is the profile of who has none, and stays as it is; give yours another name"
            )));
        }
        let change = self.begin().await?;
        if let Some((version, known)) = self.profiles().find(&name).filter(|(_, known)| known.text() == text) {
            return Ok(ImportedProfile { name: known.name().to_owned(), version, is_changed: false });
        }
        let newest = store::versions(&*change, &name).await?.first().map_or(BUILT_IN, |newest| newest.version);
        if unless_known && let Some(version) = store::version_of(&*change, &name, text).await? {
            return Ok(ImportedProfile { name, version, is_changed: false });
        }
        let version = newest + 1;
        store::insert(&*change, (&name, version), text, self.inner.time.now_ms()).await?;
        self.switch(change, &name, version, Some((version, profile))).await
    }

    /// Goes back to the version before the current one, or to the one of this number; 0 is the one that came with the program.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`] if there is no such version, or tenants could not go by it; or the database's.
    pub async fn roll_back_profile(&self, name: &str, to: Option<i64>) -> Result<ImportedProfile, TenancyError> {
        let change = self.begin().await?;
        let (version, is_current) = self.version_to(&*change, name, to).await?;
        if is_current {
            return Ok(ImportedProfile { name: name.to_owned(), version, is_changed: false });
        }
        let imported = match store::document(&*change, name, version).await? {
            Some(text) => {
                let profile = Profile::parse(&text, &store::file(name, version));
                Some((version, profile.map_err(|error| TenancyError::Invalid(error.to_string()))?))
            }
            None => None,
        };
        self.switch(change, name, version, imported).await
    }

    /// The text that tenants of a profile would go by after [`Tenants::roll_back_profile`]; `None` if they do now.
    ///
    /// # Errors
    /// As for going back.
    pub async fn profile_text_before(&self, name: &str, to: Option<i64>) -> Result<Option<String>, TenancyError> {
        let reader = self.inner.database.reader();
        let (version, is_current) = self.version_to(reader, name, to).await?;
        if is_current {
            return Ok(None);
        }
        let of_program =
            || builtin().iter().find(|profile| profile.name() == name).map(|known| known.text().to_owned());
        Ok(store::document(reader, name, version).await?.or_else(of_program))
    }

    /// Whether [`Tenants::import_profile`] would change anything.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`], or the database's.
    pub async fn is_new_profile(&self, text: &str, file: &str, unless_known: bool) -> Result<bool, TenancyError> {
        let profile = Profile::parse(text, file).map_err(|error| TenancyError::Invalid(error.to_string()))?;
        let name = profile.name();
        if self.profiles().find(name).is_some_and(|(_, known)| known.text() == text) {
            return Ok(false);
        }
        Ok(!unless_known || store::version_of(self.inner.database.reader(), name, text).await?.is_none())
    }

    /// The version to go back to, and whether it is the current one.
    async fn version_to(
        &self,
        on: &impl ConnectionTrait,
        name: &str,
        to: Option<i64>,
    ) -> Result<(i64, bool), TenancyError> {
        let all = self.known_versions(store::versions(on, name).await?, name)?;
        let current = all.iter().find(|version| version.is_current).map_or(BUILT_IN, |current| current.version);
        let before = all.iter().find(|version| version.version < current).map(|before| before.version);
        match to.or(before).filter(|wanted| all.iter().any(|known| known.version == *wanted)) {
            Some(version) => Ok((version, version == current)),
            None => {
                let known: Vec<String> = all.iter().map(|version| version.version.to_string()).collect();
                Err(TenancyError::Invalid(format!(
                    "profile \"{name}\" has no such version; it has {}, and goes by {current}",
                    known.join(", ")
                )))
            }
        }
    }

    /// The profile that a tenant would go by with other settings, or another text of a profile. Nothing is changed.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`]
    pub fn profile_as(
        &self,
        tenant: &Tenant,
        settings: &Map<String, Value>,
        text: Option<(&str, &str)>,
    ) -> Result<Arc<Applied>, TenancyError> {
        let mut settings = tenant.settings().changed(settings)?;
        let mut profiles = self.profiles();
        if let Some((text, file)) = text {
            let profile = Profile::parse(text, file).map_err(|error| TenancyError::Invalid(error.to_string()))?;
            settings.profile = profile.name().to_owned();
            profiles = Arc::new(profiles.changed(&settings.profile, Some((i64::MAX, profile))));
        }
        profiles.applied(&settings)
    }

    /// The versions of a profile, the newest first.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`] if there is no such profile; or the database's.
    pub async fn profile_versions(&self, name: &str) -> Result<Vec<ProfileVersion>, TenancyError> {
        self.known_versions(store::versions(self.inner.database.reader(), name).await?, name)
    }

    /// With the one that came with the program.
    fn known_versions(
        &self,
        mut imported: Vec<ProfileVersion>,
        name: &str,
    ) -> Result<Vec<ProfileVersion>, TenancyError> {
        if builtin().iter().any(|profile| profile.name() == name) {
            let is_current = !imported.iter().any(|version| version.is_current);
            imported.push(ProfileVersion { version: BUILT_IN, imported_ms: None, is_current });
        }
        if imported.is_empty() {
            let known = self.profiles().all().map(|(_, profile)| profile.name().to_owned()).collect();
            return Err(TenancyError::NoProfile { name: name.to_owned(), known });
        }
        Ok(imported)
    }

    async fn switch(
        &self,
        change: Change<'_>,
        name: &str,
        version: i64,
        imported: Option<(i64, Profile)>,
    ) -> Result<ImportedProfile, TenancyError> {
        let profiles = Arc::new(self.profiles().changed(name, imported));
        profiles.check_paths(name)?;
        self.check_tenants(name, &profiles)?;
        store::make_current(&*change, name, version).await?;
        let tenants = self.list();
        let tenants = tenants.iter().filter(|tenant| tenant.settings().profile == name).map(|tenant| tenant.id());
        crate::store::touch_tenants(&*change, &tenants.collect::<Vec<_>>(), self.inner.time.now_ms()).await?;
        self.inner.publish_profiles(change, profiles).await?;
        Ok(ImportedProfile { name: name.to_owned(), version, is_changed: true })
    }

    /// Nobody may be left with options that its profile does not have.
    fn check_tenants(&self, name: &str, profiles: &Profiles) -> Result<(), TenancyError> {
        for tenant in self.list().iter().filter(|tenant| tenant.settings().profile == name) {
            let settings = tenant.settings();
            profiles.applied(settings).and_then(|applied| settings.schemas(&applied).map(drop)).map_err(|error| {
                TenancyError::Invalid(format!(
                    "tenant \"{}\" could not go by this version: {error}; change its settings first",
                    tenant.name()
                ))
            })?;
        }
        Ok(())
    }
}
