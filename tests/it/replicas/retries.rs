//! A call whose answer is lost, because its server was killed, is made again.

use std::process::Stdio;
use std::time::Instant;

use super::knocking::Knocking;
use crate::support::{Client, Replicas, Request, Tenant, Trio, database, encode, until};

/// The server is killed after the commit and before the answer. The same call at another one issues no second token, and
/// it returns when the old one is accepted nowhere, as the first call would have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_repeated_after_a_kill_issues_one_token_and_is_as_strict() {
    let trio = Trio::start(2500).await;
    let replicas = trio.replicas();
    let old = replicas.of(0).tenant("killed");
    let knocking = Knocking::start(replicas, &old);
    knocking.more(3, &[]).await;
    trio.cut_off();
    let began = Instant::now();
    let arguments = ["token", "issue", &old.name, "--request-id", "call-1", "--json"];
    let mut call = replicas.of(0).server().program(&arguments).into_command();
    let mut call = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the call");
    until("the commit", async || (tokens(replicas).await == 2).then_some(())).await;
    replicas.of(0).server().kill();
    assert!(!call.wait().expect("its end").success(), "it was not answered");
    let again = replicas.of(1).tenantry(&arguments).expect(0).json();
    let returned = Instant::now();
    assert!(knocking.let_in_between(2, began, returned) > 0, "the third replica went on by its lease");
    knocking.more(20, &[0]).await;
    knocking.nobody_was_let_in_since(returned).await;
    assert_eq!((&again["repeated"], tokens(replicas).await), (&true.into(), 2));
    let new = Tenant { token: again["token"].as_str().expect("the token").to_owned(), ..old };
    trio.connect();
    for number in 1..3 {
        until("the new token", async || {
            (replicas.client(number, &new).get("/ServiceProviderConfig").await.status == 200).then_some(())
        })
        .await;
    }
}

/// The same for what ends a token and issues none: completing, cancelling and revoking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_a_token_is_repeated_after_a_kill_and_is_as_strict() {
    let trio = Trio::start(2500).await;
    let replicas = trio.replicas();
    for (verb, is_new_ended) in [("complete", false), ("cancel", true), ("revoke", true)] {
        let old = replicas.of(0).tenant("ended");
        let issued =
            replicas.of(0).tenantry(&["token", "issue", &old.name, "--mode", "staged", "--json"]).expect(0).json();
        let new = Tenant { token: issued["token"].as_str().expect("the token").to_owned(), ..old.clone() };
        let (ending, staying) = if is_new_ended { (&new, &old) } else { (&old, &new) };
        let knocking = Knocking::start(replicas, ending);
        knocking.more(3, &[]).await;
        trio.cut_off();
        let began = Instant::now();
        let arguments = ["token", verb, old.name.as_str(), "--json"];
        let mut call = replicas.of(0).server().program(&arguments).into_command();
        let mut call = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the call");
        let ended = format!(
            "SELECT k.id FROM tokens k JOIN tenants t ON t.id = k.tenant_id WHERE t.name = '{}' AND k.ended_ms IS NOT NULL",
            old.name
        );
        until("the commit", async || (!database::texts(replicas.url(), &ended).await.is_empty()).then_some(())).await;
        replicas.of(0).server().kill();
        assert!(!call.wait().expect("its end").success(), "{verb}: it was not answered");
        let again = replicas.of(1).tenantry(&arguments).expect(0).json();
        let returned = Instant::now();
        assert!(knocking.let_in_between(2, began, returned) > 0, "{verb}: the third replica went on by its lease");
        knocking.more(20, &[0]).await;
        knocking.nobody_was_let_in_since(returned).await;
        assert_eq!(replicas.of(1).tenantry(&arguments).expect(0).json(), again, "{verb}: once more");
        if verb != "revoke" {
            assert_eq!(again["token_id"], issued["token_id"], "{verb}: {again}");
        }
        trio.connect();
        replicas.of(0).server().start_again().await;
        let expected = if verb == "revoke" { 401 } else { 200 };
        for number in 0..3 {
            let answer = until("the third replica", async || {
                let answer = replicas.client(number, staying).get("/ServiceProviderConfig").await;
                (answer.status != 503).then_some(answer)
            })
            .await;
            assert_eq!(answer.status, expected, "{verb} at {number}: {}", answer.text);
            replicas.client(number, ending).get("/ServiceProviderConfig").await.expect(401);
        }
    }
}

