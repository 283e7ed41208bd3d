//! The shortened, folded texts that indexes hold.

use std::borrow::Cow;

use database::rows::NOTHING;
use scim::ResourceKind;
use uuid::Uuid;

/// What stands for a text that means nothing in a row; the evaluator then decides, as for NUL.
const REPLACED: &str = "\u{fffd}";

/// Longer texts are cut in the index; the evaluator then decides among what the index found.
const INDEXED_BYTES: usize = 512;

/// Most characters of a `userName`: it is unique, so its index must hold the whole of it.
pub(crate) const USER_NAME_LIMIT: usize = 256;

/// Text whose letter case does not matter, as its index holds it.
pub(crate) fn folded(text: &str) -> String {
    exact(&scim::fold(text)).into_owned()
}

/// Text whose letter case matters, as its index holds it.
pub(crate) fn exact(text: &str) -> Cow<'_, str> {
    if text == NOTHING {
        return Cow::Borrowed(REPLACED);
    }
    // PostgreSQL has no NUL in text.
    let text = if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) };
    if text.len() <= INDEXED_BYTES {
        return text;
    }
    let end = (0..=INDEXED_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Cow::Owned(text.get(..end).unwrap_or_default().to_owned())
}

/// An id of ours, in exactly the form in which we gave it out: `id` is caseExact (RFC 7643 section 3.1).
pub(crate) fn id(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    let mut buffer = Uuid::encode_buffer();
    (id.hyphenated().encode_lower(&mut buffer) == text).then_some(id)
}

/// The number that stands for a type in the tables.
pub(crate) fn number(kind: ResourceKind) -> i64 {
    match kind {
        ResourceKind::User => 1,
        ResourceKind::Group => 2,
    }
}

/// The type that a number in the tables stands for.
pub(crate) fn kind(number: i64) -> ResourceKind {
    if number == 2 { ResourceKind::Group } else { ResourceKind::User }
}
