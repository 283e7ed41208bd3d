//! The form of a profile's TOML. What is unknown is refused, so that a misspelt rule is not taken for none.

use std::collections::BTreeMap;

use scim::Schema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Spanned;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub(crate) name: Spanned<String>,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) address: Address,
    #[serde(default)]
    pub(crate) requires: Vec<Prerequisite>,
    #[serde(default)]
    pub(crate) groups: Groups,
    #[serde(default)]
    pub(crate) passwords: Passwords,
    pub(crate) invitation: Option<InvitationEntry>,
    #[serde(default)]
    pub(crate) breaker: BTreeMap<Spanned<String>, Value>,
    pub(crate) administrator: Option<Administrator>,
    #[serde(default)]
    pub(crate) options: BTreeMap<Spanned<String>, OptionEntry>,
    #[serde(default)]
    pub(crate) extensions: Vec<Spanned<Schema>>,
    #[serde(default)]
    pub(crate) map: Vec<RuleEntry>,
    pub(crate) forward: Option<Vec<Spanned<String>>>,
}

/// Where clients find the application.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    #[serde(default)]
    pub(crate) base_paths: Vec<Spanned<String>>,
    pub(crate) token_path: Option<Spanned<String>>,
}

/// What an operator must have marked as met.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prerequisite {
    pub(crate) name: Spanned<String>,
    pub(crate) title: String,
    pub(crate) until_met: UntilMet,
}

/// What holds until a prerequisite is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UntilMet {
    /// The tenant cannot be switched on.
    Off,
    /// The tenant may be switched on; its clients are refused.
    Refuse,
}

/// Whether groups are provisioned.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Groups {
    pub(crate) enabled: Option<Spanned<Switch>>,
}

/// On, off, or as an option of the tenant says.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected true, false, or the name of an option of type \"switch\"")]
pub(crate) enum Switch {
    Fixed(bool),
    Option(String),
}

/// To whom changes are attributed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Administrator {
    pub(crate) title: String,
    pub(crate) roles: Spanned<Vec<String>>,
    #[serde(default)]
    pub(crate) until_named: UntilNamed,
}

/// What holds until somebody is named to whom changes are attributed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UntilNamed {
    /// Clients are served; their changes are attributed to nobody.
    #[default]
    Allow,
    /// Clients are refused.
    Refuse,
}

/// Whether new users are invited by mail, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationEntry {
    pub(crate) enabled: Spanned<Switch>,
    pub(crate) days: Option<Spanned<u32>>,
    pub(crate) subject: Option<Spanned<String>>,
    pub(crate) text: Option<Spanned<String>>,
    pub(crate) landing: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) tenants_decide: Vec<Spanned<String>>,
}

/// What becomes of a password that a client sends.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Passwords {
    #[serde(default)]
    pub(crate) accepted: AcceptedPasswords,
}

/// What becomes of a password that a client sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AcceptedPasswords {
    /// Its hash goes to the stores that are allowed it.
    #[default]
    Hash,
    /// It is accepted and forgotten, as if it had not been sent.
    Discard,
}

/// What a tenant may decide for itself.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum OptionEntry {
    Switch {
        title: String,
        #[serde(default)]
        default: bool,
    },
    Choice {
        title: String,
        values: Vec<String>,
        default: String,
    },
    Names {
        title: String,
        #[serde(default)]
        default: Vec<String>,
    },
}

/// One rule of the mapping.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleEntry {
    pub(crate) to: Spanned<String>,
    #[serde(default)]
    pub(crate) what: Option<String>,
    pub(crate) from: Vec<Spanned<SourceEntry>>,
    #[serde(default)]
    pub(crate) when: BTreeMap<Spanned<String>, Value>,
    #[serde(default)]
    pub(crate) many: bool,
    pub(crate) strip: Option<String>,
    #[serde(default)]
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) allowed: Option<Vec<String>>,
    pub(crate) allowed_option: Option<Spanned<String>>,
    pub(crate) unknown: Option<Spanned<Unknown>>,
    pub(crate) default: Option<Value>,
    pub(crate) none: Option<String>,
    #[serde(default)]
    pub(crate) order: Vec<String>,
    pub(crate) order_option: Option<Spanned<String>>,
}

/// What becomes of a value that is none of those allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unknown {
    /// The request is refused with an error that names it.
    #[default]
    Reject,
    /// It is passed over.
    Ignore,
    /// The default takes its place.
    Default,
}

/// Where values come from.
#[derive(Debug, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "expected a SCIM path such as \"emails[type eq \\\"work\\\"].value\", or one of { constant }, { join, with }, \
                 { split, at }, { of, before }, { of, after }, { groups }"
)]
pub(crate) enum SourceEntry {
    Path(String),
    Constant(ConstantEntry),
    Join(JoinEntry),
    Split(SplitEntry),
    Before(BeforeEntry),
    After(AfterEntry),
    Groups(GroupsEntry),
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConstantEntry {
    pub(crate) constant: Value,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinEntry {
    pub(crate) join: Vec<String>,
    #[serde(default)]
    pub(crate) with: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitEntry {
    pub(crate) split: String,
    pub(crate) at: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeforeEntry {
    pub(crate) of: String,
    pub(crate) before: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AfterEntry {
    pub(crate) of: String,
    pub(crate) after: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupsEntry {
    /// `*` for all, or what their names begin with; that is left out.
    pub(crate) groups: String,
}
