//! Answers and what is shown in them.

use serde_json::{Value, json};

use super::{MemberReference, Projection, Stored, render, to_tree};
use crate::{Dialect, Draft, Resource, ResourceKind, Schema, Schemas};

const BASE: &str = "https://gw.example.net/t/acme/scim/v2";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const ID: &str = "6f1c2b8e-41d7-4c0a-9c55-1f0b7e0d2a11";

fn schemas() -> std::sync::Arc<Schemas> {
    Schemas::standard()
}

fn hiding() -> std::sync::Arc<Schemas> {
    let badge: Schema = serde_json::from_value(json!({
        "id": "urn:acme:badge", "name": "Badge", "attributes": [
            { "name": "color", "returned": "request" }, { "name": "pin", "returned": "never" },
            { "name": "seal", "returned": "always" }, { "name": "shape" },
        ],
    }))
    .unwrap();
    Schemas::unchecked(vec![badge])
}

fn mara() -> Value {
    json!({
        "externalId": "a8d3", "userName": "mara.voss@acme.example", "active": true,
        "name": { "formatted": "Mara Voss", "givenName": "Mara", "familyName": "Voss" },
        "emails": [{ "value": "mara.voss@acme.example", "type": "work", "primary": true }, { "value": "mv@home.example" }],
        ENTERPRISE: { "department": "Optics", "manager": { "value": "0d9e" } },
    })
}

fn document(schemas: &Schemas, kind: ResourceKind, attributes: &Value) -> String {
    let resource = Resource::from_document(&attributes.to_string()).unwrap();
    resource.to_document(schemas.of(kind), ID)
}

fn stored(kind: ResourceKind, document: &str) -> Stored<'_> {
    let (created_ms, modified_ms) = (1_793_693_730_120, 1_793_693_731_000);
    Stored { kind, id: ID, document, version: 3, created_ms, modified_ms, groups: &[], members: None }
}

