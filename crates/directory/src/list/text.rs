//! Which documents can hold a text at all, so that only those are read and compared.

use scim::{AttributePath, Comparison, Literal, Operator};
use sea_orm::DbBackend;

/// Attributes that do not stand in the document, or not as they are shown.
const ELSEWHERE: [&str; 6] = ["schemas", "id", "meta", "groups", "members", "password"];

/// What a document of ASCII characters contains in lower case if the comparison holds; `None` if no text tells.
pub(super) fn needle(comparison: &Comparison) -> Option<String> {
    let (Literal::Text(text), path) = (&comparison.literal, &comparison.path) else { return None };
    // JSON writes some characters in another way, and others have several cases.
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    let text = text.as_sent();
    if text.is_empty() || !text.bytes().all(is_plain) || !is_in_document(path) {
        return None;
    }
    let (before, after) = match comparison.operator {
        Operator::Equal => ("\"", "\""),
        Operator::StartsWith => ("\"", ""),
        Operator::EndsWith => ("", "\""),
        Operator::Contains => ("", ""),
        _ => return None,
    };
    Some([before, &text.to_ascii_lowercase(), after].concat())
}

fn is_in_document(path: &AttributePath) -> bool {
    path.extension.is_some() || !ELSEWHERE.iter().any(|name| path.attribute.name.eq_ignore_ascii_case(name))
}

/// Whether a document contains what is bound as `needle`, or a character that is not ASCII: of those several may be equal to
/// one of the needle when letter case does not matter (`ſ` and `s`, `ﬁ` and `fi`).
pub(super) fn contains(backend: DbBackend, needle: &str) -> String {
    match backend {
        DbBackend::Sqlite => {
            format!("instr(lower(r.document), {needle}) > 0 OR length(CAST(r.document AS BLOB)) <> length(r.document)")
        }
        _ => format!(
            "strpos(lower(r.document COLLATE \"C\"), {needle}) > 0 OR octet_length(r.document) <> length(r.document)"
        ),
    }
}
