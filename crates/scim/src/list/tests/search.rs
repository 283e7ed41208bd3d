//! The body of `/.search`.

use serde_json::{Value, json};

use super::query;
use crate::{Dialect, ListQuery, Page, Quirk, ScimType};

fn body(mut members: Value) -> Value {
    members["schemas"] = json!(["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]);
    members
}

fn read(members: Value) -> ListQuery {
    ListQuery::from_search_request(body(members), &mut Dialect::strict()).unwrap()
}

#[test]
fn r130_a_search_says_what_a_query_says() {
    let read = read(json!({
        "attributes": ["displayName", "userName"],
        "filter": "displayName sw \"smith\"",
        "sortBy": "userName",
        "sortOrder": "descending",
        "startIndex": 1,
        "count": 10
    }));
    let same = "attributes=displayName,userName&filter=displayName+sw+%22smith%22&sortBy=userName&sortOrder=descending&count=10";
    assert_eq!(read, query(same));
}

#[test]
fn r130_members_without_value_are_not_given() {
    assert_eq!(read(json!({})), query(""));
    assert_eq!(
        read(json!({"startIndex": null, "attributes": null, "excludedAttributes": [], "unknown": 1})),
        query("")
    );
}

#[test]
fn r139_a_search_takes_a_cursor() {
    assert_eq!(read(json!({"cursor": "", "count": 10})).page, Page::Cursor { cursor: String::new(), count: Some(10) });
    let both = ListQuery::from_search_request(body(json!({"cursor": "x", "startIndex": 1})), &mut Dialect::lenient());
    assert_eq!(both.unwrap_err().scim_type, Some(ScimType::InvalidValue));
}

#[test]
fn r123_numbers_of_a_search_are_moved_into_range() {
    assert_eq!(read(json!({"startIndex": -1, "count": -1})), query("count=0"));
    assert_eq!(read(json!({"startIndex": u64::MAX})), query("startIndex=9223372036854775807"));
}

#[test]
fn other_types_are_refused() {
    for (members, scim_type) in [
        (json!({"count": true}), ScimType::InvalidValue),
        (json!({"count": 1.5}), ScimType::InvalidValue),
        (json!({"count": "ten"}), ScimType::InvalidValue),
        (json!({"sortOrder": "up"}), ScimType::InvalidValue),
        (json!({"filter": 1}), ScimType::InvalidSyntax),
        (json!({"attributes": {"a": 1}}), ScimType::InvalidSyntax),
        (json!({"attributes": [1]}), ScimType::InvalidSyntax),
        (json!({"attributes": ["a"], "excludedAttributes": ["b"]}), ScimType::InvalidValue),
        (json!({"filter": "id pr", "FILTER": "id pr"}), ScimType::InvalidSyntax),
    ] {
        let error = ListQuery::from_search_request(body(members.clone()), &mut Dialect::lenient()).unwrap_err();
        assert_eq!((error.status, error.scim_type), (400, Some(scim_type)), "{members}");
    }
    for not_an_object in [json!([]), json!("x"), json!(null)] {
        let error = ListQuery::from_search_request(not_an_object, &mut Dialect::lenient()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax));
    }
}

#[test]
fn deviations_are_counted_or_refused() {
    for (members, quirk, same) in [
        (body(json!({"count": "10"})), Quirk::Coerced, "count=10"),
        (body(json!({"attributes": "a,b"})), Quirk::SingleForArray, "attributes=a,b"),
        (json!({"count": 10}), Quirk::MessageSchemas, "count=10"),
    ] {
        let mut dialect = Dialect::lenient();
        assert_eq!(ListQuery::from_search_request(members.clone(), &mut dialect).unwrap(), query(same));
        assert_eq!(dialect.repaired().iter().collect::<Vec<_>>(), [quirk]);
        assert!(ListQuery::from_search_request(members, &mut Dialect::strict()).is_err());
    }
}
