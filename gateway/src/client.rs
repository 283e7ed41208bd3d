//! Which client software a request seems to come from: for logs, metrics and events, never for a decision.

use std::sync::LazyLock;

use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, USER_AGENT};
use aho_corasick::{AhoCorasick, MatchKind};

/// What is looked for in `User-Agent`, in lower case, and the name that stands for it. A short list bounds the metrics.
const NAMES: [(&str, &str); 20] = [
    ("okta", "okta"),
    ("onelogin", "onelogin"),
    ("jumpcloud", "jumpcloud"),
    ("pingone", "ping"),
    ("pingfederate", "ping"),
    ("ping identity", "ping"),
    ("sailpoint", "sailpoint"),
    ("identitynow", "sailpoint"),
    ("identityiq", "sailpoint"),
    ("authentik", "authentik"),
    ("keycloak", "keycloak"),
    ("cyberark", "cyberark"),
    ("idaptive", "cyberark"),
    ("rippling", "rippling"),
    ("google", "google"),
    ("scim2-tester", "scim2-tester"),
    ("scim2", "scim2-tester"),
    ("azure", "entra"),
    ("microsoft", "entra"),
    ("curl/", "curl"),
];

/// How much of a `User-Agent` is looked at.
const LONGEST: usize = 256;

/// The short name of the client, `other` if it is none of the known.
pub(crate) fn label(headers: &HeaderMap, query: &str) -> &'static str {
    let Some(agent) = headers.get(USER_AGENT) else {
        return if seems_entra(headers, query) { "entra" } else { "other" };
    };
    let agent = agent.as_bytes();
    if agent.is_empty() {
        // OneLogin sends the header without a value.
        return "onelogin";
    }
    by_agent(agent.get(..LONGEST).unwrap_or(agent)).unwrap_or("other")
}

/// The first of the names counts, and of several that start there the first of the list.
fn by_agent(agent: &[u8]) -> Option<&'static str> {
    static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let mut search = AhoCorasick::builder();
        search.match_kind(MatchKind::LeftmostFirst).ascii_case_insensitive(true);
        search.build(NAMES.iter().map(|(part, _)| part)).ok()
    });
    let found = SEARCH.as_ref()?.find(agent)?;
    NAMES.get(found.pattern().as_usize()).map(|(_, name)| *name)
}

/// Entra sends no `User-Agent`, but SCIM media types, its own header, or its flag in the query.
fn seems_entra(headers: &HeaderMap, query: &str) -> bool {
    let is_scim = |name| headers.get(name).is_some_and(|value| contains(value.as_bytes(), b"application/scim+json"));
    headers.contains_key("adscimversion") || query.contains("aadOptscim") || is_scim(ACCEPT) || is_scim(CONTENT_TYPE)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn by_agent(agent: &'static str) -> &'static str {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        label(&headers, "")
    }

    #[test]
    fn clients_are_known_by_their_user_agent() {
        assert_eq!(by_agent("OKTA SCIM Integration"), "okta");
        assert_eq!(by_agent("curl/8.5.0"), "curl");
        assert_eq!(by_agent(""), "onelogin");
        assert_eq!(by_agent("Mozilla/5.0"), "other");
        assert_eq!(by_agent("Microsoft Azure, for Okta"), "entra", "the first in the text");
        assert_eq!(by_agent("x SCIM2-Tester/1"), "scim2-tester");
    }

    #[test]
    fn q40_entra_is_known_although_it_names_no_user_agent() {
        let mut headers = HeaderMap::new();
        assert_eq!(label(&headers, ""), "other");
        assert_eq!(label(&headers, "aadOptscim062020"), "entra");
        headers.insert(ACCEPT, HeaderValue::from_static("application/scim+json"));
        assert_eq!(label(&headers, ""), "entra");
    }
}
