//! `tenantry token …`

use clap::{Args, Subcommand};
use serde_json::Value;
use tenancy::{Mode, Network};
use tenant_admin::{Command as Asked, Failure, IssueToken};

use super::output::Output;
use super::table::{facts, items, moment, table, text};
use super::{ask, duration};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry token issue acme --days 90                   the token before it is refused from now on
  tenantry token issue acme --mode overlap --overlap 2h   the token before it goes on for two hours
  tenantry token list acme
  tenantry token revoke acme";

const ISSUE_EXAMPLES: &str = "\
Examples:
  tenantry token issue acme --days 90 --json
  tenantry token issue acme --mode staged                 both are valid until `token complete` or `token cancel`
  tenantry token issue acme --mode first-use              the old one ends when the new one is first used
  tenantry token issue acme --scope read-only --scope users --allow 192.0.2.0/24
  tenantry token issue acme --request-id 2027-01          asked again with the same name, it answers the same

Which modes a tenant allows, how long a token may be valid and how long an overlap may last are settings of the
tenant: token_modes, token_max_days, token_max_overlap_hours.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Issues a token and prints it, this once
    #[command(after_help = ISSUE_EXAMPLES)]
    Issue(Box<Issue>),
    /// Ends the old token of a rotation now; again, it answers the same
    #[command(
        after_help = "Examples:\n  tenantry token complete acme\n  tenantry token complete acme TOKEN-ID\n  tenantry token complete acme --request-id 2027-01-done"
    )]
    Complete(One),
    /// Ends the new token of a rotation that waits; the old one stays. Again, it answers the same
    #[command(after_help = "Example:\n  tenantry token cancel acme")]
    Cancel(One),
    /// Lists the tokens a tenant has and had, never the tokens themselves
    #[command(after_help = "Example:\n  tenantry token list acme")]
    List(Tenant),
    /// Ends a token, or every valid one of the tenant; again, it answers the same
    #[command(after_help = "Examples:\n  tenantry token revoke acme\n  tenantry token revoke acme TOKEN-ID")]
    Revoke(One),
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
    #[arg(long, conflicts_with = "length")]
    days: Option<u32>,
    /// For how long it is valid, such as 12h or 30m
    #[arg(long = "for", value_name = "TIME", value_parser = duration::seconds)]
    length: Option<u64>,
    /// How it takes the place of the token before: strict, overlap, staged or first-use
    #[arg(long, default_value = "strict", value_parser = mode)]
    mode: Mode,
    /// For how long the token before goes on, such as 2h, in the mode overlap
    #[arg(long, value_name = "TIME", value_parser = duration::seconds)]
    overlap: Option<u64>,
    /// What it may do: read-only, users, groups; may be repeated. Without it: everything
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
    scopes: Vec<String>,
    /// A network from which it may be used, such as 192.0.2.0/24; may be repeated. Without it: from everywhere
    #[arg(long = "allow", value_name = "NETWORK", value_delimiter = ',', value_parser = Network::parse)]
    networks: Vec<Network>,
    /// A name of this call: repeated with the same one, it issues no second token
    #[arg(long, value_name = "NAME")]
    request_id: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The tenant
    tenant: String,
    /// Only this token; a call that is made again is then about no newer one
    #[arg(value_name = "TOKEN-ID")]
    id: Option<String>,
    /// A name of this call: made again with the same one, it does nothing more, whatever has come since
    #[arg(long, value_name = "NAME")]
    request_id: Option<String>,
}

fn mode(text: &str) -> Result<Mode, String> {
    let named = Mode::ALL.into_iter().find(|mode| mode.as_str() == text);
    named.ok_or_else(|| format!("there are {}", Mode::ALL.map(Mode::as_str).join(", ")))
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (asked, text): (_, fn(&Value) -> String) = match command {
        Command::Issue(issue) => (Asked::IssueToken((*issue).into()), issued_text),
        Command::Complete(One { tenant, id, request_id }) => {
            (Asked::CompleteRotation { tenant, id, request_id }, completed_text)
        }
        Command::Cancel(One { tenant, id, request_id }) => {
            (Asked::CancelRotation { tenant, id, request_id }, cancelled_text)
        }
        Command::List(Tenant { tenant }) => (Asked::ListTokens { tenant }, list_text),
        Command::Revoke(One { tenant, id, request_id }) => {
            (Asked::RevokeToken { tenant, id, request_id }, revoked_text)
        }
    };
    output.answer(&ask(settings, asked).await?, text)
}

impl From<Issue> for IssueToken {
    fn from(issue: Issue) -> Self {
        let Issue { tenant, days, length, mode, overlap, scopes, networks, request_id } = issue;
        Self { tenant, days, seconds: length, mode, overlap_seconds: overlap, scopes, networks, request_id }
    }
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
    if answer.get("token").is_none_or(Value::is_null) {
        let id = text(answer, "token_id");
        return format!("Token {id} was issued by this request before, and is not shown again.");
    }
    let others: String = items(answer, "other_tokens").iter().map(other_text).collect();
    format!("{}{SHOWN_ONCE}{others}", facts(issued_facts(answer)))
}

/// What becomes of a token that is valid beside the new one.
fn other_text(other: &Value) -> String {
    let id = text(other, "id");
    match text(other, "state").as_str() {
        "ending" => format!("Token {id} goes on until {}.\n", moment(other, "ended")),
        _ => format!("Token {id} goes on until the rotation is completed.\n"),
    }
}

pub(super) fn list_text(answer: &Value) -> String {
    let row = |token: &Value| {
        let (issued, expires, ended) = (moment(token, "issued"), moment(token, "expires"), moment(token, "ended"));
        let restricted = [text(token, "scopes"), text(token, "networks")];
        let restricted: Vec<_> = restricted.into_iter().filter(|text| !text.is_empty()).collect();
        vec![text(token, "id"), text(token, "state"), issued, expires, ended, used(token), restricted.join(" from ")]
    };
    let rows: Vec<_> = items(answer, "tokens").iter().map(row).collect();
    if rows.is_empty() {
        return format!("There is no token yet. Issue one: tenantry token issue {}", text(answer, "tenant"));
    }
    table(&["TOKEN ID", "STATE", "ISSUED", "EXPIRES", "ENDED", "LAST USED", "ONLY"], rows)
}

/// When and by whom a credential was last used.
pub(super) fn used(token: &Value) -> String {
    match token.get("last_used") {
        Some(used) if !used.is_null() => {
            format!("{} {} {}", moment(used, "time"), text(used, "client"), text(used, "address"))
        }
        _ => String::new(),
    }
}

fn completed_text(answer: &Value) -> String {
    format!("Token {} is the one of {}; the one before has ended.", text(answer, "token_id"), text(answer, "tenant"))
}

fn cancelled_text(answer: &Value) -> String {
    format!("Token {} has ended; the one before stays the one of {}.", text(answer, "token_id"), text(answer, "tenant"))
}

fn revoked_text(answer: &Value) -> String {
    match items(answer, "token_ids") {
        [_, _, ..] => format!("Tokens {} of {} are revoked.", text(answer, "token_ids"), text(answer, "tenant")),
        _ => format!("Token {} of {} is revoked.", text(answer, "token_id"), text(answer, "tenant")),
    }
}
