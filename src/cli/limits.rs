//! `tenantry limits …`

use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use tenancy::AddressLimit;
use tenant_admin::{Command as Asked, Failure};

use super::output::Output;
use super::table::{items, table};
use super::{ask, assignments};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry limits show
  tenantry limits set address_requests_per_second=500 address_requests_burst=1000
  tenantry limits reset address_requests_per_second

Every server goes by a change when the command has returned. What one tenant may ask is a setting of the tenant: tenantry
tenant set.";

const SET_EXAMPLES: &str = "\
Examples:
  tenantry limits set address_requests_per_second=500 address_requests_burst=1000
  tenantry limits set address_requests_per_second=0   no limit
  tenantry limits set address_per_second=5 address_burst=50 --json

Limits: address_requests_per_second and address_requests_burst (all requests of one network address, counted before the
token is looked at), address_per_second and address_burst (those without a valid token). Whole numbers up to 1000000000.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows how often one network address may ask, and which of it was set at run time
    #[command(after_help = "Examples:\n  tenantry limits show\n  tenantry limits show --json")]
    Show,
    /// Changes how often one network address may ask, while servers run
    #[command(after_help = SET_EXAMPLES)]
    Set(Set),
    /// Goes back to what the settings file has
    #[command(after_help = "Example:\n  tenantry limits reset address_per_second address_burst")]
    Reset(Reset),
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// What is to be in force
    #[arg(value_name = "NAME=VALUE", required = true)]
    limits: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Reset {
    /// The limits
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let asked = match command {
        Command::Show => Asked::ShowLimits,
        Command::Set(Set { limits }) => {
            Asked::ChangeLimits { limits: assignments::parse_like("address_burst=300", &limits)? }
        }
        Command::Reset(Reset { names }) => {
            let limits = names.into_iter().map(|name| (name, Value::Null)).collect::<Map<_, _>>();
            Asked::ChangeLimits { limits }
        }
    };
    output.answer(&ask(settings, asked).await?, shown_text)
}

pub(super) fn shown_text(answer: &Value) -> String {
    let number = |of: &str, name: &str| {
        let limits = answer.get(of).and_then(|limits| limits.get(name));
        limits.map(ToString::to_string).unwrap_or_default()
    };
    let set = items(answer, "set");
    let row = |limit: AddressLimit| {
        let name = limit.name();
        let from = if set.iter().any(|known| known == name) { "set at run time" } else { "the settings" };
        vec![
            name.to_owned(),
            number("limits", name),
            from.to_owned(),
            number("settings", name),
            meaning(limit).to_owned(),
        ]
    };
    table(&["LIMIT", "VALUE", "FROM", "SETTINGS", "OF ONE NETWORK ADDRESS"], AddressLimit::ALL.map(row))
}

fn meaning(limit: AddressLimit) -> &'static str {
    match limit {
        AddressLimit::RequestsPerSecond => "requests a second (0: no limit)",
        AddressLimit::RequestsBurst => "requests at once",
        AddressLimit::FailuresPerSecond => "requests without a valid token a second",
        AddressLimit::FailuresBurst => "requests without a valid token at once",
    }
}
