//! Requests whose answers come as security event tokens, and what clients are told of streams (RFC 9967).

use serde_json::{Value, json};

use super::{payload, start, stream, verified};
use crate::event_form;
use crate::stores::webhook::receiver::{Manner, Receiver};
use crate::stores::{add_store, caught_up, text};
use crate::support::{Answer, Client, Request, System, Tenant, group, patch_one, until, user};

/// Adds a stream of notices to a receiver.
async fn add(system: &System, tenant: &Tenant, settings: &[&str]) -> Receiver {
    let receiver = Receiver::start().await;
    let (own, url) = (stream(tenant, "notice"), receiver.url());
    let mut all = vec!["retry_seconds=[1]", url.as_str()];
    all.extend(own.iter().map(String::as_str));
    all.extend(settings);
    add_store(system, tenant, "stream", "set_push", &all);
    // Before its snapshot is complete, a stream tells no results.
    caught_up(system, tenant, "stream").await;
    receiver
}

async fn later(client: &Client, request: Request) -> Answer {
    client.send_any(request.header("Prefer", "respond-async")).await
}

/// What is announced of streams, once it is this of asynchronous requests.
async fn announced(tenant: &Tenant, of_requests: &str) -> Value {
    until("streams to be announced", async || {
        let told = tenant.client().get("/ServiceProviderConfig").await.expect(200).body;
        Some(told["securityEvents"].clone()).filter(|events| events["asyncRequest"] == of_requests)
    })
    .await
}

/// What is told of a transaction.
fn end_of<'a>(told: &'a [Value], txn: &str) -> (&'a Value, &'a Value) {
    let ends = told.iter().filter(|set| set["txn"] == txn);
    let mut ends = ends.filter_map(|set| Some((set, payload(set, "misc:asyncresp")?)));
    let end = ends.next().unwrap_or_else(|| panic!("no end of {txn} in {told:?}"));
    assert_eq!(ends.next(), None, "told twice");
    end
}

on_both! {
    /// Who would rather not wait gets 202, and the result in the stream.
    async fn the_result_of_a_request_comes_in_the_stream(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("async");
        let receiver = add(&system, &tenant, &[]).await;
        let client = tenant.client();
        let created = later(&client, Request::new("POST", "/Users").json(&user("ada"))).await;
        assert_eq!((created.status, created.text.as_str()), (202, ""));
        assert_eq!(created.header("preference-applied"), Some("respond-async"));
        let location = created.header("location").expect("a location").to_owned();
        let path = location.strip_prefix(&tenant.base_url).expect("below the base URL").to_owned();
        let version = client.get(&path).await.expect(200).header("etag").expect("a tag").to_owned();
        let requests = [
            (Request::new("PATCH", path.as_str()).json(&patch_one("replace", "title", json!("Lead"))), "200", None),
            (Request::new("POST", "/Users").json(&user("ada")), "409", Some("uniqueness")),
            (Request::new("PUT", path.as_str()).body("{"), "400", Some("invalidSyntax")),
            (Request::new("DELETE", path.as_str()), "204", None),
            (Request::new("DELETE", path.as_str()), "404", None),
        ];
        let mut answers = Vec::new();
        for (request, status, scim_type) in requests {
            let answer = later(&client, request).await;
            assert_eq!(answer.status, 202, "{status}: {}", answer.text);
            answers.push((text(&json!(answer.header("set-txn"))), status, scim_type));
        }
        caught_up(&system, &tenant, "stream").await;
        let tokens: Vec<Value> = receiver.taken().into_iter().flat_map(|delivery| delivery.events).collect();
        let told = verified(&tenant, &tokens);
        let (set, end) = end_of(&told, created.header("set-txn").expect("a transaction"));
        assert_eq!(set["sub_id"], json!({ "format": "scim", "uri": path }));
        assert_eq!(*end, json!({ "method": "POST", "location": location, "version": version, "status": "201" }));
        let change = told.iter().find(|set| payload(set, "prov:create").is_some()).expect("the change");
        assert_eq!(change["txn"], set["txn"], "of the same transaction");
        for (txn, status, scim_type) in answers {
            let (_, end) = end_of(&told, &txn);
            assert_eq!(end["status"], status);
            let error = end.get("response");
            assert_eq!(error.is_some(), status.starts_with('4'), "{end}");
            assert_eq!(error.and_then(|error| error["scimType"].as_str()), scim_type, "{end}");
        }
        assert_eq!(event_form::wrong(&system.all_events(&tenant, 0)), Vec::<String>::new());
    }

    /// What was answered with 202 is told after whatever happens.
    async fn a_result_survives_a_killed_server(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("async");
        let receiver = add(&system, &tenant, &[]).await;
        receiver.behave(Manner::Hang);
        let mut transactions = Vec::new();
        for round in 0..3 {
            let name = format!("ada-{round}");
            let answer = later(&tenant.client(), Request::new("POST", "/Users").json(&user(&name))).await;
            transactions.push(answer.expect(202).header("set-txn").expect("a transaction").to_owned());
            system.server().kill();
            system.server().start_again().await;
        }
        receiver.behave(Manner::Take);
        receiver.stop().await;
        receiver.start_again().await;
        caught_up(&system, &tenant, "stream").await;
        let tokens: Vec<Value> = receiver.taken().into_iter().flat_map(|delivery| delivery.events).collect();
        let told = super::once(&verified(&tenant, &tokens));
        for txn in transactions {
            assert_eq!(end_of(&told, &txn).1["status"], "201");
        }
    }

    /// A tenant with streams announces them, to its own clients alone; without one nothing is announced or answered later.
    async fn streams_are_announced_where_there_are_any(database: Database) {
        let system = start(database).await;
        let (tenant, other) = (system.tenant("async"), system.tenant("other"));
        let _receiver = add(&system, &tenant, &[]).await;
        let events = announced(&tenant, "request").await;
        assert!(events["eventUris"].as_array().is_some_and(|uris| uris.contains(&json!("urn:ietf:params:scim:event:prov:create:notice"))), "{events}");
        let anonymous = Client::new(&tenant.base_url).get("/ServiceProviderConfig").await.expect(200);
        assert_eq!(anonymous.body.get("securityEvents"), None);
        let others = other.client().get("/ServiceProviderConfig").await.expect(200);
        assert_eq!(others.body.get("securityEvents"), None);
        later(&other.client(), Request::new("POST", "/Users").json(&user("ada"))).await.expect(201);
        // Who would wait for longer than it takes gets the answer; and nothing is told of what changes nothing.
        let patient = Request::new("POST", "/Users").json(&user("ada")).header("Prefer", "respond-async, wait=50");
        tenant.client().send_any(patient).await.expect(201);
        later(&tenant.client(), Request::new("GET", "/Users")).await.expect(200);
        system.tenantry(&["store", "set", &tenant.name, "stream", r#"types=["user.*"]"#, "content=full"]).expect(0);
        assert!(!announced(&tenant, "none").await.to_string().contains("asyncresp"));
        later(&tenant.client(), Request::new("POST", "/Groups").json(&group("team", &[]))).await.expect(201);
        system.tenantry(&["store", "delete", &tenant.name, "stream"]).expect(0);
        until("nothing to be announced", async || {
            let told = tenant.client().get("/ServiceProviderConfig").await.expect(200);
            told.body.get("securityEvents").is_none().then_some(())
        })
        .await;
    }
}
