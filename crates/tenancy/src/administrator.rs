//! The user to whom the application attributes what the tenant's client changes.

use profile::Applied;
use serde::{Deserialize, Serialize};

use crate::TenancyError;

/// The longest name, in letters.
const LONGEST_NAME: usize = 256;

/// A user of the application, or of the directory, to whom changes are attributed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Administrator {
    /// The name, as events and logs tell it; of a user of the directory, the `userName` when it was set.
    #[serde(default)]
    pub name: String,
    /// The role that a user has in the application who is not of the directory: whoever sets it answers for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The id of a user of the directory, whose role is looked at; where it is set, a `userName` will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl Administrator {
    /// Refuses one that means nothing.
    pub(crate) fn check(&self) -> Result<(), TenancyError> {
        let refuse = |sentence: &str| Err(TenancyError::Invalid(format!("setting administrator {sentence}")));
        if self.name.trim().is_empty() || self.name.chars().count() > LONGEST_NAME {
            return refuse("needs a name of 1 to 256 letters, such as {\"name\":\"Uma\",\"role\":\"Administrator\"}");
        }
        if self.user.is_some() && self.role.is_some() {
            return refuse("is a user of the directory, or a name with its role; not both");
        }
        Ok(())
    }

    /// Refuses one whose role does not qualify; those of users of the directory are looked at there.
    pub(crate) fn check_role(&self, profile: &Applied) -> Result<(), TenancyError> {
        let Some(rule) = profile.administrator().filter(|_| self.user.is_none()) else { return Ok(()) };
        if self.role.as_deref().is_some_and(|role| rule.accepts(role)) {
            return Ok(());
        }
        let has = self.role.as_ref().map_or_else(|| "no role".to_owned(), |role| format!("the role \"{role}\""));
        Err(TenancyError::Invalid(format!(
            "setting administrator: {} needs the primary role {}; \"{}\" has {has}",
            rule.title,
            rule.in_words(),
            self.name
        )))
    }
}
