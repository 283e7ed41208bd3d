//! What holds for every filter and every text.

use proptest::prelude::*;

use super::{ACME, schemas, user};
use crate::{AttributePath, Comparison, Dialect, Filter, Literal, Operator, Path, ResourceKind, Text};

/// Attributes and whether they are texts.
const ATTRIBUTES: [(&str, bool); 9] = [
    ("userName", true),
    ("externalId", true),
    ("active", false),
    ("name.familyName", true),
    ("emails.value", true),
    ("emails.type", true),
    ("emails.primary", false),
    ("groups.$ref", true),
    ("schemas", true),
];

pub(super) fn resolve(name: &str) -> AttributePath {
    user().resolve(name, &mut Dialect::strict()).unwrap().unwrap()
}

fn operators() -> impl Strategy<Value = Operator> {
    proptest::sample::select(Operator::ALL.to_vec())
}

fn comparison(path: AttributePath, operator: Operator, literal: Literal) -> Filter {
    Filter::Compare(Comparison { path, operator, literal })
}

fn on_text(path: AttributePath) -> BoxedStrategy<Filter> {
    let texts = prop_oneof!["[aAbB\u{df}s]{0,3}", ".{0,8}"];
    (operators(), texts)
        .prop_map(move |(operator, text)| {
            let text = Text::new(text, super::super::is_case_exact(&path));
            comparison(path.clone(), operator, Literal::Text(text))
        })
        .boxed()
}

fn on_boolean(path: AttributePath) -> BoxedStrategy<Filter> {
    (any::<bool>(), any::<bool>())
        .prop_map(move |(equal, value)| {
            let operator = if equal { Operator::Equal } else { Operator::NotEqual };
            comparison(path.clone(), operator, Literal::Boolean(value))
        })
        .boxed()
}

fn on_grade() -> BoxedStrategy<Filter> {
    let numbers = prop_oneof![(-2_i64..3).prop_map(serde_json::Number::from), any::<u64>().prop_map(Into::into)];
    (operators().prop_filter("for texts", |operator| !operator.is_substring()), numbers)
        .prop_map(|(operator, number)| comparison(resolve(&format!("{ACME}:grade")), operator, Literal::Number(number)))
        .boxed()
}

fn on_since() -> BoxedStrategy<Filter> {
    let moments = proptest::sample::select(super::model::MOMENTS.to_vec());
    (operators().prop_filter("for texts", |operator| !operator.is_substring()), moments)
        .prop_map(|(operator, text)| {
            let at = crate::moment::moment(text).unwrap();
            comparison(resolve(&format!("{ACME}:since")), operator, Literal::Moment { at, text: text.to_owned() })
        })
        .boxed()
}

fn about(path: &AttributePath, is_text: bool) -> BoxedStrategy<Filter> {
    let present = Just(Filter::Present(path.clone()));
    let absent = Just(comparison(path.clone(), Operator::Equal, Literal::Null));
    let known = Just(comparison(path.clone(), Operator::NotEqual, Literal::Null));
    let compared = if is_text { on_text(path.clone()) } else { on_boolean(path.clone()) };
    prop_oneof![1 => present, 1 => absent, 1 => known, 6 => compared].boxed()
}

fn joined(leaf: BoxedStrategy<Filter>) -> BoxedStrategy<Filter> {
    leaf.prop_recursive(4, 24, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(Filter::all),
            several.prop_map(Filter::any),
            inner.prop_map(Filter::negation)
        ]
    })
    .boxed()
}

fn bracketed() -> BoxedStrategy<Filter> {
    let subs = [("emails.value", true), ("emails.type", true), ("emails.primary", false)];
    let emails = joined(proptest::strategy::Union::new(subs.map(|(name, text)| about(&resolve(name), text))).boxed())
        .prop_map(|filter| Filter::element(resolve("emails"), filter));
    let tags = resolve(&format!("{ACME}:tags"));
    let tags = joined(about(&tags, true)).prop_map(move |filter| Filter::element(tags.clone(), filter));
    prop_oneof![3 => emails, 1 => tags].boxed()
}

/// Any filter on users.
pub(super) fn filters() -> BoxedStrategy<Filter> {
    let plain = proptest::strategy::Union::new(ATTRIBUTES.map(|(name, text)| about(&resolve(name), text)));
    let complex = proptest::sample::select(vec!["emails", "name", "addresses"]);
    let present = complex.prop_map(|name| Filter::Present(resolve(name)));
    joined(prop_oneof![6 => plain, 2 => bracketed(), 1 => on_grade(), 1 => on_since(), 1 => present].boxed())
}

/// Texts out of the pieces that filters are made of.
fn soups() -> impl Strategy<Value = String> {
    let pieces = vec![
        "userName",
        "emails",
        "emails.type",
        "value",
        "type",
        "primary",
        "members",
        "password",
        "urn:x:y",
        " ",
        "  ",
        "\t",
        " eq ",
        " ne ",
        " co ",
        " pr",
        " gt ",
        " and ",
        " or ",
        "not ",
        "not",
        "(",
        ")",
        "[",
        "]",
        ".",
        ".value",
        "\"a\"",
        "\"",
        "\\",
        "'",
        "'a'",
        "true",
        "null",
        "12",
        "-1e5",
        "\u{e9}",
        "\u{1f600}",
        "\0",
    ];
    proptest::collection::vec(proptest::sample::select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

fn survives(text: &str) {
    let schemas = schemas();
    for mut dialect in [Dialect::lenient(), Dialect::strict()] {
        for kind in ResourceKind::ALL {
            let _ = Filter::parse(text, schemas.of(kind), &mut dialect);
            let _ = Filter::parse_root(text, &schemas, kind, &mut dialect);
            let _ = Path::parse(text, schemas.of(kind), &mut dialect);
        }
    }
}

/// What was read and printed is read again as the same, and needs no forgiveness.
fn prints_what_it_read(text: &str) {
    if let Ok(filter) = Filter::parse(text, &user(), &mut Dialect::lenient()) {
        assert_eq!(Filter::parse(&filter.to_string(), &user(), &mut Dialect::strict()).unwrap(), filter);
    }
    if let Ok(Some(path)) = Path::parse(text, &user(), &mut Dialect::lenient()) {
        assert_eq!(Path::parse(&path.to_string(), &user(), &mut Dialect::strict()).unwrap(), Some(path));
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in ".{0,60}") {
        survives(&text);
    }

    #[test]
    fn no_heap_of_pieces_breaks_the_parser(text in soups()) {
        survives(&text);
        prints_what_it_read(&text);
    }

    #[test]
    fn a_printed_filter_is_read_as_itself(filter in filters()) {
        let text = filter.to_string();
        let read = Filter::parse(&text, &user(), &mut Dialect::strict());
        prop_assert_eq!(read.map_err(|error| format!("{text}: {error}")), Ok(filter));
    }
}
