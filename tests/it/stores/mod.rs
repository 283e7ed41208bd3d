//! What a client does reaches the tenant's stores, whole and in order.

mod sql;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{System, Tenant, added_member, group, patch_one, until, user};

/// Adds a store of this kind.
pub(super) fn add_store(system: &System, tenant: &Tenant, name: &str, kind: &str, settings: &[&str]) -> Value {
    let arguments = [&["store", "add", &tenant.name, name, "--kind", kind, "--json"], settings].concat();
    system.tenantry(&arguments).expect(0).json()
}

/// The store as its operator sees it.
pub(super) fn show_store(system: &System, tenant: &Tenant, name: &str) -> Value {
    system.tenantry(&["store", "show", &tenant.name, name, "--json"]).expect(0).json()
}

/// Waits until the store has every event there is now.
pub(super) async fn caught_up(system: &System, tenant: &Tenant, name: &str) -> Value {
    until("the store to have everything", async || {
        let store = show_store(system, tenant, name);
        (store["lag"] == 0 && store["snapshot"] == false && store["attempts"] == 0).then_some(store)
    })
    .await
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
