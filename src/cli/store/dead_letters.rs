//! `tenantry store dead-letters …`

use clap::{ArgGroup, Args, Subcommand};
use serde_json::Value;
use tenant_admin::{Command as Asked, Failure, StoreCommand};

use super::super::ask;
use super::super::output::Output;
use super::super::table::{items, moment, table, text};
use super::One;
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry store dead-letters list acme hook
  tenantry store dead-letters retry acme hook --all
  tenantry store dead-letters discard acme hook --sequence 42

A dead letter that is brought again comes after newer events. Where that matters, rebuild the store.";

const RETRY_EXAMPLES: &str = "\
Examples:
  tenantry store dead-letters retry acme hook --sequence 42
  tenantry store dead-letters retry acme hook --all

Each is tried once; what is not taken again stays a dead letter. It comes after newer events.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Lists the events that a store did not take, and why
    #[command(after_help = "Example:\n  tenantry store dead-letters list acme hook")]
    List(List),
    /// Brings them to the store again
    #[command(after_help = RETRY_EXAMPLES)]
    Retry(Which),
    /// Forgets them
    #[command(after_help = "Example:\n  tenantry store dead-letters discard acme hook --sequence 42")]
    Discard(Which),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    of: One,
    /// Those numbered above this
    #[arg(long, value_name = "N", default_value_t = 0)]
    after: i64,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["all", "sequence"]))]
pub(in crate::cli) struct Which {
    #[command(flatten)]
    of: One,
    /// All of them
    #[arg(long)]
    all: bool,
    /// The event with this number
    #[arg(long, value_name = "N")]
    sequence: Option<i64>,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (asked, text): (_, fn(&Value) -> String) = match command {
        Command::List(List { of: One { tenant, name }, after, limit }) => {
            (StoreCommand::DeadLetters { tenant, name, after, limit }, list_text)
        }
        Command::Retry(Which { of: One { tenant, name }, sequence, .. }) => {
            (StoreCommand::RetryDeadLetters { tenant, name, sequence }, retried_text)
        }
        Command::Discard(Which { of: One { tenant, name }, sequence, .. }) => {
            (StoreCommand::DiscardDeadLetters { tenant, name, sequence }, discarded_text)
        }
    };
    output.answer(&ask(settings, Asked::Store(asked)).await?, text)
}

fn list_text(answer: &Value) -> String {
    let letters = items(answer, "dead_letters");
    if letters.is_empty() {
        return "The store has no dead letters.\n".to_owned();
    }
    let row = |letter: &Value| {
        let parked = moment(letter, "parked");
        vec![text(letter, "sequence"), text(letter, "type"), parked, text(letter, "attempts"), text(letter, "error")]
    };
    table(&["EVENT", "TYPE", "GIVEN UP", "ATTEMPTS", "ERROR"], letters.iter().map(row))
}

fn retried_text(answer: &Value) -> String {
    match text(answer, "retried").as_str() {
        "0" => "The store has no dead letters.\n".to_owned(),
        count => format!("Brings {count} dead letters again; what is not taken stays one.\n"),
    }
}

fn discarded_text(answer: &Value) -> String {
    format!("Discarded {} dead letters.\n", text(answer, "discarded"))
}
