//! What the token endpoint refuses before it knows who asks, as clients of OAuth read it (RFC 6749 section 5.2).

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use crate::support::{Answer, Client, Replicas, Request, System, Tenant, Wire, until};

const FORM: &str = "application/x-www-form-urlencoded";

/// It is what a client of OAuth reads, whatever the status.
#[track_caller]
fn assert_read(answer: Answer, status: u16, error: &str) -> Answer {
    let answer = answer.expect(status);
    assert_eq!(answer.body["error"], error, "{}", answer.text);
    let sentence = answer.body["error_description"].as_str().expect("a sentence");
    let is_allowed = |letter: char| matches!(letter, ' '..='~') && letter != '"' && letter != '\\';
    assert!(sentence.len() > 10 && sentence.chars().all(is_allowed), "{sentence}");
    assert_eq!(answer.body.as_object().map(serde_json::Map::len), Some(2), "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.header("x-request-id").is_some());
    let seconds = answer.header("retry-after").map(|seconds| seconds.parse::<u64>().expect("whole seconds"));
    assert_eq!(seconds.is_some(), matches!(status, 429 | 503), "{seconds:?}");
    answer
}

fn post(tenant: &Tenant, body: &str) -> Request {
    Request::new("POST", format!("{}/oauth2/token", tenant.base_url)).body(body).header("content-type", FORM)
}

/// A request whose body does not come, from this address behind a proxy.
async fn stall(system: &System, tenant: &Tenant, sender: &str) -> Wire {
    let mut wire = Wire::connect(system.server().port()).await;
    let path = format!("/t/{}/oauth2/token", tenant.name);
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {sender}\r\ncontent-type: {FORM}\r\n\
         content-length: 100\r\n\r\ngrant_type="
    );
    assert!(wire.send(head).await);
    wire
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_a_replica_says_so_as_oauth_has_it() {
    let replicas = Replicas::start(1, 500).await;
    let tenant = replicas.of(0).tenant("oauth");
    replicas.of(0).server().cut_database().await;
    let client = Client::new("");
    let refused = until("the end of the lease", async || {
        let form = "grant_type=client_credentials&client_id=a&client_secret=b";
        let answer = client.send_any(post(&tenant, form)).await;
        (answer.status != 401).then_some(answer)
    })
    .await;
    assert_read(refused, 503, "temporarily_unavailable");
}

on_both! {
    async fn whatever_is_refused_is_told_as_oauth_has_it(system) {
        let (tenant, client) = (system.tenant("oauth"), Client::new(""));
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            let refused = client.send_any(Request::new(method, format!("{}/oauth2/token", tenant.base_url))).await;
            assert_eq!(assert_read(refused, 405, "invalid_request").header("allow"), Some("POST"));
        }
        assert_read(client.send_any(post(&tenant, &"x".repeat(33 * 1024))).await, 413, "invalid_request");
        assert_read(client.send_any(post(&tenant, "grant_type=a&grant_type=b")).await, 400, "invalid_request");
        assert_read(client.send_any(post(&tenant, "grant_type=&grant_type=client_credentials")).await, 400, "invalid_request");
        let mut slow = stall(&system, &tenant, "192.0.2.1").await;
        assert_read(slow.any_answer().await, 408, "invalid_request");
        let mut broken = Wire::connect(system.server().port()).await;
        let head = format!("POST /t/{}/oauth2/token HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-type: {FORM}\r\n\r\nzz\r\n", tenant.name);
        broken.send(head).await;
        assert_eq!(broken.any_answer().await.status, 400);
    }

    async fn too_many_requests_are_told_as_oauth_has_it(database: Database) {
        let limits = [("TENANTRY_LIMITS__ADDRESS_PER_SECOND", "1"), ("TENANTRY_LIMITS__ADDRESS_BURST", "1")];
        let system = System::start_with(database, &limits).await;
        let (tenant, client) = (system.tenant("oauth"), Client::new(""));
        let ask = async || client.send_any(post(&tenant, "grant_type=client_credentials&client_id=a&client_secret=b")).await;
        let mut answer = ask().await;
        while answer.status != 429 {
            answer = ask().await;
        }
        assert_read(answer, 429, "temporarily_unavailable");
    }

    /// The attack: one stranger opens hundreds of requests and sends no body, behind the address of many.
    async fn one_slow_stranger_holds_up_nobody_else(database: Database) {
        let system = System::start_unlimited_with(database, &[("TENANTRY_SERVER__TRUSTED_PROXIES", "127.0.0.1")]).await;
        let tenant = system.tenant("oauth");
        let mut stalling = Vec::new();
        for _ in 0..300 {
            stalling.push(stall(&system, &tenant, "192.0.2.1").await);
        }
        // Those beyond the places of an address take the places of the oldest.
        let mut answers: FuturesUnordered<_> = stalling.iter_mut().map(Wire::any_answer).collect();
        let mut refused = Vec::new();
        while refused.len() < 300 - 64 {
            refused.extend(answers.next().await);
        }
        let form = "grant_type=client_credentials&client_id=a&client_secret=b";
        let ask = async |sender: &str| {
            let mut wire = Wire::connect(system.server().port()).await;
            let (path, length) = (format!("/t/{}/oauth2/token", tenant.name), form.len());
            let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {sender}\r\ncontent-type: {FORM}\r\ncontent-length: {length}\r\n\r\n{form}");
            assert!(wire.send(head).await);
            wire.any_answer().await
        };
        assert_read(ask("192.0.2.2").await, 401, "invalid_client");
        // Behind the same address, too.
        assert_read(ask("192.0.2.1").await, 401, "invalid_client");
        assert!(refused.iter().any(|answer| answer.status == 429), "{:?}", refused.first());
        for answer in refused {
            let (status, word) = if answer.status == 429 { (429, "temporarily_unavailable") } else { (408, "invalid_request") };
            assert_read(answer, status, word);
        }
    }
}
