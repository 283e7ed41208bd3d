//! `tenantry failures …`

use clap::{Args, Subcommand};
use serde_json::Value;
use tenant_admin::{Command as Asked, Failure, ListFailures};

use super::ask;
use super::duration::moment_or_ago;
use super::output::Output;
use super::table::{items, moment, table, text};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry failures list acme                              the newest, with what to do about each
  tenantry failures list acme --user ada@acme.example      those of one user or group
  tenantry failures list acme --since 2h --json            for programs

The provisioning log has what the identity provider of a tenant asked for users and groups and did not get. How much is kept
is a setting of the server: failures.most, failures.retention_days.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists the requests about users and groups that failed, the newest first, and why
    #[command(after_help = "Example:\n  tenantry failures list acme --since 2h")]
    List(List),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The tenant
    tenant: String,
    /// Those about this user or group: its name, externalId or id
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Those from this moment on (2026-11-27T20:00:00Z), or as long ago (2h)
    #[arg(long, value_name = "WHEN", value_parser = moment_or_ago)]
    since: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let Command::List(List { tenant, user, since, limit }) = command;
    let asked = ListFailures { tenant, user, since, before: None, limit };
    output.answer(&ask(settings, Asked::ListFailures(asked)).await?, list_text)
}

pub(super) fn list_text(answer: &Value) -> String {
    let failures = items(answer, "failures");
    if failures.is_empty() {
        return "Nothing has failed.\n".to_owned();
    }
    let row = |failure: &Value| {
        let asked = format!("{} {}", text(failure, "operation"), text(failure, "resource_type").to_lowercase());
        let times = text(failure, "times");
        let status =
            if times == "1" { text(failure, "status") } else { format!("{} ({times} times)", text(failure, "status")) };
        vec![
            moment(failure, "time"),
            text(failure, "client"),
            asked.trim().to_owned(),
            named(failure),
            status,
            text(failure, "detail"),
        ]
    };
    let mut shown = table(&["TIME", "CLIENT", "ASKED", "ABOUT", "STATUS", "WHY"], failures.iter().map(row));
    let mut hints: Vec<String> = Vec::new();
    for failure in failures {
        let hint = text(failure, "hint");
        let hint = format!("{}: {hint}\n", text(failure, "status"));
        if !hint.ends_with(": \n") && !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    if !hints.is_empty() {
        shown.push('\n');
        shown.extend(hints);
    }
    shown
}

/// The best of its names.
fn named(failure: &Value) -> String {
    let names = ["user_name", "display_name", "external_id", "resource_id"];
    names.map(|name| text(failure, name)).into_iter().find(|name| !name.is_empty()).unwrap_or_default()
}
