//! Events as the figures of RFC 9967 have them.

use events::normal::{Group, Moments, User};
use events::{Change, Changed, Data, Event, EventType, GroupChange, Member, Moves, SCHEMA, UserChange};
use scim::{EventContent, Resource};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::claims::{Claims, tell};
use super::{Stream, is_stream, push};

const ID: &str = "44f6142d-f96b-4d6a-b61e-752100000000";
const DOCUMENT: &str = r#"{"schemas":[],"id":"x","externalId":"jdoe","userName":"jdoe",
    "name":{"givenName":"John","familyName":"Doe"},"emails":[{"type":"work","value":"jdoe@example.com"}]}"#;

fn event(event_type: EventType, data: Data) -> Event {
    Event {
        specversion: "1.0",
        id: Uuid::nil(),
        source: "/tenants/acme".to_owned(),
        event_type,
        subject: String::new(),
        time: OffsetDateTime::from_unix_timestamp(1_458_496_404).unwrap(),
        sequence: 7,
        datacontenttype: "application/json",
        dataschema: SCHEMA,
        is_discarded: false,
        data,
    }
}

fn change(changed: &[(&str, Option<Value>)]) -> Change {
    let changed = changed.iter().map(|(path, new)| Changed { path: (*path).to_owned(), old: None, new: new.clone() });
    Change { version: 3, changed: changed.collect(), request_id: "b7b953f1".to_owned(), ..Change::default() }
}

fn of_user(event_type: EventType, change: Change) -> Event {
    let resource = Resource::from_document(DOCUMENT).unwrap();
    let user = User { moments: Moments::of_ms(Some(0), Some(1000)), ..User::of(ID, &resource, &[]) };
    event(event_type, Data::User(Box::new(UserChange { user, password_hash: None, change, resource })))
}

fn of_group(event_type: EventType, change: Change, members: Option<Moves>) -> Event {
    let resource = Resource::from_document(r#"{"displayName":"crm","externalId":"crmUsers"}"#).unwrap();
    let group = Group::of(ID, &resource);
    event(event_type, Data::Group(Box::new(GroupChange { group, members, change, resource })))
}

fn babs() -> Member {
    Member { id: Uuid::nil(), kind: Some("User".to_owned()), display_name: Some("Babs Jensen".to_owned()) }
}

/// The events of a SET by what comes after the prefix of their URIs.
fn told(event: &Event, content: EventContent) -> Value {
    let facts = tell(event, content).unwrap();
    let events = facts.events.into_iter();
    events
        .map(|(uri, payload)| (uri.strip_prefix("urn:ietf:params:scim:event:").unwrap().to_owned(), payload))
        .collect()
}

fn both(event: &Event) -> [Value; 2] {
    [told(event, EventContent::Notice), told(event, EventContent::Full)]
}

#[test]
fn r165_the_claims_are_those_of_figure_4() {
    let settings = json!({ "issuer": "https://scim.example.com", "audience": ["https://one.example", "two"] });
    let stream = Stream::of(settings.as_object().unwrap()).unwrap();
    let event = of_user(EventType::UserDeleted, change(&[]));
    let facts = tell(&event, stream.content()).unwrap();
    let mut claims = serde_json::to_value(Claims::new(&stream, event.id, Some(event.time), facts)).unwrap();
    assert!(claims["iat"].as_i64().is_some_and(|iat| iat > 1_700_000_000));
    claims["iat"] = 0.into();
    let expected = json!({
        "jti": Uuid::nil(),
        "iss": "https://scim.example.com",
        "aud": ["https://one.example", "two"],
        "iat": 0,
        "toe": 1_458_496_404,
        "txn": "b7b953f1",
        "sub_id": { "format": "scim", "uri": format!("/Users/{ID}"), "externalId": "jdoe" },
        "events": { "urn:ietf:params:scim:event:prov:delete": {} },
    });
    assert_eq!(claims, expected);
}

#[test]
fn r166_what_is_created_is_told_by_names_or_whole() {
    let [notice, full] = both(&of_user(EventType::UserCreated, change(&[("password", None)])));
    let names = json!(["id", "externalId", "userName", "name", "emails", "active", "password"]);
    assert_eq!(notice, json!({ "prov:create:notice": { "attributes": names, "version": "W/\"3\"" } }));
    let data = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": ID,
        "externalId": "jdoe",
        "userName": "jdoe",
        "name": { "givenName": "John", "familyName": "Doe" },
        "emails": [{ "type": "work", "value": "jdoe@example.com" }],
        "active": false,
        "meta": {
            "resourceType": "User",
            "created": "1970-01-01T00:00:00Z",
            "lastModified": "1970-01-01T00:00:01Z",
            "version": "W/\"3\"",
        },
    });
    assert_eq!(full, json!({ "prov:create:full": { "version": "W/\"3\"", "data": data } }));
}

#[test]
fn r166_a_patch_is_told_by_paths_or_as_operations() {
    let changed = change(&[("title", Some(json!("Lead"))), ("name.givenName", None), ("password", None)]);
    let [notice, full] = both(&of_user(EventType::UserUpdated, changed));
    let names = json!(["title", "name.givenName", "password"]);
    assert_eq!(notice, json!({ "prov:patch:notice": { "attributes": names, "version": "W/\"3\"" } }));
    let data = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            { "op": "replace", "path": "title", "value": "Lead" },
            { "op": "remove", "path": "name.givenName" },
        ],
    });
    assert_eq!(full, json!({ "prov:patch:full": { "version": "W/\"3\"", "data": data } }));
}

