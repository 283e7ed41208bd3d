//! Elements that a value path selects, creates or makes equal to others.

use super::*;

#[test]
fn q08_what_stands_in_the_filter_is_a_value_like_any_other() {
    let add = |path: &str| json!([{"op": "add", "path": path, "value": "x"}]);
    let user = json!({"userName": "m"});
    let refusal = refused(&user, add("x509Certificates[value eq \"!\"].display"));
    assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidValue)));
    let packed = "roles[value eq \"{\\\"value\\\":\\\"Editor\\\"}\"].display";
    let of_the_server = format!("{BADGE}:lockers[owner eq \"me\" and floor eq 3].note");
    for path in ["emails[type eq \"\"].value", packed, &of_the_server] {
        assert_eq!(keyword(&refused(&user, add(path))), (400, Some(ScimType::NoTarget)), "{path}");
    }
}

#[test]
fn r089_what_is_created_is_created_once() {
    for (path, value) in [
        ("emails[type eq \"work\"].type", json!("other")),
        ("emails[type eq \"work\"]", json!({"type": "other", "display": "D"})),
        ("emails[type eq \"work\"]", json!({"type": "other", "value": "new@x"})),
        ("emails[value eq \"mv@home.example\"].value", json!("new@x")),
        ("emails[display eq \"D\"].value", json!("new@x")),
        (&format!("{BADGE}:levels[value eq \"L7\"]"), json!("L9")),
        (&format!("{BADGE}:lockers[floor eq 3]"), json!({"floor": 4})),
    ] {
        let operations = json!([{"op": "replace", "path": path, "value": value}]);
        let once = patched(&mara(), operations.clone());
        assert_eq!(patched(&once, operations), once, "{path}");
    }
}

#[test]
fn r076_a_created_element_can_be_the_primary_one() {
    let operations =
        json!([{"op": "add", "path": "emails[type eq \"other\" and primary eq true].value", "value": "x@y"}]);
    let emails = patched(&mara(), operations)["emails"].clone();
    assert_eq!(emails[0]["primary"], json!(false));
    assert_eq!(emails[2], json!({"type": "other", "primary": true, "value": "x@y"}));
}

#[test]
fn r030_elements_that_become_the_same_are_joined() {
    let operations = json!([
        {"op": "replace", "path": "emails.value", "value": "x@y"},
        {"op": "replace", "path": "emails[type eq \"home\"]", "value": {"type": "work", "display": "D"}}]);
    let joined = json!([{"value": "x@y", "type": "work", "primary": true, "display": "D"}]);
    assert_eq!(repairing(&mara(), operations, &[])["emails"], joined);
    let path = format!("{BADGE}:levels[value sw \"L\"]");
    let after = repairing(&mara(), json!([{"op": "replace", "path": path, "value": "L"}]), &[]);
    assert_eq!(after[BADGE]["levels"], json!(["L"]));
}

#[test]
fn the_number_of_elements_is_bounded_however_they_come_about() {
    let levels: Value = (0..2_000).map(|n| json!(format!("L{n}"))).collect();
    let user = with(mara(), &format!("/{BADGE}/levels"), levels);
    let operations = json!([{"op": "add", "path": format!("{BADGE}:levels[value eq \"x\"]"), "value": "y"}]);
    let refusal = refused(&user, operations);
    assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidValue)));
    assert!(refusal.detail.contains("2000"), "{refusal}");
}

#[test]
fn one_value_for_many_elements_is_bounded() {
    let emails: Value = (0..2_000).map(|n| json!({"value": format!("{n}@x")})).collect();
    let user = with(mara(), "/emails", emails);
    let display = |length: usize| json!([{"op": "add", "path": "emails.display", "value": "x".repeat(length)}]);
    assert_eq!(patched(&user, display(100))["emails"][1_999]["display"], json!("x".repeat(100)));
    assert_eq!(keyword(&refused(&user, display(100_000))), (400, Some(ScimType::InvalidValue)));
}

#[test]
fn long_texts_make_filters_dear() {
    let user = with(mara(), "/emails/0/display", json!("\u{e4}".repeat(200_000)));
    let filter = vec!["display co \"y\""; 200].join(" or ");
    let refusal = refused(&user, json!([{"op": "remove", "path": format!("emails[{filter}]")}]));
    assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidValue)));
    assert!(refusal.detail.contains("several requests"), "{refusal}");
}
