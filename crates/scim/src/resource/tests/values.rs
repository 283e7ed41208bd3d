//! Single values and their types.

use serde_json::{Value, json};

use super::{BADGE, ENTERPRISE, assert_repaired, framed, refusal, user};
use crate::Quirk;

fn badge(attributes: &Value) -> Value {
    user(&json!({ BADGE: attributes }))[BADGE].take()
}

fn refused(attributes: &Value) -> String {
    refusal(&json!({ BADGE: attributes }))
}

#[test]
fn r022_each_type_has_its_json_form() {
    let all = json!({
        "number": 7, "weight": 1.5, "issued": "2026-11-03T08:15:30Z", "chip": "AAEC", "valid": true, "doors": ["a", "b"],
        "serial": "s", "desk": { "floor": 3, "room": "r" },
    });
    assert_eq!(badge(&all), all);
    assert_eq!(refused(&json!({ "valid": 1 })), format!("{BADGE}:valid must be true or false"));
    assert_eq!(refused(&json!({ "serial": {} })), format!("{BADGE}:serial must be a string"));
    assert_eq!(refused(&json!({ "desk": "x" })), format!("{BADGE}:desk must be an object"));
    assert_eq!(refused(&json!({ "desk": { "floor": true } })), format!("{BADGE}:desk.floor must be a whole number"));
    assert_eq!(refusal(&json!({ "name": "Mara Voss" })), "name must be an object");
    assert_eq!(refusal(&json!({ "title": ["a", "b"] })), "title has one value, not several");
    assert_eq!(refusal(&json!({ "title": [["a"]] })), "title has one value, not several");
}

#[test]
fn q01_booleans_as_text_are_booleans() {
    for (text, boolean) in [("True", true), ("true", true), ("FALSE", false), ("False", false)] {
        let resource = assert_repaired(Quirk::StringBoolean, &framed(&json!({ "active": text })));
        assert_eq!(resource.active(), boolean);
    }
    assert_eq!(refusal(&json!({ "active": "yes" })), "active must be true or false");
    let nested =
        json!({ "emails": [{ "value": "a@b", "primary": "True" }], BADGE: { "valid": "false", "serial": "True" } });
    let kept = json!({ "emails": [{ "value": "a@b", "primary": true }], BADGE: { "valid": false, "serial": "True" } });
    assert_eq!(user(&nested), kept);
}

#[test]
fn r024_whole_numbers_have_no_fraction_and_no_exponent() {
    for number in [json!(1.0), json!(1.5), json!(1e3), json!("1.0"), json!("one"), json!(u64::MAX as f64 * 4.0)] {
        assert_eq!(refused(&json!({ "number": number })), format!("{BADGE}:number must be a whole number"));
    }
    assert_eq!(badge(&json!({ "weight": 2 })), json!({ "weight": 2 }));
    for decimal in ["1.", ".5", "0x1", "NaN"] {
        assert_eq!(refused(&json!({ "weight": decimal })), format!("{BADGE}:weight must be a number"));
    }
}

#[test]
fn r025_moments_have_date_and_time() {
    let fine = ["2026-11-03T08:15:30Z", "2026-11-03T08:15:30.120Z", "2026-11-03T08:15:30+01:00", "2026-11-03T08:15:30"];
    for text in fine {
        assert_eq!(badge(&json!({ "issued": text })), json!({ "issued": text }));
    }
    for text in ["2026-11-03", "08:15:30Z", "2026-13-03T08:15:30Z", "2026-11-03 08:15:30Z", "yesterday"] {
        assert!(refused(&json!({ "issued": text })).contains("must be a date and time"), "{text}");
    }
}

#[test]
fn r026_binary_is_base64_in_either_alphabet() {
    for text in ["AAEC", "AA==", "AA", "-_8", "+/8=", "AAEC\r\nAAEC"] {
        assert_eq!(badge(&json!({ "chip": text })), json!({ "chip": text }));
    }
    for value in [json!("A"), json!("A!=="), json!(" "), json!("-/8="), json!(7)] {
        assert!(refused(&json!({ "chip": value })).contains("must be base64 text"), "{value}");
    }
}

