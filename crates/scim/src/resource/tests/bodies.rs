//! The shape of POST and PUT bodies.

use crate::Member;
use serde_json::{Value, json};

use super::{BADGE, ENTERPRISE, GROUP, USER, assert_repaired, framed, parse, refusal, user};
use crate::{Dialect, Quirk, ResourceKind, ScimType};

fn group(body: Value) -> super::Draft {
    parse(ResourceKind::Group, body, Dialect::lenient()).unwrap().0
}

#[test]
fn a_well_formed_body_needs_no_repair() {
    let body = framed(&json!({ "active": true, "title": null, "emails": [], ENTERPRISE: { "department": "Optics" } }));
    let (draft, dialect) = parse(ResourceKind::User, body, Dialect::strict()).unwrap();
    assert!(dialect.repaired().is_empty());
    let expected = json!({ "userName": "mara", "active": true, ENTERPRISE: { "department": "Optics" } });
    assert_eq!(&expected, &Value::Object(draft.resource.attributes().clone()));
}

#[test]
fn r019_keys_get_the_letter_case_of_the_schema_and_keep_their_order() {
    let body = json!({
        "Schemas": [USER.to_ascii_lowercase()], "NAME": { "GIVENNAME": "Mara" }, "UserName": "m",
        ENTERPRISE.to_ascii_uppercase(): { "DEPARTMENT": "Optics" },
    });
    let (draft, _) = parse(ResourceKind::User, body, Dialect::lenient()).unwrap();
    let text = serde_json::to_string(draft.resource.attributes()).unwrap();
    assert_eq!(
        text,
        format!(r#"{{"name":{{"givenName":"Mara"}},"userName":"m","{ENTERPRISE}":{{"department":"Optics"}}}}"#)
    );
}

#[test]
fn r019_names_that_differ_in_letter_case_are_the_same_name() {
    let twice = framed(&json!({ "title": null, "Title": "x" }));
    let error = parse(ResourceKind::User, twice, Dialect::lenient()).unwrap_err();
    assert_eq!((error.scim_type, error.detail.as_str()), (Some(ScimType::InvalidSyntax), "title is there twice"));
    assert_eq!(refusal(&json!({ "name": { "givenName": "a", "GivenName": "b" } })), "name has givenName twice");
    let extension = json!({ ENTERPRISE: { "division": "a", "Division": "b" } });
    assert_eq!(refusal(&extension), format!("{ENTERPRISE}:division is there twice"));
}

#[test]
fn r019_a_path_and_an_object_name_a_part_once() {
    for (body, name) in [
        (json!({ "name.givenName": "A", "name": { "givenName": "B" } }), "name.givenName".to_owned()),
        (json!({ "name": { "GivenName": "B" }, "NAME.givenname": "A" }), "name.givenName".to_owned()),
        (
            json!({ ENTERPRISE: { "manager": { "value": "a" } }, "manager.value": "b" }),
            format!("{ENTERPRISE}:manager.value"),
        ),
        (json!({ "name.givenName": null, "Name.GivenName": "B" }), "name.givenName".to_owned()),
        (json!({ "department": "a", ENTERPRISE: { "Department": "b" } }), format!("{ENTERPRISE}:department")),
    ] {
        let error = parse(ResourceKind::User, framed(&body), Dialect::lenient()).unwrap_err();
        let expected = (Some(ScimType::InvalidSyntax), format!("{name} is there twice"));
        assert_eq!((error.scim_type, error.detail), expected, "{body}");
    }
    let apart = json!({ "name": { "familyName": "V" }, "name.givenName": "M", "manager.value": "x", ENTERPRISE: { "division": "d" } });
    let kept = json!({ "name": { "familyName": "V", "givenName": "M" }, ENTERPRISE: { "manager": { "value": "x" }, "division": "d" } });
    assert_eq!(user(&apart), kept);
    assert_eq!(refusal(&json!({ "name.givenName": {} })), "name.givenName must be a string");
}

#[test]
fn only_an_object_describes_a_resource() {
    for body in [json!([]), json!(null), json!("x")] {
        let error = parse(ResourceKind::User, body, Dialect::lenient()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax));
    }
}

#[test]
fn r031_null_and_empty_are_unassigned() {
    let nothing =
        json!({ "title": null, "emails": [], "name": {}, ENTERPRISE: null, BADGE: { "doors": [], "desk": null } });
    assert_eq!(user(&nothing), json!({}));
    assert_eq!(user(&json!({ "name": { "middleName": null }, ENTERPRISE: {} })), json!({}));
}

