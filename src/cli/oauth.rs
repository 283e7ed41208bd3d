//! `tenantry oauth …`

use clap::{Args, Subcommand};
use serde_json::Value;
use tenancy::Network;
use tenant_admin::{Command as Asked, CreateOauthClient, Failure, FederatedWith, OauthCommand};

use super::ask;
use super::output::Output;
use super::table::{facts, items, moment, table, text};
use super::token::used;
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry oauth client create acme entra          adds a client; prints its id and its token endpoint
  tenantry oauth secret issue acme CLIENT-ID       prints a secret for it, this once
  tenantry oauth client list acme";

const CLIENT_EXAMPLES: &str = "\
Examples:
  tenantry oauth client create acme entra --scope users --allow 192.0.2.0/24
  tenantry oauth client create acme entra --issuer https://login.microsoftonline.com/TID/v2.0 --audience api://APP --subject OID --jwks-uri https://login.microsoftonline.com/TID/discovery/v2.0/keys
  tenantry oauth client disable acme CLIENT-ID     its access tokens are refused from now on
  tenantry oauth client delete acme CLIENT-ID";

const SECRET_EXAMPLES: &str = "\
Examples:
  tenantry oauth secret issue acme CLIENT-ID --days 90     beside those that are valid
  tenantry oauth secret list acme CLIENT-ID
  tenantry oauth secret revoke acme CLIENT-ID SECRET-ID    its access tokens are refused from now on";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Creates, lists, switches and deletes clients
    #[command(subcommand, after_help = CLIENT_EXAMPLES)]
    Client(Client),
    /// Issues, lists and revokes the secrets of a client
    #[command(subcommand, after_help = SECRET_EXAMPLES)]
    Secret(Secret),
}

#[derive(Debug, Subcommand)]
pub(super) enum Client {
    /// Adds a client. It has no secret yet; with an issuer it needs none
    #[command(after_help = "Example:\n  tenantry oauth client create acme entra")]
    Create(Box<Create>),
    /// Lists the clients of a tenant
    #[command(after_help = "Example:\n  tenantry oauth client list acme")]
    List(Tenant),
    /// Shows one client
    #[command(after_help = "Example:\n  tenantry oauth client show acme CLIENT-ID")]
    Show(One),
    /// Lets a client in again
    #[command(after_help = "Example:\n  tenantry oauth client enable acme CLIENT-ID")]
    Enable(One),
    /// Refuses a client and its access tokens from now on
    #[command(after_help = "Example:\n  tenantry oauth client disable acme CLIENT-ID")]
    Disable(One),
    /// Deletes a client with its secrets
    #[command(after_help = "Example:\n  tenantry oauth client delete acme CLIENT-ID")]
    Delete(One),
}

#[derive(Debug, Subcommand)]
pub(super) enum Secret {
    /// Issues a secret and prints it, this once; the others go on
    #[command(after_help = "Example:\n  tenantry oauth secret issue acme CLIENT-ID --days 90")]
    Issue(IssueSecret),
    /// Lists the secrets that a client has and had, never the secrets themselves
    #[command(after_help = "Example:\n  tenantry oauth secret list acme CLIENT-ID")]
    List(One),
    /// Ends a secret and the access tokens that were got with it; again, it answers the same
    #[command(after_help = "Example:\n  tenantry oauth secret revoke acme CLIENT-ID SECRET-ID")]
    Revoke(RevokeSecret),
}

