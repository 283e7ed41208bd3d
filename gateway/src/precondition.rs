//! `If-Match` and `If-None-Match` (RFC 7644 section 3.14, RFC 9110 section 13.1), and when one would rather not wait (RFC 7240).

use std::time::Duration;

use directory::Condition;
use scim::VersionTag;

/// What `If-Match`, or the `version` of a bulk operation, demands. A tag that is not one of ours matches nothing.
pub(crate) fn if_match(header: Option<&str>) -> Condition {
    match header.map(str::trim) {
        None => Condition::None,
        Some("*") => Condition::Any,
        Some(tags) => Condition::Versions(versions(tags).collect()),
    }
}

/// Whether `If-None-Match` says that the client has this version already. Strong and weak tags compare alike there.
pub(crate) fn has_already(header: Option<&str>, tag: VersionTag) -> bool {
    match header.map(str::trim) {
        None => false,
        Some("*") => true,
        Some(tags) => {
            let shown = tag.to_string();
            opaque(tags).any(|known| known == shown)
        }
    }
}

/// Whether the `If-None-Match` of a change names this version.
pub(crate) fn names_version(header: &str, version: i64) -> bool {
    header.trim() == "*" || versions(header).any(|named| named == version)
}

/// Whether `Prefer` asks for an answer later (`respond-async`, RFC 7240 section 4.1), after so long. Who says how long they wait
/// (`wait`, section 4.3) is answered at once until then.
pub(crate) fn prefers_later(wishes: &str, waited: Duration) -> bool {
    let mut wishes = wishes.split(',').map(|wish| (first(wish), wish));
    let seconds = |wish: &str| wish.split_once('=')?.1.trim().trim_matches('"').parse().ok();
    let is_wait = |name: &str| name.eq_ignore_ascii_case("wait");
    let patience = wishes.clone().find_map(|(name, wish)| if is_wait(name) { seconds(wish) } else { None });
    wishes.any(|(name, _)| name.eq_ignore_ascii_case("respond-async"))
        && patience.is_none_or(|seconds| waited >= Duration::from_secs(seconds))
}

/// The name of a preference, without its value and parameters.
fn first(wish: &str) -> &str {
    wish.split(['=', ';']).next().unwrap_or_default().trim()
}

/// The versions in `W/"3", "4-9f2c11aa"`: whoever changes a resource need not know what others have become.
fn versions(tags: &str) -> impl Iterator<Item = i64> {
    opaque(tags).filter_map(|tag| tag.split('-').next()?.parse().ok())
}

/// What stands between the quotes.
fn opaque(tags: &str) -> impl Iterator<Item = &str> {
    tags.split(',').map(|tag| {
        let tag = tag.trim();
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        // Some clients take the tag out of its quotes.
        tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag)
    })
}

#[cfg(test)]
mod tests {
    use scim::{MemberReference, ResourceKind, Stored};

    use super::*;

    #[test]
    fn r167_whoever_would_rather_not_wait_says_so() {
        let (now, later) = (Duration::ZERO, Duration::from_secs(5));
        for wishes in ["respond-async", "return=minimal, Respond-Async", "respond-async; foo=bar", "respond-async=\"\""]
        {
            assert!(prefers_later(wishes, now), "{wishes}");
        }
        for wishes in ["", "return=minimal", "wait=5", "respond-asynchronously", "x=respond-async"] {
            assert!(!prefers_later(wishes, later), "{wishes}");
        }
        for wishes in ["respond-async, wait=5", "wait=\"5\", respond-async"] {
            assert!(!prefers_later(wishes, now) && prefers_later(wishes, later), "{wishes}");
        }
        // How long is not said: at once.
        assert!(prefers_later("respond-async, wait=soon", now));
    }

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
        let tag = shown(&[]).tag();
        assert!(has_already(Some("W/\"3\""), tag));
        assert!(has_already(Some("\"2\", \"3\""), tag));
        assert!(has_already(Some("*"), tag));
        assert!(!has_already(Some("W/\"2\""), tag));
        assert!(!has_already(None, tag));
    }

    #[test]
    fn if_none_match_of_a_change_names_versions() {
        assert!(names_version("*", 3));
        assert!(names_version("W/\"2\", W/\"3-9f2c11aa\"", 3));
        assert!(!names_version("W/\"2\"", 3));
    }

    #[test]
    fn a_tag_tells_what_others_in_the_resource_have_become() {
        let group = |name: &str| {
            [MemberReference { id: "g".to_owned(), kind: ResourceKind::Group, display: Some(name.to_owned()) }]
        };
        let (lab, renamed) = (group("Lab"), group("Laboratory"));
        let known = format!("W/\"{}\"", shown(&lab).tag());
        assert!(has_already(Some(&known), shown(&lab).tag()));
        assert!(!has_already(Some(&known), shown(&renamed).tag()));
        assert!(!has_already(Some(&known), shown(&[]).tag()));
        assert_eq!(if_match(Some(&known)), Condition::Versions(vec![3]));
    }

    fn shown(groups: &[MemberReference]) -> Stored<'_> {
        Stored {
            kind: ResourceKind::User,
            id: "u",
            document: "{}",
            version: 3,
            created_ms: 0,
            modified_ms: 0,
            groups,
            members: None,
        }
    }
}
