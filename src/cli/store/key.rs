//! `tenantry store key …`

use clap::Subcommand;
use serde_json::Value;
use tenant_admin::{Command as Asked, Failure, StoreCommand};

use super::super::ask;
use super::super::output::Output;
use super::super::table::{items, table, text};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry store key list             which there are, and how many stores are sealed with each
  tenantry store key rotate           a new key; the secrets of all stores are sealed with it, the old key goes
  tenantry store key reseal           after stores.key_file was changed by hand

The keys are in stores.key_file (in the data folder: stores.key), one a line. The first seals, all open.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
    /// Lists the keys that the secrets of stores are sealed with, by their ids
    #[command(after_help = "Example:\n  tenantry store key list --json")]
    List,
    /// Makes a new key, seals the secrets of all stores with it, and removes the old one
    #[command(after_help = "Example:\n  tenantry store key rotate")]
    Rotate,
    /// Reads the file of keys again, and seals the secrets of all stores with the first one
    #[command(after_help = "Example:\n  tenantry store key reseal")]
    Reseal,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let asked = match command {
        Command::List => StoreCommand::ListKeys,
        Command::Rotate => StoreCommand::RotateKey,
        Command::Reseal => StoreCommand::Reseal,
    };
    output.answer(&ask(settings, Asked::Store(asked)).await?, keys_text)
}

fn keys_text(answer: &Value) -> String {
    let row = |key: &Value| {
        let is = |name: &str| key.get(name) == Some(&Value::Bool(true));
        let state = match (is("missing"), is("seals")) {
            (true, _) => "MISSING: put it into stores.key_file again",
            (_, true) => "seals",
            _ => "opens",
        };
        vec![text(key, "id"), text(key, "stores"), state.to_owned()]
    };
    let keys = table(&["KEY", "STORES", "STATE"], items(answer, "keys").iter().map(row));
    match answer.get("resealed").and_then(Value::as_u64) {
        Some(resealed) => format!("{resealed} stores were sealed anew.\n{keys}"),
        None => keys,
    }
}
