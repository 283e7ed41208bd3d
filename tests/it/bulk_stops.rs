//! Bulk requests that cannot be brought to their end: what was not done is told operation by operation, and can be sent again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, Client, System, Tenant, group, until, urn, user};

on_both! {
    /// The database goes away in the middle. No further operation is tried, none that was not done is called done, and
    /// what is sent again is there in the end.
    async fn a_bulk_request_stops_when_its_database_goes_away(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant_with("away", &json!({ "write_per_second": 2, "write_burst": 1 }));
        let (client, body) = (tenant.client(), message(&operations(30)));
        let running = tokio::spawn(async move { client.post("/Bulk", &body).await });
        until("its first operation", async || (!system.events(&tenant, 0).is_empty()).then_some(())).await;
        let held_up = system.server().take_database_away(database).await;
        let answer = running.await.expect("an answer").expect(200);
        let done = check_stopped(&answer, 30);
        system.server().give_database_back(held_up).await;
        let users = until("to be served", async || {
            let page = tenant.client().get("/Users?count=100").await;
            (page.status == 200).then(|| page.total())
        })
        .await;
        let done_users = u64::try_from(done).expect("a number");
        // The one that got no answer may have been made.
        assert!((done_users..=done_users + 1).contains(&users), "{users} users of {done} operations");
        send_the_rest_again(&system, &tenant, &answer).await;
    }

    /// A rate that is lowered meanwhile makes it too long: it ends before its client gives up.
    async fn a_bulk_request_ends_before_its_client_gives_up(system) {
        let tenant = system.tenant_with("late", &json!({ "write_per_second": 10, "write_burst": 1 }));
        let (client, body) = (tenant.client(), message(&operations(200)));
        let began = Instant::now();
        let running = tokio::spawn(async move { client.post("/Bulk", &body).await });
        until("its first operation", async || (!system.events(&tenant, 0).is_empty()).then_some(())).await;
        system.set(&tenant, &json!({ "write_per_second": 1 }));
        let answer = running.await.expect("an answer").expect(200);
        assert!(began.elapsed() < Duration::from_secs(60), "Okta gives up after a minute");
        let done = check_stopped(&answer, 200);
        assert_eq!(tenant.client().get("/Users?count=0").await.expect(200).total(), u64::try_from(done).expect("a number"));
        send_the_rest_again(&system, &tenant, &answer).await;
    }
}

/// Users, and a group of the last of them.
fn operations(count: usize) -> Vec<Value> {
    let post = |path: &str, bulk_id: String, data: Value| json!({ "method": "POST", "path": path, "bulkId": bulk_id, "data": data });
    let mut operations: Vec<_> =
        (1..count).map(|number| post("/Users", format!("u{number}"), user(&format!("u{number}")))).collect();
    operations.push(post("/Groups", "g".to_owned(), group("of the last", &[&format!("bulkId:u{}", count - 1)])));
    operations
}

fn message(operations: &[Value]) -> Value {
    json!({ "schemas": [urn::BULK], "Operations": operations })
}

/// Every operation is answered: with 201 those that were done, then all others with 503. How many were done.
fn check_stopped(answer: &Answer, count: usize) -> usize {
    let results = answer.body["Operations"].as_array().expect("operations");
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_str().expect("a status")).collect();
    let done = statuses.iter().take_while(|status| **status == "201").count();
    assert!((1..count - 1).contains(&done), "{statuses:?}");
    assert_eq!(statuses[done..], vec!["503"; count - done], "{}", answer.text);
    for result in &results[done..] {
        assert_eq!(result["location"], Value::Null, "{result}");
        assert_eq!(result["response"]["status"], "503", "{result}");
    }
    done
}

/// What a client does that reads the answer: it sends what was answered 503, and at last everything is there once.
async fn send_the_rest_again(system: &System, tenant: &Tenant, answer: &Answer) {
    system.set(tenant, &json!({ "write_per_second": 1000, "write_burst": 1000 }));
    let results = answer.body["Operations"].as_array().expect("operations");
    let rest: Vec<_> = operations(results.len())
        .into_iter()
        .zip(results)
        .filter(|(_, result)| result["status"] == "503")
        .map(|(operation, _)| operation)
        .collect();
    let again = until("changes to be made", async || sent_again(&tenant.client(), &rest).await).await;
    for (number, result) in again.body["Operations"].as_array().expect("operations").iter().enumerate() {
        // The one that got no answer may have been made.
        assert!(result["status"] == "201" || (number == 0 && result["status"] == "409"), "{}", again.text);
    }
    let users = tenant.client().get("/Users?count=0").await.expect(200).total();
    assert_eq!(users, u64::try_from(results.len() - 1).expect("a number"));
    let groups = tenant.client().get("/Groups").await.expect(200);
    assert_eq!((groups.total(), groups.resources()[0]["members"].as_array().map(Vec::len)), (1, Some(1)));
}

/// The answer, unless nothing was done once more.
async fn sent_again(client: &Client, rest: &[Value]) -> Option<Answer> {
    let answer = client.post("/Bulk", &message(rest)).await;
    let is_away = answer.status == 503 || answer.body["Operations"][0]["status"] == "503";
    (!is_away).then_some(answer)
}