/// The same for the deletion of an OAuth client: whoever asks again is told that there is none when it is let in nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_is_repeated_after_a_kill_is_as_strict() {
    let trio = Trio::start(2500).await;
    let replicas = trio.replicas();
    let tenant = replicas.of(0).tenant("killed");
    let oauth =
        |arguments: &[&str]| replicas.of(0).tenantry(&[&["oauth"], arguments, &["--json"]].concat()).expect(0).json();
    let client = oauth(&["client", "create", &tenant.name, "entra"])["client_id"].as_str().expect("an id").to_owned();
    let issued = oauth(&["secret", "issue", &tenant.name, &client]);
    let text = |name: &str| issued[name].as_str().expect("a text").to_owned();
    let form =
        format!("grant_type=client_credentials&client_id={client}&client_secret={}", encode(&text("client_secret")));
    let request = Request::new("POST", text("token_endpoint")).body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let given = Client::new("").send_any(request).await.expect(200);
    let access = Tenant { token: given.body["access_token"].as_str().expect("a token").to_owned(), ..tenant.clone() };
    let knocking = Knocking::start(replicas, &access);
    knocking.more(3, &[]).await;
    trio.cut_off();
    let began = Instant::now();
    let arguments = ["oauth", "client", "delete", tenant.name.as_str(), client.as_str()];
    let mut call = replicas.of(0).server().program(&arguments).into_command();
    let mut call = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the call");
    let clients = format!("SELECT CAST(id AS text) FROM oauth_clients WHERE CAST(id AS text) = '{client}'");
    until("the commit", async || database::texts(replicas.url(), &clients).await.is_empty().then_some(())).await;
    replicas.of(0).server().kill();
    assert!(!call.wait().expect("its end").success(), "it was not answered");
    assert_ne!(replicas.of(1).tenantry(&arguments).code, Some(0), "there is none any more");
    let returned = Instant::now();
    assert!(knocking.let_in_between(2, began, returned) > 0, "the third replica went on by its lease");
    knocking.more(20, &[0]).await;
    knocking.nobody_was_let_in_since(returned).await;
    trio.connect();
}

/// How many tokens there are of the tenant of this test.
async fn tokens(replicas: &Replicas) -> usize {
    let sql = "SELECT k.id FROM tokens k JOIN tenants t ON t.id = k.tenant_id WHERE t.name LIKE 'killed%'";
    database::texts(replicas.url(), sql).await.len()
}

/// A server is stopped in the middle of a change, with the lock that every change needs: the others go on without it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_stopped_in_the_middle_of_a_change_holds_up_nobody_for_long() {
    let replicas = Replicas::start(2, 1000).await;
    let (stuck, other) = (replicas.of(0).tenant("stuck"), replicas.of(0).tenant("other"));
    let held_up = database::hold_up(replicas.url()).await;
    let mut call = replicas.of(0).server().program(&["token", "issue", &stuck.name]).into_command();
    let mut call = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the call");
    let waits = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
                 AND query LIKE 'UPDATE deployment SET generation%'";
    until("the change to wait", async || (!database::texts(replicas.url(), waits).await.is_empty()).then_some(()))
        .await;
    replicas.of(0).server().signal("STOP");
    held_up.rollback().await.expect("to let go");
    let renewed = until("a change", async || {
        let arguments = ["token", "issue", other.name.as_str(), "--request-id", "one", "--json"];
        let issued = replicas.of(1).tenantry(&arguments);
        (issued.code == Some(0)).then(|| issued.json()["token"].as_str().expect("a token").to_owned())
    })
    .await;
    replicas.of(0).server().signal("CONT");
    assert!(!call.wait().expect("its end").success(), "its change was undone");
    let renewed = Tenant { token: renewed, ..other.clone() };
    for number in 0..2 {
        replicas.client(number, &other).get("/ServiceProviderConfig").await.expect(401);
        replicas.client(number, &renewed).get("/ServiceProviderConfig").await.expect(200);
        replicas.client(number, &stuck).get("/ServiceProviderConfig").await.expect(200);
    }
}
