//! What bodies may say. Members that are unknown are refused by name.

use serde::Deserialize;
use serde_json::{Map, Value};
use tenancy::{Mode, Network};
use utoipa::ToSchema;

use super::shapes;
use crate::{CreateOauthClient, FederatedWith, IssueToken, StoreCommand};

/// A tenant that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTenant {
    /// Its name in URLs: a-z, 0-9 and -, at most 63.
    #[schema(example = "acme")]
    pub(super) name: String,
    /// Domain names of its own.
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    /// Settings that differ from the defaults, by name.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({ "token_max_days": 90 }))]
    pub(super) settings: Map<String, Value>,
}

/// What is to change about a tenant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct TenantChange {
    /// Settings by name; null brings a default back. What is left out stays.
    #[schema(value_type = Object, example = json!({ "token_modes": ["strict", "staged"], "token_max_days": 90 }))]
    pub(super) settings: Map<String, Value>,
    /// Domain names it gets.
    pub(super) add_hosts: Vec<String>,
    /// Domain names it gives up.
    pub(super) remove_hosts: Vec<String>,
}

/// What is to change about the limits of network addresses.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsChange {
    /// Limits by name; null brings back what the settings have. What is left out stays.
    #[schema(value_type = Object, example = json!({ "address_requests_per_second": 500, "address_burst": null }))]
    pub(super) limits: Map<String, Value>,
}

/// What is to change about a breaker.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BreakerChange {
    /// Settings by name; null brings the default back. What is left out stays.
    #[schema(value_type = Object, example = json!({ "mode": "hold", "share": 10, "number": null }))]
    pub(super) settings: Map<String, Value>,
}

/// New users that may come uncounted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedUsers {
    /// How many; 0 ends it.
    #[schema(maximum = 10_000_000, example = 800)]
    pub(super) users: u32,
    /// For how many hours from now on.
    #[schema(minimum = 1, maximum = 720, example = 24)]
    pub(super) hours: u32,
}

/// A version of a profile that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProfile {
    /// The TOML; it names the profile.
    pub(super) text: String,
    /// Where it is from, for messages.
    #[serde(default = "unnamed")]
    #[schema(example = "crm.toml")]
    pub(super) file: String,
}

fn unnamed() -> String {
    "text".to_owned()
}

/// A version to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileRollback {
    /// Its number; 0 is the one that came with the program.
    #[schema(minimum = 0, example = 1)]
    pub(super) version: i64,
}

/// A change that is looked at for one user.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ProfilePreview {
    /// Settings of the tenant by name, as for changing it.
    #[schema(value_type = Object, example = json!({ "profile_options": { "user_id": "mailbox" } }))]
    pub(super) settings: Map<String, Value>,
    /// The TOML that would be the profile.
    pub(super) text: Option<String>,
    /// A user of the directory, by id or `userName`.
    #[schema(example = "ada@acme.example")]
    pub(super) user: Option<String>,
    /// Instead: a user as a client would send it.
    #[schema(value_type = Option<Object>)]
    pub(super) request: Option<Value>,
}

/// A change that is tried out for the users of a tenant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ProfileTrial {
    /// Settings of the tenant by name, as for changing it.
    #[schema(value_type = Object, example = json!({ "profile": "workteam" }))]
    pub(super) settings: Map<String, Value>,
    /// The TOML that would be the profile.
    pub(super) text: Option<String>,
    /// The `next` of the step before.
    pub(super) after: Option<String>,
}

/// What user names are to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewConversion {
    /// `email`, or `mailbox`: that without its domain.
    #[schema(example = "email")]
    pub(super) to: String,
    /// Leaves users as they are that cannot get their new names.
    #[serde(default)]
    pub(super) skip_conflicts: bool,
}