fn shown(schemas: &Schemas, stored: &Stored<'_>, view: &Projection) -> Value {
    let mut out = Vec::new();
    render(stored, BASE, schemas.of(stored.kind), view, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn user(attributes: Option<&str>, excluded: Option<&str>) -> Value {
    let document = document(&schemas(), ResourceKind::User, &mara());
    shown(&schemas(), &stored(ResourceKind::User, &document), &Projection::parse(attributes, excluded).unwrap())
}

fn badge(attributes: Option<&str>, excluded: Option<&str>) -> Value {
    let badge = json!({ "color": "red", "pin": "1", "seal": "s", "shape": "round" });
    let document = document(&hiding(), ResourceKind::User, &json!({ "userName": "m", "urn:acme:badge": badge }));
    let view = Projection::parse(attributes, excluded).unwrap();
    shown(&hiding(), &stored(ResourceKind::User, &document), &view)["urn:acme:badge"].take()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn optics() -> [MemberReference; 2] {
    [
        MemberReference { id: "u-1".to_owned(), kind: ResourceKind::User, display: Some("Mara \"M\" Voss".to_owned()) },
        MemberReference { id: "g-1".to_owned(), kind: ResourceKind::Group, display: None },
    ]
}

#[test]
fn r018_r038_r040_meta_is_the_servers_and_comes_last() {
    let user = user(None, None);
    assert_eq!(keys(&user).first(), Some(&"schemas"));
    assert_eq!(keys(&user).last(), Some(&"meta"));
    assert_eq!(
        user["meta"],
        json!({
            "resourceType": "User", "created": "2026-11-03T08:15:30.120Z", "lastModified": "2026-11-03T08:15:31.000Z",
            "location": format!("{BASE}/Users/{ID}"), "version": "W/\"3\"",
        })
    );
}

#[test]
fn r053_the_kind_gives_the_resource_type() {
    for (kind, attributes) in [(ResourceKind::User, mara()), (ResourceKind::Group, json!({ "displayName": "Lab" }))] {
        let document = document(&schemas(), kind, &attributes);
        let meta = shown(&schemas(), &stored(kind, &document), &Projection::default())["meta"].clone();
        assert_eq!(meta["resourceType"], kind.name());
        assert_eq!(meta["location"], format!("{BASE}{}/{ID}", kind.endpoint()));
    }
}

#[test]
fn q05_what_the_server_shows_can_be_sent_back() {
    let others = optics();
    let of_group = json!({ "displayName": "Lab", "externalId": "l" });
    for (kind, attributes) in [(ResourceKind::User, mara()), (ResourceKind::Group, of_group)] {
        let text = document(&schemas(), kind, &attributes);
        let stored = Stored { groups: &others, members: Some(&others), ..stored(kind, &text) };
        let body = shown(&schemas(), &stored, &Projection::default());
        let schemas = schemas();
        let draft = Draft::parse(body, schemas.of(kind), &mut Dialect::strict()).unwrap();
        assert_eq!(Value::Object(draft.resource.attributes().clone()), attributes);
        let ids = draft.members.map(|members| members.into_iter().map(|member| member.id).collect::<Vec<_>>());
        assert_eq!(ids, (kind == ResourceKind::Group).then(|| vec!["u-1".to_owned(), "g-1".to_owned()]));
    }
}

#[test]
fn r033_schemas_lists_what_is_in_use() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    assert_eq!(user(None, None)["schemas"], json!([core, ENTERPRISE]));
    let plain = document(&schemas(), ResourceKind::User, &json!({ "userName": "m" }));
    assert_eq!(plain, format!(r#"{{"schemas":["{core}"],"id":"{ID}","userName":"m"}}"#));
}

#[test]
fn r027_members_are_told_with_the_address_the_client_uses() {
    let document = document(&schemas(), ResourceKind::Group, &json!({ "displayName": "Optics Lab" }));
    let members = optics();
    let group = Stored { members: Some(&members), ..stored(ResourceKind::Group, &document) };
    assert_eq!(
        shown(&schemas(), &group, &Projection::default())["members"],
        json!([
            { "value": "u-1", "$ref": format!("{BASE}/Users/u-1"), "type": "User", "display": "Mara \"M\" Voss" },
            { "value": "g-1", "$ref": format!("{BASE}/Groups/g-1"), "type": "Group" },
        ])
    );
}

#[test]
fn r044_groups_of_a_user_are_direct() {
    let document = document(&schemas(), ResourceKind::User, &mara());
    let groups = [MemberReference { id: "g-1".to_owned(), kind: ResourceKind::Group, display: Some("Lab".to_owned()) }];
    let user = Stored { groups: &groups, ..stored(ResourceKind::User, &document) };
    let expected =
        json!([{ "value": "g-1", "$ref": format!("{BASE}/Groups/g-1"), "type": "direct", "display": "Lab" }]);
    assert_eq!(shown(&schemas(), &user, &Projection::default())["groups"], expected);
    assert_eq!(
        shown(&schemas(), &user, &Projection::parse(Some("groups.value"), None).unwrap())["groups"],
        json!([{ "value": "g-1" }])
    );
}

#[test]
fn r032_what_is_unassigned_is_left_out() {
    let document = document(&schemas(), ResourceKind::Group, &json!({ "displayName": "Lab" }));
    let group = Stored { members: Some(&[]), ..stored(ResourceKind::Group, &document) };
    assert_eq!(keys(&shown(&schemas(), &group, &Projection::default())), ["schemas", "id", "displayName", "meta"]);
}

#[test]
fn the_copied_text_and_the_tree_say_the_same() {
    let document = document(&schemas(), ResourceKind::User, &mara());
    let groups = optics();
    let user = Stored { groups: &groups, ..stored(ResourceKind::User, &document) };
    let mut out = Vec::new();
    render(&user, BASE, schemas().of(ResourceKind::User), &Projection::default(), &mut out).unwrap();
    let tree = to_tree(&user, BASE).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&tree).unwrap());
}

#[test]
fn an_address_that_needs_escaping_is_escaped() {
    let document = document(&schemas(), ResourceKind::User, &mara());
    let tree = to_tree(&stored(ResourceKind::User, &document), "https://x/\"a\\\u{1}").unwrap();
    assert_eq!(tree["meta"]["location"], format!("https://x/\"a\\\u{1}/Users/{ID}"));
}

#[test]
fn moments_beyond_the_calendar_do_not_fail() {
    let document = document(&schemas(), ResourceKind::User, &mara());
    let odd = Stored { created_ms: i64::MAX, modified_ms: -1, ..stored(ResourceKind::User, &document) };
    let meta = to_tree(&odd, BASE).unwrap()["meta"].clone();
    assert_eq!(meta["created"], "1970-01-01T00:00:00.000Z");
    assert_eq!(meta["lastModified"], "1969-12-31T23:59:59.999Z");
}

#[test]
fn r116_both_parameters_together_are_refused() {
    assert_eq!(Projection::parse(Some("id"), Some("name")).unwrap_err().status, 400);
    assert_eq!(Projection::parse(Some(""), Some(" , ")).unwrap(), Projection::default());
    assert!(Projection::parse(Some("a,".repeat(300).as_str()), None).is_err());
}

#[test]
fn r117_the_minimum_is_id_and_schemas() {
    assert_eq!(keys(&user(Some("userName"), None)), ["schemas", "id", "userName"]);
    assert_eq!(keys(&user(Some("id"), None)), ["schemas", "id"]);
    assert_eq!(keys(&user(Some("nonsense,password"), None)), ["schemas", "id"]);
}

#[test]
fn r119_sub_attributes_and_urns_can_be_named() {
    let user = user(
        Some("NAME.givenname, emails.value,urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:Department"),
        None,
    );
    assert_eq!(keys(&user), ["schemas", "id", "name", "emails", ENTERPRISE]);
    assert_eq!(user["name"], json!({ "givenName": "Mara" }));
    assert_eq!(user["emails"], json!([{ "value": "mara.voss@acme.example" }, { "value": "mv@home.example" }]));
    assert_eq!(user[ENTERPRISE], json!({ "department": "Optics" }));
}

#[test]
fn r119_a_urn_stands_for_its_whole_schema() {
    assert_eq!(user(Some(ENTERPRISE), None)[ENTERPRISE], mara()[ENTERPRISE]);
    let core = user(Some("urn:ietf:params:scim:schemas:core:2.0:User"), None);
    assert_eq!(core["name"], mara()["name"]);
    assert!(core.get(ENTERPRISE).is_none());
    assert!(user(None, Some(ENTERPRISE)).get(ENTERPRISE).is_none());
}

#[test]
fn r120_what_is_always_returned_cannot_be_excluded() {
    let user = user(None, Some("id,schemas,name.formatted,emails.primary,emails.type,meta,nonsense"));
    assert_eq!(keys(&user), ["schemas", "id", "externalId", "userName", "active", "name", "emails", ENTERPRISE]);
    assert_eq!(user["name"], json!({ "givenName": "Mara", "familyName": "Voss" }));
    assert_eq!(user["emails"], json!([{ "value": "mara.voss@acme.example" }, { "value": "mv@home.example" }]));
}

#[test]
fn r120_q21_excluded_members_need_not_be_read() {
    let schemas = schemas();
    let group = schemas.of(ResourceKind::Group);
    let includes = |attributes, excluded, name| Projection::parse(attributes, excluded).unwrap().includes(group, name);
    assert!(!includes(None, Some("Members"), "members"));
    assert!(!includes(Some("displayName"), None, "members"));
    assert!(includes(Some("members.value"), None, "members"));
    assert!(includes(None, Some("members.display"), "members"));
    assert!(includes(None, None, "members"));
    assert!(includes(None, Some("id"), "id"));
    assert!(!includes(None, None, "password"));
    let members = optics();
    let document = document(&schemas, ResourceKind::Group, &json!({ "displayName": "Lab" }));
    let stored = Stored { members: Some(&members), ..stored(ResourceKind::Group, &document) };
    let without = shown(&schemas, &stored, &Projection::parse(None, Some("members")).unwrap());
    assert_eq!(keys(&without), ["schemas", "id", "displayName", "meta"]);
}

#[test]
fn r117_characteristics_of_extensions_are_kept_to() {
    assert_eq!(badge(None, None), json!({ "seal": "s", "shape": "round" }));
    assert_eq!(badge(Some("urn:acme:badge:color"), None), json!({ "color": "red", "seal": "s" }));
    assert_eq!(badge(Some("urn:acme:badge:pin,userName"), None), json!({ "seal": "s" }));
    assert_eq!(badge(None, Some("urn:acme:badge:seal,urn:acme:badge:shape")), json!({ "seal": "s" }));
}

#[test]
fn r118_a_projection_tells_which_parameter_it_was() {
    let only = Projection::parse(Some(" a ,b.c"), None).unwrap();
    assert_eq!((only.to_string().as_str(), only.names_attributes()), ("attributes=a,b.c", true));
    let without = Projection::from_lists(&[], &["a".to_owned()]).unwrap();
    assert_eq!((without.to_string().as_str(), without.is_default()), ("excludedAttributes=a", false));
    assert_eq!(Projection::default().to_string(), "");
}
