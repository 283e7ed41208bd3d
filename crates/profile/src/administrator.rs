//! The user to whom an application attributes what clients change: which ones qualify.

use scim::{MemberReference, Resource};
use serde_json::Value;

use crate::Applied;
use crate::options::quoted;

/// What an application demands of the user to whom changes are attributed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdministratorRule {
    /// What the user is called, for people.
    pub title: String,
    /// The primary roles that qualify.
    pub roles: Vec<String>,
    /// Whether clients are refused until one is named.
    pub is_required: bool,
}

/// Why a user of the directory does not qualify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There is no such user.
    Gone,
    /// The user is not active.
    Inactive,
    /// Its primary role is none of those that qualify.
    Role,
}

impl Unfit {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Inactive => "inactive",
            Self::Role => "role",
        }
    }
}

impl AdministratorRule {
    /// Whether a role qualifies, in any letter case.
    #[must_use]
    pub fn accepts(&self, role: &str) -> bool {
        let role = scim::fold(role.trim());
        self.roles.iter().any(|known| scim::fold(known) == role)
    }

    /// The roles that qualify, for a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        quoted(&self.roles)
    }
}

impl Applied {
    /// What the application demands of the user to whom changes are attributed, if it demands anything.
    #[must_use]
    pub fn administrator(&self) -> Option<&AdministratorRule> {
        self.profile().administrator.as_ref()
    }

    /// Why changes cannot be attributed to a user of the directory, if they cannot: by the roles that the application is told.
    #[must_use]
    pub fn unfit_administrator(&self, user: &Resource, groups: &[MemberReference]) -> Option<Unfit> {
        if !user.active() {
            return Some(Unfit::Inactive);
        }
        let rule = self.administrator()?;
        let told = self.map(user, groups).and_then(|mapped| mapped.member("roles").cloned());
        let roles = told.or_else(|| user.attributes().get("roles").cloned());
        let roles = roles.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_primary = |role: &&Value| role.get("primary") == Some(&Value::Bool(true));
        let only = || if roles.len() == 1 { roles.first() } else { None };
        let names = |role: &Value| {
            // What a role is displayed as is a label that the client chooses; it counts where there is nothing else.
            let name = role.get("value").filter(|value| !value.is_null()).or_else(|| role.get("display"));
            name.and_then(Value::as_str).is_some_and(|text| rule.accepts(text))
        };
        let primary = roles.iter().find(is_primary).or_else(only);
        if primary.is_some_and(names) { None } else { Some(Unfit::Role) }
    }
}
