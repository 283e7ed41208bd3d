//! Stores for people to read.

use serde_json::Value;

use super::super::table::{facts, items, moment, table, text};

pub(super) fn kinds_text(answer: &Value) -> String {
    table(
        &["KIND", "WHAT IT IS"],
        items(answer, "kinds").iter().map(|kind| vec![text(kind, "kind"), text(kind, "about")]),
    )
}

pub(super) fn store_text(answer: &Value) -> String {
    let mut shown = vec![
        ("Store", text(answer, "name")),
        ("Kind", text(answer, "kind")),
        ("State", state(answer)),
        ("Snapshot", snapshot(answer)),
        ("Replays up to", text(answer, "replay_to")),
        ("Has events up to", format!("{} of {}", text(answer, "position"), text(answer, "newest"))),
        ("Held by the breaker", held(answer)),
        ("Last delivery", moment(answer, "succeeded")),
        ("Error", text(answer, "error")),
        ("Tried again", moment(answer, "retried")),
        ("Dead letters", text(answer, "dead_letters")),
        ("Settings", text(answer, "settings")),
        ("Options", text(answer, "options")),
        ("Secrets, shown only now", text(answer, "secrets")),
    ];
    shown.retain(|(_, value)| !value.is_empty() && value != "{}");
    facts(shown)
}

pub(super) fn stores_text(answer: &Value) -> String {
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

/// How far a snapshot has come, if there is one to come: `12,000 of 50,000`.
pub(super) fn snapshot(store: &Value) -> String {
    let number = |name| store.get(name).and_then(Value::as_u64);
    match (store.get("snapshot"), number("snapshot_done"), number("snapshot_total")) {
        (Some(Value::Bool(true)), Some(done), Some(total)) => format!("{} of {}", grouped(done), grouped(total)),
        (Some(Value::Bool(true)), ..) => "waits".to_owned(),
        _ => String::new(),
    }
}

/// With a comma between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

pub(super) fn replayed_text(answer: &Value) -> String {
    let number = |name: &str| answer.pointer(&format!("/replayed/{name}")).and_then(Value::as_i64);
    match (number("from"), number("to")) {
        (Some(from), Some(to)) => format!("Brings the events {from} to {to} again.\n"),
        _ => "There is nothing to bring again: the store has had no such events.\n".to_owned(),
    }
}

/// What the breaker of the tenant holds, with the way out.
fn held(store: &Value) -> String {
    match store.get("held").and_then(Value::as_u64) {
        Some(events) if events > 0 => format!("{} events; see: tenantry breaker show", grouped(events)),
        _ => String::new(),
    }
}

/// In a word or two.
fn state(store: &Value) -> String {
    let state = text(store, "state");
    let failing = store.get("attempts").and_then(Value::as_i64).unwrap_or_default() > 0;
    match (failing, store.get("degraded") == Some(&Value::Bool(true))) {
        (true, true) if state == "active" => "failing, degraded".to_owned(),
        (true, _) if state == "active" => "failing".to_owned(),
        _ if state == "active" && !snapshot(store).is_empty() => format!("snapshot {}", snapshot(store)),
        (_, true) => format!("{state}, degraded"),
        _ if state == "active" && !held(store).is_empty() => "held".to_owned(),
        _ => state,
    }
}

pub(super) fn tested_text(answer: &Value) -> String {
    format!("The store {} can take events.\n", text(answer, "store"))
}

pub(super) fn token_text(answer: &Value) -> String {
    format!(
        "{}\n",
        facts([
            ("Store", text(answer, "store")),
            ("Token", text(answer, "token")),
            ("", "It is shown this once; the one before is refused from now on.".to_owned()),
        ])
    )
}

pub(super) fn deleted_text(answer: &Value) -> String {
    format!("Deleted the store {}. What was brought there stays there.\n", text(answer, "deleted"))
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        for (number, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(number), shown);
        }
    }
}
