//! `tenantry store …`

mod dead_letters;
mod drift;
mod key;
mod shown;
mod wait;

use clap::{ArgGroup, Args, Subcommand};
use serde_json::Value;
use tenant_admin::{Command as Asked, Failure, StoreCommand};

use super::output::Output;
use super::{ask, assignments};
use crate::settings::Settings;
use shown::{deleted_text, kinds_text, replayed_text, store_text, stores_text, tested_text, token_text};

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry store kinds                                         what kinds of stores there are
  tenantry store add acme users --kind sql url=sqlite://users.db
  tenantry store add acme hook --kind webhook url=https://example.com/hook
  tenantry store list acme                                     how far each has come
  tenantry store pause acme users                              its events wait
  tenantry store resume acme users                             and are brought again
  tenantry store rebuild acme users --wait                     fills it anew with the users and groups there are
  tenantry store dead-letters list acme users                  what it did not take
  tenantry store drift acme users                              what it has otherwise than the directory";

const ADD_EXAMPLES: &str = "\
Examples:
  tenantry store add acme users --kind sql url=sqlite://users.db
  tenantry store add acme history --kind sql url=sqlite://history.db --from-start";

const SET_EXAMPLES: &str = "\
Examples:
  tenantry store set acme users batch=500 exhausted=pause
  tenantry store set acme users 'types=[\"user.*\"]'
  tenantry store set acme users batch=                         the default again

What a store was brought before stays there; after a change of what it gets, rebuild it.";

const REBUILD_EXAMPLES: &str = "\
Examples:
  tenantry store rebuild acme users           returns at once; see how far it is: tenantry store show acme users
  tenantry store rebuild acme users --wait    says how far it is until it is done";

const REPLAY_EXAMPLES: &str = "\
Examples:
  tenantry store replay acme hook --from-sequence 42
  tenantry store replay acme hook --from-sequence 42 --to 50
  tenantry store replay acme hook --since 2026-11-27T08:00:00Z --wait
  tenantry store replay acme hook --since 2h

What comes meanwhile waits, and is brought afterwards. A replayed event has the id that it had.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists the kinds of stores there are
    #[command(after_help = "Example:\n  tenantry store kinds")]
    Kinds,
    /// Adds a store; it gets the users and groups there are, and then every change
    #[command(after_help = ADD_EXAMPLES)]
    Add(Add),
    /// Lists the stores of a tenant, and how far each has come
    #[command(after_help = "Example:\n  tenantry store list acme")]
    List(Tenant),
    /// Shows a store with its settings, never the secrets
    #[command(after_help = "Example:\n  tenantry store show acme users")]
    Show(One),
    /// Changes options and settings of a store, secrets among them; an empty value is the default again
    #[command(after_help = SET_EXAMPLES)]
    Set(Set),
    /// Stops bringing events to a store; they wait
    #[command(after_help = "Example:\n  tenantry store pause acme users")]
    Pause(One),
    /// Brings events to a store again, from where it stands and at once
    #[command(after_help = "Example:\n  tenantry store resume acme users")]
    Resume(One),
    /// Tries a store now that has failed and would be tried later
    #[command(after_help = "Example:\n  tenantry store retry acme users")]
    Retry(One),
    /// Brings the users and groups there are now to a store, in the place of what it has, and then every change
    #[command(after_help = REBUILD_EXAMPLES)]
    Rebuild(Rebuild),
    /// Brings events to a store again that it has had
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(Replay),
    /// Lists, retries and discards the events that a store did not take
    #[command(subcommand, after_help = dead_letters::EXAMPLES)]
    DeadLetters(dead_letters::Command),
    /// Compares a store with the directory and lists what differs; changes nothing without --repair
    #[command(after_help = drift::EXAMPLES)]
    Drift(drift::Drift),
    /// Asks a store whether it could take events now
    #[command(after_help = "Example:\n  tenantry store test acme users")]
    Test(One),
    /// Issues the token with which a store that fetches its events does so (pull, `set_poll`), and prints it, this once
    #[command(after_help = "Example:\n  tenantry store token acme feed       the one before is refused from now on")]
    Token(One),
    /// Lists and changes the keys that the secrets of stores are sealed with
    #[command(subcommand, after_help = key::EXAMPLES)]
    Key(key::Command),
    /// Removes a store; what was brought there stays there
    #[command(after_help = "Example:\n  tenantry store delete acme users")]
    Delete(One),
}

#[derive(Debug, Args)]
pub(super) struct Tenant {
    /// The tenant
    tenant: String,
}

