//! What a command does to the tokens of a tenant. It is decided on the rows as they are, under the tenant's lock.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{EndedBy, Mode, Stage, TokenState};
use crate::{TokenId, TokenRecord};

/// A token that is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) id: TokenId,
    pub(crate) at_ms: i64,
    pub(crate) by: EndedBy,
}

/// What is to be written. Ends come before everything else, so that no two rows claim one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) endings: Vec<Ending>,
    /// The token that waits no longer.
    pub(crate) settles: Option<TokenId>,
    /// What a new token waits for.
    pub(crate) stage: Option<Stage>,
    /// The valid token that a new one takes the place of.
    pub(crate) replaces: Option<TokenId>,
    /// The token that the command is about, where there was one before.
    pub(crate) subject: Option<TokenId>,
}

/// Why a command does not fit the tokens there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Two tokens are valid already.
    #[error(
        "a rotation is under way: token {old} is still valid beside {new}; complete it (token complete) or cancel it \
         (token cancel), or issue with the mode strict, which ends both"
    )]
    UnderWay {
        /// The older one.
        old: TokenId,
        /// The newer one.
        new: TokenId,
    },
    /// There is nothing to complete or cancel.
    #[error("no rotation is under way")]
    NothingUnderWay,
    /// What was to be cancelled is done.
    #[error("the rotation to token {new} is done: the old token has ended; issue a new one instead")]
    Done {
        /// The token that stays.
        new: TokenId,
    },
    /// An overlap ends by itself.
    #[error(
        "token {old} ends at {until} by itself and cannot be kept; revoke the new token or issue another one instead"
    )]
    Overlap {
        /// The old token.
        old: TokenId,
        /// When it ends.
        until: String,
    },
    /// Another token is the one that waits.
    #[error("token {id} is not the one that waits")]
    Other {
        /// The one that was named.
        id: TokenId,
    },
}

fn valid(rows: &[TokenRecord]) -> impl Iterator<Item = &TokenRecord> {
    rows.iter().filter(|token| token.state.is_valid())
}

/// Rows that are not ended in the table, valid or expired, and those whose end is still to come.
fn open(rows: &[TokenRecord]) -> impl Iterator<Item = &TokenRecord> {
    rows.iter().filter(move |token| !matches!(token.state, TokenState::Superseded | TokenState::Revoked))
}

fn end_now(token: &TokenRecord, now_ms: i64, by: EndedBy) -> Ending {
    Ending { id: token.id, at_ms: now_ms, by }
}

/// A new token comes. `overlap_ms` is for how long the old one goes on in that mode.
pub(crate) fn issue(rows: &[TokenRecord], mode: Mode, overlap_ms: i64, now_ms: i64) -> Result<Plan, Conflict> {
    let current: Vec<&TokenRecord> = valid(rows).collect();
    if let ([new, old, ..], true) = (current.as_slice(), mode != Mode::Strict) {
        return Err(Conflict::UnderWay { old: old.id, new: new.id });
    }
    let before = current.first().copied();
    let (keeps, stage) = match mode {
        Mode::Staged => (true, Some(Stage::Staged)),
        Mode::FirstUse => (true, Some(Stage::Unused)),
        Mode::Strict | Mode::Overlap => (false, None),
    };
    let end = |token: &TokenRecord| {
        let stays = before.is_some_and(|before| before.id == token.id);
        match mode {
            Mode::Overlap if stays => Ending {
                at_ms: token.expires_ms.min(now_ms.saturating_add(overlap_ms)),
                ..end_now(token, now_ms, EndedBy::Overlap)
            },
            _ => end_now(token, now_ms, EndedBy::Rotation),
        }
    };
    // Whatever it has waited for is over.
    let goes_on = keeps || mode == Mode::Overlap;
    let is_kept = |token: &TokenRecord| keeps && before.is_some_and(|before| before.id == token.id);
    Ok(Plan {
        endings: open(rows).filter(|token| !is_kept(token)).map(end).collect(),
        settles: before.filter(|before| goes_on && before.stage.is_some()).map(|before| before.id),
        stage: stage.filter(|_| before.is_some()),
        replaces: before.map(|before| before.id),
        subject: None,
    })
}

/// The token that waits to be completed, or the newer of an overlap, stays alone. (One that waits for its use is used
/// instead.) Done before, it is done again by doing nothing.
pub(crate) fn complete(rows: &[TokenRecord], id: Option<TokenId>, now_ms: i64) -> Result<Plan, Conflict> {
    let newest = newest(rows, id)?;
    let others = open(rows).filter(|token| token.id != newest.id);
    let endings: Vec<Ending> = others.map(|token| end_now(token, now_ms, EndedBy::Rotation)).collect();
    let waits = newest.stage.filter(|_| newest.ended_ms.is_none());
    let was_rotation = newest.replaces.is_some() && newest.mode != Some(Mode::Strict);
    if !newest.state.is_valid() || (waits.is_none() && endings.is_empty() && !was_rotation) {
        return Err(Conflict::NothingUnderWay);
    }
    Ok(Plan { endings, settles: waits.map(|_| newest.id), subject: Some(newest.id), ..Plan::default() })
}

