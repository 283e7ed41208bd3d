//! `tenantry user convert` and `tenantry user conversion …`

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use tenant_admin::{Command as Asked, ConversionCommand, Failure};

use super::ask;
use super::output::Output;
use super::table::{facts, items, moment, table, text};
use crate::settings::Settings;

pub(super) const CONVERT_EXAMPLES: &str = "\
Examples:
  tenantry user convert acme --to email --dry-run          who would be called how, and who is in the way
  tenantry user convert acme --to email
  tenantry user convert acme --to mailbox --skip-conflicts

Every user is called by the e-mail address at work (else the primary one, else the only one), or by its mailbox. A running
server does it in small steps, and clients go on meanwhile. Each change is an event that tells the old and the new name.";

pub(super) const CONVERSION_EXAMPLES: &str = "\
Examples:
  tenantry user conversion status acme
  tenantry user conversion pause acme";

#[derive(Debug, Args)]
pub(super) struct Convert {
    /// The tenant
    tenant: String,
    /// What user names are to be
    #[arg(long, value_enum)]
    to: To,
    /// Changes nothing, and tells what would be done
    #[arg(long)]
    dry_run: bool,
    /// Leaves users as they are that cannot get their new names
    #[arg(long)]
    skip_conflicts: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum To {
    /// The e-mail address
    Email,
    /// The e-mail address without its domain
    Mailbox,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tells how far it is
    #[command(after_help = "Example:\n  tenantry user conversion status acme --json")]
    Status(Tenant),
    /// Lets it rest
    #[command(after_help = "Example:\n  tenantry user conversion pause acme")]
    Pause(Tenant),
    /// Goes on with it
    #[command(after_help = "Example:\n  tenantry user conversion resume acme")]
    Resume(Tenant),
    /// Breaks it off; what was converted stays
    #[command(after_help = "Example:\n  tenantry user conversion cancel acme")]
    Cancel(Tenant),
}

#[derive(Debug, Args)]
pub(super) struct Tenant {
    /// The tenant
    tenant: String,
}

pub(super) async fn convert(convert: Convert, settings: &Settings, output: Output) -> Result<(), Failure> {
    let Convert { tenant, to, dry_run, skip_conflicts } = convert;
    let to = match to {
        To::Email => "email",
        To::Mailbox => "mailbox",
    };
    let asked = ConversionCommand::Convert { tenant, to: to.to_owned(), dry_run, skip_conflicts };
    let shown = if dry_run { plan_text } else { status_text };
    output.answer(&ask(settings, Asked::Conversion(asked)).await?, shown)
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let asked = match command {
        Command::Status(Tenant { tenant }) => ConversionCommand::Status { tenant },
        Command::Pause(Tenant { tenant }) => ConversionCommand::Pause { tenant },
        Command::Resume(Tenant { tenant }) => ConversionCommand::Resume { tenant },
        Command::Cancel(Tenant { tenant }) => ConversionCommand::Cancel { tenant },
    };
    output.answer(&ask(settings, Asked::Conversion(asked)).await?, status_text)
}

fn plan_text(answer: &Value) -> String {
    let mut shown = facts([
        ("Users", text(answer, "total")),
        ("Get another name", text(answer, "to_convert")),
        ("Have it already", text(answer, "unchanged")),
        ("Cannot have it", text(answer, "conflicts")),
    ]);
    let conflicts = items(answer, "conflicting_users");
    if !conflicts.is_empty() {
        let row =
            |user: &Value| ["user_name", "new_name", "reason", "id", "other_id"].map(|name| text(user, name)).to_vec();
        shown.push('\n');
        shown.push_str(&table(&["USERNAME", "NEW NAME", "WHY NOT", "ID", "OTHER USER"], conflicts.iter().map(row)));
    }
    shown
}

fn status_text(answer: &Value) -> String {
    let progress =
        format!("{} of {} users, pass {}", text(answer, "looked_at"), text(answer, "total"), text(answer, "pass"));
    let mut shown = vec![
        ("Tenant", text(answer, "tenant")),
        ("User names", text(answer, "to")),
        ("State", text(answer, "state")),
        ("Looked at", progress),
        ("Converted", text(answer, "converted")),
        ("Skipped", text(answer, "skipped")),
        ("Begun", moment(answer, "started")),
        ("Ended", moment(answer, "ended")),
    ];
    shown.retain(|(_, value)| !value.is_empty());
    facts(shown)
}
