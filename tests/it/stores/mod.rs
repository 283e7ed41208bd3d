//! What a client does reaches the tenant's stores, whole and in order.

mod amqp;
mod breaker;
mod broker;
mod drift;
mod file;
mod keys;
mod life;
mod may_act;
mod nats;
mod passwords;
mod pull;
mod redis_streams;
mod scim;
mod sets;
mod sql;
mod webhook;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinSet;

use crate::support::{Client, Request, System, Tenant, added_member, group, patch_one, until, user};

/// Adds a store of this kind.
pub(crate) fn add_store(system: &System, tenant: &Tenant, name: &str, kind: &str, settings: &[&str]) -> Value {
    let arguments = [&["store", "add", &tenant.name, name, "--kind", kind, "--json"], settings].concat();
    system.tenantry(&arguments).expect(0).json()
}

/// The store as its operator sees it.
pub(super) fn show_store(system: &System, tenant: &Tenant, name: &str) -> Value {
    system.tenantry(&["store", "show", &tenant.name, name, "--json"]).expect(0).json()
}

/// Waits until the store has every event there is now, for as long as it gets on.
pub(super) async fn caught_up(system: &System, tenant: &Tenant, name: &str) -> Value {
    let has_all = |store: &Value| store["lag"] == 0 && store["snapshot"] == false && store["attempts"] == 0;
    let mut before = Value::Null;
    loop {
        let store = until("the store to get more", async || {
            let store = show_store(system, tenant, name);
            (has_all(&store) || store["position"] != before).then_some(store)
        })
        .await;
        if has_all(&store) {
            return store;
        }
        before = store["position"].clone();
    }
}

/// What a client does in a day: users and groups come, change and go.
pub(super) async fn a_days_work(tenant: &Tenant) {
    let client = tenant.client();
    let mut ids = Vec::new();
    for name in ["ada", "bob", "cleo", "dan"] {
        ids.push(client.post("/Users", &user(name)).await.expect(201).id());
    }
    let team = client.post("/Groups", &group("team", &[&ids[0], &ids[1]])).await.expect(201).id();
    let crew = client.post("/Groups", &group("crew", &[])).await.expect(201).id();
    client.patch(&format!("/Groups/{team}"), &added_member(&ids[2])).await.expect(200);
    client.patch(&format!("/Users/{}", ids[0]), &patch_one("replace", "title", json!("Lead"))).await.expect(200);
    client.patch(&format!("/Users/{}", ids[1]), &patch_one("replace", "active", json!(false))).await.expect(200);
    client.patch(&format!("/Groups/{team}"), &patch_one("replace", "displayName", json!("the team"))).await.expect(200);
    client.delete(&format!("/Users/{}", ids[2])).await.expect(204);
    client.delete(&format!("/Groups/{crew}")).await.expect(204);
}

/// Users and groups with what is compared, by id.
#[derive(Debug, Default, PartialEq)]
pub(super) struct State {
    /// `userName`, `active`, `title`.
    pub(super) users: BTreeMap<String, (String, bool, Option<String>)>,
    /// `displayName` and the members' ids.
    pub(super) groups: BTreeMap<String, (String, BTreeSet<String>)>,
}

impl State {
    /// As the client sees the directory, all pages of it.
    pub(super) async fn of_directory(tenant: &Tenant) -> Self {
        let mut state = Self::default();
        for found in everything(tenant, "/Users").await {
            let title = found["title"].as_str().map(str::to_owned);
            let about = (text(&found["userName"]), found["active"] == true, title);
            state.users.insert(text(&found["id"]), about);
        }
        for found in everything(tenant, "/Groups").await {
            let members = found["members"].as_array().into_iter().flatten().map(|member| text(&member["value"]));
            state.groups.insert(text(&found["id"]), (text(&found["displayName"]), members.collect()));
        }
        state
    }
}

async fn everything(tenant: &Tenant, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    loop {
        let page = format!("{path}?startIndex={}&count=200", found.len() + 1);
        let answer = tenant.client().get(&page).await.expect(200);
        let resources = answer.body["Resources"].as_array().cloned().unwrap_or_default();
        if resources.is_empty() {
            return found;
        }
        found.extend(resources);
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// How often a server is killed in a test of what its stores have afterwards: `TESTS_ROUNDS`, or 5.
pub(super) fn rounds() -> u32 {
    let wanted = std::env::var_os("TESTS_ROUNDS").and_then(|rounds| rounds.into_string().ok());
    wanted.map_or(5, |rounds| rounds.parse().expect("TESTS_ROUNDS is a number"))
}

/// Clients change the directory as fast as they can, in a moment the server is killed, and it starts again.
pub(super) async fn kill_under_load(system: &System, tenant: &Tenant, round: u32) {
    let answered = Arc::new(AtomicU32::new(0));
    let mut clients = JoinSet::new();
    for number in 0..4 {
        let name = format!("round{round}-{number}");
        clients.spawn(change_until_gone(tenant.client(), name, Arc::clone(&answered)));
    }
    // Another moment each round.
    let enough = 20 + round * 11;
    until("enough answers", async || (answered.load(Ordering::SeqCst) >= enough).then_some(())).await;
    system.server().kill();
    clients.join_all().await;
    system.server().start_again().await;
}

/// Users come, join a group, change and go, until nobody answers any more.
async fn change_until_gone(client: Client, name: String, answered: Arc<AtomicU32>) {
    let mut group_id: Option<String> = None;
    for number in 0.. {
        let path = group_id.as_ref().map(|id| format!("/Groups/{id}"));
        let created = Request::new("POST", "/Users").json(&user(&format!("{name}-{number}")));
        let Some(created) = client.try_send(created).await else { return };
        let id = created.expect(201).id();
        let next = match &path {
            None => Request::new("POST", "/Groups").json(&group(&name, &[&id])),
            Some(path) => Request::new("PATCH", path.as_str()).json(&added_member(&id)),
        };
        let Some(joined) = client.try_send(next).await else { return };
        if group_id.is_none() {
            group_id = Some(joined.expect(201).id());
        }
        let last = match number % 3 {
            0 => Request::new("DELETE", format!("/Users/{id}")),
            _ => Request::new("PATCH", format!("/Users/{id}")).json(&patch_one("replace", "title", json!("changed"))),
        };
        if client.try_send(last).await.is_none() {
            return;
        }
        answered.fetch_add(1, Ordering::SeqCst);
    }
}

/// What events lead to, for stores that keep events alone. Each is one more than the one before.
pub(super) fn replayed(events: &[Value]) -> State {
    let mut state = State::default();
    for event in events {
        let data = &event["data"];
        match (event["type"].as_str().unwrap_or_default(), &data["user"], &data["group"]) {
            ("user.deleted", user, _) => drop(state.users.remove(&text(&user["id"]))),
            ("group.deleted", _, group) => drop(state.groups.remove(&text(&group["id"]))),
            (_, user, _) if user.is_object() => {
                let about =
                    (text(&user["userName"]), user["active"] == true, user["title"].as_str().map(str::to_owned));
                state.users.insert(text(&user["id"]), about);
            }
            (_, _, group) if group.is_object() => {
                let known = state.groups.entry(text(&group["id"])).or_default();
                known.0 = text(&group["displayName"]);
                let moved = |which: &str| data["members"][which].as_array().cloned().unwrap_or_default();
                known.1.extend(moved("added").iter().map(|member| text(&member["id"])));
                for member in moved("removed") {
                    known.1.remove(&text(&member["id"]));
                }
            }
            _ => {}
        }
    }
    state
}