#[test]
fn r166_a_put_is_a_put_and_that_of_a_group_loses_no_member() {
    let put = Change { replaced: true, ..change(&[("title", None)]) };
    let [notice, full] = both(&of_user(EventType::UserUpdated, put.clone()));
    assert_eq!(notice["prov:put:notice"]["attributes"], json!(["title"]));
    assert_eq!(full["prov:put:full"]["data"]["userName"], "jdoe");
    let [notice, full] = both(&of_group(EventType::GroupUpdated, put, None));
    assert_eq!(notice["prov:put:notice"]["attributes"], json!(["title"]));
    assert_eq!(full["prov:patch:full"]["data"]["Operations"], json!([{ "op": "remove", "path": "title" }]));
}

#[test]
fn r166_members_come_and_go_as_in_figures_6_and_7() {
    let moves = Moves { added: vec![babs()], removed: vec![babs()] };
    let [notice, full] = both(&of_group(EventType::GroupMemberAdded, change(&[]), Some(moves)));
    assert_eq!(notice["prov:patch:notice"]["attributes"], json!(["members"]));
    let member = json!({ "display": "Babs Jensen", "$ref": format!("/Users/{}", Uuid::nil()), "value": Uuid::nil(), "type": "User" });
    let operations = json!([
        { "op": "add", "path": "members", "value": [member] },
        { "op": "remove", "path": format!("members[value eq \"{}\"]", Uuid::nil()) },
    ]);
    assert_eq!(full["prov:patch:full"]["data"]["Operations"], operations);
}

#[test]
fn r166_a_deactivation_says_what_changed_too() {
    let off = change(&[("active", Some(json!(false)))]);
    let [notice, full] = both(&of_user(EventType::UserDeactivated, off));
    let attributes = json!({ "attributes": ["active"], "version": "W/\"3\"" });
    assert_eq!(notice, json!({ "prov:patch:notice": attributes, "prov:deactivate": {} }));
    assert_eq!(full["prov:deactivate"], json!({}));
    let [notice, _] = both(&of_user(EventType::UserActivated, change(&[("active", Some(json!(true)))])));
    assert_eq!(notice["prov:activate"], json!({}));
}

#[test]
fn r169_a_password_is_named_and_has_no_value() {
    let [notice, full] = both(&of_user(EventType::UserUpdated, change(&[("password", Some(json!("secret")))])));
    let expected = json!({ "prov:patch:notice": { "attributes": ["password"], "version": "W/\"3\"" } });
    assert_eq!((&notice, &full), (&expected, &expected));
}

#[test]
fn a_snapshot_adds_to_the_stream() {
    let [notice, full] = both(&of_user(EventType::UserSnapshot, change(&[])));
    assert_eq!(notice, json!({ "feed:add": {} }));
    assert_eq!(full["feed:add"], json!({}));
    assert_eq!(full["prov:put:full"]["data"]["id"], ID);
    let moves = Moves { added: vec![babs()], removed: Vec::new() };
    let [_, full] = both(&of_group(EventType::GroupSnapshot, change(&[]), Some(moves)));
    let paths: Vec<&Value> =
        full["prov:patch:full"]["data"]["Operations"].as_array().unwrap().iter().map(|step| &step["path"]).collect();
    assert_eq!(paths, ["displayName", "externalId", "members"]);
    let edge = event(EventType::SnapshotStarted, Data::Other(to_raw_value(&json!({})).unwrap()));
    assert_eq!(tell(&edge, EventContent::Full), None);
}

#[test]
fn r167_the_end_of_a_request_is_told_as_in_figure_14() {
    let data = json!({ "txn": "734f0614", "uri": "/Users/7", "method": "PUT", "version": "W/\"3\"", "status": "200" });
    let completed = event(EventType::RequestCompleted, Data::Other(to_raw_value(&data).unwrap()));
    let facts = tell(&completed, EventContent::Notice).unwrap();
    assert_eq!(facts.txn.as_deref(), Some("734f0614"));
    assert_eq!(facts.sub_id, json!({ "format": "scim", "uri": "/Users/7" }));
    let payload = json!({ "method": "PUT", "version": "W/\"3\"", "status": "200" });
    assert_eq!(Value::Object(facts.events), json!({ "urn:ietf:params:scim:event:misc:asyncresp": payload }));
}

#[test]
fn what_a_stream_is_told_wrongly_is_told_with_the_way_out() {
    assert!(is_stream("set_push") && is_stream("set_poll") && !is_stream("webhook"));
    for (settings, words) in [
        (json!({ "audience": "a" }), "issuer is missing"),
        (json!({ "issuer": "a" }), "audience is missing"),
        (json!({ "issuer": "a", "audience": [] }), "audience is how the receiver is called"),
        (json!({ "issuer": "", "audience": "a" }), "issuer is a text"),
        (json!({ "issuer": "a", "audience": "a", "content": "all" }), "content is notice"),
        (json!({ "issuer": "a", "audience": 1 }), "issuer is a text"),
        (json!({ "issuer": "a", "audience": "a" }), "url"),
        (json!({ "issuer": "a", "audience": "a", "url": "http" }), "url: a URL begins"),
    ] {
        let refused = (push::KIND.check)(settings.as_object().unwrap()).unwrap_err();
        assert!(refused.contains(words), "{refused}");
    }
}