#[derive(Debug, Args)]
pub(super) struct One {
    /// The tenant
    tenant: String,
    /// The store
    #[arg(value_name = "STORE")]
    name: String,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    #[command(flatten)]
    of: One,
    /// What kind of store it is
    #[arg(long)]
    kind: String,
    /// Brings every event from the first on, in place of the users and groups there are now and what comes
    #[arg(long, conflicts_with = "from_now")]
    from_start: bool,
    /// Brings only what comes
    #[arg(long)]
    from_now: bool,
    /// Options and settings of its kind: url=…, types=["user.*"], batch=500; @FILE reads JSON from a file
    #[arg(value_name = "SETTING=VALUE")]
    settings: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    #[command(flatten)]
    of: One,
    /// Options and settings of its kind: batch=500, secret=…; @FILE reads JSON from a file
    #[arg(value_name = "SETTING=VALUE", required = true)]
    settings: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Rebuild {
    #[command(flatten)]
    of: One,
    /// Says how far it is, until it is done
    #[arg(long)]
    wait: bool,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("beginning").required(true).args(["from_sequence", "since"]))]
pub(super) struct Replay {
    #[command(flatten)]
    of: One,
    /// Begins with the event of this number
    #[arg(long, value_name = "N")]
    from_sequence: Option<i64>,
    /// Begins with the first event at or after this moment, or this long ago
    #[arg(long, value_name = "TIME", value_parser = super::duration::moment_or_ago)]
    since: Option<String>,
    /// Ends with the event of this number; without it, with the last that the store has had
    #[arg(long, value_name = "N")]
    to: Option<i64>,
    /// Says how far it is, until it is done
    #[arg(long)]
    wait: bool,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (asked, text): (_, fn(&Value) -> String) = match command {
        Command::Kinds => (StoreCommand::Kinds, kinds_text),
        Command::Add(Add { of: One { tenant, name }, kind, from_start, from_now, settings }) => {
            let settings = assignments::parse(&settings)?;
            (StoreCommand::Add { tenant, name, kind, settings, from_start, from_now }, store_text)
        }
        Command::List(Tenant { tenant }) => (StoreCommand::List { tenant }, stores_text),
        Command::Show(One { tenant, name }) => (StoreCommand::Show { tenant, name }, store_text),
        Command::Set(Set { of: One { tenant, name }, settings }) => {
            let settings = assignments::parse(&settings)?;
            (StoreCommand::Set { tenant, name, settings, if_version: None }, store_text)
        }
        Command::Pause(One { tenant, name }) => (StoreCommand::Pause { tenant, name }, store_text),
        Command::Resume(One { tenant, name }) => (StoreCommand::Resume { tenant, name }, store_text),
        Command::Retry(One { tenant, name }) => (StoreCommand::Retry { tenant, name }, store_text),
        Command::Test(of) => return Box::pin(test(of, settings, output)).await,
        Command::Token(One { tenant, name }) => (StoreCommand::IssueToken { tenant, name }, token_text),
        Command::Delete(One { tenant, name }) => (StoreCommand::Delete { tenant, name }, deleted_text),
        Command::Rebuild(Rebuild { of: One { tenant, name }, wait }) => {
            let asked = StoreCommand::Rebuild { tenant: tenant.clone(), name: name.clone() };
            return Box::pin(wait::run(asked, wait.then_some((tenant, name)), settings, (output, store_text))).await;
        }
        Command::Replay(Replay { of: One { tenant, name }, from_sequence: from, since, to, wait }) => {
            let asked = StoreCommand::Replay { tenant: tenant.clone(), name: name.clone(), from, since, to };
            return Box::pin(wait::run(asked, wait.then_some((tenant, name)), settings, (output, replayed_text))).await;
        }
        Command::Key(command) => return Box::pin(key::run(command, settings, output)).await,
        Command::Drift(asked) => return Box::pin(drift::run(asked, settings, output)).await,
        Command::DeadLetters(command) => return Box::pin(dead_letters::run(command, settings, output)).await,
    };
    output.answer(&ask(settings, Asked::Store(asked)).await?, text)
}

/// A store that could take no events is a failure.
async fn test(One { tenant, name }: One, settings: &Settings, output: Output) -> Result<(), Failure> {
    let answer = ask(settings, Asked::Store(StoreCommand::Test { tenant, name })).await?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(Failure::new(tenant_admin::Code::Unavailable, error)),
        None => output.answer(&answer, tested_text),
    }
}
