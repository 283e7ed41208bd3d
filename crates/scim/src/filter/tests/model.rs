//! A second evaluator, written from the RFC's sentences without regard to speed: the two must agree.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::ACME;
use super::properties::filters;
use crate::{AttributePath, Comparison, Filter, Literal, Operator};

/// Instants, some of them the same one.
pub(super) const MOMENTS: [&str; 5] = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T02:00:00.000+02:00",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00.5Z",
    "2025-12-31T23:30:00-01:00",
];

/// One value of a resource: of which attribute, of which of its elements, of which part.
struct Row {
    attribute: String,
    element: usize,
    part: Option<String>,
    value: Value,
    is_default: bool,
}

fn rows(tree: &Map<String, Value>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, value) in tree {
        match value.as_object() {
            Some(extension) if name.starts_with("urn:") => {
                extension.iter().for_each(|(inner, value)| add(&format!("{name}:{inner}"), value, &mut rows));
            }
            _ => add(name, value, &mut rows),
        }
    }
    rows
}

fn add(attribute: &str, value: &Value, rows: &mut Vec<Row>) {
    let elements = match value {
        Value::Array(elements) => elements.clone(),
        single => vec![single.clone()],
    };
    for (element, content) in elements.iter().enumerate() {
        let row = |part: Option<&str>, value: &Value, is_default| {
            let (attribute, part) = (attribute.to_owned(), part.map(str::to_owned));
            Row { attribute, element, part, value: value.clone(), is_default }
        };
        match content {
            Value::Object(parts) => {
                rows.extend(parts.iter().map(|(name, value)| row(Some(name), value, false)));
                if value.is_array() && !parts.contains_key("primary") {
                    rows.push(row(Some("primary"), &json!(false), true));
                }
            }
            content => rows.push(row(None, content, false)),
        }
    }
}

fn decide(filter: &Filter, rows: &[&Row]) -> bool {
    match filter {
        Filter::And(filters) => !filters.iter().any(|filter| !decide(filter, rows)),
        Filter::Or(filters) => !filters.iter().all(|filter| !decide(filter, rows)),
        Filter::Not(filter) => !decide(filter, rows),
        Filter::Present(path) => present(path, rows),
        Filter::Compare(comparison) => compared(comparison, rows),
        Filter::Element { attribute, filter } => (0..8).any(|element| {
            let one: Vec<&Row> =
                rows.iter().copied().filter(|row| row.element == element && is_of(attribute, row)).collect();
            !one.is_empty() && decide(filter, &one)
        }),
        Filter::Nothing => false,
    }
}

fn is_of(path: &AttributePath, row: &Row) -> bool {
    let name = AttributePath { sub: None, ..path.clone() }.to_string();
    row.attribute == name && path.sub.as_ref().is_none_or(|sub| row.part.as_deref() == Some(&sub.name))
}

fn present(path: &AttributePath, rows: &[&Row]) -> bool {
    rows.iter().any(|row| is_of(path, row) && !row.is_default)
}

fn compared(comparison: &Comparison, rows: &[&Row]) -> bool {
    let Comparison { path, operator, literal } = comparison;
    if *literal == Literal::Null {
        return present(path, rows) == (*operator == Operator::NotEqual);
    }
    let values: Vec<&Value> = rows.iter().filter(|row| is_of(path, row)).map(|row| &row.value).collect();
    let exact = path.leaf().case_exact && path.attribute.name != "schemas";
    match operator {
        Operator::NotEqual => {
            values.is_empty() || !values.iter().all(|value| holds(Operator::Equal, literal, value, exact))
        }
        operator => values.iter().any(|value| holds(*operator, literal, value, exact)),
    }
}

fn holds(operator: Operator, literal: &Literal, value: &Value, exact: bool) -> bool {
    match literal {
        Literal::Text(text) => {
            let [left, right] = [value.as_str().unwrap(), text.as_sent()].map(|text| cased(text, exact));
            match operator {
                Operator::Contains => left.contains(&right),
                Operator::StartsWith => left.starts_with(&right),
                Operator::EndsWith => left.ends_with(&right),
                operator => ordered(operator, &left, &right),
            }
        }
        Literal::Boolean(literal) => ordered(operator, &value.as_bool().unwrap(), literal),
        Literal::Number(literal) => {
            let wide = |number: &serde_json::Number| number.to_string().parse::<i128>().unwrap();
            ordered(operator, &wide(value.as_number().unwrap()), &wide(literal))
        }
        Literal::Moment { text, .. } => ordered(operator, &instant(value.as_str().unwrap()), &instant(text)),
        Literal::Null => unreachable!("handled above"),
    }
}

/// Half seconds after the first of [`MOMENTS`].
fn instant(text: &str) -> i64 {
    [0, 0, 0, 1, 3600][MOMENTS.iter().position(|moment| *moment == text).unwrap()]
}

fn cased(text: &str, exact: bool) -> String {
    if exact { text.to_owned() } else { crate::fold(text).into_owned() }
}

fn ordered<T: PartialOrd>(operator: Operator, left: &T, right: &T) -> bool {
    match operator {
        Operator::Equal => left == right,
        Operator::Greater => left > right,
        Operator::GreaterOrEqual => left >= right,
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        operator => panic!("{operator:?}"),
    }
}

fn texts() -> impl Strategy<Value = Value> {
    "[aAbB\u{df}s]{1,3}".prop_map(Value::from)
}

fn object(members: Vec<(&'static str, Option<Value>)>) -> Value {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>().into()
}

fn emails() -> impl Strategy<Value = Value> {
    let maybe = || proptest::option::of(texts());
    let email = (texts(), maybe(), proptest::option::of(any::<bool>().prop_map(Value::Bool)))
        .prop_map(|(value, kind, primary)| object(vec![("value", Some(value)), ("type", kind), ("primary", primary)]));
    proptest::collection::vec(email, 1..4).prop_map(Value::Array)
}

fn extensions() -> impl Strategy<Value = Value> {
    let tags = proptest::collection::vec(texts(), 1..4).prop_map(Value::Array);
    let grade = prop_oneof![(-2_i64..3).prop_map(Value::from), any::<u64>().prop_map(Value::from)];
    let since = proptest::sample::select(MOMENTS.to_vec()).prop_map(Value::from);
    (proptest::option::of(tags), grade, since)
        .prop_map(|(tags, grade, since)| object(vec![("tags", tags), ("grade", Some(grade)), ("since", Some(since))]))
}

fn users() -> impl Strategy<Value = Map<String, Value>> {
    let maybe = || proptest::option::of(texts());
    let name = maybe().prop_map(|name| name.map(|name| json!({"familyName": name})));
    let active = proptest::option::of(any::<bool>().prop_map(Value::Bool));
    let (emails, extension) = (proptest::option::of(emails()), proptest::option::of(extensions()));
    (maybe(), maybe(), name, active, emails, extension).prop_map(|(user, external, name, active, emails, extension)| {
        let members = vec![("userName", user), ("externalId", external), ("name", name), ("active", active)];
        let more = vec![("emails", emails), (ACME, extension), ("schemas", Some(json!(["aA", "b"])))];
        object([members, more].concat()).as_object().unwrap().clone()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_evaluator_agrees_with_a_naive_one(filter in filters(), user in users()) {
        let rows = rows(&user);
        prop_assert_eq!(filter.matches(&user), decide(&filter, &rows.iter().collect::<Vec<_>>()), "{}", filter);
    }
}
