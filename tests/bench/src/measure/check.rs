//! A fast wrong answer is worth nothing: before a kind of request is measured, one answer is read.

use serde_json::Value;

use crate::load::Connection;
use crate::requests::{Directory, Kind};

/// Someone in every directory.
const PERSON: u64 = 7;

/// Sends one request of this kind, about one person, and looks whether the answer is the right one.
pub(super) fn check(directory: &Directory, kind: Kind) -> anyhow::Result<()> {
    let mut request = Vec::new();
    directory.write(&mut request, kind, PERSON, 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let body = runtime.block_on(async {
        let mut connection = Connection::open(directory.target.address).await?;
        let answer = connection.exchange(&request).await?;
        anyhow::ensure!(answer.status == 200, "{} answered {}: {}", kind.name(), answer.status, answer.text());
        anyhow::Ok(serde_json::from_slice::<Value>(answer.body)?)
    })?;
    anyhow::ensure!(is_right(&body, directory, kind), "{} answered something else: {body}", kind.name());
    Ok(())
}

fn is_right(body: &Value, directory: &Directory, kind: Kind) -> bool {
    let number = |name: &str| body.get(name).and_then(Value::as_u64);
    let id_at = |pointer: &str, number: u64| {
        let id = body.pointer(pointer).and_then(Value::as_str);
        id.is_some_and(|id| id == directory.id(number))
    };
    match kind {
        Kind::ById => id_at("/id", PERSON),
        Kind::Patch => id_at("/id", PERSON) && body.get("title").and_then(Value::as_str) == Some("Engineer 1"),
        Kind::ByUserName | Kind::ByExternalId | Kind::ByEmail => {
            number("totalResults") == Some(1) && id_at("/Resources/0/id", PERSON)
        }
        Kind::ByTitle => number("totalResults") == Some(0),
        // The directory was filled by several clients at once, so only who is on the page at all can be told.
        Kind::PageAfter(_) => {
            let resources = body.get("Resources").and_then(Value::as_array).map_or(0, Vec::len);
            number("totalResults").is_some_and(|total| total >= directory.users()) && resources == 100
        }
    }
}
