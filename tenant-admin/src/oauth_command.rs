//! What an operator can ask about OAuth clients.

use serde::{Deserialize, Serialize};
use tenancy::Network;

/// One request about the OAuth clients of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "oauth", rename_all = "kebab-case", deny_unknown_fields)]
pub enum OauthCommand {
    /// Adds a client.
    CreateClient(CreateOauthClient),
    /// Lists the clients.
    ListClients {
        /// The tenant.
        tenant: String,
    },
    /// Shows one client.
    ShowClient {
        /// The tenant.
        tenant: String,
        /// The client.
        client: String,
    },
    /// Switches a client on or off.
    EnableClient {
        /// The tenant.
        tenant: String,
        /// The client.
        client: String,
        /// On or off.
        enabled: bool,
    },
    /// Deletes a client with its secrets.
    DeleteClient {
        /// The tenant.
        tenant: String,
        /// The client.
        client: String,
    },
    /// Issues a secret beside those that are valid.
    IssueSecret {
        /// The tenant.
        tenant: String,
        /// The client.
        client: String,
        /// For how many days it is valid, if not for the usual number.
        days: Option<u32>,
    },
    /// Lists the secrets that a client has and had.
    ListSecrets {
        /// The tenant.
        tenant: String,
        /// The client.
        client: String,
    },
    /// Ends a secret.
    RevokeSecret {
        /// The tenant.
        tenant: String,
        /// The client.
        client: String,
        /// The secret's id.
        secret: String,
    },
}

/// A client that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreateOauthClient {
    /// The tenant.
    pub tenant: String,
    /// What people call the client.
    pub name: String,
    /// What it may do: `read-only`, `users`, `groups`. None: everything.
    pub scopes: Vec<String>,
    /// From where it may ask for and use tokens. None: from everywhere.
    pub networks: Vec<Network>,
    /// Whose assertions stand for a secret.
    pub federation: Option<FederatedWith>,
}

/// The issuer whose assertions stand for a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FederatedWith {
    /// `iss` of the assertions.
    pub issuer: String,
    /// One of their `aud`.
    pub audience: String,
    /// Their `sub`.
    pub subject: String,
    /// Where the keys of the issuer are.
    pub jwks_uri: String,
}
