//! `tenantry key …`

use clap::{Args, Subcommand};
use serde_json::Value;
use tenant_admin::{Command as Asked, Failure};

use super::ask;
use super::output::Output;
use super::table::{items, table, text};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry key rotate                 a new key signs from now on; what the old one signed stays valid
  tenantry key list
  tenantry key retire 1f2e3d4c        once no valid token is left that it signed";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes a new signing key, which signs once every server knows it; the others go on verifying what they signed
    #[command(after_help = "Example:\n  tenantry key rotate")]
    Rotate,
    /// Lists the signing keys by their ids, and whose valid tokens each signed
    #[command(after_help = "Example:\n  tenantry key list --json")]
    List,
    /// Takes away a key that does not sign any more
    #[command(after_help = "Examples:\n  tenantry key retire 1f2e3d4c\n  tenantry key retire 1f2e3d4c --force")]
    Retire(Retire),
    /// Reads the keys again, as SIGHUP does: after a change of a mounted secret
    #[command(after_help = "Example:\n  tenantry key reload")]
    Reload,
}

#[derive(Debug, Args)]
pub(super) struct Retire {
    /// The id of the key
    #[arg(value_name = "KEY-ID")]
    id: String,
    /// Also if it signed valid tokens, which are revoked, or access tokens, which are refused
    #[arg(long)]
    force: bool,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let asked = match command {
        Command::Rotate => Asked::RotateKey,
        Command::List => Asked::ListKeys,
        Command::Retire(Retire { id, force }) => Asked::RetireKey { id, force },
        Command::Reload => Asked::ReloadKeys,
    };
    output.answer(&ask(settings, asked).await?, list_text)
}

pub(super) fn list_text(answer: &Value) -> String {
    let row = |key: &Value| vec![text(key, "id"), role(key).to_owned(), text(key, "tokens"), text(key, "tenants")];
    let keys = table(&["KEY ID", "ROLE", "VALID TOKENS", "TENANTS"], items(answer, "keys").iter().map(row));
    let (revoked, refused) = (ended(answer, "revoked"), ended(answer, "refused"));
    format!("{keys}{}{revoked}{refused}{}", waiting(answer), access(answer))
}

fn role(key: &Value) -> &'static str {
    let is = |name: &str| key.get(name).and_then(Value::as_bool).unwrap_or_default();
    match (is("signs"), is("waits")) {
        (true, _) => "signs",
        (false, true) => "signs next",
        (false, false) => "verifies",
    }
}

fn waiting(answer: &Value) -> String {
    let is_waiting = items(answer, "keys").iter().any(|key| role(key) == "signs next");
    match answer.get("unknown_to_servers").and_then(Value::as_u64) {
        Some(count @ 1..) if is_waiting => format!(
            "The new key signs by itself once every server knows it; {count} do not yet. Let each of them read it: \
             tenantry key reload, or SIGHUP.\n"
        ),
        _ if is_waiting => "Every server knows the new key; it signs in a moment.\n".to_owned(),
        _ => String::new(),
    }
}

fn ended(answer: &Value, how: &str) -> String {
    let line = |token: &Value| format!("Token {} of {} is {how}.\n", text(token, "token_id"), text(token, "tenant"));
    items(answer, how).iter().map(line).collect()
}

fn access(answer: &Value) -> String {
    let line = |left: &Value| {
        let tenants = text(left, "tenants");
        format!("Access tokens of the key are refused; OAuth clients of {tenants} have to get new ones.\n")
    };
    items(answer, "access_tokens").iter().map(line).collect()
}
