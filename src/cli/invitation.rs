//! `tenantry invitation …`

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use tenant_admin::{Code, Command as Asked, Failure, InvitationCommand};

use super::ask;
use super::output::Output;
use super::table::{facts, items, moment, table, text};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry invitation list acme --state expired
  tenantry invitation show acme ada@acme.example
  tenantry invitation resend acme ada@acme.example     another mail; the link in the one before ends
  tenantry invitation resend acme --all                to everybody who has not accepted
  tenantry invitation revoke acme ada@acme.example

Where the profile of a tenant says so, a new user is invited by mail, and a member once the address is verified.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists who was invited, and who has accepted
    #[command(after_help = "Example:\n  tenantry invitation list acme --state invited --json")]
    List(List),
    /// Shows the invitation of one user
    #[command(after_help = "Example:\n  tenantry invitation show acme ada@acme.example")]
    Show(User),
    /// Sends another mail, whose link takes the place of the one before
    #[command(
        after_help = "Examples:\n  tenantry invitation resend acme ada@acme.example\n  tenantry invitation resend acme --all"
    )]
    Resend(Resend),
    /// Takes an invitation back: its link is good no more
    #[command(after_help = "Example:\n  tenantry invitation revoke acme ada@acme.example")]
    Revoke(User),
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// The tenant
    tenant: String,
    /// Only those in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Those after the user with this id: the last one that was listed
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    /// The link is good, or will be
    Invited,
    /// The link has ended
    Expired,
    /// A member
    Accepted,
    /// Taken back, or the user is not active
    Revoked,
}

#[derive(Debug, Args)]
pub(super) struct User {
    /// The tenant
    tenant: String,
    /// The user, by id or userName
    user: String,
}

#[derive(Debug, Args)]
pub(super) struct Resend {
    /// The tenant
    tenant: String,
    /// The user, by id or userName
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    user: Option<String>,
    /// To everybody who has not accepted, whether or not their link has ended
    #[arg(long)]
    all: bool,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (asked, shown): (_, fn(&Value) -> String) = match command {
        Command::List(List { tenant, state, after, limit }) => {
            let state = state.and_then(|state| Some(state.to_possible_value()?.get_name().to_owned()));
            (InvitationCommand::List { tenant, state, after, limit }, list_text)
        }
        Command::Show(User { tenant, user }) => (InvitationCommand::Show { tenant, user }, show_text),
        Command::Resend(Resend { tenant, all: true, .. }) => (InvitationCommand::ResendAll { tenant }, resent_text),
        Command::Resend(Resend { tenant, user: Some(user), .. }) => {
            (InvitationCommand::Resend { tenant, user }, show_text)
        }
        Command::Resend(_) => return Err(Failure::new(Code::Invalid, "name a user, or say --all")),
        Command::Revoke(User { tenant, user }) => (InvitationCommand::Revoke { tenant, user }, show_text),
    };
    output.answer(&ask(settings, Asked::Invitation(asked)).await?, shown)
}

fn list_text(answer: &Value) -> String {
    let invitations = items(answer, "invitations");
    let warned = warning(answer);
    if invitations.is_empty() {
        return format!("{warned}There is none.\n");
    }
    let row = |one: &Value| {
        vec![
            text(one, "user_name"),
            text(one, "address"),
            text(one, "state"),
            mail(one),
            moment(one, "sent"),
            moment(one, "expires"),
            moment(one, "accepted"),
            text(one, "user_id"),
        ]
    };
    let head = ["USERNAME", "ADDRESS", "STATE", "MAIL", "SENT", "EXPIRES", "ACCEPTED", "ID"];
    format!("{warned}{}", table(&head, invitations.iter().map(row)))
}

fn show_text(one: &Value) -> String {
    let mut shown = vec![
        ("User", text(one, "user_name")),
        ("Id", text(one, "user_id")),
        ("Address", text(one, "address")),
        ("State", text(one, "state")),
        ("Mail", mail(one)),
        ("Invited", moment(one, "invited")),
        ("Sent", moment(one, "sent")),
        ("Mails", text(one, "times_sent")),
        ("Opened", moment(one, "opened")),
        ("Expires", moment(one, "expires")),
        ("Accepted", moment(one, "accepted")),
        ("From", text(one, "accepted_from")),
        ("Revoked", moment(one, "revoked")),
    ];
    shown.retain(|(_, value)| !value.is_empty());
    facts(shown)
}

fn resent_text(answer: &Value) -> String {
    format!("{}Mails to be sent again: {}\n", warning(answer), text(answer, "resent"))
}

/// What becomes of the mail, and why it is not sent.
fn mail(one: &Value) -> String {
    let (mail, problem) = (text(one, "mail").replace('-', " "), text(one, "problem"));
    if problem.is_empty() { mail } else { format!("{mail}: {problem}") }
}

pub(super) fn warning(answer: &Value) -> String {
    let warning = text(answer, "warning");
    if warning.is_empty() { warning } else { format!("WARNING: {warning}.\n\n") }
}
