//! A client that ends too many users at once: it gets its answers, and the stores of its tenant wait for an operator.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::pull::Reader;
use super::{State, add_store, caught_up, replayed, show_store};
use crate::support::{Request, System, Tenant, patch_one, until, urn, user};

const MANY: usize = 1000;

/// One request with an operation for each of these.
async fn bulk(tenant: &Tenant, operations: Vec<Value>) -> Vec<Value> {
    let body = json!({ "schemas": [urn::BULK], "Operations": operations });
    let answer = tenant.client().send(Request::new("POST", "/Bulk").json(&body)).await.expect(200);
    answer.body["Operations"].as_array().cloned().expect("operations")
}

async fn create(tenant: &Tenant, count: usize) -> Vec<String> {
    let create = |n: usize| json!({ "method": "POST", "path": "/Users", "bulkId": format!("{n}"), "data": user(&format!("user-{n}")) });
    let done = bulk(tenant, (0..count).map(create).collect()).await;
    let id = |done: &Value| done["location"].as_str().and_then(|at| at.rsplit('/').next()).expect("an id").to_owned();
    done.iter().map(id).collect()
}

/// Deactivates or activates all with one request, and gives what the client was answered.
async fn switch(tenant: &Tenant, users: &[String], active: bool) -> BTreeSet<String> {
    let data = patch_one("replace", "active", json!(active));
    let one = |id: &String| json!({ "method": "PATCH", "path": format!("/Users/{id}"), "data": data });
    let done = bulk(tenant, users.iter().map(one).collect()).await;
    assert_eq!(done.len(), users.len());
    done.iter().map(|done| super::text(&done["status"])).collect()
}

fn breaker(system: &System, tenant: &Tenant, verb: &str) -> Value {
    system.tenantry(&["breaker", verb, &tenant.name, "--json"]).expect(0).json()
}

