//! What answers look like, for the document. The answers themselves are those of the commands; the end-to-end tests hold
//! each of them against this.
#![expect(dead_code, reason = "these are read by the document alone")]

mod stores;

use serde_json::Value;
use utoipa::ToSchema;

pub(super) use stores::*;

/// The key that asks.
#[derive(ToSchema)]
pub(super) struct ApiKey {
    id: String,
    #[schema(example = "terraform")]
    name: String,
    role: Role,
    /// The one tenant that it is for; null: for all.
    #[schema(required = true)]
    tenant: Option<String>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    expires: String,
    #[schema(format = DateTime, required = true)]
    ended: Option<String>,
}

/// What a key is for.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum Role {
    Operator,
    TenantAdmin,
    Auditor,
}

/// How a token takes the place of the one before.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum Mode {
    Strict,
    Overlap,
    Staged,
    FirstUse,
}

/// What the holder of a credential may do. None: everything.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum Scope {
    ReadOnly,
    Users,
    Groups,
}

/// What a token is now.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(super) enum TokenState {
    Current,
    Staged,
    Unused,
    Ending,
    Expired,
    Superseded,
    Revoked,
}

/// How often one network address may ask.
#[derive(ToSchema)]
pub(super) struct Limits {
    /// What is in force.
    limits: AddressLimits,
    /// What the settings of the server have.
    settings: AddressLimits,
    /// Which of them were set at run time.
    #[schema(example = json!(["address_requests_per_second"]))]
    set: Vec<String>,
}

/// Of one network address, on all servers together.
#[derive(ToSchema)]
pub(super) struct AddressLimits {
    /// Requests a second, counted before the token is looked at; 0: no limit.
    #[schema(maximum = 1_000_000_000)]
    address_requests_per_second: u32,
    /// The same, at once.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    address_requests_burst: u32,
    /// Requests without a valid token a second.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    address_per_second: u32,
    /// The same, at once.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    address_burst: u32,
}

/// A tenant.
#[derive(ToSchema)]
pub(super) struct Tenant {
    #[schema(example = "acme")]
    name: String,
    enabled: bool,
    /// The Tenant URL to enter at the identity provider.
    #[schema(example = "https://scim.example.com/t/acme/scim/v2")]
    base_url: String,
    /// Those that the profile of its application has.
    application_urls: Vec<String>,
    host_urls: Vec<String>,
    hosts: Vec<String>,
    /// By name.
    #[schema(value_type = Object)]
    settings: Value,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    modified: String,
    /// It rises with each change; the ETag is made of it.
    version: i64,
    /// What is not yet as the settings want it, after a change: such as mail that cannot be sent.
    #[schema(required = false)]
    warning: Option<String>,
}

/// A tenant with its tokens.
#[derive(ToSchema)]
pub(super) struct TenantWithTokens {
    #[serde(flatten)]
    tenant: Tenant,
    /// The newest token that has not been ended.
    #[schema(required = true)]
    token: Option<Token>,
    /// Those that are valid beside it.
    other_tokens: Vec<Token>,
    breaker: super::breaker_shapes::BreakerInShort,
    /// Why changes cannot be attributed as the profile demands; null if they can.
    #[schema(required = true)]
    administrator_problem: Option<String>,
}

