//! Somebody's HTTP server, which verifies what it gets.

mod failures;
pub(super) mod receiver;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{State, a_days_work, add_store, caught_up, kill_under_load, replayed, rounds, show_store, text};
use crate::support::{Database, System, Tenant};
use receiver::{Delivery, Receiver, SECRET};

const ALLOWED: [(&str, &str); 1] = [("TENANTRY_STORES__ALLOW_PRIVATE", "true")];

/// A server whose stores may be on this machine.
async fn start(database: Database) -> System {
    System::start_unlimited_with(database, &ALLOWED).await
}

/// Adds a webhook with the secret of both sides, which tries again each second.
fn add(system: &System, tenant: &Tenant, name: &str, settings: &[&str]) -> Value {
    let secret = format!("secret={SECRET}");
    let all = [&["--from-start", "retry_seconds=[1]", secret.as_str()], settings].concat();
    add_store(system, tenant, name, "webhook", &all)
}

fn numbers(events: &[Value]) -> Vec<i64> {
    events.iter().map(|event| event["sequence"].as_i64().expect("a number")).collect()
}

/// What a receiver makes of what it got, if it passes over what it has had.
fn once(deliveries: &[Delivery]) -> Vec<Value> {
    let mut known = BTreeSet::new();
    let all = deliveries.iter().flat_map(|delivery| &delivery.events);
    all.filter(|event| known.insert(text(&event["id"]))).cloned().collect()
}

/// Everything that was told to stores, in order, and leading to the directory.
async fn check(system: &System, tenant: &Tenant, receiver: &Receiver) {
    let events = once(&receiver.taken());
    assert_eq!(events, system.events(tenant, 0), "all events in their order");
    assert_eq!(replayed(&events), State::of_directory(tenant).await);
}

on_both! {
    /// One event a request, or many; each is signed so that the library of receivers verifies it.
    async fn events_come_signed_and_in_order(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let (single, batched) = (Receiver::start().await, Receiver::start().await);
        add(&system, &tenant, "single", &[&single.url(), r#"headers={"Authorization":"Bearer of-theirs"}"#]);
        add(&system, &tenant, "batched", &[&batched.url(), "batched=true"]);
        a_days_work(&tenant).await;
        for (name, receiver) in [("single", &single), ("batched", &batched)] {
            caught_up(&system, &tenant, name).await;
            check(&system, &tenant, receiver).await;
        }
        for delivery in single.taken() {
            assert_eq!(delivery.content_type, "application/cloudevents+json");
            assert_eq!(delivery.authorization.as_deref(), Some("Bearer of-theirs"));
            assert_eq!(delivery.id, text(&delivery.events[0]["id"]));
        }
        for delivery in batched.taken() {
            assert_eq!(delivery.content_type, "application/cloudevents-batch+json");
            assert!(delivery.id.starts_with("batch_"), "{}", delivery.id);
        }
        assert_eq!(single.asked(), u32::try_from(single.taken().len()).expect("a number"), "nothing was sent twice");
        let shown = show_store(&system, &tenant, "single").to_string();
        assert!(!shown.contains("whsec_") && !shown.contains("of-theirs"), "{shown}");
        assert!(!system.server().log().contains("of-theirs"));
    }

    /// Whoever gives no secret gets one, once.
    async fn a_secret_is_made_and_shown_once(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let receiver = Receiver::start().await;
        let added = add_store(&system, &tenant, "hook", "webhook", &["--from-start", "retry_seconds=[1]", &receiver.url()]);
        let secret = text(&added["secrets"]["secret"]);
        receiver.trust(&secret);
        a_days_work(&tenant).await;
        caught_up(&system, &tenant, "hook").await;
        check(&system, &tenant, &receiver).await;
        let shown = show_store(&system, &tenant, "hook");
        assert_eq!(shown["secrets"], Value::Null);
        assert!(!shown.to_string().contains(&secret));
    }

    /// While one secret takes the place of another, receivers with either of them verify.
    async fn two_secrets_are_valid_while_one_takes_the_place_of_the_other(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let old = "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk";
        let (knows_new, knows_old) = (Receiver::start().await, Receiver::start().await);
        knows_old.trust(old);
        let previous = format!("previous_secret={old}");
        add(&system, &tenant, "new", &[&knows_new.url(), &previous]);
        add(&system, &tenant, "old", &[&knows_old.url(), &previous]);
        a_days_work(&tenant).await;
        for (name, receiver) in [("new", &knows_new), ("old", &knows_old)] {
            caught_up(&system, &tenant, name).await;
            check(&system, &tenant, receiver).await;
        }
    }

    /// Whenever the server is killed, nothing is missing or out of order, and what comes twice has the same id.
    async fn a_killed_server_leaves_no_gap_at_its_receivers(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let (single, batched) = (Receiver::start().await, Receiver::start().await);
        add(&system, &tenant, "single", &[&single.url()]);
        add(&system, &tenant, "batched", &[&batched.url(), "batched=true"]);
        for round in 0..rounds() {
            kill_under_load(&system, &tenant, round).await;
        }
        for (name, receiver) in [("single", &single), ("batched", &batched)] {
            caught_up(&system, &tenant, name).await;
            check(&system, &tenant, receiver).await;
        }
        for delivery in single.taken() {
            assert_eq!(delivery.id, text(&delivery.events[0]["id"]));
        }
        let mut known = std::collections::BTreeMap::new();
        for Delivery { id, events, .. } in batched.taken() {
            let first = known.entry(id).or_insert_with(|| numbers(&events));
            assert_eq!(*first, numbers(&events), "the same id is the same events");
        }
    }
}
