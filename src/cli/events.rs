//! `tenantry events …`

use std::io::Write as _;

use clap::{Args, Subcommand};
use serde_json::Value;
use tenant_admin::{Code, Command as Asked, Failure};

use super::output::Output;
use super::table::items;
use crate::session::Session;
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry events tail acme
  tenantry events tail acme --from 42 --follow";

/// How many events one request reads.
const PAGE: u32 = 500;

/// How long one request waits for the next event.
const WAIT_MS: u64 = 30_000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prints events as JSON lines (CloudEvents 1.0), in the order of their numbers
    #[command(after_help = TAIL_EXAMPLES)]
    Tail(Tail),
}

const TAIL_EXAMPLES: &str = "\
Examples:
  tenantry events tail acme                       everything that the log has
  tenantry events tail acme --from 42 --follow    from number 42 on, and whatever comes
  tenantry events tail acme | jq -r .type         only what happened";

#[derive(Debug, Args)]
pub(super) struct Tail {
    /// The tenant
    tenant: String,
    /// The number of the first event
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = number)]
    from: i64,
    /// Waits for more, until interrupted
    #[arg(long)]
    follow: bool,
}

/// The number of an event. Zero is before the first one, so it means the same as one.
fn number(text: &str) -> Result<i64, String> {
    let number = text.parse().ok().filter(|number| *number >= 0);
    number.ok_or_else(|| "events are numbered from 1 on".to_owned())
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let Command::Tail(Tail { tenant, from, follow }) = command;
    let wait_ms = if follow { WAIT_MS } else { 0 };
    let mut after = from.saturating_sub(1);
    let asked = |after| Asked::ReadEvents { tenant: tenant.clone(), after, limit: PAGE, wait_ms };
    let mut session = Session::open(settings, &asked(after)).await?;
    if follow && !session.is_shared() {
        return Err(Failure::new(Code::Unavailable, "no server runs, so no event can come; leave out --follow"));
    }
    loop {
        let answer = session.run(asked(after)).await?;
        let events = items(&answer, "events");
        if let Some(gone) = answer.get("gone_to").and_then(Value::as_i64).filter(|gone| *gone > after) {
            note_gone(after + 1, gone);
            after = gone;
        }
        if !follow && events.is_empty() {
            return Ok(());
        }
        for event in events {
            output.line(&event.to_string())?;
            after = event.get("sequence").and_then(Value::as_i64).unwrap_or(after);
        }
    }
}

/// Beside the events: whoever reads them in a program takes numbers that are missing for what they are.
fn note_gone(first: i64, last: i64) {
    let events = if first == last { format!("event {first} is") } else { format!("events {first} to {last} are") };
    // Nobody is left to be told when this fails.
    let _ = writeln!(
        std::io::stderr().lock(),
        "note: {events} no longer in the log; it keeps them for events.retention_days"
    );
}