/// A page of tenants.
#[derive(ToSchema)]
pub(super) struct Tenants {
    tenants: Vec<Tenant>,
    /// Where the next page begins; null: this is the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// What is left of a deleted thing.
#[derive(ToSchema)]
pub(super) struct DeletedTenant {
    name: String,
    deleted: bool,
}

/// A token, never the token itself.
#[derive(ToSchema)]
pub(super) struct Token {
    id: String,
    state: TokenState,
    #[schema(format = DateTime)]
    issued: String,
    #[schema(format = DateTime)]
    expires: String,
    #[schema(format = DateTime, required = true)]
    ended: Option<String>,
    #[schema(required = true)]
    mode: Option<Mode>,
    /// The token whose place it takes or took.
    #[schema(required = true)]
    replaces: Option<String>,
    scopes: Vec<Scope>,
    #[schema(example = json!(["192.0.2.0/24"]))]
    networks: Vec<String>,
    #[schema(required = true)]
    last_used: Option<LastUse>,
}

/// When a token, client or secret was last used, from where, and by which sort of client.
#[derive(ToSchema)]
pub(super) struct LastUse {
    #[schema(format = DateTime)]
    time: String,
    address: String,
    client: String,
}

/// A page of tokens, the newest first.
#[derive(ToSchema)]
pub(super) struct Tokens {
    tenant: String,
    tokens: Vec<Token>,
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A token at the one moment at which it can be read.
#[derive(ToSchema)]
pub(super) struct IssuedToken {
    tenant: String,
    base_url: String,
    /// The token. Null: this call issued it more than ten minutes ago, or it has ended.
    #[schema(required = true)]
    token: Option<String>,
    token_id: String,
    #[schema(format = DateTime)]
    expires: String,
    mode: Mode,
    state: TokenState,
    /// Whether the same call had issued it before.
    repeated: bool,
    scopes: Vec<Scope>,
    /// The other tokens that are valid now.
    other_tokens: Vec<Token>,
}

/// The rotation is completed: the token is the one, the other has ended.
#[derive(ToSchema)]
pub(super) struct CompletedRotation {
    tenant: String,
    token_id: String,
    completed: bool,
}

/// The rotation is cancelled: the token has ended, the one before stays.
#[derive(ToSchema)]
pub(super) struct CancelledRotation {
    tenant: String,
    token_id: String,
    cancelled: bool,
}

/// The tokens that are revoked.
#[derive(ToSchema)]
pub(super) struct RevokedTokens {
    tenant: String,
    token_id: String,
    token_ids: Vec<String>,
    revoked: bool,
}

/// An OAuth client, which gets access tokens with one of its secrets or with an assertion of its issuer.
#[derive(ToSchema)]
pub(super) struct OauthClient {
    client_id: String,
    name: String,
    enabled: bool,
    #[schema(format = DateTime)]
    created: String,
    scopes: Vec<Scope>,
    networks: Vec<String>,
    #[schema(required = true)]
    federation: Option<Federation>,
    #[schema(required = true)]
    last_used: Option<LastUse>,
    /// Those that are valid.
    secrets: Vec<OauthSecret>,
}

/// An OAuth client, and where it gets its tokens.
#[derive(ToSchema)]
pub(super) struct OauthClientOfTenant {
    #[serde(flatten)]
    client: OauthClient,
    tenant: String,
    token_endpoint: String,
}

/// Whose assertions stand for a secret of a client (RFC 7523).
#[derive(ToSchema)]
pub(super) struct Federation {
    issuer: String,
    audience: String,
    subject: String,
    jwks_uri: String,
}

/// A page of OAuth clients, by name.
#[derive(ToSchema)]
pub(super) struct OauthClients {
    tenant: String,
    clients: Vec<OauthClient>,
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// What is left of a deleted client.
#[derive(ToSchema)]
pub(super) struct DeletedOauthClient {
    tenant: String,
    client_id: String,
    deleted: bool,
}

/// A secret, never the secret itself.
#[derive(ToSchema)]
pub(super) struct OauthSecret {
    secret_id: String,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    expires: String,
    #[schema(format = DateTime, required = true)]
    ended: Option<String>,
    #[schema(required = true)]
    last_used: Option<LastUse>,
}

/// A page of secrets, the newest first.
#[derive(ToSchema)]
pub(super) struct OauthSecrets {
    tenant: String,
    client_id: String,
    secrets: Vec<OauthSecret>,
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A secret at the one moment at which it can be read.
#[derive(ToSchema)]
pub(super) struct IssuedOauthSecret {
    #[serde(flatten)]
    secret: OauthSecret,
    tenant: String,
    client_id: String,
    client_secret: String,
    token_endpoint: String,
}

/// The secret is revoked.
#[derive(ToSchema)]
pub(super) struct RevokedOauthSecret {
    tenant: String,
    client_id: String,
    secret_id: String,
    revoked: bool,
}
