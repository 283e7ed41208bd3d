//! What the events of tokens say.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::rotation::{Mode, Plan, Stage};
use crate::{Network, TokenRecord, TokenState};

/// What a token is that was issued just now.
pub(super) fn state(stage: Option<Stage>) -> TokenState {
    match stage {
        None => TokenState::Current,
        Some(Stage::Staged) => TokenState::Staged,
        Some(Stage::Unused) => TokenState::Unused,
    }
}

/// The facts about a token.
pub(super) fn facts(token: &TokenRecord) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("token".to_owned(), token.id.to_string().into());
    data.insert("expires".to_owned(), moment(token.expires_ms).into());
    if let Some(mode) = token.mode {
        data.insert("mode".to_owned(), mode.as_str().into());
    }
    if token.scopes.words().next().is_some() {
        data.insert("scopes".to_owned(), json!(token.scopes.words().collect::<Vec<_>>()));
    }
    if !token.networks.is_empty() {
        data.insert("networks".to_owned(), json!(token.networks.iter().map(Network::to_string).collect::<Vec<_>>()));
    }
    data
}

/// The facts about a token that comes, and about those whose end it is.
pub(super) fn told(token: &TokenRecord, plan: &Plan) -> Map<String, Value> {
    let mut data = facts(token);
    let ended = plan.endings.iter().map(|ending| json!({ "token": ending.id, "ended": moment(ending.at_ms) }));
    let ended: Vec<Value> = ended.collect();
    if !ended.is_empty() {
        data.insert("replaced".to_owned(), ended.into());
    } else if let Some(beside) = token.replaces.filter(|_| token.mode != Some(Mode::Strict)) {
        data.insert("beside".to_owned(), beside.to_string().into());
    }
    data
}

/// Milliseconds since 1970 as RFC 3339 in UTC, to the second.
pub(crate) fn moment(milliseconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000));
    moment.ok().and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default()
}
