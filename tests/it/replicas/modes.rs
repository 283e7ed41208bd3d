//! Every way in which a token, or an OAuth client, ends: in force everywhere when the command has returned, also on a replica
//! that has not heard of it.

use std::time::Instant;

use super::knocking::Knocking;
use crate::support::{Replicas, Request, Tenant, Trio, encode, until};

/// Runs a command at the second replica, while the third one is cut off and `ending` is in use everywhere: nobody is let in
/// with it any more when the command has returned.
async fn ends(trio: &Trio, ending: &Tenant, command: &[&str]) {
    let replicas = trio.replicas();
    let knocking = Knocking::start(replicas, ending);
    knocking.more(3, &[]).await;
    trio.cut_off();
    let began = Instant::now();
    replicas.of(1).tenantry(command).expect(0);
    let returned = Instant::now();
    assert!(knocking.let_in_between(2, began, returned) > 0, "{command:?}: the third replica went on by its lease");
    knocking.more(10, &[]).await;
    knocking.nobody_was_let_in_since(returned).await;
    trio.connect();
    until("the third replica", async || {
        let answer = replicas.client(2, ending).get("/ServiceProviderConfig").await;
        assert_ne!(answer.status, 200, "{command:?}");
        (answer.status != 503).then_some(())
    })
    .await;
}

/// The new token of a rotation in this mode.
fn issue(replicas: &Replicas, old: &Tenant, mode: &[&str]) -> Tenant {
    let arguments = [&["token", "issue", old.name.as_str(), "--json", "--mode"], mode].concat();
    let issued = replicas.of(0).tenantry(&arguments).expect(0).json();
    Tenant { token: issued["token"].as_str().expect("a token").to_owned(), ..old.clone() }
}

/// Each mode, completed, cancelled, revoked and overtaken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_every_mode_what_has_ended_is_accepted_by_no_replica() {
    let trio = Trio::start(1500).await;
    let replicas = trio.replicas();
    for (mode, verb, is_new_ended) in [
        (&["overlap", "--overlap", "2h"][..], "complete", false),
        (&["staged"], "complete", false),
        (&["staged"], "cancel", true),
        (&["first-use"], "complete", false),
        (&["overlap", "--overlap", "2h"], "revoke", true),
        (&["staged"], "issue", false),
    ] {
        let old = replicas.of(0).tenant("modes");
        let new = issue(replicas, &old, mode);
        let (ending, staying) = if is_new_ended { (&new, &old) } else { (&old, &new) };
        ends(&trio, ending, &["token", verb, &old.name]).await;
        if matches!(verb, "complete" | "cancel") {
            for number in 0..3 {
                replicas.client(number, staying).get("/ServiceProviderConfig").await.expect(200);
            }
        }
    }
}

/// An OAuth client that is switched off or deleted, and a secret that is revoked, take the access tokens along.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_an_oauth_client_or_secret_ends_its_access_tokens_on_every_replica() {
    let trio = Trio::start(1500).await;
    let replicas = trio.replicas();
    let tenant = replicas.of(0).tenant("oauth");
    let oauth = |arguments: &[&str]| {
        let all = [&["oauth"], arguments, &["--json"]].concat();
        replicas.of(0).tenantry(&all).expect(0).json()
    };
    for (number, verb) in ["secret revoke", "client disable", "client delete"].into_iter().enumerate() {
        let created = oauth(&["client", "create", &tenant.name, &format!("client-{number}")]);
        let id = created["client_id"].as_str().expect("an id").to_owned();
        let issued = oauth(&["secret", "issue", &tenant.name, &id]);
        let part = |name: &str| issued[name].as_str().expect("a text").to_owned();
        let form =
            format!("grant_type=client_credentials&client_id={id}&client_secret={}", encode(&part("client_secret")));
        let asked = Request::new("POST", part("token_endpoint")).body(form);
        let asked = asked.header("content-type", "application/x-www-form-urlencoded");
        let given = replicas.client(0, &tenant).without("authorization").send_any(asked).await.expect(200);
        let token = given.body["access_token"].as_str().expect("a token").to_owned();
        let secret = part("secret_id");
        let mut command = vec!["oauth"];
        command.extend(verb.split(' '));
        command.extend([tenant.name.as_str(), id.as_str()]);
        if verb == "secret revoke" {
            command.push(&secret);
        }
        ends(&trio, &Tenant { token, ..tenant.clone() }, &command).await;
        replicas.client(2, &tenant).get("/ServiceProviderConfig").await.expect(200);
    }
}
