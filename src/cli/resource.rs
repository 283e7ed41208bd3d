//! `tenantry user …` and `tenantry group …`: what identity providers have pushed. Only they change it, but for the names of all users
//! (`conversion`).

use clap::{Args, Subcommand};
use serde_json::Value;
use tenant_admin::{Command as Asked, Failure, Kind};

use super::ask;
use super::conversion;
use super::output::Output;
use super::table::{items, table, text};
use crate::settings::Settings;

pub(super) const USER_EXAMPLES: &str = "\
Examples:
  tenantry user list acme
  tenantry user list acme --filter 'active eq false'
  tenantry user show acme ada@acme.example";

pub(super) const GROUP_EXAMPLES: &str = "\
Examples:
  tenantry group list acme
  tenantry group show acme Engineering";

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Lists users
    #[command(after_help = LIST_USERS)]
    List(List),
    /// Shows a user with the groups it is in
    #[command(after_help = "Example:\n  tenantry user show acme ada@acme.example")]
    Show(Show),
    /// Calls every user by e-mail address, or by the mailbox of it
    #[command(after_help = conversion::CONVERT_EXAMPLES)]
    Convert(conversion::Convert),
    /// Watches, pauses and breaks off a conversion of user names
    #[command(subcommand, after_help = conversion::CONVERSION_EXAMPLES)]
    Conversion(conversion::Command),
}

#[derive(Debug, Subcommand)]
pub(super) enum GroupCommand {
    /// Lists groups
    #[command(after_help = "Example:\n  tenantry group list acme --filter 'displayName sw \"Eng\"'")]
    List(List),
    /// Shows a group with its members
    #[command(after_help = "Example:\n  tenantry group show acme Engineering")]
    Show(Show),
}

const LIST_USERS: &str = "\
Examples:
  tenantry user list acme --filter 'userName eq \"ada@acme.example\"'
  tenantry user list acme --start 101 --count 100 --json";

#[derive(Debug, Args)]
pub(super) struct List {
    /// The tenant
    tenant: String,
    /// Only those that match this SCIM filter (RFC 7644 section 3.4.2.2)
    #[arg(long)]
    filter: Option<String>,
    /// The first one, counted from 1
    #[arg(long, default_value_t = 1)]
    start: u64,
    /// At most so many, up to 1000
    #[arg(long, default_value_t = 100)]
    count: u32,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The tenant
    tenant: String,
    /// Its id, or its userName or displayName
    #[arg(value_name = "ID-OR-NAME")]
    name: String,
}

/// A command on either type.
pub(super) struct Command(Asked);

impl From<GroupCommand> for Command {
    fn from(command: GroupCommand) -> Self {
        match command {
            GroupCommand::List(list) => list.of(Kind::Group),
            GroupCommand::Show(show) => show.of(Kind::Group),
        }
    }
}

impl List {
    fn of(self, kind: Kind) -> Command {
        let Self { tenant, filter, start, count } = self;
        Command(Asked::ListResources { tenant, kind, filter, start, count })
    }
}

impl Show {
    fn of(self, kind: Kind) -> Command {
        Command(Asked::ShowResource { tenant: self.tenant, kind, name: self.name })
    }
}

pub(super) async fn run_users(command: UserCommand, settings: &Settings, output: Output) -> Result<(), Failure> {
    match command {
        UserCommand::List(list) => run(list.of(Kind::User), settings, output).await,
        UserCommand::Show(show) => run(show.of(Kind::User), settings, output).await,
        UserCommand::Convert(convert) => conversion::convert(convert, settings, output).await,
        UserCommand::Conversion(command) => conversion::run(command, settings, output).await,
    }
}

pub(super) async fn run(Command(asked): Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let text: fn(&Value) -> String = match &asked {
        Asked::ListResources { kind: Kind::User, .. } => users_text,
        Asked::ListResources { kind: Kind::Group, .. } => groups_text,
        // A resource is shown as its client sees it.
        _ => |resource| serde_json::to_string_pretty(resource).unwrap_or_default(),
    };
    output.answer(&ask(settings, asked).await?, text)
}

pub(super) fn users_text(answer: &Value) -> String {
    let row = |user: &Value| {
        let active = if user.get("active") == Some(&Value::Bool(false)) { "no" } else { "yes" };
        vec![
            text(user, "userName"),
            text(user, "displayName"),
            active.to_owned(),
            text(user, "externalId"),
            text(user, "id"),
        ]
    };
    let rows: Vec<_> = items(answer, "users").iter().map(row).collect();
    list_text(answer, "users", &["USERNAME", "DISPLAY NAME", "ACTIVE", "EXTERNAL ID", "ID"], rows)
}

pub(super) fn groups_text(answer: &Value) -> String {
    let row = |group: &Value| vec![text(group, "displayName"), text(group, "externalId"), text(group, "id")];
    let rows: Vec<_> = items(answer, "groups").iter().map(row).collect();
    list_text(answer, "groups", &["DISPLAY NAME", "EXTERNAL ID", "ID"], rows)
}

fn list_text(answer: &Value, plural: &str, headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let total = answer.get("total").and_then(Value::as_u64).unwrap_or_default();
    let start = answer.get("start").and_then(Value::as_u64).unwrap_or(1);
    let shown = u64::try_from(rows.len()).unwrap_or_default();
    match (shown, total) {
        (0, 0) => format!("There are no {plural} to show."),
        (0, _) => format!("There are {total} {plural}; number {start} is beyond the last."),
        _ if shown < total => {
            let last = start + shown - 1;
            format!("{}\n{start} to {last} of {total} {plural}", table(headings, rows))
        }
        _ => table(headings, rows),
    }
}
