//! `If-Match` and `If-None-Match` (RFC 7644 section 3.14, RFC 9110 section 13.1).

use directory::Condition;

/// What `If-Match`, or the `version` of a bulk operation, demands. A tag that is not one of ours matches nothing.
pub(crate) fn if_match(header: Option<&str>) -> Condition {
    match header.map(str::trim) {
        None => Condition::None,
        Some("*") => Condition::Any,
        Some(tags) => Condition::Versions(versions(tags).collect()),
    }
}

/// Whether `If-None-Match` says that the client has this version already. Strong and weak tags compare alike there.
pub(crate) fn has_already(header: Option<&str>, version: i64) -> bool {
    match header.map(str::trim) {
        None => false,
        Some("*") => true,
        Some(tags) => versions(tags).any(|known| known == version),
    }
}

/// The numbers in `W/"3", "4"`.
fn versions(tags: &str) -> impl Iterator<Item = i64> {
    tags.split(',').filter_map(|tag| {
        let tag = tag.trim();
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        // Some clients take the tag out of its quotes.
        let number = opaque.strip_prefix('"').and_then(|opaque| opaque.strip_suffix('"')).unwrap_or(opaque);
        number.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r017_if_match_takes_any_one_or_several_tags() {
        assert_eq!(if_match(None), Condition::None);
        assert_eq!(if_match(Some("*")), Condition::Any);
        assert_eq!(if_match(Some("W/\"3\"")), Condition::Versions(vec![3]));
        assert_eq!(if_match(Some("\"3\" , W/\"4\"")), Condition::Versions(vec![3, 4]));
        assert_eq!(if_match(Some("W/\"abc\"")), Condition::Versions(vec![]));
    }

    #[test]
    fn r016_if_none_match_compares_weakly() {
        assert!(has_already(Some("W/\"3\""), 3));
        assert!(has_already(Some("\"2\", \"3\""), 3));
        assert!(has_already(Some("*"), 3));
        assert!(!has_already(Some("W/\"2\""), 3));
        assert!(!has_already(None, 3));
    }
}
