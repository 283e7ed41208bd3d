//! `tenantry token …`

use clap::{Args, Subcommand};
use serde_json::Value;
use tenant_admin::{Command as Asked, Failure};

use super::ask;
use super::output::Output;
use super::table::{facts, items, moment, table, text};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry token issue acme --days 90     the token before it is refused from now on
  tenantry token list acme
  tenantry token revoke acme";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Issues a token and prints it, this once; the one before is refused from then on
    #[command(after_help = "Examples:\n  tenantry token issue acme\n  tenantry token issue acme --days 90 --json")]
    Issue(Issue),
    /// Lists the tokens a tenant has and had, never the tokens themselves
    #[command(after_help = "Example:\n  tenantry token list acme")]
    List(Tenant),
    /// Ends the valid token of a tenant
    #[command(after_help = "Examples:\n  tenantry token revoke acme\n  tenantry token revoke acme TOKEN-ID")]
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct Tenant {
    /// The tenant
    tenant: String,
}

#[derive(Debug, Args)]
pub(super) struct Issue {
    /// The tenant
    tenant: String,
    /// For how many days it is valid
    #[arg(long)]
    days: Option<u32>,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The tenant
    tenant: String,
    /// Only if this is the valid one
    #[arg(value_name = "TOKEN-ID")]
    id: Option<String>,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (asked, text): (_, fn(&Value) -> String) = match command {
        Command::Issue(Issue { tenant, days }) => (Asked::IssueToken { tenant, days }, issued_text),
        Command::List(Tenant { tenant }) => (Asked::ListTokens { tenant }, list_text),
        Command::Revoke(Revoke { tenant, id }) => (Asked::RevokeToken { tenant, id }, revoked_text),
    };
    output.answer(&ask(settings, asked).await?, text)
}

/// What follows a token at the one moment at which it can be read.
pub(super) const SHOWN_ONCE: &str = "\nThe token is shown this once.\n";

/// The facts about a new token.
pub(super) fn issued_facts(answer: &Value) -> [(&'static str, String); 4] {
    [
        ("Tenant URL", text(answer, "base_url")),
        ("Token", text(answer, "token")),
        ("Token id", text(answer, "token_id")),
        ("Expires", moment(answer, "expires")),
    ]
}

fn issued_text(answer: &Value) -> String {
    format!("{}{SHOWN_ONCE}", facts(issued_facts(answer)))
}

pub(super) fn list_text(answer: &Value) -> String {
    let row = |token: &Value| {
        let ended = moment(token, "ended");
        vec![text(token, "id"), text(token, "state"), moment(token, "issued"), moment(token, "expires"), ended]
    };
    let rows: Vec<_> = items(answer, "tokens").iter().map(row).collect();
    if rows.is_empty() {
        return format!("There is no token yet. Issue one: tenantry token issue {}", text(answer, "tenant"));
    }
    table(&["TOKEN ID", "STATE", "ISSUED", "EXPIRES", "ENDED"], rows)
}

fn revoked_text(answer: &Value) -> String {
    format!("Token {} of {} is revoked.", text(answer, "token_id"), text(answer, "tenant"))
}
