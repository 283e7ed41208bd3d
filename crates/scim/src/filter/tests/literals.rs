//! How literals are written.

use super::{matches, parse, plain, refusal};
use crate::{Filter, Literal};

fn text_of(filter: &str) -> String {
    match parse(filter).unwrap() {
        Filter::Compare(comparison) => match comparison.literal {
            Literal::Text(text) => text.as_sent().to_owned(),
            literal => panic!("{literal:?}"),
        },
        filter => panic!("{filter:?}"),
    }
}

#[test]
fn r109_strings_are_json_strings() {
    plain("title eq \"R\\\"D lead\"");
    plain("title eq \"\\u0052\\u0022D\\u0020lead\"");
    assert_eq!(text_of("title eq \"a\\/b\\\\c\\n\""), "a/b\\c\n");
    assert_eq!(text_of("title eq \"\\ud83d\\ude00\""), "\u{1f600}");
    assert_eq!(text_of("title eq \"a) and (b or [c] pr\""), "a) and (b or [c] pr");
    assert_eq!(text_of("title eq \"\""), "");
}

#[test]
fn r109_broken_strings_are_refused() {
    for text in ["\"a\nb\"", "\"a", "\"a\\\"", "\"\\x\"", "\"\\ud83d\"", "\"\\u12\"", "\"a\\", "\"\u{1}\""] {
        refusal(&format!("title eq {text}"));
    }
}

#[test]
fn texts_remember_both_forms() {
    let Filter::Compare(comparison) = parse("userName eq \"Mara\"").unwrap() else { panic!("a comparison") };
    assert_eq!(comparison.literal.folded(), Some("mara"));
    assert_eq!(comparison.literal.to_value(), "Mara");
    let Filter::Compare(comparison) = parse("externalId eq \"Mara\"").unwrap() else { panic!("a comparison") };
    assert_eq!(comparison.literal.folded(), Some("Mara"));
}

#[test]
fn numbers_keep_their_size() {
    let grade = |number: &str| matches(&format!("{}:grade lt {number}", super::ACME));
    assert!(grade("18446744073709551615") && grade("1e300") && !grade("-9223372036854775808") && grade("12.000001"));
    for number in ["01", "1.", ".5", "1e", "--1", "0x10", "1e999"] {
        refusal(&format!("{}:grade eq {number}", super::ACME));
    }
}

#[test]
fn an_impossible_comparison_of_types_is_refused() {
    assert!(refusal("active eq \"yes\"").contains("true or false"));
    assert!(refusal("active eq 1").contains("true or false"));
    assert!(refusal(&format!("{}:grade eq true", super::ACME)).contains("a number"));
}
