//! Tables and lists of facts for people.

use comfy_table::{Table, presets::NOTHING};
use serde_json::Value;

/// Rows under a line of headings.
pub(super) fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(headings.iter().copied());
    table.add_rows(rows.into_iter().map(|row| row.iter().map(|cell| printable(cell)).collect::<Vec<_>>()));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    lines(&table.to_string())
}

/// Names and values, one a line.
pub(crate) fn facts(facts: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let facts: Vec<_> = facts.into_iter().collect();
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    facts.iter().map(|(name, value)| format!("{name:width$}  {}\n", printable(value))).collect()
}

/// The text of a member of an answer; nothing if it has none.
pub(crate) fn text(answer: &Value, name: &str) -> String {
    match answer.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Some(value) => plain(value),
    }
}

/// The objects in a member of an answer.
pub(super) fn items<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A moment to the minute.
pub(super) fn moment(answer: &Value, name: &str) -> String {
    let text = text(answer, name);
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute}"),
        _ => text,
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What clients sent must not steer the terminal of who reads it.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{FFFD}' } else { letter }).collect()
}

fn lines(table: &str) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
