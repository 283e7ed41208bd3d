//! Multi-valued attributes.

use serde_json::{Value, json};

use super::{BADGE, assert_repaired, framed, refusal, user};
use crate::Quirk;

fn kept(name: &str, elements: &Value) -> Value {
    user(&json!({ name: elements }))[name].take()
}

#[test]
fn r029_q37_one_element_is_primary() {
    let two = json!([{ "value": "a", "primary": true }, { "value": "b", "primary": true }, { "value": "c" }]);
    let resource = assert_repaired(Quirk::SeveralPrimary, &framed(&json!({ "emails": two })));
    let emails = json!([{ "value": "a", "primary": true }, { "value": "b", "primary": false }, { "value": "c" }]);
    assert_eq!(resource.attributes()["emails"], emails);
}

#[test]
fn r030_the_same_type_and_value_is_kept_once() {
    let twice = json!([
        { "value": "a", "type": "work" }, { "value": "b", "type": "work" }, { "value": "a", "type": "home" },
        { "value": "a", "type": "work", "display": "A", "primary": true },
    ]);
    let once = json!([
        { "value": "a", "type": "work", "display": "A", "primary": true },
        { "value": "b", "type": "work" }, { "value": "a", "type": "home" },
    ]);
    assert_eq!(kept("emails", &twice), once);
    let addresses = json!([{ "locality": "Jena" }, { "locality": "Jena" }]);
    assert_eq!(kept("addresses", &addresses), addresses);
    assert_eq!(user(&json!({ BADGE: { "doors": ["a", "b", "a"] } })), json!({ BADGE: { "doors": ["a", "b"] } }));
}

#[test]
fn r049_types_beyond_the_suggested_are_kept() {
    let office = json!([{ "value": "a", "type": "office" }]);
    assert_eq!(kept("emails", &office), office);
}

#[test]
fn r091_q36_a_single_value_becomes_an_array() {
    let resource = assert_repaired(Quirk::SingleForArray, &framed(&json!({ "emails": { "value": "a@b" } })));
    assert_eq!(resource.attributes()["emails"], json!([{ "value": "a@b" }]));
    assert_eq!(kept("emails", &json!("a@b")), json!([{ "value": "a@b" }]));
    assert_eq!(kept("emails", &json!(["a@b", "c@d"])), json!([{ "value": "a@b" }, { "value": "c@d" }]));
}

#[test]
fn q17_null_inside_an_element_is_no_value_and_null_is_no_element() {
    let resource = assert_repaired(Quirk::NullMember, &framed(&json!({ "emails": [{ "value": "a", "type": null }] })));
    assert_eq!(resource.attributes()["emails"], json!([{ "value": "a" }]));
    assert_eq!(refusal(&json!({ "emails": [null] })), "emails has null as an element");
}

#[test]
fn q18_an_element_whose_value_is_empty_is_dropped() {
    assert_eq!(user(&json!({ "emails": [{ "value": "", "type": "work", "primary": true }] })), json!({}));
    let labelled = json!([{ "type": "work" }]);
    assert_eq!(kept("emails", &labelled), labelled, "it may get its value later");
    assert_eq!(user(&json!({ "addresses": [{ "locality": "" }, {}] })), json!({}));
}

#[test]
fn q10_a_role_in_a_string_is_unpacked() {
    let text = r#"{"id":"7d2f","value":"Editor","displayName":"The editor"}"#;
    let resource = assert_repaired(Quirk::JsonInString, &framed(&json!({ "roles": [{ "value": text }] })));
    assert_eq!(resource.attributes()["roles"], json!([{ "value": "Editor", "display": "The editor" }]));
    let plain = kept("roles", &json!([text]));
    assert_eq!(plain, json!([{ "value": "Editor", "display": "The editor" }]));
    for other in ["{", "{}", r#"{"value":1}"#, "[]"] {
        assert_eq!(kept("roles", &json!([{ "value": other }])), json!([{ "value": other }]));
    }
}

#[test]
fn q10_a_role_in_a_string_is_unpacked_whatever_its_key_is_called() {
    let text = r#"{"value":"Editor","displayName":"The editor"}"#;
    let expected = json!([{ "value": "Editor", "display": "The editor" }]);
    assert_eq!(kept("roles", &json!([{ "VALUE": text }])), expected);
    assert_eq!(kept("roles", &json!([{ "display": "x", "Value": text }])), {
        json!([{ "display": "The editor", "value": "Editor" }])
    });
    let twice = json!({ "value": text }).to_string();
    assert_eq!(kept("roles", &json!([{ "value": twice }])), expected, "also packed twice");
    assert_eq!(kept("roles", &json!([{ "value": [text] }])), expected, "also as the only element of a list");
}

#[test]
fn q36_only_a_manager_has_a_manager_id() {
    let body = framed(&json!({ "emails": [{ "managerId": "x", "type": "work" }] }));
    let resource = assert_repaired(Quirk::UnknownAttribute, &body);
    assert_eq!(resource.attributes()["emails"], json!([{ "type": "work" }]));
}

#[test]
fn q10_a_role_has_a_display_by_either_name() {
    let roles = json!([{ "value": "Editor", "displayName": "The editor" }]);
    let resource = assert_repaired(Quirk::OldWording, &framed(&json!({ "roles": roles })));
    assert_eq!(resource.attributes()["roles"], json!([{ "value": "Editor", "display": "The editor" }]));
}

#[test]
fn the_number_of_elements_is_bounded() {
    let many: Vec<Value> = (0..2_001).map(|number| json!({ "value": number.to_string() })).collect();
    assert_eq!(refusal(&json!({ "roles": many })), "roles has more than 2000 elements");
}
