//! Properties of every PATCH.

use proptest::prelude::*;

use super::*;

/// Paths of attributes.
const WHOLE: [&str; 11] = [
    "title",
    "active",
    "name",
    "name.givenName",
    "emails",
    "manager",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "urn:acme:params:scim:badge:levels",
    "urn:acme:params:scim:badge:lockers",
    "userName",
    "groups",
];

/// Paths of single elements.
const PARTS: [&str; 16] = [
    "emails[type eq \"work\"]",
    "emails[type eq \"other\"].value",
    "emails[value co \"x\"].primary",
    "emails.value",
    "emails.type",
    "emails[type eq \"\"].value",
    "emails[type eq \"work\"].type",
    "emails[value eq \"x\" and type eq \"work\"]",
    "roles[value eq \"{\\\"value\\\":\\\"x\\\"}\"].display",
    "roles[primary eq \"True\"].value",
    "addresses[type eq \"work\"].country",
    "x509Certificates[value eq \"!\"].display",
    "urn:acme:params:scim:badge:levels[value eq \"L7\"]",
    "urn:acme:params:scim:badge:levels[value sw \"L\"]",
    "urn:acme:params:scim:badge:lockers[value eq \"17\"].note",
    "urn:acme:params:scim:badge:lockers[floor eq 3]",
];

/// Operations that say what should be, not what should happen; each is its own repetition.
fn operation() -> impl Strategy<Value = Value> {
    operation_on([WHOLE.as_slice(), PARTS.as_slice()].concat())
}

fn operation_on(paths: Vec<&'static str>) -> impl Strategy<Value = Value> {
    let op = prop::sample::select(vec!["add", "replace", "remove"]);
    (op, prop::sample::select(paths), value())
        .prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}))
}

fn value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(""),
        json!("x"),
        json!("True"),
        json!(false),
        json!([]),
        json!(["x", "X"]),
        json!({"value": "x"}),
        json!({"value": "x", "type": "work", "primary": true}),
        json!([{"value": "x", "type": "work"}, {"value": "y", "primary": true}]),
        json!({"givenName": "x", "familyName": null}),
        json!({"department": "x", "manager": "y"}),
        json!([{"type": "work"}]),
        json!({"type": "work"}),
        json!({"note": "n", "floor": 4, "value": "18"}),
        json!("{\"value\":\"x\",\"display\":\"X\"}"),
        json!("work"),
        json!(7),
        json!([null]),
        json!({}),
    ])
}

fn apply(user: &Value, operations: &Value, dialect: Dialect) -> Option<Value> {
    let mut dialect = dialect;
    run(user, message(operations.clone()), &mut dialect).ok()
}

proptest! {
    #[test]
    fn an_operation_applied_twice_changes_nothing_more(operation in operation()) {
        let operations = json!([operation]);
        if let Some(once) = apply(&mara(), &operations, Dialect::lenient()) {
            prop_assert_eq!(apply(&once, &operations, Dialect::lenient()), Some(once));
        }
    }

    /// Elements that lost everything go when the request ends, not between its operations.
    #[test]
    fn a_list_of_operations_is_one_after_the_other(first in operation_on(WHOLE.to_vec()), second in operation()) {
        let both = apply(&mara(), &json!([first, second]), Dialect::lenient());
        let after = apply(&mara(), &json!([first]), Dialect::lenient())
            .and_then(|between| apply(&between, &json!([second]), Dialect::lenient()));
        prop_assert_eq!(both, after);
    }

    #[test]
    fn what_a_strict_tenant_accepts_means_the_same_for_a_lenient_one(operations in prop::collection::vec(operation(), 1..5)) {
        let operations = Value::from(operations);
        if let Some(strict) = apply(&mara(), &operations, Dialect::strict()) {
            prop_assert_eq!(apply(&mara(), &operations, Dialect::lenient()), Some(strict));
        }
    }

    #[test]
    fn a_patched_resource_is_canonical(operations in prop::collection::vec(operation(), 1..6)) {
        if let Some(after) = apply(&mara(), &Value::from(operations), Dialect::lenient()) {
            assert_canonical(&after);
            for (_, value) in after.as_object().unwrap() {
                let primary = value.as_array().into_iter().flatten().filter(|element| element["primary"] == json!(true));
                prop_assert!(primary.count() <= 1);
            }
        }
    }

    #[test]
    fn a_patched_resource_can_be_sent_back_as_it_is(operations in prop::collection::vec(operation(), 1..6)) {
        let schemas = schemas();
        let of = schemas.of(ResourceKind::User);
        if let Some(after) = apply(&mara(), &Value::from(operations), Dialect::lenient()) {
            let document = Resource::from_document(&after.to_string()).unwrap().to_document(of, "1");
            let read = crate::Draft::parse(serde_json::from_str(&document).unwrap(), of, &mut Dialect::strict()).unwrap();
            prop_assert_eq!(Value::Object(read.resource.attributes().clone()), after);
        }
    }

    #[test]
    fn no_body_is_too_odd_to_be_refused(body in json_value()) {
        let schemas = schemas();
        for kind in ResourceKind::ALL {
            for body in [body.clone(), message(body.clone()), message(json!([body.clone()])), message(json!([{"op": "add", "value": body}]))] {
                let mut dialect = Dialect::lenient();
                let Ok(patch) = Patch::parse(body, schemas.of(kind), 100, &mut dialect) else { continue };
                let Ok((patch, _)) = patch.split_members() else { continue };
                let _ = patch.apply(&Resource::default(), schemas.of(kind), &mut dialect);
            }
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "(op|add|path|value|emails|members|name|bulkId:x|[a-z\\[\\].:\" ]{0,8})".prop_map(Value::from),
    ];
    let key = "(op|path|value|schemas|Operations|emails|members|type|name|active|[a-z]{0,4})";
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..4)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Nothing in a resource is null or empty.
fn assert_canonical(value: &Value) {
    match value {
        Value::Null => panic!("null"),
        Value::String(text) => assert!(!text.is_empty()),
        Value::Array(elements) => {
            assert!(!elements.is_empty());
            elements.iter().for_each(assert_canonical);
        }
        Value::Object(members) => {
            assert!(!members.is_empty());
            members.values().for_each(assert_canonical);
        }
        _ => {}
    }
}