#[test]
fn r033_q35_schemas_is_worked_out_from_what_is_in_use() {
    let unlisted = json!({ "schemas": [USER], "userName": "m", ENTERPRISE: { "division": "x" } });
    let resource = assert_repaired(Quirk::SchemasMismatch, &unlisted);
    assert!(resource.attributes().contains_key(ENTERPRISE));
    let odd = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
    assert_repaired(Quirk::SchemasMismatch, &json!({ "schemas": [GROUP, odd], "displayName": "Lab" }));
    assert_repaired(Quirk::SchemasMismatch, &json!({ "schemas": [USER, USER], "userName": "m" }));
    assert_repaired(Quirk::SchemasMismatch, &json!({ "userName": "m" }));
    assert_repaired(Quirk::SchemasMismatch, &json!({ "schemas": null, "userName": "m" }));
    assert_repaired(Quirk::SchemasMismatch, &json!({ "schemas": [], "userName": "m" }));
    assert_repaired(Quirk::SchemasMismatch, &json!({ "schemas": [ENTERPRISE], "userName": "m" }));
    assert_repaired(Quirk::SingleForArray, &json!({ "schemas": USER, "userName": "m" }));
    assert_eq!(refusal(&json!({ "schemas": [1] })), "schemas must be an array of URNs");
}

#[test]
fn r034_extension_attributes_live_under_their_urn() {
    let path = json!({ "schemas": [USER, ENTERPRISE], "userName": "m", format!("{ENTERPRISE}:department"): "Optics" });
    let resource = assert_repaired(Quirk::PathKeys, &path);
    assert_eq!(resource.attributes()[ENTERPRISE], json!({ "department": "Optics" }));
    let dotted = json!({ "schemas": [USER], "userName": "m", "name.givenName": "Mara" });
    assert_eq!(assert_repaired(Quirk::PathKeys, &dotted).attributes()["name"], json!({ "givenName": "Mara" }));
    let both = json!({ "name.givenName": "Mara", "name": { "familyName": "Voss" } });
    assert_eq!(user(&both), json!({ "name": { "givenName": "Mara", "familyName": "Voss" } }));
    assert_eq!(refusal(&json!({ ENTERPRISE: "x" })), format!("{ENTERPRISE} must be an object"));
}

#[test]
fn q11_extension_attributes_are_found_without_their_urn() {
    let bare = json!({ "schemas": [USER, ENTERPRISE], "userName": "m", "department": "Optics" });
    let resource = assert_repaired(Quirk::UnqualifiedExtension, &bare);
    assert_eq!(resource.attributes()[ENTERPRISE], json!({ "department": "Optics" }));
}

