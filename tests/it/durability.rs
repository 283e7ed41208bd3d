//! What was answered is there, whatever happens to the process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Client, Request, System, Tenant, added_member, group, until, user};

const ROUNDS: u32 = 20;
const CLIENTS: usize = 8;

on_both! {
    /// `kill -9` in the middle of writes, twenty times.
    async fn a_killed_server_loses_no_answered_write_and_no_event(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("durable");
        let group_id = tenant.client().post("/Groups", &group("Survivors", &[])).await.expect(201).id();
        let mut answered: BTreeMap<String, String> = BTreeMap::new();
        for round in 0..ROUNDS {
            let written = write_until_killed(&system, &tenant, &group_id, round).await;
            answered.extend(written);
            system.server().start_again().await;
            check(&tenant.client(), &group_id, &answered).await;
        }
        let events = system.all_events(&tenant, 0);
        check_events(&events, &answered);
        check_state(&tenant.client(), &group_id, &events).await;
    }
}

/// Clients write as fast as they can; once enough was answered the server is killed. What was answered: id and name.
async fn write_until_killed(system: &System, tenant: &Tenant, group_id: &str, round: u32) -> BTreeMap<String, String> {
    let count = Arc::new(AtomicU32::new(0));
    let mut writers = JoinSet::new();
    for number in 0..CLIENTS {
        writers.spawn(write(tenant.client(), group_id.to_owned(), format!("r{round}-c{number}"), Arc::clone(&count)));
    }
    // Another moment each round.
    let enough = 10 + round * 3;
    until("enough answers", async || (count.load(Ordering::SeqCst) >= enough).then_some(())).await;
    system.server().kill();
    writers.join_all().await.into_iter().flatten().collect()
}

/// Creates users and puts each into the group, until the server is gone.
async fn write(client: Client, group_id: String, prefix: String, count: Arc<AtomicU32>) -> Vec<(String, String)> {
    let mut answered = Vec::new();
    for number in 0.. {
        let name = format!("{prefix}-{number}");
        let Some(created) = client.try_send(Request::new("POST", "/Users").json(&user(&name))).await else { break };
        let id = created.expect(201).id();
        answered.push((id.clone(), name));
        count.fetch_add(1, Ordering::SeqCst);
        let add = Request::new("PATCH", format!("/Groups/{group_id}")).json(&added_member(&id));
        let Some(added) = client.try_send(add).await else { break };
        assert!(matches!(added.status, 200 | 204), "{added:?}");
        count.fetch_add(1, Ordering::SeqCst);
    }
    answered
}

async fn check(client: &Client, group_id: &str, answered: &BTreeMap<String, String>) {
    let members = client.get(&format!("/Groups/{group_id}")).await.expect(200).members();
    let mut without = 0;
    for (id, name) in answered {
        let found = client.get(&format!("/Users/{id}")).await.expect(200);
        assert_eq!(found.body["userName"], json!(name), "an answered user is as it was answered");
        without += u32::from(!members.contains(id));
    }
    // The last membership of each client and round may not have been answered.
    assert!(without <= ROUNDS * u32::try_from(CLIENTS).expect("few"), "{without} memberships are lost");
    for member in &members {
        client.get(&format!("/Users/{member}")).await.expect(200);
    }
}

fn check_events(events: &[Value], answered: &BTreeMap<String, String>) {
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence"], json!(number + 1), "numbers have no gaps");
    }
    let created: BTreeMap<&str, &Value> = events
        .iter()
        .filter(|event| event["type"] == "user.created")
        .map(|event| (event["subject"].as_str().expect("a subject"), event))
        .collect();
    for (id, name) in answered {
        let event = created.get(format!("Users/{id}").as_str()).unwrap_or_else(|| panic!("no event for {id}"));
        assert_eq!(event["data"]["user"]["userName"], json!(name));
    }
}

/// The directory is exactly what the events tell, also where an answer was lost with the process.
async fn check_state(client: &Client, group_id: &str, events: &[Value]) {
    let created = events.iter().filter(|event| event["type"] == "user.created").count();
    assert_eq!(client.get("/Users?count=0").await.expect(200).total(), u64::try_from(created).expect("few"));
    let added = events.iter().filter(|event| event["type"] == "group.member_added");
    let mut told: Vec<String> = added
        .flat_map(|event| event["data"]["members"]["added"].as_array().expect("members"))
        .map(|member| member["id"].as_str().expect("an id").to_owned())
        .collect();
    let mut members = client.get(&format!("/Groups/{group_id}")).await.expect(200).members();
    told.sort();
    members.sort();
    assert_eq!(members, told);
}