/// The lines of a file store.
fn lines(system: &System, tenant: &Tenant) -> Vec<Value> {
    let path = system.server().data_folder().join("stores").join(&tenant.name).join("lines.jsonl");
    let text = std::fs::read_to_string(path).expect("the file");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// How many of each type.
fn count(events: &[Value], event_type: &str) -> usize {
    events.iter().filter(|event| event["type"] == event_type).count()
}

async fn metric(system: &System, line: &str) {
    let url = format!("{}/metrics", system.server().operations());
    until(line, async || {
        let text = reqwest::get(&url).await.expect("the metrics").text().await.expect("their text");
        text.lines().any(|shown| shown == line).then_some(())
    })
    .await;
}

/// Everywhere where people look.
async fn check_told(system: &System, tenant: &Tenant) {
    let shown = breaker(system, tenant, "show");
    assert_eq!(
        (&shown["state"], &shown["held_events"], &shown["held_users"]),
        (&json!("held"), &json!(900), &json!(900))
    );
    let text = system.tenantry(&["tenant", "show", &tenant.name]).expect(0).stdout;
    assert!(text.contains("holds 900 events, with the end of 900 users"), "{text}");
    let text = system.tenantry(&["store", "list", &tenant.name]).expect(0).stdout;
    assert!(text.contains("held"), "{text}");
    metric(system, &format!("tenantry_breaker_state{{state=\"held\",tenant=\"{}\"}} 1", tenant.name)).await;
    metric(system, &format!("tenantry_breaker_held{{tenant=\"{}\"}} 900", tenant.name)).await;
    metric(system, &format!("tenantry_breaker_trips_total{{tenant=\"{}\"}} 1", tenant.name)).await;
    assert!(system.server().log().contains("the breaker of a tenant has tripped"), "the log");
}

on_both! {
    /// A thousand users in one request: the client notices nothing, the stores get what came before the alarm. Killed
    /// while it holds, the server goes on holding; released, everything comes once and in order.
    async fn a_mass_deactivation_is_held_until_it_is_released(database: Database) {
        let system = System::start(database).await;
        let (tenant, other) = (system.tenant("guarded"), system.tenant("other"));
        system.tenantry(&["breaker", "set", &tenant.name, "mode=hold", "number=100", "share=100"]).expect(0);
        for tenant in [&tenant, &other] {
            add_store(&system, tenant, "lines", "file", &["--from-start"]);
        }
        add_store(&system, &tenant, "users", "sql", &["url=sqlite://users.db", "--from-start"]);
        let reader = Reader::new(&system, &tenant, &[]);
        let (users, others) = (create(&tenant, MANY).await, create(&other, 50).await);
        assert_eq!(switch(&tenant, &users, false).await, BTreeSet::from(["200".to_owned()]));
        assert_eq!(switch(&other, &others[..5], false).await, BTreeSet::from(["200".to_owned()]));
        let client = tenant.client();
        assert_eq!(client.get(&format!("/Users/{}", users[999])).await.expect(200).body["active"], false);
        for store in ["lines", "users"] {
            let shown = caught_up(&system, &tenant, store).await;
            assert_eq!(shown["held"], 900, "{shown}");
        }
        caught_up(&system, &other, "lines").await;
        assert_eq!(count(&lines(&system, &other), "user.deactivated"), 5, "others are not held");
        check_told(&system, &tenant).await;
        let stream = reader.request("?after=0&limit=1000").header("accept", "text/event-stream");
        let mut stream = stream.send().await.expect("a stream");
        let mut told = String::new();
        while !told.contains("breaker.tripped") {
            told.push_str(std::str::from_utf8(&stream.chunk().await.expect("a chunk").expect("more")).expect("UTF-8"));
        }
        assert!(!told.contains("breaker.released"));

        system.server().kill();
        system.server().start_again().await;
        switch(&tenant, &users[..10], true).await;
        for store in ["lines", "users"] {
            let shown = caught_up(&system, &tenant, store).await;
            assert_eq!(shown["held"], 910, "{shown}");
        }
        for events in [lines(&system, &tenant), reader.all(1000).await] {
            assert_eq!((count(&events, "user.deactivated"), count(&events, "user.activated")), (100, 0));
            assert_eq!(events.last().expect("an event")["type"], "breaker.tripped");
            assert_eq!(crate::event_form::wrong(&events[events.len() - 1..]), Vec::<String>::new());
        }
        let refused = system.tenantry(&["store", "rebuild", &tenant.name, "users"]).expect(4);
        assert!(refused.stderr.contains("breaker release or discard"), "{}", refused.stderr);

        let released = breaker(&system, &tenant, "release");
        assert_eq!(released["released"], json!({ "events": 910, "users": 900, "new_users": 0, "discarded_events": 0 }));
        for store in ["lines", "users"] {
            until("the store to be free", async || (show_store(&system, &tenant, store)["held"] == 0).then_some(())).await;
            caught_up(&system, &tenant, store).await;
        }
        let events = system.events(&tenant, 0);
        assert_eq!(lines(&system, &tenant), events, "once and in order");
        assert_eq!(reader.all(1000).await, events);
        assert_eq!(replayed(&events), State::of_directory(&tenant).await);
    }

    /// The identity provider is put right while the events are held; discarded, its accident reaches no store.
    async fn a_discarded_accident_reaches_no_store(system) {
        let tenant = system.tenant("guarded");
        system.tenantry(&["breaker", "set", &tenant.name, "mode=hold", "number=2"]).expect(0);
        add_store(&system, &tenant, "lines", "file", &["--from-start"]);
        let reader = Reader::new(&system, &tenant, &[]);
        let users = create(&tenant, 30).await;
        switch(&tenant, &users, false).await;
        switch(&tenant, &users[..28], true).await;
        let text = system.tenantry(&["breaker", "discard", &tenant.name]).expect(0).stdout;
        assert!(text.contains("Released 56 events without 28 that told the end of 28 users."), "{text}");
        caught_up(&system, &tenant, "lines").await;
        for events in [lines(&system, &tenant), reader.all(1000).await] {
            assert_eq!((count(&events, "user.deactivated"), count(&events, "user.activated")), (2, 28));
            let state = replayed(&events);
            let active = users.iter().filter(|id| state.users[*id].1).count();
            assert_eq!(active, 30, "of the two that are not put right, the store has what it had before");
        }
        let rebuilt = system.tenantry(&["breaker", "release", &tenant.name]).expect(0).stdout;
        assert_eq!(rebuilt, "Nothing was held.\n");
    }

    /// As it is unless somebody sets it: told once, and nothing waits.
    async fn the_usual_breaker_only_warns_and_one_that_is_off_says_nothing(system) {
        let (tenant, off) = (system.tenant("warned"), system.tenant("off"));
        system.tenantry(&["breaker", "set", &off.name, "mode=off"]).expect(0);
        for (tenant, alarms) in [(&tenant, 1), (&off, 0)] {
            add_store(&system, tenant, "lines", "file", &["--from-start"]);
            let users = create(tenant, 40).await;
            switch(tenant, &users, false).await;
            caught_up(&system, tenant, "lines").await;
            let events = lines(&system, tenant);
            assert_eq!((count(&events, "user.deactivated"), count(&events, "breaker.tripped")), (40, alarms));
            assert_eq!(events, system.events(tenant, 0));
            let alarm = events.iter().position(|event| event["type"] == "breaker.tripped");
            assert_eq!(alarm.map(|place| count(&events[..place], "user.deactivated")), (alarms == 1).then_some(8));
        }
        assert_eq!(breaker(&system, &tenant, "show")["state"], "warned");
        assert_eq!(breaker(&system, &off, "show")["state"], "off");
    }
}
