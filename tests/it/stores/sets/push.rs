//! A receiver that is called (RFC 8935).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{AUDIENCE, PREFIX, check_whole, issuer, keys, once, payload, replayed, start, stream, verified};
use crate::stores::webhook::receiver::{Manner, Receiver};
use crate::stores::{State, a_days_work, add_store, caught_up, kill_under_load, rounds, show_store, text};
use crate::support::{System, Tenant, group, patch_one, until, user};

/// Adds a stream to a receiver, which tries again each second.
fn add(system: &System, tenant: &Tenant, (name, content): (&str, &str), receiver: &Receiver, settings: &[&str]) {
    let (own, url) = (stream(tenant, content), receiver.url());
    let mut all = vec!["--from-start", "retry_seconds=[1]", url.as_str()];
    all.extend(own.iter().map(String::as_str));
    all.extend(settings);
    add_store(system, tenant, name, "set_push", &all);
}

fn tokens(receiver: &Receiver) -> Vec<Value> {
    receiver.taken().into_iter().flat_map(|delivery| delivery.events).collect()
}

fn claims(tenant: &Tenant, receiver: &Receiver) -> Vec<Value> {
    verified(tenant, &tokens(receiver))
}

async fn failing(system: &System, tenant: &Tenant, name: &str, words: &str) -> Value {
    until(&format!("the failure \"{words}\""), async || {
        let store = show_store(system, tenant, name);
        store["error"].as_str().is_some_and(|error| error.contains(words)).then_some(store)
    })
    .await
}

