//! Long work: asked for, and then watched until it is done.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use serde_json::Value;
use tenant_admin::{Code, Command as Asked, Failure, StoreCommand};

use super::super::output::Output;
use super::super::table::text;
use super::shown::snapshot;
use crate::session::Session;
use crate::settings::Settings;

/// How often it is looked how far it is.
const LOOK: Duration = Duration::from_millis(500);

/// Asks for something, and for a store of a tenant waits until it is done.
pub(super) async fn run(
    asked: StoreCommand,
    wait: Option<(String, String)>,
    settings: &Settings,
    (output, shown): (Output, fn(&Value) -> String),
) -> Result<(), Failure> {
    let asked = Asked::Store(asked);
    let mut session = Box::pin(Session::open(settings, &asked)).await?;
    if wait.is_some() && !session.is_shared() {
        return Err(Failure::new(Code::Unavailable, "no server runs that could bring something; leave out --wait"));
    }
    let mut answer = Box::pin(session.run(asked)).await?;
    let Some((tenant, name)) = wait else { return output.answer(&answer, shown) };
    let mut said = String::new();
    while let Some(now) = left(&answer) {
        if now != said {
            say(&name, &now);
            said = now;
        }
        tokio::time::sleep(LOOK).await;
        let show = StoreCommand::Show { tenant: tenant.clone(), name: name.clone() };
        answer = Box::pin(session.run(Asked::Store(show))).await?;
    }
    check(&answer, &name)?;
    output.answer(&answer, |answer| format!("The store {name} has events up to {}.\n", text(answer, "position")))
}

/// How far it is; nothing when it is done or goes no further by itself.
fn left(store: &Value) -> Option<String> {
    if store.get("state").and_then(Value::as_str) != Some("active") {
        return None;
    }
    let error = match text(store, "error") {
        error if error.is_empty() || text(store, "attempts") == "0" => String::new(),
        error => format!(" (failing: {error})"),
    };
    if store.get("snapshot") == Some(&Value::Bool(true)) {
        return Some(format!("snapshot {}{error}", snapshot(store)));
    }
    let to = store.get("replay_to").and_then(Value::as_i64)?;
    Some(format!("event {} of {to}{error}", text(store, "position")))
}

fn check(store: &Value, name: &str) -> Result<(), Failure> {
    match text(store, "state").as_str() {
        "active" => Ok(()),
        state => Err(Failure::new(
            Code::Conflict,
            format!("the store {name} is {state}, and gets nothing until it is resumed: tenantry store resume"),
        )),
    }
}

/// Beside the answer: one line that is written over where somebody looks.
pub(super) fn say(name: &str, now: &str) {
    let mut out = std::io::stderr().lock();
    let now: String = now.chars().map(|letter| if letter.is_control() { '\u{FFFD}' } else { letter }).collect();
    // Nobody is left to be told when this fails.
    let _ = if out.is_terminal() { write!(out, "\r\x1b[K{name}: {now}") } else { writeln!(out, "{name}: {now}") };
    let _ = out.flush();
}