#[derive(Debug, Args)]
pub(super) struct Tenant {
    /// The tenant
    tenant: String,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The tenant
    tenant: String,
    /// The client
    #[arg(value_name = "CLIENT-ID")]
    client: String,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// The tenant
    tenant: String,
    /// What people call the client
    name: String,
    /// What it may do: read-only, users, groups; may be repeated. Without it: everything
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<String>,
    /// A network from which it may come, such as 192.0.2.0/24; may be repeated. Without it: from everywhere
    #[arg(long = "allow", value_name = "NETWORK", value_delimiter = ',', value_parser = Network::parse)]
    networks: Vec<Network>,
    /// The issuer (iss) whose assertions stand for a secret
    #[arg(long, requires_all = ["audience", "subject", "jwks_uri"])]
    issuer: Option<String>,
    /// The audience (aud) of its assertions
    #[arg(long, requires = "issuer")]
    audience: Option<String>,
    /// The subject (sub) of its assertions
    #[arg(long, requires = "issuer")]
    subject: Option<String>,
    /// Where the keys of the issuer are
    #[arg(long, value_name = "URL", requires = "issuer")]
    jwks_uri: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct IssueSecret {
    #[command(flatten)]
    of: One,
    /// For how many days it is valid; 180 if nothing is said
    #[arg(long)]
    days: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct RevokeSecret {
    #[command(flatten)]
    of: One,
    /// The secret's id
    #[arg(value_name = "SECRET-ID")]
    secret: String,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (asked, text): (_, fn(&Value) -> String) = match command {
        Command::Client(command) => of_client(command),
        Command::Secret(command) => of_secret(command),
    };
    output.answer(&ask(settings, Asked::Oauth(asked)).await?, text)
}

fn of_client(command: Client) -> (OauthCommand, fn(&Value) -> String) {
    match command {
        Client::Create(create) => (OauthCommand::CreateClient((*create).into()), client_text),
        Client::List(Tenant { tenant }) => (OauthCommand::ListClients { tenant }, clients_text),
        Client::Show(One { tenant, client }) => (OauthCommand::ShowClient { tenant, client }, client_text),
        Client::Enable(One { tenant, client }) => {
            (OauthCommand::EnableClient { tenant, client, enabled: true }, client_text)
        }
        Client::Disable(One { tenant, client }) => {
            (OauthCommand::EnableClient { tenant, client, enabled: false }, client_text)
        }
        Client::Delete(One { tenant, client }) => (OauthCommand::DeleteClient { tenant, client }, deleted_text),
    }
}

fn of_secret(command: Secret) -> (OauthCommand, fn(&Value) -> String) {
    match command {
        Secret::Issue(IssueSecret { of: One { tenant, client }, days }) => {
            (OauthCommand::IssueSecret { tenant, client, days }, issued_text)
        }
        Secret::List(One { tenant, client }) => (OauthCommand::ListSecrets { tenant, client }, secrets_text),
        Secret::Revoke(RevokeSecret { of: One { tenant, client }, secret }) => {
            (OauthCommand::RevokeSecret { tenant, client, secret }, revoked_text)
        }
    }
}

impl From<Create> for CreateOauthClient {
    fn from(create: Create) -> Self {
        let Create { tenant, name, scopes, networks, issuer, audience, subject, jwks_uri } = create;
        let federation = match (issuer, audience, subject, jwks_uri) {
            (Some(issuer), Some(audience), Some(subject), Some(jwks_uri)) => {
                Some(FederatedWith { issuer, audience, subject, jwks_uri })
            }
            _ => None,
        };
        Self { tenant, name, scopes, networks, federation }
    }
}

fn client_text(answer: &Value) -> String {
    let federation = answer.get("federation").filter(|known| !known.is_null());
    let state = if answer["enabled"] == true { "enabled" } else { "disabled" };
    let mut shown = vec![
        ("Client", text(answer, "name")),
        ("Client id", text(answer, "client_id")),
        ("Token endpoint", text(answer, "token_endpoint")),
        ("State", state.to_owned()),
        ("Scopes", text(answer, "scopes")),
        ("Networks", text(answer, "networks")),
    ];
    if let Some(federation) = federation {
        shown.push(("Issuer", text(federation, "issuer")));
        shown.push(("Audience", text(federation, "audience")));
        shown.push(("Subject", text(federation, "subject")));
        shown.push(("Keys", text(federation, "jwks_uri")));
    }
    shown.push(("Last used", used(answer)));
    shown.retain(|(_, value)| !value.is_empty());
    facts(shown)
}

fn clients_text(answer: &Value) -> String {
    let row = |client: &Value| {
        let state = if client["enabled"] == true { "enabled" } else { "disabled" };
        let secrets = items(client, "secrets").len().to_string();
        let columns = [text(client, "name"), text(client, "client_id"), state.to_owned(), secrets, used(client)];
        [columns.as_slice(), &[text(client, "scopes"), text(client, "networks")]].concat()
    };
    let rows: Vec<_> = items(answer, "clients").iter().map(row).collect();
    if rows.is_empty() {
        return format!("There is no client. Add one: tenantry oauth client create {} NAME", text(answer, "tenant"));
    }
    table(&["NAME", "CLIENT ID", "STATE", "SECRETS", "LAST USED", "SCOPES", "NETWORKS"], rows)
}

fn deleted_text(answer: &Value) -> String {
    format!("Client {} of {} is deleted.", text(answer, "client_id"), text(answer, "tenant"))
}

fn issued_text(answer: &Value) -> String {
    let shown = facts([
        ("Token endpoint", text(answer, "token_endpoint")),
        ("Client id", text(answer, "client_id")),
        ("Client secret", text(answer, "client_secret")),
        ("Secret id", text(answer, "secret_id")),
        ("Expires", moment(answer, "expires")),
    ]);
    format!("{shown}\nThe secret is shown this once.\n")
}

fn secrets_text(answer: &Value) -> String {
    let row = |secret: &Value| {
        let moments = ["created", "expires", "ended"].map(|name| moment(secret, name));
        [[text(secret, "secret_id")].as_slice(), &moments, &[used(secret)]].concat()
    };
    let rows: Vec<_> = items(answer, "secrets").iter().map(row).collect();
    if rows.is_empty() {
        return "There is no secret yet.".to_owned();
    }
    table(&["SECRET ID", "CREATED", "EXPIRES", "ENDED", "LAST USED"], rows)
}

fn revoked_text(answer: &Value) -> String {
    format!("Secret {} of client {} is revoked.", text(answer, "secret_id"), text(answer, "client_id"))
}