#[test]
fn q18_q31_empty_text_is_no_value() {
    let resource = assert_repaired(Quirk::EmptyString, &framed(&json!({ "title": "" })));
    assert_eq!(resource.attributes().len(), 1);
    let name = json!({ "givenName": "Mara", "middleName": "" });
    assert_eq!(
        user(&json!({ "name": name, "active": "", "emails": "", ENTERPRISE: { "manager": "" } })),
        json!({ "name": { "givenName": "Mara" } })
    );
    assert_eq!(user(&json!({ "title": " " })), json!({ "title": " " }));
}

#[test]
fn q11_a_manager_may_be_named_by_the_id_alone() {
    let kept = json!({ ENTERPRISE: { "manager": { "value": "0d9e" } } });
    let resource = assert_repaired(Quirk::ValueForComplex, &framed(&json!({ ENTERPRISE: { "manager": "0d9e" } })));
    assert_eq!(resource.manager(), Some("0d9e"));
    assert_eq!(user(&json!({ ENTERPRISE: { "manager": [{ "value": "0d9e" }] } })), kept);
    assert_eq!(user(&json!({ ENTERPRISE: { "manager": [] } })), json!({}));
}

#[test]
fn q11_an_array_of_one_is_the_one_value() {
    for manager in [json!([{ "value": "0d9e" }]), json!([])] {
        assert_repaired(Quirk::ArrayForSingle, &framed(&json!({ ENTERPRISE: { "manager": manager } })));
    }
    assert_repaired(Quirk::ArrayForSingle, &framed(&json!({ "title": ["Dr"], "name": { "givenName": ["Mara"] } })));
    for value in [json!([null]), json!([[]]), json!(["a", null])] {
        assert_eq!(refusal(&json!({ "title": value })), "title has one value, not several", "{value}");
    }
}

#[test]
fn r048_name_and_address_of_the_manager_are_the_servers() {
    let manager = json!({ "value": "0d9e", "displayName": "Ada", "$ref": "https://elsewhere.example/Users/0d9e" });
    let kept = json!({ ENTERPRISE: { "manager": { "value": "0d9e" } } });
    assert_eq!(user(&json!({ ENTERPRISE: { "manager": manager } })), kept);
}

#[test]
fn q36_scim_1_1_names_are_understood() {
    let resource =
        assert_repaired(Quirk::OldWording, &framed(&json!({ ENTERPRISE: { "manager": { "managerId": "0d9e" } } })));
    assert_eq!(resource.manager(), Some("0d9e"));
    let onelogin = json!({ "department": "Optics", "manager": { "managerId": "", "displayName": "" } });
    assert_eq!(user(&json!({ ENTERPRISE: onelogin })), json!({ ENTERPRISE: { "department": "Optics" } }));
}

#[test]
fn numbers_and_booleans_become_text_where_text_belongs() {
    let sent = framed(&json!({ ENTERPRISE: { "employeeNumber": 4711 } }));
    let resource = assert_repaired(Quirk::Coerced, &sent);
    assert_eq!(resource.attributes()[ENTERPRISE]["employeeNumber"], "4711");
    assert_eq!(user(&json!({ "title": true })), json!({ "title": "true" }));
    assert_eq!(badge(&json!({ "number": "7", "weight": "1.5" })), json!({ "number": 7, "weight": 1.5 }));
}

#[test]
fn r045_q45_q46_texts_are_kept_as_they_are() {
    let odd = json!({
        "locale": "xx??", "timezone": "Middle/Earth", "profileUrl": "not a uri", "preferredLanguage": " De ",
        "addresses": [{ "country": "Narnia" }], "emails": [{ "value": "NotAnAddress", "type": "office" }],
        "phoneNumbers": [{ "value": " +49 (30) 1-2 ", "type": "Work" }],
    });
    assert_eq!(user(&odd), odd);
}
