//! What holds for any body.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Map, Value};

use super::{BADGE, ENTERPRISE, USER, schemas};
use crate::{Dialect, Draft, Resource, ResourceKind};

fn name() -> impl Strategy<Value = String> {
    let known = prop_oneof![
        Just("userName"),
        Just("NAME"),
        Just("emails"),
        Just("roles"),
        Just("value"),
        Just("type"),
        Just("primary"),
        Just("active"),
        Just("schemas"),
        Just("manager"),
        Just("managerId"),
        Just("name.givenName"),
        Just("givenName"),
        Just("number"),
        Just("issued"),
        Just("desk"),
        Just("floor"),
        Just("members"),
        Just("display"),
        Just("displayName"),
        Just("manager.value"),
        Just("urn:scim:schemas:core:1.0"),
        Just(ENTERPRISE),
        Just(BADGE),
    ];
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[a-zA-Z.:$\u{e4}]{0,12}"]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::from("True")),
        Just(Value::from(r#"{"value":"Editor","displayName":"E"}"#)),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name(), inner), 0..6).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty() || values.iter().any(empty),
        Value::Object(members) => members.is_empty() || members.values().any(empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

proptest! {
    /// Whatever is accepted is canonical: nothing empty, stored and read alike, and well-formed when sent back.
    #[test]
    fn what_is_accepted_is_canonical(members in proptest::collection::vec((name(), json()), 0..8)) {
        let mut body = Map::from_iter(members);
        body.insert("userName".to_owned(), "mara".into());
        let schemas = schemas();
        let of = schemas.of(ResourceKind::User);
        if let Ok(draft) = Draft::parse(Value::Object(body), of, &mut Dialect::lenient()) {
            let kept = draft.resource;
            prop_assert_eq!(kept.attributes().values().any(empty), false);
            let text = kept.to_document(of, "u-1");
            prop_assert_eq!(&Resource::from_document(&text).unwrap(), &kept);
            let again = Draft::parse(serde_json::from_str(&text).unwrap(), of, &mut Dialect::strict()).unwrap();
            prop_assert_eq!(again.resource, kept);
        }
    }

    /// What a strict tenant accepts means the same for a lenient one, for which nothing has to be repaired.
    #[test]
    fn what_a_strict_tenant_accepts_needs_no_repair(members in proptest::collection::vec((name(), json()), 0..6)) {
        let mut body = Map::from_iter(members);
        body.insert("userName".to_owned(), "mara".into());
        body.insert("schemas".to_owned(), vec![USER, ENTERPRISE, BADGE].into());
        let schemas = schemas();
        let of = schemas.of(ResourceKind::User);
        if let Ok(strict) = Draft::parse(Value::Object(body.clone()), of, &mut Dialect::strict()) {
            let mut dialect = Dialect::lenient();
            prop_assert_eq!(Draft::parse(Value::Object(body), of, &mut dialect), Ok(strict));
            prop_assert!(dialect.repaired().is_empty());
        }
    }

    #[test]
    fn any_body_of_a_group_is_read_or_refused(members in proptest::collection::vec((name(), json()), 0..6)) {
        let schemas = schemas();
        let of = schemas.of(ResourceKind::Group);
        let _ = Draft::parse(Value::Object(Map::from_iter(members)), of, &mut Dialect::lenient());
    }
}
