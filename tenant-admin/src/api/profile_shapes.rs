//! What answers about profiles look like, for the document.
#![expect(dead_code, reason = "these are read by the document alone")]

use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A profile in short.
#[derive(ToSchema)]
pub(super) struct ProfileInShort {
    name: String,
    title: String,
    description: String,
    /// 0 is the one that came with the program.
    version: i64,
    /// How many tenants go by it; for operators.
    tenants: Option<u64>,
}

/// The profiles, in the order of their names.
#[derive(ToSchema)]
pub(super) struct Profiles {
    profiles: Vec<ProfileInShort>,
}

/// A profile.
#[derive(ToSchema)]
pub(super) struct Profile {
    #[serde(flatten)]
    profile: ProfileInShort,
    /// Paths of base URLs beside the usual one.
    base_paths: Vec<String>,
    /// Below which path an administrator gets a token by URL.
    #[schema(required = true)]
    token_path: Option<String>,
    prerequisites: Vec<ProfilePrerequisite>,
    options: Vec<ProfileOption>,
    /// The TOML.
    text: String,
}

/// What has to be so before clients of a tenant are served; a tenant's setting `prerequisites_met` names those that are.
#[derive(ToSchema)]
pub(super) struct ProfilePrerequisite {
    name: String,
    title: String,
}

/// The sort of an option.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(super) enum ProfileOptionType {
    Switch,
    Choice,
    Names,
}

/// What a tenant may choose, in its setting `profile_options`.
#[derive(ToSchema)]
pub(super) struct ProfileOption {
    name: String,
    title: String,
    r#type: ProfileOptionType,
    /// What can be chosen.
    #[schema(required = true)]
    values: Option<Vec<String>>,
    /// What holds for whoever has not chosen.
    default: Value,
}

/// The version that counts now.
#[derive(ToSchema)]
pub(super) struct ProfileNow {
    name: String,
    version: i64,
    /// Whether it was another one before.
    changed: bool,
}

/// The versions of a profile.
#[derive(ToSchema)]
pub(super) struct ProfileVersions {
    name: String,
    versions: Vec<ProfileVersion>,
}

/// A version of a profile.
#[derive(ToSchema)]
pub(super) struct ProfileVersion {
    version: i64,
    /// Null for what came with the program.
    #[schema(required = true, format = DateTime)]
    imported: Option<String>,
    current: bool,
}

/// What an application is told of a user before and after a change: the normalized user, as in events.
#[derive(ToSchema)]
pub(super) struct ProfilePreviewed {
    tenant: String,
    #[schema(value_type = Object)]
    before: Map<String, Value>,
    #[schema(value_type = Object)]
    after: Map<String, Value>,
    /// Why the user would be refused as things are.
    #[schema(required = true)]
    refused_before: Option<String>,
    /// Why the user would be refused then.
    #[schema(required = true)]
    refused_after: Option<String>,
}

/// What a change would be for some users.
#[derive(ToSchema)]
pub(super) struct ProfileTried {
    tenant: String,
    /// How many users the tenant has.
    total: u64,
    /// How many were looked at.
    users: u64,
    /// Of how many the application would be told something else.
    changed: u64,
    /// How many would be refused.
    refused: u64,
    /// Of how many users each member would be another one, by its name.
    #[schema(value_type = Object)]
    members: Map<String, Value>,
    examples: Vec<ProfileExample>,
    /// Users who would be called like another one by the application; in the first step.
    #[schema(required = true)]
    collisions: Option<ProfileCollisions>,
    /// The `after` of the next step.
    #[schema(required = true)]
    next: Option<String>,
}

/// A user for whom a change would be one.
#[derive(ToSchema)]
pub(super) struct ProfileExample {
    user: String,
    /// The members that would be others.
    members: Vec<String>,
    /// Why the user would be refused.
    #[schema(required = true)]
    refused: Option<String>,
}

/// Users whom the application could not tell apart.
#[derive(ToSchema)]
pub(super) struct ProfileCollisions {
    /// How many there are.
    users: i64,
    /// The first of them.
    shown: Vec<ProfileCollision>,
}

/// A user who would be called like another one.
#[derive(ToSchema)]
pub(super) struct ProfileCollision {
    id: String,
    user_name: String,
    told_name: String,
    other_id: String,
}
