//! `tenantry breaker …`

use clap::{Args, Subcommand};
use serde_json::Value;
use tenant_admin::{BreakerCommand, Command as Asked, Failure};

use super::output::Output;
use super::table::{facts, moment, text};
use super::{ask, assignments, duration};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry breaker show acme                       what trips it, what it does now, what it holds
  tenantry breaker set acme mode=hold              from now on such events wait for you
  tenantry breaker set acme share=10 number=100    more than 10 percent of the active users, or more than 100
  tenantry breaker set acme new_mode=hold          the same for too many new users
  tenantry breaker expect acme 800                 a first synchronization: so many new users are meant
  tenantry breaker release acme                    the stores get what was held
  tenantry breaker discard acme                    the stores get it without the users that ended

The breaker of a tenant trips when its client deactivates or deletes too many users within a window, or makes too many new
ones. The client gets its usual answers all the same.";

const SET_EXAMPLES: &str = "\
Examples:
  tenantry breaker set acme mode=hold
  tenantry breaker set acme share=10 number=100 window_seconds=86400
  tenantry breaker set acme share=                 the default again

Settings: mode (off, warn or hold; default warn), share (more than so many percent of the active users; 20), number (more
than so many users; 500), window_seconds (3600), minimum_users (the shares count from so many users on; 20). Of new users:
new_mode (default off), new_share (more than so many percent of those there were; 20), new_number (200). The profile of the
tenant may have other defaults. What is held stays held: release or discard it.";

const EXPECT_EXAMPLES: &str = "\
Examples:
  tenantry breaker expect acme 800
  tenantry breaker expect acme 25000 --for 3d
  tenantry breaker expect acme 0                   no more, from now on

So many new users come without being counted. Where new users are counted, a first synchronization of more than new_number
users is held otherwise.";

const DISCARD_EXAMPLES: &str = "\
Examples:
  tenantry breaker discard acme

Have the identity provider put right first: users that are active again by then are active in the stores, too, and new users
that are gone or deactivated by then were never told. Of the others
a store keeps what it had before: a later change of such a user, or a rebuild of the store, brings it what is true here.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows what trips the breaker of a tenant, what it does now, and what it holds
    #[command(after_help = "Examples:\n  tenantry breaker show acme\n  tenantry breaker show acme --json")]
    Show(Tenant),
    /// Changes what trips it, and what happens then
    #[command(after_help = SET_EXAMPLES)]
    Set(Set),
    /// Lets new users come without counting them
    #[command(after_help = EXPECT_EXAMPLES)]
    Expect(Expect),
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
pub(super) struct Expect {
    /// The tenant
    tenant: String,
    /// How many new users
    users: u32,
    /// For how long
    #[arg(long = "for", value_name = "TIME", default_value = "24h", value_parser = duration::seconds)]
    length: u64,
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
        Command::Expect(Expect { tenant, users, length }) => {
            (BreakerCommand::Expect { tenant, users, seconds: length }, shown_text)
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
        ("New users", new_users(answer)),
        ("Within", format!("{} seconds; {} counted now", setting("window_seconds"), text(answer, "counted"))),
        ("Tripped", format!("{} times", text(answer, "trips"))),
        ("Last", last.unwrap_or_default()),
    ];
    shown.retain(|(_, value)| !value.is_empty());
    facts(shown)
}

/// How new users are counted.
fn new_users(answer: &Value) -> String {
    let setting = |name: &str| answer.get("settings").map(|settings| text(settings, name)).unwrap_or_default();
    if setting("new_mode") == "off" {
        return "not counted".to_owned();
    }
    let expected = answer.get("expected").filter(|expected| !expected.is_null());
    let expected = expected.map(|of| format!("; {} are expected until {}", text(of, "users"), moment(of, "until")));
    format!(
        "mode {}, more than {} percent of those there were (from {} on), or more than {}; {} counted now{}",
        setting("new_mode"),
        setting("new_share"),
        setting("minimum_users"),
        setting("new_number"),
        text(answer, "new_counted"),
        expected.unwrap_or_default()
    )
}

/// In a few words, with the way out.
pub(super) fn state(answer: &Value) -> String {
    let state = text(answer, "state");
    if state != "held" {
        return state;
    }
    let (events, users, new) =
        (text(answer, "held_events"), text(answer, "held_users"), text(answer, "held_new_users"));
    format!(
        "holds {events} events, with the end of {users} users and {new} new ones; see: tenantry breaker release or discard"
    )
}

fn released_text(answer: &Value) -> String {
    done_text(answer, "released", "Nothing was held.", |done| {
        let (events, users, new) = (text(done, "events"), text(done, "users"), text(done, "new_users"));
        format!("Released {events} events, with the end of {users} users and {new} new ones.\n")
    })
}

fn discarded_text(answer: &Value) -> String {
    done_text(answer, "discarded", "Nothing was held.", |done| {
        let (events, discarded, users) = (text(done, "events"), text(done, "discarded_events"), text(done, "users"));
        let gone = if text(done, "new_users") == "0" { "" } else { ", or new users that are gone" };
        format!("Released {events} events without {discarded} that told the end of {users} users{gone}.\n")
    })
}

fn done_text(answer: &Value, name: &str, nothing: &str, told: impl Fn(&Value) -> String) -> String {
    match answer.get(name).filter(|done| done.get("events") != Some(&Value::from(0))) {
        Some(done) => told(done),
        None => format!("{nothing}\n"),
    }
}
