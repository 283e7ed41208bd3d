//! Events have the form that `docs/events` describes, and no member beside it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::support::{System, Tenant, added_member, group, patch, patch_one, until, urn, user};

/// The types that no log has, because a store gets them when it wants a snapshot, and those of stores in trouble and of requests
/// that are answered later: the tests of stores look at all of them. And those of invitations, at which the tests of applications look.
const OF_STORES: [&str; 11] = [
    "user.invited",
    "user.verified",
    "user.invitation_revoked",
    "snapshot.started",
    "user.snapshot",
    "group.snapshot",
    "snapshot.completed",
    "store.degraded",
    "store.recovered",
    "store.rebuilding",
    "request.completed",
];

fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is wrong with these events, by the documented form in which nothing may be that it does not name: whoever adds a
/// member has to describe it.
pub(crate) fn wrong(events: &[Value]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = std::env::var_os("TESTS_EVENT_FORM").expect("run `tests/run`, which installs a validator");
    let mut validator = Command::new(python)
        .arg(root.join("tests/support/event_form.py"))
        .args(["event.schema.json", "asyncapi.json"].map(|name| root.join("docs/events").join(name)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the validator");
    serde_json::to_writer(validator.stdin.take().expect("its input"), events).expect("it reads all events");
    let output = validator.wait_with_output().expect("its output");
    assert!(output.status.success(), "the validator failed");
    serde_json::from_slice(&output.stdout).expect("sentences")
}

/// The types that are documented.
fn documented() -> BTreeSet<String> {
    let document = read("asyncapi.json");
    document["components"]["messages"].as_object().expect("messages").keys().cloned().collect()
}

fn types(events: &[Value]) -> BTreeSet<String> {
    events.iter().filter_map(|event| event["type"].as_str()).map(str::to_owned).collect()
}

/// A user with every attribute there is, each with a text of its own.
fn full_user(manager: &str) -> Value {
    let entry = |name: &str| json!([{ "value": format!("{name} value"), "display": format!("{name} display"), "type": format!("{name} type"), "primary": true }]);
    json!({
        "schemas": [urn::USER, urn::ENTERPRISE],
        "userName": "full", "externalId": "the external id", "active": true, "displayName": "The display name",
        "name": {
            "formatted": "The formatted name", "givenName": "The given name", "familyName": "The family name", "middleName": "The middle name",
            "honorificPrefix": "The prefix", "honorificSuffix": "The suffix",
        },
        "nickName": "The nick", "profileUrl": "https://profile.example/full", "title": "The title", "userType": "The type",
        "preferredLanguage": "en-GB", "locale": "de-AT", "timezone": "Europe/Vienna", "password": "hunter2-of-full",
        "emails": [{ "value": "full@mail.example", "display": "mail display", "type": "mail type", "primary": true }],
        "phoneNumbers": entry("phone"), "ims": entry("im"), "entitlements": entry("entitlement"), "roles": entry("role"),
        "photos": [{ "value": "https://photo.example/full", "display": "photo display", "type": "photo type", "primary": true }],
        "x509Certificates": [{ "value": "Y2VydGlmaWNhdGU=", "display": "certificate display", "type": "certificate type", "primary": true }],
        "addresses": [{
            "type": "address type", "formatted": "The formatted address", "streetAddress": "The street", "locality": "The city",
            "region": "The region", "postalCode": "The code", "country": "AT", "primary": true,
        }],
        (urn::ENTERPRISE): {
            "employeeNumber": "The number", "costCenter": "The centre", "organization": "The organization",
            "division": "The division", "department": "The department", "manager": { "value": manager },
        },
    })
}

/// Every text in a value.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

async fn change_users_and_groups(tenant: &Tenant) {
    let client = tenant.client();
    let boss = client.post("/Users", &user("boss")).await.expect(201).id();
    let full = client.post("/Users", &full_user(&boss)).await.expect(201).id();
    let (at_full, team) =
        (format!("/Users/{full}"), client.post("/Groups", &group("team", &[&boss])).await.expect(201).id());
    let at_team = format!("/Groups/{team}");
    client.patch(&at_full, &patch_one("replace", "active", json!(false))).await.expect(200);
    client.patch(&at_full, &patch_one("replace", "active", json!(true))).await.expect(200);
    client.patch(&at_full, &patch_one("replace", "name.givenName", json!("Another"))).await.expect(200);
    client.patch(&at_team, &added_member(&full)).await.expect(200);
    client.patch(&at_full, &patch_one("replace", "title", json!("Another"))).await.expect(200);
    client
        .patch(&at_team, &patch(&[json!({ "op": "remove", "path": format!("members[value eq \"{full}\"]") })]))
        .await
        .expect(200);
    client
        .patch(&at_team, &patch_one("replace", "members", json!([{ "value": boss, "display": "The boss" }])))
        .await
        .expect(200);
    client.patch(&at_team, &patch_one("replace", "displayName", json!("crew"))).await.expect(200);
    client.delete(&format!("/Users/{boss}")).await.expect(204);
    client.delete(&at_team).await.expect(204);
}

fn change_tokens_and_clients(system: &System, tenant: &Tenant) {
    let run = |arguments: &[&str]| system.tenantry(arguments).expect(0);
    run(&["token", "issue", &tenant.name, "--scope", "users", "--allow", "127.0.0.0/8", "--mode", "staged"]);
    run(&["token", "complete", &tenant.name]);
    run(&["token", "issue", &tenant.name, "--mode", "overlap", "--overlap", "2h"]);
    run(&["token", "revoke", &tenant.name]);
    let created = run(&["oauth", "client", "create", &tenant.name, "entra", "--json"]).json();
    let client = created["client_id"].as_str().expect("an id");
    let issued = run(&["oauth", "secret", "issue", &tenant.name, client, "--json"]).json();
    run(&["oauth", "secret", "issue", &tenant.name, client, "--days", "20"]);
    run(&["oauth", "secret", "revoke", &tenant.name, client, issued["secret_id"].as_str().expect("an id")]);
    let doomed = run(&["oauth", "client", "create", &tenant.name, "other", "--json"]).json();
    run(&["oauth", "client", "delete", &tenant.name, doomed["client_id"].as_str().expect("an id")]);
}

async fn trip_a_breaker(system: &System, tenant: &Tenant) {
    let run = |arguments: &[&str]| system.tenantry(&[&["breaker"], arguments].concat()).expect(0);
    run(&["set", &tenant.name, "mode=hold", "number=1"]);
    for (verb, names) in [("release", ["one", "two"]), ("discard", ["three", "four"])] {
        for name in names {
            let id = tenant.client().post("/Users", &user(name)).await.expect(201).id();
            tenant.client().delete(&format!("/Users/{id}")).await.expect(204);
        }
        run(&[verb, &tenant.name]);
    }
    run(&["set", &tenant.name, "new_mode=warn", "new_number=1"]);
    run(&["expect", &tenant.name, "1"]);
    for name in ["five", "six", "seven"] {
        tenant.client().post("/Users", &user(name)).await.expect(201);
    }
}

async fn lose_an_administrator(system: &System, tenant: &Tenant) {
    let id = tenant.client().post("/Users", &user("boss")).await.expect(201).id();
    system.tenantry(&["tenant", "set", &tenant.name, "administrator={\"user\":\"boss\"}"]).expect(0);
    tenant.client().delete(&format!("/Users/{id}")).await.expect(204);
}

on_both! {
    /// One event of every documented type, and none of another.
    async fn every_type_of_event_has_its_documented_form(database: Database) {
        let system = System::start(database).await;
        let (tenant, ending) = (system.tenant("formed"), system.tenant("formed"));
        system.tenantry(&["token", "issue", &ending.name, "--for", "86401s"]).expect(0);
        change_users_and_groups(&tenant).await;
        trip_a_breaker(&system, &tenant).await;
        lose_an_administrator(&system, &tenant).await;
        change_tokens_and_clients(&system, &tenant);
        // What ends soon is told at the next start.
        let soon = OffsetDateTime::now_utc() + time::Duration::milliseconds(1100);
        until("the last day to begin", async || (OffsetDateTime::now_utc() > soon).then_some(())).await;
        assert!(system.server().stop().await.success());
        let sooner = "UPDATE oauth_secrets SET created_ms = created_ms - 604800000, expires_ms = expires_ms - 604800000";
        system.server().change_rows(sooner).await;
        system.server().start_again().await;
        let all = || [system.all_events(&tenant, 0), system.all_events(&ending, 0)].concat();
        let mut expected = documented();
        expected.retain(|kind| !OF_STORES.contains(&kind.as_str()));
        until("an event of every type", async || (types(&all()).len() >= expected.len()).then_some(())).await;
        assert_eq!(types(&all()), expected);
        assert_eq!(wrong(&all()), Vec::<String>::new());
    }

    /// Nothing that a client said of a user is missing, but the password.
    async fn an_event_has_all_that_a_client_provisioned(system) {
        let tenant = system.tenant("full");
        let boss = tenant.client().post("/Users", &user("boss")).await.expect(201).id();
        let body = full_user(&boss);
        tenant.client().post("/Users", &body).await.expect(201);
        let event = system.events(&tenant, 0).pop().expect("an event");
        assert_eq!(wrong(std::slice::from_ref(&event)), Vec::<String>::new());
        let (mut sent, mut told) = (BTreeSet::new(), BTreeSet::new());
        texts(&body, &mut sent);
        texts(&event["data"]["user"], &mut told);
        for text in [urn::USER, urn::ENTERPRISE, "hunter2-of-full"] {
            sent.remove(text);
        }
        let missing: Vec<&String> = sent.difference(&told).collect();
        assert!(missing.is_empty(), "{missing:?} of {event}");
        assert_eq!(event["data"]["changed"], json!([{ "path": "password" }]));
    }
}

/// The strict form sees what is wrong, so that it can be relied on.
#[test]
fn what_is_not_documented_is_noticed() {
    let event = json!({
        "specversion": "1.0", "id": "01890a5d-ac96-774b-bcce-b302099a8057", "source": "/tenants/acme", "type": "group.updated",
        "subject": "Groups/01890a5d-ac96-774b-bcce-b302099a8057", "time": "2026-01-31T10:00:00Z", "sequence": 7,
        "datacontenttype": "application/json", "dataschema": "urn:tenantry:event:1",
        "data": {
            "group": { "id": "01890a5d-ac96-774b-bcce-b302099a8057", "displayName": "Lab", "custom": {} },
            "members": { "added": [], "removed": [] }, "version": 2, "changed": [], "client": "okta", "requestId": "r",
        },
    });
    assert_eq!(wrong(std::slice::from_ref(&event)), Vec::<String>::new());
    let spoiled = |spoil: fn(&mut Value)| {
        let mut spoiled = event.clone();
        spoil(&mut spoiled);
        !wrong(&[spoiled]).is_empty()
    };
    assert!(spoiled(|event| event["extra"] = json!(1)));
    assert!(spoiled(|event| event["data"]["extra"] = json!(1)));
    assert!(spoiled(|event| event["data"]["group"]["extra"] = json!(1)));
    assert!(spoiled(|event| event["data"]["members"]["added"] = json!([{ "id": "no id" }])));
    assert!(spoiled(|event| event["time"] = json!("yesterday")));
    assert!(spoiled(|event| event["type"] = json!("user.updated")), "a group is no user");
    assert!(spoiled(|event| drop(event["data"].as_object_mut().expect("data").shift_remove("changed"))));
    assert!(spoiled(|event| event["type"] = json!("group.promoted")), "no such type");
}

#[test]
fn the_examples_are_events() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/events/README.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let examples = page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let examples: Vec<Value> = examples.map(|example| serde_json::from_str(example).expect("JSON")).collect();
    assert_eq!(examples.len(), 2);
    assert_eq!(wrong(&examples), Vec::<String>::new());
}

/// Both documents name the same types, and only one of them holds the forms.
#[test]
fn the_documents_agree() {
    let schema = read("event.schema.json");
    let branches = schema["allOf"].as_array().expect("branches");
    let named =
        branches.iter().flat_map(|branch| branch["if"]["properties"]["type"]["enum"].as_array().expect("types"));
    let named: BTreeSet<String> = named.map(|kind| kind.as_str().expect("a type").to_owned()).collect();
    assert_eq!(named, documented());
}