fn answer(status: &str, body: &str) -> Manner {
    Manner::Say(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

on_both! {
    /// Any number of streams, each signed so that the library of receivers verifies it, whole and in order; one has names and one has values.
    async fn tokens_come_signed_and_in_order(database: Database) {
        let system = start(database).await;
        let (tenant, other) = (system.tenant("streamed"), system.tenant("other"));
        let (notices, full) = (Receiver::start().await, Receiver::start().await);
        add(&system, &tenant, ("notices", "notice"), &notices, &[r#"headers={"Authorization":"Bearer of-theirs"}"#]);
        add(&system, &tenant, ("full", "full"), &full, &[]);
        a_days_work(&tenant).await;
        a_days_work(&other).await;
        caught_up(&system, &tenant, "notices").await;
        caught_up(&system, &tenant, "full").await;
        let told = claims(&tenant, &full);
        check_whole(&system, &tenant, &told);
        assert_eq!(replayed(&told), State::of_directory(&tenant).await);
        let told = claims(&tenant, &notices);
        check_whole(&system, &tenant, &told);
        let kinds: BTreeSet<&str> = told.iter().flat_map(|set| set["events"].as_object().expect("events").keys())
            .filter_map(|uri| uri.strip_prefix(PREFIX)).collect();
        let expected = ["prov:create:notice", "prov:deactivate", "prov:delete", "prov:patch:notice"];
        assert_eq!(kinds, BTreeSet::from(expected));
        for set in &told {
            assert_eq!((&set["iss"], &set["aud"]), (&json!(issuer(&tenant)), &json!([AUDIENCE])));
            assert!(set["txn"].is_string() && set["toe"].is_i64(), "{set}");
        }
        for delivery in notices.taken() {
            assert_eq!(delivery.authorization.as_deref(), Some("Bearer of-theirs"));
        }
        assert!(!show_store(&system, &tenant, "notices").to_string().contains("of-theirs"));
        assert!(!system.server().log().contains("of-theirs"));
    }

    /// What was sent whole is told as a PUT, and a password only by its name.
    async fn a_put_is_told_as_one_and_no_password_is_told(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("streamed");
        let receiver = Receiver::start().await;
        add(&system, &tenant, ("full", "full"), &receiver, &[]);
        let mut ada = user("ada");
        ada["password"] = json!("hunter2 hunter2");
        let id = tenant.client().post("/Users", &ada).await.expect(201).id();
        ada["title"] = json!("Lead");
        tenant.client().put(&format!("/Users/{id}"), &ada).await.expect(200);
        tenant.client().patch(&format!("/Users/{id}"), &patch_one("replace", "password", json!("hunter2 hunter3"))).await.expect(200);
        caught_up(&system, &tenant, "full").await;
        let told = claims(&tenant, &receiver);
        let put = payload(&told[1], "prov:put:full").expect("a PUT");
        assert_eq!((&put["data"]["title"], &put["data"]["id"]), (&json!("Lead"), &json!(id)));
        assert_eq!(payload(&told[2], "prov:patch:notice").expect("a notice")["attributes"], json!(["password"]));
        assert!(!json!(told).to_string().contains("hunter2"), "{told:?}");
    }

    /// A new stream begins with what there is.
    async fn a_new_stream_is_told_who_is_in_it(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("streamed");
        a_days_work(&tenant).await;
        let receiver = Receiver::start().await;
        let (url, own) = (receiver.url(), stream(&tenant, "notice"));
        let settings: Vec<&str> = own.iter().map(String::as_str).chain([url.as_str()]).collect();
        add_store(&system, &tenant, "stream", "set_push", &settings);
        caught_up(&system, &tenant, "stream").await;
        let told = claims(&tenant, &receiver);
        let added = told.iter().filter(|set| payload(set, "feed:add").is_some());
        let added: BTreeSet<String> = added.map(|set| text(&set["sub_id"]["uri"])).collect();
        let State { users, groups } = State::of_directory(&tenant).await;
        let there = users.keys().map(|id| format!("/Users/{id}")).chain(groups.keys().map(|id| format!("/Groups/{id}")));
        assert_eq!(added, there.collect());
    }

    /// Whatever a receiver does, the store says so, keeps what it has for it, and goes on when it is well.
    async fn a_receiver_that_fails_gets_every_token_later(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("streamed");
        let receiver = Receiver::start().await;
        add(&system, &tenant, ("stream", "full"), &receiver, &["timeout_seconds=1"]);
        let refusal = r#"{"err":"invalid_audience","description":"not for ada@acme.example"}"#;
        for (number, (manner, words)) in [
            (answer("400 Bad Request", refusal), "refuses the token: invalid_audience not for …"),
            (answer("400 Bad Request", "no"), "answers 400: no"),
            (answer("200 OK", ""), "answers 200; a security event token is taken with 202"),
            (answer("503 Busy", ""), "answers 503"),
            (Manner::Say("220 mail.example ESMTP\r\n".to_owned()), "cannot be reached"),
            (Manner::Hang, "no answer in time"),
        ].into_iter().enumerate() {
            receiver.behave(manner);
            tenant.client().post("/Users", &user(&format!("ada-{number}"))).await.expect(201);
            failing(&system, &tenant, "stream", words).await;
            receiver.behave(Manner::Take);
            caught_up(&system, &tenant, "stream").await;
        }
        receiver.stop().await;
        a_days_work(&tenant).await;
        failing(&system, &tenant, "stream", "cannot be reached").await;
        receiver.behave(Manner::Slowly(Duration::from_millis(20)));
        receiver.start_again().await;
        caught_up(&system, &tenant, "stream").await;
        let told = claims(&tenant, &receiver);
        check_whole(&system, &tenant, &told);
        assert_eq!(replayed(&once(&told)), State::of_directory(&tenant).await);
    }

    /// Whenever the server is killed, nothing is missing or out of order, and what comes twice has the same id.
    async fn a_killed_server_leaves_no_gap_in_a_stream(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("streamed");
        let receiver = Receiver::start().await;
        add(&system, &tenant, ("stream", "full"), &receiver, &[]);
        for round in 0..rounds() {
            kill_under_load(&system, &tenant, round).await;
        }
        caught_up(&system, &tenant, "stream").await;
        let told = claims(&tenant, &receiver);
        check_whole(&system, &tenant, &told);
        assert_eq!(replayed(&once(&told)), State::of_directory(&tenant).await);
    }

    /// Tokens are signed with the new key as soon as it signs; the old one is published until it is retired.
    async fn a_rotated_key_signs_and_the_old_one_verifies_until_it_is_retired(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("streamed");
        let receiver = Receiver::start().await;
        add(&system, &tenant, ("stream", "notice"), &receiver, &[]);
        tenant.client().post("/Users", &user("ada")).await.expect(201);
        caught_up(&system, &tenant, "stream").await;
        let listed = system.tenantry(&["key", "list", "--json"]).expect(0).json();
        let old = text(&listed["keys"][0]["id"]);
        system.tenantry(&["key", "rotate"]).expect(0);
        tenant.client().post("/Users", &user("bob")).await.expect(201);
        caught_up(&system, &tenant, "stream").await;
        let told = claims(&tenant, &receiver);
        let signed: Vec<String> = told.iter().map(|set| text(&set["header"]["kid"])).collect();
        assert!(signed[0].starts_with(&format!("{old}-")) && !signed[1].starts_with(&old), "{signed:?}");
        let published = async || {
            let answer = reqwest::get(keys(&tenant)).await.expect("an answer");
            assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
            let keys: Value = answer.json().await.expect("JSON");
            keys["keys"].as_array().expect("keys").iter().map(|key| text(&key["kid"])).collect::<Vec<_>>()
        };
        assert_eq!(published().await, [signed[1].clone(), signed[0].clone()]);
        system.tenantry(&["key", "retire", &old, "--force"]).expect(0);
        assert_eq!(published().await, [signed[1].clone()]);
    }

    /// Each tenant has keys of its own, at the address of the tenant, and one that does not exist has some, too.
    async fn keys_tell_nobody_which_tenants_there_are(system) {
        let (tenant, other) = (system.tenant("streamed"), system.tenant("other"));
        let unknown = Tenant { base_url: tenant.base_url.replace(&tenant.name, "nobody"), ..tenant.clone() };
        let mut ids = BTreeSet::new();
        for tenant in [&tenant, &other, &unknown] {
            let found: Value = reqwest::get(keys(tenant)).await.expect("an answer").json().await.expect("JSON");
            let key = &found["keys"][0];
            assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("EC"), &json!("P-256"), &json!("ES256")));
            assert_eq!(key.get("d"), None);
            ids.insert(text(&key["kid"]));
            let address = keys(tenant);
            let (_, path) = address.split_once("/t/").expect("a path");
            let from_feed: Value = reqwest::get(format!("{}/t/{path}", system.server().feed())).await.expect("an answer").json().await.expect("JSON");
            assert_eq!(from_feed, found);
        }
        assert_eq!(ids.len(), 3);
        let metadata = tenant.base_url.replace("/t/", "/.well-known/oauth-authorization-server/t/");
        let metadata: Value = reqwest::get(metadata).await.expect("an answer").json().await.expect("JSON");
        assert_eq!(metadata["jwks_uri"], json!(keys(&tenant)));
    }

    /// A test sends a token that tells nothing; addresses of this machine are not called unless the operator allows it.
    async fn a_test_is_signed_and_reaches_only_public_addresses(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("streamed");
        let receiver = Receiver::start().await;
        add(&system, &tenant, ("stream", "notice"), &receiver, &[]);
        system.tenantry(&["store", "test", &tenant.name, "stream"]).expect(0);
        let told = claims(&tenant, &receiver);
        assert_eq!(told[0]["sub_id"]["format"], "opaque");
        assert!(told[0]["events"]["https://schemas.openid.net/secevent/ssf/event-type/verification"].is_object());
        let guarded = System::shared(database).await;
        let tenant = guarded.tenant("streamed");
        let own = stream(&tenant, "notice");
        let url = format!("url=https://localhost:{}/hook", receiver.port());
        let settings: Vec<&str> = own.iter().map(String::as_str).chain([url.as_str()]).collect();
        add_store(&guarded, &tenant, "stream", "set_push", &settings);
        let told = guarded.tenantry(&["store", "test", &tenant.name, "stream"]);
        assert!(told.stderr.contains("has no public address"), "{}", told.stderr);
        let wrong = ["store", "add", &tenant.name, "wrong", "--kind", "set_push", "url=https://example.com/", "audience=x"];
        let refused = guarded.tenantry(&wrong).expect(2);
        assert!(refused.stderr.contains("issuer is missing"), "{}", refused.stderr);
        tenant.client().post("/Groups", &group("team", &[])).await.expect(201);
        assert_eq!(receiver.asked(), 1);
    }
}
