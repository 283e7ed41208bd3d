//! The first use of a token on one replica, while another one still goes by what it knows.

use std::time::{Duration, Instant};

use super::knocking::Knocking;
use crate::support::{Client, Replicas, Tenant, Trio, Wire, crowd, until};

/// For how long a replica goes by what it knows: long enough to be met at it.
const LEASE_MS: u32 = 2500;

/// A tenant whose new token waits for its first use: with the old token, and with the new one.
fn waiting(replicas: &Replicas) -> (Tenant, Tenant) {
    let old = replicas.of(0).tenant("first-use");
    let arguments = ["token", "issue", &old.name, "--mode", "first-use", "--json"];
    let issued = replicas.of(0).tenantry(&arguments).expect(0).json();
    let token = issued["token"].as_str().expect("a token").to_owned();
    (old.clone(), Tenant { token, ..old })
}

/// The states of the tokens, the newest first, as the second replica tells them.
fn states(replicas: &Replicas, tenant: &Tenant) -> Vec<String> {
    let listed = replicas.of(1).tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json();
    let tokens = listed["tokens"].as_array().expect("tokens").clone();
    tokens.iter().map(|token| token["state"].as_str().expect("a state").to_owned()).collect()
}

/// When the first of many requests with the new token was answered, sent to these replicas all at once.
async fn first_answer(replicas: &Replicas, new: &Tenant, at: &[usize]) -> Instant {
    let answered = crowd(6, |number| let_in(replicas.client(at[number % at.len()], new))).await;
    answered.into_iter().min().expect("an answer")
}

/// When the client was let in at last.
async fn let_in(client: Client) -> Instant {
    for _ in 0..1000 {
        let answer = client.get("/ServiceProviderConfig").await;
        if answer.status == 200 {
            return Instant::now();
        }
        assert!(answer.status == 503 && answer.header("retry-after").is_some(), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it was not let in");
}

/// Whichever replica a request with the new token comes to, it is answered when the old token is accepted nowhere: also
/// not by a replica that hears of nothing and has a lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_a_first_use_is_answered_anywhere_no_replica_accepts_the_old_token() {
    let trio = Trio::start(LEASE_MS).await;
    let replicas = trio.replicas();
    let (old, new) = waiting(replicas);
    let knocking = Knocking::start(replicas, &old);
    knocking.more(3, &[]).await;
    trio.cut_off();
    let began = Instant::now();
    let first = first_answer(replicas, &new, &[0, 1]).await;
    assert!(knocking.let_in_between(2, began, first) > 0, "the third replica went on by its lease");
    knocking.more(20, &[]).await;
    knocking.nobody_was_let_in_since(first).await;
    trio.connect();
    until("the third replica", async || {
        (replicas.client(2, &new).get("/ServiceProviderConfig").await.status == 200).then_some(())
    })
    .await;
    replicas.client(2, &old).get("/ServiceProviderConfig").await.expect(401);
    assert_eq!(states(replicas, &old), ["current", "superseded"]);
}

/// The replica that began it is killed half-way: whoever is asked next does not take its word for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_use_whose_replica_was_killed_is_brought_to_its_end_by_another() {
    let trio = Trio::start(LEASE_MS).await;
    let replicas = trio.replicas();
    let (old, new) = waiting(replicas);
    let knocking = Knocking::start(replicas, &old);
    knocking.more(3, &[]).await;
    trio.cut_off();
    let began = Instant::now();
    let mut wire = Wire::connect(replicas.of(0).server().port()).await;
    assert!(wire.send(request(&new)).await);
    until("the first change", async || (states(replicas, &old) == ["unused", "superseded"]).then_some(())).await;
    replicas.of(0).server().kill();
    let first = first_answer(replicas, &new, &[1]).await;
    assert!(knocking.let_in_between(2, began, first) > 0, "the third replica went on by its lease");
    knocking.more(20, &[0]).await;
    knocking.nobody_was_let_in_since(first).await;
    assert_eq!(states(replicas, &old), ["current", "superseded"]);
}

/// A client that does not wait for its answer does not leave it half done; nobody has to come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_use_whose_client_has_gone_comes_to_its_end() {
    let trio = Trio::start(1000).await;
    let replicas = trio.replicas();
    let (old, new) = waiting(replicas);
    trio.cut_off();
    let mut wire = Wire::connect(replicas.of(0).server().port()).await;
    assert!(wire.send(request(&new)).await);
    until("the first change", async || (states(replicas, &old) == ["unused", "superseded"]).then_some(())).await;
    drop(wire);
    until("the second change", async || (states(replicas, &old) == ["current", "superseded"]).then_some(())).await;
}

/// A command that comes in between waits, too: what it finds is never half of a rotation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_waits_for_a_first_use_under_way() {
    let trio = Trio::start(1000).await;
    let replicas = trio.replicas();
    let (old, new) = waiting(replicas);
    trio.cut_off();
    let mut wire = Wire::connect(replicas.of(0).server().port()).await;
    assert!(wire.send(request(&new)).await);
    until("the first change", async || (states(replicas, &old) == ["unused", "superseded"]).then_some(())).await;
    let refused = replicas.of(1).tenantry(&["token", "cancel", &old.name]).expect(4);
    assert!(refused.stderr.contains("is done: the old token has ended"), "{}", refused.stderr);
    assert_eq!(states(replicas, &old), ["current", "superseded"]);
    wire.answer().await.expect(200);
}

fn request(tenant: &Tenant) -> String {
    let Tenant { name, token, .. } = tenant;
    format!("GET /t/{name}/scim/v2/ServiceProviderConfig HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n")
}