/// The token that waits ends, the old one stays. Done before, it is done again by doing nothing.
pub(crate) fn cancel(rows: &[TokenRecord], id: Option<TokenId>, now_ms: i64) -> Result<Plan, Conflict> {
    let newest = newest(rows, id)?;
    let nothing = Plan { subject: Some(newest.id), ..Plan::default() };
    match (newest.state, newest.stage) {
        (TokenState::Revoked, Some(_)) => return Ok(nothing),
        (TokenState::Staged | TokenState::Unused, _) => {}
        (state, _) if state.is_valid() => return Err(not_waiting(rows, newest)),
        _ => return Err(Conflict::NothingUnderWay),
    }
    Ok(Plan { endings: vec![end_now(newest, now_ms, EndedBy::Revocation)], ..nothing })
}

fn not_waiting(rows: &[TokenRecord], newest: &TokenRecord) -> Conflict {
    let ending = rows.iter().find(|token| token.state == TokenState::Ending);
    match (ending, newest.replaces.is_some() && newest.mode != Some(Mode::Strict)) {
        (Some(old), _) => Conflict::Overlap { old: old.id, until: moment(old.ended_ms.unwrap_or_default()) },
        (None, true) => Conflict::Done { new: newest.id },
        (None, false) => Conflict::NothingUnderWay,
    }
}

/// The token was used: every other one ends. Only when that was done, and is known everywhere, it waits no longer. `None`:
/// it does not wait, or not any more.
pub(crate) fn first_use(rows: &[TokenRecord], id: TokenId, now_ms: i64) -> Option<Plan> {
    let token = rows.iter().find(|token| token.id == id && token.state == TokenState::Unused)?;
    let others = open(rows).filter(|other| other.id != id);
    let endings: Vec<Ending> = others.map(|other| end_now(other, now_ms, EndedBy::Rotation)).collect();
    let settles = Some(id).filter(|_| endings.is_empty());
    Some(Plan { endings, settles, subject: Some(id), replaces: token.replaces, ..Plan::default() })
}

/// The token whose first use has ended the others and is not known everywhere yet. One that waits for its first use is
/// told, too, if `is_to_be_used`.
pub(crate) fn in_use(rows: &[TokenRecord], is_to_be_used: impl Fn(TokenId) -> bool) -> Option<TokenId> {
    let newest = rows.first().filter(|token| token.state == TokenState::Unused)?;
    let is_alone = open(rows).all(|token| token.id == newest.id);
    (is_alone || is_to_be_used(newest.id)).then_some(newest.id)
}

/// Ends one token, or without `id` every valid one. What waited beside it to be completed waits no longer; what waits for
/// its use is found alone by that. An empty plan says that nothing is left to end.
pub(crate) fn revoke(rows: &[TokenRecord], id: Option<TokenId>, now_ms: i64) -> Plan {
    let ended: Vec<&TokenRecord> = valid(rows).filter(|token| id.is_none_or(|id| id == token.id)).collect();
    let is_ended = |id: TokenId| ended.iter().any(|token| token.id == id);
    let waits = valid(rows).find(|token| token.state == TokenState::Staged && !is_ended(token.id));
    // A row that has expired and was never ended would keep its place.
    let expired = open(rows).filter(|token| token.state == TokenState::Expired && waits.is_some());
    let by_rotation = expired.map(|token| end_now(token, now_ms, EndedBy::Rotation));
    let endings = ended.iter().map(|token| end_now(token, now_ms, EndedBy::Revocation));
    let settles = waits.filter(|_| !ended.is_empty()).map(|token| token.id);
    Plan {
        subject: ended.first().map(|token| token.id),
        endings: endings.chain(by_rotation.filter(|_| settles.is_some())).collect(),
        settles,
        ..Plan::default()
    }
}

/// The token that was issued last, if it is the one that was named.
fn newest(rows: &[TokenRecord], id: Option<TokenId>) -> Result<&TokenRecord, Conflict> {
    let newest = rows.first().ok_or(Conflict::NothingUnderWay)?;
    match id.filter(|id| *id != newest.id) {
        Some(id) => Err(Conflict::Other { id }),
        None => Ok(newest),
    }
}

fn moment(milliseconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(milliseconds.div_euclid(1000));
    moment.ok().and_then(|moment| moment.format(&Rfc3339).ok()).unwrap_or_default()
}