/// A token that is asked for. What is left out is as usual.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewToken {
    /// How it takes the place of the one before.
    #[schema(value_type = shapes::Mode, default = "strict")]
    mode: Mode,
    /// For how many days it is valid.
    #[schema(example = 90)]
    days: Option<u32>,
    /// For how many seconds it is valid, in place of days.
    seconds: Option<u64>,
    /// For how many seconds the one before goes on, in the mode overlap and in no other.
    overlap_seconds: Option<u64>,
    /// What its holder may do. None: everything.
    #[schema(value_type = Vec<shapes::Scope>)]
    scopes: Vec<String>,
    /// From where it may be used. None: from everywhere.
    #[schema(value_type = Vec<String>)]
    networks: Vec<Network>,
}

impl NewToken {
    /// As a command for this tenant. A call with a name issues one token, however often it is repeated.
    pub(super) fn command(self, tenant: String, request_id: Option<String>) -> IssueToken {
        let Self { mode, days, seconds, overlap_seconds, scopes, networks } = self;
        IssueToken { tenant, days, seconds, mode, overlap_seconds, scopes, networks, request_id }
    }
}

/// Which token is meant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Which {
    /// Only if it is this one; null: whichever it is.
    pub(super) token_id: Option<String>,
}

/// An OAuth client that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOauthClient {
    /// What people call it; no other of the tenant has this name.
    #[schema(example = "entra")]
    name: String,
    /// What it may do. None: everything.
    #[serde(default)]
    #[schema(value_type = Vec<shapes::Scope>)]
    scopes: Vec<String>,
    /// From where it may ask for and use tokens. None: from everywhere.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    networks: Vec<Network>,
    /// Whose assertions stand for a secret.
    #[serde(default)]
    #[schema(value_type = Option<shapes::Federation>)]
    federation: Option<FederatedWith>,
}

impl NewOauthClient {
    /// As a command for this tenant.
    pub(super) fn command(self, tenant: String) -> CreateOauthClient {
        let Self { name, scopes, networks, federation } = self;
        CreateOauthClient { tenant, name, scopes, networks, federation }
    }
}

/// A secret that is asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewOauthSecret {
    /// For how many days it is valid, if not for the usual number.
    #[schema(example = 90)]
    pub(super) days: Option<u32>,
}

/// What a new store gets first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Start {
    /// All users and groups as they are, and then what comes.
    #[default]
    Snapshot,
    /// Every event of the log.
    First,
    /// What comes.
    Now,
}

/// A store that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStore {
    /// Its name: a-z, 0-9 and -, at most 63; no other of the tenant has it.
    #[schema(example = "crm")]
    pub(super) name: String,
    /// What it is; see `GET /store-kinds`.
    #[schema(example = "webhook")]
    pub(super) kind: String,
    /// Options and settings of its kind by name, secrets among them.
    #[serde(default)]
    #[schema(value_type = Object, example = json!({ "url": "https://crm.example/hook", "types": ["user.*"] }))]
    pub(super) settings: Map<String, Value>,
    /// What it gets first.
    #[serde(default)]
    start: Start,
}

impl NewStore {
    /// As a command for this tenant.
    pub(super) fn command(self, tenant: String) -> StoreCommand {
        let Self { name, kind, settings, start } = self;
        let (from_start, from_now) = (start == Start::First, start == Start::Now);
        StoreCommand::Add { tenant, name, kind, settings, from_start, from_now }
    }
}

/// What is to change about a store.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StoreChange {
    /// Options and settings by name; null is as usual. What is left out stays, secrets too.
    #[schema(value_type = Object, example = json!({ "batch": 50, "attributes": null }))]
    pub(super) settings: Map<String, Value>,
}

/// A part of the log.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Part {
    /// The number of the first event; otherwise `since` tells.
    #[schema(minimum = 1)]
    pub(super) from: Option<i64>,
    /// The moment of the first event.
    #[schema(format = DateTime)]
    pub(super) since: Option<String>,
    /// The number of the last event; null: of the last that the store has had.
    pub(super) to: Option<i64>,
}

/// Which dead letters are meant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Letter {
    /// The number of the event; null: all.
    pub(super) sequence: Option<i64>,
}
