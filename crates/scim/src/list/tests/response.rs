//! The list message.

use serde_json::{Value, json};

use crate::{ListHead, ListWriter};

fn written(head: &ListHead<'_>, resources: &[&str]) -> Value {
    let mut out = Vec::new();
    let mut list = ListWriter::begin(head, &mut out);
    for resource in resources {
        list.item().extend_from_slice(resource.as_bytes());
    }
    list.end();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn r121_r124_numbers_are_numbers_and_say_what_is_there() {
    let head = ListHead { total: Some(7), start: Some(3), items: 2, ..ListHead::default() };
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 7,
        "startIndex": 3,
        "itemsPerPage": 2,
        "Resources": [{"id": "a"}, {"id": "b"}]
    });
    assert_eq!(written(&head, &["{\"id\":\"a\"}", "{\"id\":\"b\"}"]), expected);
}

#[test]
fn r122_q20_no_match_is_an_empty_list() {
    let head = ListHead { total: Some(0), start: Some(1), ..ListHead::default() };
    let list = written(&head, &[]);
    assert_eq!((&list["totalResults"], &list["itemsPerPage"], &list["Resources"]), (&json!(0), &json!(0), &json!([])));
}

#[test]
fn r133_the_last_page_names_no_next_one() {
    let last = written(&ListHead { items: 1, previous: Some("p"), ..ListHead::default() }, &["{}"]);
    assert!(last.get("nextCursor").is_none() && last.get("totalResults").is_none() && last.get("startIndex").is_none());
    let first = written(&ListHead { items: 1, next: Some("n"), ..ListHead::default() }, &["{}"]);
    assert!(first.get("previousCursor").is_none());
}

#[test]
fn r133_r136_cursors_stand_beside_the_list() {
    let head = ListHead { total: None, start: None, items: 1, next: Some("n\"1"), previous: Some("p1") };
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "itemsPerPage": 1,
        "nextCursor": "n\"1",
        "previousCursor": "p1",
        "Resources": [{}]
    });
    assert_eq!(written(&head, &["{}"]), expected);
}