#[test]
fn r036_r038_r044_r051_q05_what_only_the_server_writes_is_ignored() {
    let sent = json!({ "id": null, "meta": { "version": "W/\"9\"" }, "groups": [{ "value": "g" }], "Id": "x" });
    assert_eq!(super::refusal(&sent), "id is there twice");
    let sent = framed(&json!({ "id": "mine", "meta": 1, "groups": [], BADGE: { "printed": "x" } }));
    let (draft, dialect) = parse(ResourceKind::User, sent, Dialect::strict()).unwrap();
    assert!(dialect.repaired().is_empty());
    assert_eq!(serde_json::to_string(draft.resource.attributes()).unwrap(), r#"{"userName":"mara"}"#);
}

#[test]
fn r037_external_id_is_the_clients_and_kept_as_sent() {
    assert_eq!(user(&json!({ "externalId": "A8d3" })), json!({ "externalId": "A8d3" }));
    assert_eq!(user(&json!({})), json!({}), "none is made up");
}

#[test]
fn r043_q28_a_password_is_accepted_and_kept_nowhere() {
    assert_eq!(user(&json!({ "password": "placeholder" })), json!({}));
    assert_eq!(user(&json!({ "Password": 7 })), json!({}));
    let password = |attributes: Value| {
        let (draft, _) = parse(ResourceKind::User, framed(&attributes), Dialect::lenient()).unwrap();
        assert!(!format!("{draft:?}").contains("placeholder"), "it prints nothing");
        draft.password.map(|password| password.reveal().to_owned())
    };
    assert_eq!(password(json!({ "PassWord": "placeholder" })).as_deref(), Some("placeholder"));
    for nothing in [json!({}), json!({ "password": "" }), json!({ "password": null }), json!({ "password": 7 })] {
        assert_eq!(password(nothing), None);
    }
}

#[test]
fn r041_r049_required_attributes_are_demanded() {
    let missing = |kind, body| parse(kind, body, Dialect::lenient()).unwrap_err();
    let error = missing(ResourceKind::User, json!({ "schemas": [USER] }));
    assert_eq!((error.scim_type, error.detail.as_str()), (Some(ScimType::InvalidValue), "userName is required"));
    assert_eq!(missing(ResourceKind::User, json!({ "userName": "" })).detail, "userName is required");
    assert_eq!(missing(ResourceKind::User, json!({ "userName": " " })).detail, "userName is blank");
    assert_eq!(refusal(&json!({ BADGE: { "desk": { "room": "1" } } })), format!("{BADGE}:desk.floor is required"));
}

#[test]
fn what_is_looked_up_is_not_longer_than_an_index_takes() {
    let long = "x".repeat(513);
    assert_eq!(refusal(&json!({ "externalId": long })), "externalId is longer than 512 bytes");
    assert_eq!(refusal(&json!({ "emails": [{ "value": long }] })), "emails.value is longer than 512 bytes");
    assert_eq!(user(&json!({ "title": long })), json!({ "title": long }));
}

#[test]
fn a_resource_has_a_bounded_size() {
    let refused = refusal(&json!({ "title": "x".repeat(1_048_577) }));
    assert!(refused.contains("1048576 bytes"), "{refused}");
    user(&json!({ "title": "x".repeat(1_000_000) }));
}

#[test]
fn r046_a_group_has_a_name() {
    let error = parse(ResourceKind::Group, json!({ "schemas": [GROUP] }), Dialect::lenient()).unwrap_err();
    assert_eq!(error.detail, "displayName is required");
}

#[test]
fn r047_members_are_ids_in_the_order_sent_each_once() {
    let members = json!([{ "value": "u-2", "$ref": "x", "type": "User" }, { "VALUE": "g-1" }, { "value": "u-2" }]);
    let draft = group(json!({ "schemas": [GROUP], "displayName": "Lab", "members": members }));
    assert_eq!(draft.members, Some(vec![Member::new("u-2"), Member::new("g-1")]));
    assert!(!draft.resource.attributes().contains_key("members"));
    assert_eq!(group(json!({ "displayName": "Lab" })).members, None);
    assert_eq!(group(json!({ "displayName": "Lab", "members": null })).members, Some(Vec::new()));
    assert_eq!(group(json!({ "displayName": "Lab", "members": [] })).members, Some(Vec::new()));
}

#[test]
fn q16_malformed_members_are_refused() {
    for members in
        [json!([null]), json!([{}]), json!([{ "display": "x" }]), json!([{ "value": 7 }]), json!(7), json!([""])]
    {
        let body = json!({ "schemas": [GROUP], "displayName": "Lab", "members": members });
        let error = parse(ResourceKind::Group, body, Dialect::lenient()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{members}");
    }
}

#[test]
fn r019_a_member_has_one_id_and_one_name() {
    for member in [json!({ "value": "u-1", "VALUE": "u-2" }), json!({ "value": "u-1", "display": "a", "Display": "b" })]
    {
        let body = json!({ "schemas": [GROUP], "displayName": "Lab", "members": [member] });
        let error = parse(ResourceKind::Group, body, Dialect::lenient()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{member}");
        assert!(error.detail.contains("twice"), "{error}");
    }
}

#[test]
fn q17_q30_members_need_nothing_but_the_id() {
    let body = |members: Value| json!({ "schemas": [GROUP], "displayName": "Lab", "members": members });
    assert_repaired(Quirk::NullMember, &body(json!([{ "value": "u-1", "$ref": null }])));
    assert_repaired(Quirk::ValueForComplex, &body(json!(["u-1"])));
    assert_repaired(Quirk::SingleForArray, &body(json!({ "value": "u-1" })));
    assert_repaired(Quirk::EmptyString, &body(json!("")));
}

#[test]
fn q36_scim_1_1_urns_are_understood() {
    let old = json!({
        "schemas": ["urn:scim:schemas:core:1.0", "urn:scim:schemas:extension:enterprise:1.0"], "userName": "m",
        "urn:scim:schemas:extension:enterprise:1.0": { "department": "Optics" },
    });
    let resource = assert_repaired(Quirk::CoreOne, &old);
    assert_eq!(resource.attributes()[ENTERPRISE], json!({ "department": "Optics" }));
    assert_repaired(Quirk::CoreOne, &json!({ "schemas": ["urn:scim:schemas:core:1.0"], "displayName": "Lab" }));
    let path = json!({ "urn:scim:schemas:extension:enterprise:1.0:department": "Optics", "urn:scim:schemas:core:1.0:title": "x" });
    assert_eq!(user(&path), json!({ ENTERPRISE: { "department": "Optics" }, "title": "x" }));
}

#[test]
fn q48_unknown_attributes_are_dropped() {
    for name in ["favouriteColor", "urn:acme:other", "urn:acme:other:x", "name.nick", "emails.value", USER] {
        let body = json!({ "schemas": [USER], "userName": "m", name: { "x": 1 } });
        let path = name == "emails.value";
        let (draft, dialect) = parse(ResourceKind::User, body.clone(), Dialect::lenient()).unwrap();
        assert!(dialect.repaired().contains(Quirk::UnknownAttribute), "{name}");
        assert_eq!(draft.resource.attributes().len(), 1, "{name}");
        if !path {
            assert_repaired(Quirk::UnknownAttribute, &body);
        }
    }
    assert_repaired(Quirk::UnknownAttribute, &framed(&json!({ ENTERPRISE: { "x": 1 } })));
    assert_repaired(Quirk::UnknownAttribute, &framed(&json!({ "name": { "x": 1 } })));
}
