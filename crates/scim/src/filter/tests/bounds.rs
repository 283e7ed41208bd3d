//! What is refused, and that it is refused early.

use super::{parse, refusal};
use crate::{MAX_FILTER_DEPTH, MAX_FILTER_LENGTH, MAX_FILTER_TERMS};

#[test]
fn malformed_filters_are_refused() {
    for text in [
        "userName",
        "userName eq",
        "userName eq ",
        "eq \"x\"",
        "(userName eq \"a\"",
        "userName eq \"a\")",
        "()",
        "not ()",
        "userName eq )",
        "and",
        "userName pr and",
        "userName pr or or title pr",
        "userName pr title pr",
        "userName pr, title pr",
        "emails[",
        "emails[]",
        "emails[type eq \"work\"",
        "emails[type eq \"work\")",
        "emails[type eq \"work\"].",
        "emails[type eq \"work\"].value",
        "emails[type eq \"work\"]value eq \"x\"",
        "emails[type eq \"work\"].shoe eq \"x\"",
        "emails[emails[type pr]]",
        "emails.value[type pr]",
        "userName[value eq \"x\"]",
        "emails..value pr",
        ".value pr",
        "emails. pr",
        "urn: pr",
        "\u{0}",
        "\u{a0}userName pr",
        "userName\u{3000}pr",
    ] {
        refusal(text);
    }
}

#[test]
fn r113_an_empty_filter_is_no_filter() {
    assert!(refusal("").contains("empty"));
    assert!(refusal("   ").contains("empty"));
}

#[test]
fn r115_length_is_bounded() {
    let longest = |length: usize| format!("title eq \"{}\"", "x".repeat(length - 11));
    parse(&longest(MAX_FILTER_LENGTH)).unwrap();
    assert!(refusal(&longest(MAX_FILTER_LENGTH + 1)).contains("8192 bytes"));
}

#[test]
fn r115_depth_is_bounded() {
    let nested = |depth: usize| format!("{}id pr{}", "(".repeat(depth), ")".repeat(depth));
    parse(&nested(MAX_FILTER_DEPTH)).unwrap();
    assert!(refusal(&nested(MAX_FILTER_DEPTH + 1)).contains("32 levels"));
    assert!(refusal(&"(".repeat(8000)).contains("32 levels"));
    assert!(refusal(&"not (".repeat(1600)).contains("32 levels"));
}

#[test]
fn r115_terms_are_bounded() {
    let joined = |terms: usize| vec!["id pr"; terms].join(" or ");
    parse(&joined(MAX_FILTER_TERMS)).unwrap();
    assert!(refusal(&joined(MAX_FILTER_TERMS + 1)).contains("256 expressions"));
}

#[test]
fn a_refusal_quotes_little() {
    assert!(refusal(&format!("{} pr", "x".repeat(5000))).len() < 200);
    assert!(refusal(&format!("{} pr", "\u{1f600}".repeat(1000))).chars().count() < 200);
}
