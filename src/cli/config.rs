//! `tenantry config …`

use clap::Subcommand;
use serde_json::{Value, json};
use tenant_admin::Failure;

use super::output::Output;
use super::table::{items, table, text};
use crate::settings::{DEFAULTS, Layers};

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry config show
  tenantry config check --config /etc/tenantry.toml
  tenantry config default > tenantry.toml";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows the settings in force and where each comes from
    #[command(after_help = "Example:\n  TENANTRY_LOG__FORMAT=json tenantry config show")]
    Show,
    /// Says whether the settings are right, and which one is not
    #[command(after_help = "Example:\n  tenantry config check --config /etc/tenantry.toml")]
    Check,
    /// Prints every setting with its default and its meaning, as a file to begin with
    #[command(after_help = "Example:\n  tenantry config default > tenantry.toml")]
    Default,
}

/// The settings were read and checked before this.
pub(super) fn run(command: &Command, layers: &Layers, output: Output) -> Result<(), Failure> {
    match command {
        Command::Show => output.answer(&layers.to_json(), shown_text),
        Command::Check => output.answer(&json!({ "right": true }), |_| "The settings are right.".to_owned()),
        Command::Default => print_default(output),
    }
}

pub(super) fn print_default(output: Output) -> Result<(), Failure> {
    output.line(DEFAULTS)
}

fn shown_text(answer: &Value) -> String {
    let row = |setting: &Value| {
        let value = setting.get("value").map(ToString::to_string).unwrap_or_default();
        vec![text(setting, "name"), value, text(setting, "from")]
    };
    table(&["SETTING", "VALUE", "FROM"], items(answer, "settings").iter().map(row))
}
