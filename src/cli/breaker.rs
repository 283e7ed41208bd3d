//! `tenantry breaker …`

use clap::{Args, Subcommand};
use serde_json::Value;
use tenant_admin::{BreakerCommand, Command as Asked, Failure};

use super::output::Output;
use super::table::{facts, moment, text};
use super::{ask, assignments};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry breaker show acme                       what trips it, what it does now, what it holds
  tenantry breaker set acme mode=hold              from now on such events wait for you
  tenantry breaker set acme share=10 number=100    more than 10 percent of the active users, or more than 100
  tenantry breaker release acme                    the stores get what was held
  tenantry breaker discard acme                    the stores get it without the users that ended

The breaker of a tenant trips when its client deactivates or deletes too many users within a window. The client gets its
usual answers all the same.";

const SET_EXAMPLES: &str = "\
Examples:
  tenantry breaker set acme mode=hold
  tenantry breaker set acme share=10 number=100 window_seconds=86400
  tenantry breaker set acme share=                 the default again

Settings: mode (off, warn or hold; default warn), share (more than so many percent of the active users; 20), number (more
than so many users; 500), window_seconds (3600), minimum_users (the share counts from so many active users on; 20).
What is held stays held: release or discard it.";

const DISCARD_EXAMPLES: &str = "\
Examples:
  tenantry breaker discard acme

Have the identity provider put right first: users that are active again by then are active in the stores, too. Of the others
a store keeps what it had before: a later change of such a user, or a rebuild of the store, brings it what is true here.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows what trips the breaker of a tenant, what it does now, and what it holds
    #[command(after_help = "Examples:\n  tenantry breaker show acme\n  tenantry breaker show acme --json")]
    Show(Tenant),
    /// Changes what trips it, and what happens then
    #[command(after_help = SET_EXAMPLES)]
    Set(Set),
    /// Brings the stores what is held, in order
    #[command(after_help = "Example:\n  tenantry breaker release acme")]
    Release(Tenant),
    /// Brings the stores what is held, but no user that was deactivated or deleted
    #[command(after_help = DISCARD_EXAMPLES)]
    Discard(Tenant),
}

#[derive(Debug, Args)]
pub(super) struct Tenant {
    /// The tenant
    tenant: String,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// The tenant
    tenant: String,
    /// What is to be; an empty value is the default again
    #[arg(value_name = "NAME=VALUE", required = true)]
    settings: Vec<String>,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (asked, shown): (_, fn(&Value) -> String) = match command {
        Command::Show(Tenant { tenant }) => (BreakerCommand::Show { tenant }, shown_text),
        Command::Set(Set { tenant, settings }) => {
            let settings = assignments::parse_like("mode=hold", &settings)?;
            (BreakerCommand::Set { tenant, settings }, shown_text)
        }
        Command::Release(Tenant { tenant }) => (BreakerCommand::Release { tenant }, released_text),
        Command::Discard(Tenant { tenant }) => (BreakerCommand::Discard { tenant }, discarded_text),
    };
    output.answer(&ask(settings, Asked::Breaker(asked)).await?, shown)
}

pub(super) fn shown_text(answer: &Value) -> String {
    let setting = |name: &str| answer.get("settings").map(|settings| text(settings, name)).unwrap_or_default();
    let trip = answer.get("last_trip").filter(|trip| !trip.is_null());
    let last = trip.map(|trip| format!("{}, event {}", moment(trip, "time"), text(trip, "sequence")));
    let share = format!(
        "more than {} percent of the active users (from {} on), or more than {} users",
        setting("share"),
        setting("minimum_users"),
        setting("number")
    );
    let mut shown = vec![
        ("Tenant", text(answer, "tenant")),
        ("Mode", setting("mode")),
        ("State", state(answer)),
        ("Trips at", share),
        ("Within", format!("{} seconds; {} counted now", setting("window_seconds"), text(answer, "counted"))),
        ("Tripped", format!("{} times", text(answer, "trips"))),
        ("Last", last.unwrap_or_default()),
    ];
    shown.retain(|(_, value)| !value.is_empty());
    facts(shown)
}

/// In a few words, with the way out.
pub(super) fn state(answer: &Value) -> String {
    let state = text(answer, "state");
    if state != "held" {
        return state;
    }
    let (events, users) = (text(answer, "held_events"), text(answer, "held_users"));
    format!("holds {events} events, with the end of {users} users; see: tenantry breaker release or discard")
}

fn released_text(answer: &Value) -> String {
    done_text(answer, "released", "Nothing was held.", |done| {
        format!("Released {} events, with the end of {} users.\n", text(done, "events"), text(done, "users"))
    })
}

fn discarded_text(answer: &Value) -> String {
    done_text(answer, "discarded", "Nothing was held.", |done| {
        format!(
            "Released {} events without {} that told the end of {} users.\n",
            text(done, "events"),
            text(done, "discarded_events"),
            text(done, "users")
        )
    })
}

fn done_text(answer: &Value, name: &str, nothing: &str, told: impl Fn(&Value) -> String) -> String {
    match answer.get(name).filter(|done| done.get("events") != Some(&Value::from(0))) {
        Some(done) => told(done),
        None => format!("{nothing}\n"),
    }
}
