//! `tenantry store drift`

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use tenant_admin::{Code, Command as Asked, Failure, StoreCommand};

use super::super::output::Output;
use super::super::table::{items, table, text};
use super::One;
use super::wait::say;
use crate::session::Session;
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry store drift acme users             what differs; changes nothing
  tenantry store drift acme users --json      the same for a script
  tenantry store drift acme users --repair    brings what differs into line, and looks again

Stores of the kinds sql and scim can be compared. Meanwhile the store gets no events; they come afterwards. What the
store is still to get is no difference. The first 1,000 differences are listed, all are counted; values are not shown.

Exit codes: 0 nothing differs, or after --repair nothing differs any more; 6 something does; others as always.";

#[derive(Debug, Args)]
pub(in crate::cli) struct Drift {
    #[command(flatten)]
    of: One,
    /// Brings what differs into line: adds what is missing, changes what is different, removes what only the store has
    #[arg(long)]
    repair: bool,
}

/// How often it is asked how far it is, at first and after a while.
const FIRST: Duration = Duration::from_millis(50);
const LATER: Duration = Duration::from_millis(500);

pub(super) async fn run(asked: Drift, settings: &Settings, output: Output) -> Result<(), Failure> {
    let Drift { of: One { tenant, name }, repair } = asked;
    let begin = Asked::Store(StoreCommand::Drift { tenant: tenant.clone(), name: name.clone(), repair });
    let mut session = Box::pin(Session::open(settings, &begin)).await?;
    let mut answer = Box::pin(session.run(begin)).await?;
    let (mut pause, mut said) = (FIRST, String::new());
    while answer.get("done") != Some(&Value::Bool(true)) {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LATER);
        let now = progress(&answer);
        // What is quick is not talked about.
        if pause == LATER && now != said {
            say(&name, &now);
            said = now;
        }
        let ask = StoreCommand::DriftReport { tenant: tenant.clone(), name: name.clone() };
        answer = Box::pin(session.run(Asked::Store(ask))).await?;
    }
    conclude(&answer, &name, output)
}

fn conclude(answer: &Value, name: &str, output: Output) -> Result<(), Failure> {
    if let Some(error) = answer.get("error").and_then(Value::as_str) {
        let is_away = answer.get("unavailable") == Some(&Value::Bool(true));
        return Err(Failure::new(if is_away { Code::Unavailable } else { Code::Conflict }, error));
    }
    output.answer(answer, report_text)?;
    let left = number(answer, "remaining").or(number(answer, "differing")).unwrap_or_default();
    if left == 0 {
        return Ok(());
    }
    Err(Failure::new(Code::Differs, format!("{left} differ in the store {name}")))
}

fn number(answer: &Value, name: &str) -> Option<u64> {
    answer.get(name)?.as_u64()
}

fn progress(answer: &Value) -> String {
    let mut now = format!(
        "compared {} of {}, {} differ",
        text(answer, "compared"),
        text(answer, "total"),
        text(answer, "differing")
    );
    if let Some(repaired) = number(answer, "repaired") {
        now.push_str(&format!(", {repaired} brought into line"));
    }
    now
}

fn report_text(answer: &Value) -> String {
    let differing = number(answer, "differing").unwrap_or_default();
    let mut shown = String::new();
    if differing == 0 {
        shown = format!("The store {} has what the directory has.\n", text(answer, "store"));
    } else {
        let listed = items(answer, "differences");
        let row = |found: &Value| vec![text(found, "kind"), id(found), text(found, "what"), text(found, "attributes")];
        shown.push_str(&table(&["KIND", "ID", "HOW", "ATTRIBUTES"], listed.iter().map(row)));
        let more = differing.saturating_sub(u64::try_from(listed.len()).unwrap_or(u64::MAX));
        if more > 0 {
            shown.push_str(&format!("and {more} more\n"));
        }
        for failed in items(answer, "failed") {
            shown.push_str(&format!("{} {}: {}\n", text(failed, "kind"), id(failed), text(failed, "error")));
        }
        shown.push_str(&conclusion(answer, differing));
    }
    let under_way = number(answer, "under_way").unwrap_or_default();
    if under_way > 0 {
        shown.push_str(&format!("{under_way} were passed over: events about them are on their way.\n"));
    }
    shown
}

fn conclusion(answer: &Value, differing: u64) -> String {
    match (number(answer, "repaired"), number(answer, "remaining")) {
        (Some(repaired), Some(remaining)) => format!("Brought into line: {repaired}. Differ still: {remaining}.\n"),
        _ => format!("{differing} differ. Nothing was changed; --repair brings them into line.\n"),
    }
}

/// A membership by its group and its member.
fn id(found: &Value) -> String {
    match text(found, "member") {
        member if member.is_empty() => text(found, "id"),
        member => format!("{} in {}", member, text(found, "id")),
    }
}
