//! `tenantry store …`

use clap::{Args, Subcommand};
use serde_json::Value;
use tenant_admin::{Command as Asked, Failure, StoreCommand};

use super::output::Output;
use super::table::{facts, items, moment, table, text};
use super::{ask, assignments};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry store kinds                                         what kinds of stores there are
  tenantry store add acme users --kind sql url=sqlite://users.db
  tenantry store add acme hook --kind webhook url=https://example.com/hook
  tenantry store list acme                                     how far each has come
  tenantry store pause acme users                              its events wait
  tenantry store resume acme users                             and are brought again";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists the kinds of stores there are
    #[command(after_help = "Example:\n  tenantry store kinds")]
    Kinds,
    /// Adds a store; it gets the users and groups there are, and then every change
    #[command(after_help = "Example:\n  tenantry store add acme users --kind sql url=sqlite://users.db")]
    Add(Add),
    /// Lists the stores of a tenant, and how far each has come
    #[command(after_help = "Example:\n  tenantry store list acme")]
    List(Tenant),
    /// Shows a store with its settings, never the secrets
    #[command(after_help = "Example:\n  tenantry store show acme users")]
    Show(One),
    /// Stops bringing events to a store; they wait
    #[command(after_help = "Example:\n  tenantry store pause acme users")]
    Pause(One),
    /// Brings events to a store again, from where it stands and at once
    #[command(after_help = "Example:\n  tenantry store resume acme users")]
    Resume(One),
    /// Asks a store whether it could take events now
    #[command(after_help = "Example:\n  tenantry store test acme users")]
    Test(One),
    /// Issues the token with which a store of the kind pull fetches its events, and prints it, this once
    #[command(after_help = "Example:\n  tenantry store token acme feed       the one before is refused from now on")]
    Token(One),
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
    #[arg(long)]
    from_start: bool,
    /// Options and settings of its kind: url=…, types=["user.*"], batch=500; @FILE reads JSON from a file
    #[arg(value_name = "SETTING=VALUE")]
    settings: Vec<String>,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (asked, text): (_, fn(&Value) -> String) = match command {
        Command::Kinds => (StoreCommand::Kinds, kinds_text),
        Command::Add(Add { of: One { tenant, name }, kind, from_start, settings }) => {
            let settings = assignments::parse(&settings)?;
            (StoreCommand::Add { tenant, name, kind, settings, from_start }, store_text)
        }
        Command::List(Tenant { tenant }) => (StoreCommand::List { tenant }, stores_text),
        Command::Show(One { tenant, name }) => (StoreCommand::Show { tenant, name }, store_text),
        Command::Pause(One { tenant, name }) => (StoreCommand::Pause { tenant, name }, store_text),
        Command::Resume(One { tenant, name }) => (StoreCommand::Resume { tenant, name }, store_text),
        Command::Test(One { tenant, name }) => (StoreCommand::Test { tenant, name }, tested_text),
        Command::Token(One { tenant, name }) => (StoreCommand::IssueToken { tenant, name }, token_text),
        Command::Delete(One { tenant, name }) => (StoreCommand::Delete { tenant, name }, deleted_text),
    };
    output.answer(&ask(settings, Asked::Store(asked)).await?, text)
}

fn kinds_text(answer: &Value) -> String {
    table(
        &["KIND", "WHAT IT IS"],
        items(answer, "kinds").iter().map(|kind| vec![text(kind, "kind"), text(kind, "about")]),
    )
}

fn store_text(answer: &Value) -> String {
    let mut shown = vec![
        ("Store", text(answer, "name")),
        ("Kind", text(answer, "kind")),
        ("State", state(answer)),
        ("Has events up to", format!("{} of {}", text(answer, "position"), text(answer, "newest"))),
        ("Last delivery", moment(answer, "succeeded")),
        ("Error", text(answer, "error")),
        ("Dead letters", text(answer, "dead_letters")),
        ("Settings", text(answer, "settings")),
        ("Options", text(answer, "options")),
        ("Secrets, shown only now", text(answer, "secrets")),
    ];
    shown.retain(|(_, value)| !value.is_empty() && value != "{}");
    facts(shown)
}

fn stores_text(answer: &Value) -> String {
    let stores = items(answer, "stores");
    if stores.is_empty() {
        return "The tenant has no stores. Add one: tenantry store add TENANT NAME --kind KIND\n".to_owned();
    }
    let row = |store: &Value| {
        let last = moment(store, "succeeded");
        vec![
            text(store, "name"),
            text(store, "kind"),
            state(store),
            text(store, "lag"),
            text(store, "dead_letters"),
            last,
        ]
    };
    table(&["STORE", "KIND", "STATE", "WAITING", "DEAD LETTERS", "LAST DELIVERY"], stores.iter().map(row))
}

/// In a word or two.
fn state(store: &Value) -> String {
    let state = text(store, "state");
    let failing = store.get("attempts").and_then(Value::as_i64).unwrap_or_default() > 0;
    match (failing, store.get("degraded") == Some(&Value::Bool(true))) {
        (true, _) if state == "active" => "failing".to_owned(),
        (_, true) => format!("{state}, degraded"),
        _ => state,
    }
}

fn tested_text(answer: &Value) -> String {
    format!("The store {} can take events.\n", text(answer, "store"))
}

fn token_text(answer: &Value) -> String {
    format!(
        "{}\n",
        facts([
            ("Store", text(answer, "store")),
            ("Token", text(answer, "token")),
            ("", "It is shown this once; the one before is refused from now on.".to_owned()),
        ])
    )
}

fn deleted_text(answer: &Value) -> String {
    format!("Deleted the store {}. What was brought there stays there.\n", text(answer, "deleted"))
}
