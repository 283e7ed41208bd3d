//! `tenantry api-key …`

use clap::{Args, Subcommand};
use serde_json::Value;
use tenancy::Role;
use tenant_admin::{ApiKeyCommand, Command as Asked, Failure};

use super::ask;
use super::output::Output;
use super::table::{facts, items, moment, table, text};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry api-key create --name terraform                  for all tenants; prints the key, this once
  tenantry api-key create --name acme-portal --tenant acme   for one tenant
  tenantry api-key list
  tenantry api-key revoke KEY-ID";

const CREATE_EXAMPLES: &str = "\
Examples:
  tenantry api-key create --name terraform --days 90 --json
  tenantry api-key create --name acme-portal --tenant acme
  tenantry api-key create --name siem --role auditor

Roles: operator (everything, with all tenants), tenant-admin (the tokens, clients and addresses of one tenant), auditor
(reads, of all tenants or of one).";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes a key and prints it, this once
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Create),
    /// Lists the keys there are and were, never the keys themselves
    #[command(after_help = "Examples:\n  tenantry api-key list\n  tenantry api-key list --tenant acme --json")]
    List(List),
    /// Ends a key; again, it answers the same
    #[command(after_help = "Example:\n  tenantry api-key revoke KEY-ID")]
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What people call it
    #[arg(long)]
    name: String,
    /// The one tenant that it is for. Without it: for all
    #[arg(long)]
    tenant: Option<String>,
    /// operator, tenant-admin or auditor. Without it: tenant-admin of a tenant, otherwise operator
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// For how many days it is valid; 365 if nothing is said
    #[arg(long)]
    days: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Only the keys of this tenant
    #[arg(long)]
    tenant: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The id of the key
    #[arg(value_name = "KEY-ID")]
    id: String,
}

fn role(text: &str) -> Result<Role, String> {
    text.parse().map_err(|error: tenancy::TenancyError| error.to_string())
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (asked, text): (_, fn(&Value) -> String) = match command {
        Command::Create(Create { name, tenant, role, days }) => {
            (ApiKeyCommand::Create { name, tenant, role, days }, created_text)
        }
        Command::List(List { tenant }) => (ApiKeyCommand::List { tenant }, list_text),
        Command::Revoke(Revoke { id }) => (ApiKeyCommand::Revoke { id }, revoked_text),
    };
    output.answer(&ask(settings, Asked::ApiKey(asked)).await?, text)
}

fn created_text(answer: &Value) -> String {
    let shown = facts([
        ("Key", text(answer, "key")),
        ("Key id", text(answer, "id")),
        ("Role", text(answer, "role")),
        ("Tenant", whose(answer)),
        ("Expires", moment(answer, "expires")),
    ]);
    format!("{shown}\nThe key is shown this once.\n")
}

fn list_text(answer: &Value) -> String {
    let row = |key: &Value| {
        let moments = ["created", "expires", "ended"].map(|name| moment(key, name));
        [[text(key, "id"), text(key, "name"), text(key, "role"), whose(key)].as_slice(), &moments].concat()
    };
    let rows: Vec<_> = items(answer, "api_keys").iter().map(row).collect();
    if rows.is_empty() {
        return "There is no API key. Make one: tenantry api-key create --name NAME".to_owned();
    }
    table(&["KEY ID", "NAME", "ROLE", "TENANT", "CREATED", "EXPIRES", "ENDED"], rows)
}

fn revoked_text(answer: &Value) -> String {
    format!("API key {} ({}) is revoked.", text(answer, "id"), text(answer, "name"))
}

fn whose(key: &Value) -> String {
    let tenant = text(key, "tenant");
    if tenant.is_empty() { "(all)".to_owned() } else { tenant }
}
