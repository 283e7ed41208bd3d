//! Streams of security event tokens, which a receiver verifies with a library of Python and the published keys.

mod later;
mod poll;
mod push;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{State, text};
use crate::support::{Database, System, Tenant};

const ALLOWED: [(&str, &str); 1] = [("TENANTRY_STORES__ALLOW_PRIVATE", "true")];
const AUDIENCE: &str = "https://receiver.example";
const PREFIX: &str = "urn:ietf:params:scim:event:";

/// A server whose stores may be on this machine.
async fn start(database: Database) -> System {
    System::start_unlimited_with(database, &ALLOWED).await
}

fn issuer(tenant: &Tenant) -> String {
    format!("https://scim.example.com/t/{}", tenant.name)
}

/// The settings of a stream of this tenant.
fn stream(tenant: &Tenant, content: &str) -> Vec<String> {
    vec![format!("issuer={}", issuer(tenant)), format!("audience={AUDIENCE}"), format!("content={content}")]
}

/// Where the public keys of a tenant are.
fn keys(tenant: &Tenant) -> String {
    format!("{}/jwks.json", tenant.base_url.strip_suffix("/scim/v2").expect("a base URL"))
}

/// What tokens say, after they were verified.
fn verified(tenant: &Tenant, tokens: &[Value]) -> Vec<Value> {
    let python = std::env::var_os("TESTS_SETS").expect("run `tests/run`, which installs PyJWT");
    let mut verifier = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../support/sets.py"))
        .args([keys(tenant), issuer(tenant), AUDIENCE.to_owned()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the verifier");
    serde_json::to_writer(verifier.stdin.take().expect("its input"), tokens).expect("it reads all tokens");
    let output = verifier.wait_with_output().expect("its output");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("claims")
}

/// Those that one has not had before.
fn once(claims: &[Value]) -> Vec<Value> {
    let mut known = BTreeSet::new();
    claims.iter().filter(|set| known.insert(text(&set["jti"]))).cloned().collect()
}

/// All events of the tenant's log that make a token, in their order, and nothing else.
fn check_whole(system: &System, tenant: &Tenant, claims: &[Value]) {
    let ids: Vec<String> = once(claims).iter().map(|set| text(&set["jti"])).collect();
    let mut told = system.events(tenant, 0);
    // So many deletions trip the breaker, and of that there is no token.
    told.retain(|event| !text(&event["type"]).starts_with("breaker."));
    let told: Vec<String> = told.iter().map(|event| text(&event["id"])).collect();
    assert_eq!(ids, told, "all events in their order");
}

/// The payload of the event of a token whose URI begins so.
fn payload<'a>(set: &'a Value, start: &str) -> Option<&'a Value> {
    let events = set["events"].as_object().expect("events");
    events.iter().find(|(uri, _)| uri.starts_with(&format!("{PREFIX}{start}"))).map(|(_, payload)| payload)
}

/// What the tokens of a full stream lead to.
fn replayed(claims: &[Value]) -> State {
    let mut state = State::default();
    for set in claims {
        let uri = text(&set["sub_id"]["uri"]);
        let (is_user, id) = (uri.starts_with("/Users/"), uri.rsplit('/').next().unwrap_or_default());
        if payload(set, "prov:delete").is_some() {
            state.users.remove(id);
            state.groups.remove(id);
        }
        if let Some(told) = payload(set, "prov:create:full").or(payload(set, "prov:put:full")) {
            keep(&mut state, (is_user, id), &told["data"]);
        }
        if let Some(told) = payload(set, "prov:patch:full") {
            for operation in told["data"]["Operations"].as_array().expect("operations") {
                apply(&mut state, (is_user, id), operation);
            }
        }
    }
    state
}

fn keep(state: &mut State, (is_user, id): (bool, &str), data: &Value) {
    if is_user {
        let about = (text(&data["userName"]), data["active"] == true, data["title"].as_str().map(str::to_owned));
        state.users.insert(id.to_owned(), about);
    } else {
        let members = data["members"].as_array().into_iter().flatten().map(|member| text(&member["value"]));
        state.groups.insert(id.to_owned(), (text(&data["displayName"]), members.collect()));
    }
}

fn apply(state: &mut State, (is_user, id): (bool, &str), operation: &Value) {
    let (path, value) = (text(&operation["path"]), &operation["value"]);
    if is_user {
        let user = state.users.get_mut(id).expect("a user that was created");
        match path.as_str() {
            "userName" => user.0 = text(value),
            "active" => user.1 = *value == json!(true),
            "title" => user.2 = value.as_str().map(str::to_owned),
            _ => {}
        }
        return;
    }
    let group = state.groups.get_mut(id).expect("a group that was created");
    match path.as_str() {
        "displayName" => group.0 = text(value),
        "members" => group.1.extend(value.as_array().expect("members").iter().map(|member| text(&member["value"]))),
        _ => {
            let left = path.strip_prefix("members[value eq \"").and_then(|rest| rest.strip_suffix("\"]"));
            group.1.remove(left.expect("a member"));
        }
    }
}
