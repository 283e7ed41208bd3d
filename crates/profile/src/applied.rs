//! A profile with what one tenant has decided: what its requests and events go by.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use scim::{MemberReference, Resource, ScimError};
use serde_json::{Map, Value};

use crate::document::{AcceptedPasswords, UntilMet};
use crate::invitation::Invitation;
use crate::mapped::Mapped;
use crate::naming::naming;
use crate::options::{Chosen, quoted};
use crate::profile::When;
use crate::rule::Rule;
use crate::source::Given;
use crate::{BreakerSettings, Prerequisite, Profile, builtin};

/// A profile as one tenant has it.
#[derive(Clone, Debug)]
pub struct Applied {
    profile: Arc<Profile>,
    pub(crate) options: Chosen,
    met: BTreeSet<String>,
    /// Whether a user's groups are needed to map it.
    reads_groups: bool,
    pub(crate) naming: i64,
    /// How new users are invited, if they are.
    invitation: Option<Arc<Invitation>>,
    unserved: Option<String>,
}

impl Applied {
    /// The profile with a tenant's options, and the prerequisites that are met.
    ///
    /// # Errors
    /// A sentence that names the option or prerequisite that the profile does not have, or whose value is none of its.
    pub fn new(profile: Arc<Profile>, options: &Map<String, Value>, met: &[String]) -> Result<Self, String> {
        let chosen = Chosen::of(&profile.options, options, &profile.name)?;
        let known: Vec<String> = profile.prerequisites.iter().map(|known| known.name.clone()).collect();
        if let Some(unknown) = met.iter().find(|name| !known.contains(name)) {
            return Err(match known.is_empty() {
                true => format!("profile {} has no prerequisites; \"{unknown}\" is none", profile.name),
                false => {
                    format!("profile {} has no prerequisite \"{unknown}\"; there are {}", profile.name, quoted(&known))
                }
            });
        }
        let counting = profile.rules.iter().filter(|rule| rule.counts(&chosen));
        let reads_groups = counting.flat_map(|rule| &rule.from).any(|source| source.reads_groups());
        let naming = naming(profile.rules.iter().filter(|rule| rule.counts(&chosen)), &chosen);
        let met = met.iter().cloned().collect();
        Ok(Self { options: chosen, met, reads_groups, naming, invitation: None, unserved: None, profile })
    }

    /// The same with what the tenant says about invitations.
    ///
    /// # Errors
    /// A sentence that names what the profile does not leave open, or what is wrong about it.
    pub fn inviting(self, wanted: &Map<String, Value>) -> Result<Self, String> {
        let invitation = match &self.profile.invitation {
            Some((when, invitation)) => {
                let invitation = invitation.of_tenant(wanted, &self.profile.name)?;
                self.is(when).then(|| Arc::new(invitation))
            }
            None if wanted.is_empty() => None,
            None => return Err(format!("profile {} invites nobody; set no invitation", self.profile.name)),
        };
        Ok(Self { invitation, ..self })
    }

    /// The profile of who has none: the RFCs' behaviour with nothing special.
    #[must_use]
    pub fn generic() -> Arc<Self> {
        static GENERIC: LazyLock<Arc<Applied>> = LazyLock::new(|| {
            let profile = builtin().first().cloned().unwrap_or_default();
            Arc::new(Applied {
                profile,
                options: Chosen::default(),
                met: BTreeSet::new(),
                reads_groups: false,
                naming: 0,
                invitation: None,
                unserved: None,
            })
        });
        Arc::clone(&GENERIC)
    }

    /// The profile.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The first prerequisite that is not met of those with this effect.
    #[must_use]
    pub fn missing(&self, until_met: UntilMet) -> Option<&Prerequisite> {
        let of_effect = self.profile.prerequisites.iter().filter(|known| known.until_met == until_met);
        of_effect.into_iter().find(|known| !self.met.contains(&known.name))
    }

    /// What trips the breaker of a tenant that has set nothing of its own.
    #[must_use]
    pub fn breaker(&self) -> &BreakerSettings {
        &self.profile.breaker
    }

    /// Whether groups are provisioned.
    #[must_use]
    pub fn has_groups(&self) -> bool {
        self.is(&self.profile.groups)
    }

    /// How new users are invited; nothing, if they are members at once.
    #[must_use]
    pub fn invitation(&self) -> Option<&Arc<Invitation>> {
        self.invitation.as_ref()
    }

    fn is(&self, when: &When) -> bool {
        match when {
            When::Always => true,
            When::Never => false,
            When::If(option) => self.options.is_on(option),
        }
    }

    /// Whether a password that a client sends counts.
    #[must_use]
    pub fn takes_passwords(&self) -> bool {
        self.profile.passwords == AcceptedPasswords::Hash
    }

    /// Whether the normalized user changes with the groups that the user is in.
    #[must_use]
    pub fn reads_groups(&self) -> bool {
        self.reads_groups
    }

    /// Whether the normalized user is anything but what the client provisioned.
    #[must_use]
    pub fn maps(&self) -> bool {
        !self.profile.rules.is_empty() || self.profile.forward.is_some()
    }

    /// Refuses a user that the application cannot take, such as one with a role that does not exist.
    ///
    /// # Errors
    /// 400 `invalidValue`; the sentence names the value, what there is, and the way out.
    pub fn check(&self, user: &Resource) -> Result<(), ScimError> {
        self.refusals(user).next().map_or(Ok(()), |sentence| Err(ScimError::invalid_value(sentence)))
    }

    /// Every reason why the application cannot take a user, in the order of the rules.
    pub fn refusals(&self, user: &Resource) -> impl Iterator<Item = String> {
        let given = Given { resource: user, groups: &[] };
        self.rules().filter_map(move |rule| rule.values(given, &self.options).err()).map(|refused| refused.0)
    }

    /// Why the tenant cannot be served at all, if it cannot: what it has decided does not fit the profile that there is.
    #[must_use]
    pub fn unserved(&self) -> Option<&str> {
        self.unserved.as_deref()
    }

    /// The profile of a tenant that cannot be served, for this reason.
    #[must_use]
    pub fn unfit(reason: String) -> Self {
        Self { unserved: Some(reason), ..Self::clone(&Self::generic()) }
    }

    /// What the application is told of a user in these groups; `None` where it is told what the client provisioned.
    ///
    /// What cannot be accepted, because the profile has changed since, is passed over.
    #[must_use]
    pub fn map(&self, user: &Resource, groups: &[MemberReference]) -> Option<Mapped> {
        if !self.maps() {
            return None;
        }
        let given = Given { resource: user, groups };
        let mut mapped = Mapped::forwarding(self.profile.forward.clone());
        for rule in self.rules() {
            mapped.fill(&rule.to, rule.values(given, &self.options).unwrap_or_default(), rule.many);
        }
        Some(mapped)
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.profile.rules.iter().filter(|rule| rule.counts(&self.options))
    }
}
