//! Everything an operator can ask. Every way of asking (the command line, the control socket, an administration API)
//! makes these values and has [`Operator`](crate::Operator) do them, so that each is written once.

use scim::ResourceKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenancy::{Mode, Network};

use crate::{
    ApiKeyCommand, BreakerCommand, ConversionCommand, InvitationCommand, OauthCommand, ProfileCommand, StoreCommand,
};

/// One request of an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Adds a tenant.
    CreateTenant {
        /// Its name.
        name: String,
        /// Domain names of its own.
        hosts: Vec<String>,
        /// Settings that differ from the defaults, by name.
        settings: Map<String, Value>,
        /// Issues a token, too.
        with_token: bool,
        /// For how many days it is valid, if not for the usual number.
        days: Option<u32>,
    },
    /// Lists the tenants.
    ListTenants,
    /// Lists some tenants, in the order of their names.
    ListSomeTenants {
        /// Those that come after this name.
        after: Option<String>,
        /// At most so many.
        limit: usize,
        /// Only the one of this name.
        only: Option<String>,
    },
    /// Shows one tenant.
    ShowTenant {
        /// Its name.
        name: String,
    },
    /// Changes settings and domain names of a tenant.
    ChangeTenant {
        /// Its name.
        name: String,
        /// Settings by name; `null` brings a default back.
        settings: Map<String, Value>,
        /// Domain names it gets.
        add_hosts: Vec<String>,
        /// Domain names it gives up.
        remove_hosts: Vec<String>,
        /// Only if it has this version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_version: Option<i64>,
    },
    /// Switches a tenant on or off.
    EnableTenant {
        /// Its name.
        name: String,
        /// On or off.
        enabled: bool,
    },
    /// Deletes a tenant with its directory, events and tokens.
    DeleteTenant {
        /// Its name.
        name: String,
    },
    /// Issues a token.
    IssueToken(IssueToken),
    /// Ends the old token of a rotation that is under way.
    CompleteRotation {
        /// The tenant.
        tenant: String,
        /// Only if this is the new token.
        id: Option<String>,
        /// A name of this call: made again with the same one, it does nothing more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    },
    /// Ends the new token of a rotation that waits.
    CancelRotation {
        /// The tenant.
        tenant: String,
        /// Only if this is the new token.
        id: Option<String>,
        /// A name of this call: made again with the same one, it does nothing more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    },
    /// Lists the tokens a tenant has and had.
    ListTokens {
        /// The tenant.
        tenant: String,
    },
    /// Ends a token, or every valid one.
    RevokeToken {
        /// The tenant.
        tenant: String,
        /// Only this one.
        id: Option<String>,
        /// A name of this call: made again with the same one, it does nothing more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<String>,
    },
    /// Something about the OAuth clients of a tenant.
    Oauth(OauthCommand),
    /// Something about the stores of a tenant.
    Store(StoreCommand),
    /// Something about the breaker of a tenant.
    Breaker(BreakerCommand),
    /// Something about the user names of a tenant.
    Conversion(ConversionCommand),
    /// Something about the invitations of a tenant's users.
    Invitation(InvitationCommand),
    /// Something about application profiles.
    Profile(ProfileCommand),
    /// Something about the keys of programs that administer.
    ApiKey(ApiKeyCommand),
    /// Shows how often one network address may ask.
    ShowLimits,
    /// Changes that.
    ChangeLimits {
        /// Limits by name; `null` brings back what the settings have.
        limits: Map<String, Value>,
    },
    /// Makes a new signing key.
    RotateKey,
    /// Lists the signing keys, and whom each concerns.
    ListKeys,
    /// Takes a signing key away that does not sign any more.
    RetireKey {
        /// Its id.
        id: String,
        /// Also if tokens are valid that it signed; they are revoked.
        force: bool,
    },
    /// Reads the signing keys again from where they are kept.
    ReloadKeys,
    /// Lists users or groups.
    ListResources {
        /// The tenant.
        tenant: String,
        /// Users or groups.
        kind: Kind,
        /// A SCIM filter.
        filter: Option<String>,
        /// The first one, counted from 1.
        start: u64,
        /// At most so many.
        count: u32,
    },
    /// Shows one user or group.
    ShowResource {
        /// The tenant.
        tenant: String,
        /// A user or a group.
        kind: Kind,
        /// Its id, or the `userName` of a user, or the `displayName` of a group.
        name: String,
    },
    /// Reads the provisioning log of a tenant.
    ListFailures(ListFailures),
    /// Reads the event log.
    ReadEvents {
        /// The tenant.
        tenant: String,
        /// Events numbered above this.
        after: i64,
        /// At most so many.
        limit: u32,
        /// Waits so long for the first one, in milliseconds; at most a minute.
        wait_ms: u64,
    },
}

/// A part of the provisioning log, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListFailures {
    /// The tenant.
    pub tenant: String,
    /// Those about the user or group of this name, `externalId` or id.
    pub user: Option<String>,
    /// Those from this moment on (RFC 3339).
    pub since: Option<String>,
    /// Those older than the one with this id.
    pub before: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// A token that is asked for. What is left out is as usual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssueToken {
    /// The tenant.
    pub tenant: String,
    /// For how many days it is valid, if not for the usual number.
    pub days: Option<u32>,
    /// For how many seconds it is valid, in place of days.
    pub seconds: Option<u64>,
    /// How it takes the place of the one before.
    pub mode: Mode,
    /// For how many seconds the one before goes on, in the mode `overlap`.
    pub overlap_seconds: Option<u64>,
    /// What its holder may do: `read-only`, `users`, `groups`. None: everything.
    pub scopes: Vec<String>,
    /// From where it may be used. None: from everywhere.
    pub networks: Vec<Network>,
    /// A name of this call. Whoever is not told the answer asks again with the same name, and gets the same token.
    pub request_id: Option<String>,
}

/// The resource types, as commands name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Users.
    User,
    /// Groups.
    Group,
}

impl Kind {
    /// `users` or `groups`: the member of the answer that holds them.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Group => "groups",
        }
    }

    /// `user` or `group`.
    #[must_use]
    pub const fn singular(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// The attribute people know a resource by.
    pub(crate) const fn name_attribute(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }
}

impl From<Kind> for ResourceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::User => Self::User,
            Kind::Group => Self::Group,
        }
    }
}
