//! What runs at once is divided among the servers that live.

use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Replicas, Tenant, Wire, until};

/// A request that has come in, and whose body has not: it runs until the rest is sent.
struct Held(Wire);

const BODY: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"NAME"}"#;

impl Held {
    async fn begin(replicas: &Replicas, number: usize, tenant: &Tenant) -> Self {
        let mut wire = Wire::connect(replicas.of(number).server().port()).await;
        let head = format!(
            "POST /t/{}/scim/v2/Users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n",
            tenant.name,
            tenant.token,
            BODY.len()
        );
        assert!(wire.send(head).await);
        Self(wire)
    }

    /// Whether it was answered, although its body has not come: then it was refused.
    async fn is_refused(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(5), self.0.status()).await.is_ok()
    }

    async fn finish(mut self, name: &str) -> Answer {
        assert_eq!(name.len(), "NAME".len());
        assert!(self.0.send(BODY.replace("NAME", name)).await);
        self.0.answer().await
    }
}

async fn is_full(replicas: &Replicas, number: usize, tenant: &Tenant) -> bool {
    let answer = replicas.client(number, tenant).get("/ServiceProviderConfig").await;
    match answer.status {
        200 => false,
        429 => {
            // As long as those that were held of late, if that was more than a second.
            let seconds = answer.retry_after();
            let told = format!("too many requests (too many of the tenant run at once); try again in {seconds} s");
            assert_eq!(answer.body["detail"], told);
            assert!(seconds >= 1, "{answer:?}");
            true
        }
        _ => panic!("neither served nor refused: {answer:?}"),
    }
}

/// Whoever sets fewer than there are servers learns that each runs one all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fewer_at_once_than_there_are_servers_is_warned_of() {
    let replicas = Replicas::start(2, 1000).await;
    replicas.until_metric(1, "tenantry_replication_living", 2.0).await;
    let tenant = replicas.of(0).tenant("few");
    let told = || replicas.of(0).server().log().matches("fewer requests at once than there are servers").count();
    replicas.of(0).set(&tenant, &json!({ "concurrency": 2 }));
    assert_eq!(told(), 0);
    replicas.of(0).set(&tenant, &json!({ "concurrency": 1 }));
    until("the log to tell", async || (told() == 1).then_some(())).await;
}

/// So many requests that run at a server, and leave no room there.
async fn fill(replicas: &Replicas, number: usize, tenant: &Tenant, count: usize) -> Vec<Held> {
    let mut held: Vec<Held> = Vec::new();
    until(&format!("server {number} to be full"), async || {
        let mut running = Vec::new();
        for mut held in held.drain(..) {
            // The question whether it is full may have come first and had its place.
            if !held.is_refused().await {
                running.push(held);
            }
        }
        held = running;
        while held.len() < count {
            held.push(Held::begin(replicas, number, tenant).await);
        }
        is_full(replicas, number, tenant).await.then_some(())
    })
    .await;
    held
}

async fn has_room(replicas: &Replicas, number: usize, tenant: &Tenant) {
    let what = format!("room at server {number}");
    until(&what, async || (!is_full(replicas, number, tenant).await).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_run_at_once_is_divided_among_the_servers_that_live() {
    let replicas = Replicas::start(3, 1000).await;
    replicas.until_metric(3, "tenantry_replication_living", 3.0).await;
    let settings = json!({ "rate_per_second": 100_000, "rate_burst": 100_000, "concurrency": 7 });
    let tenant = replicas.of(0).tenant_with("crowded", &settings);
    let mut held = Vec::new();
    for number in 0..3 {
        // A third of seven is two.
        held.push(fill(&replicas, number, &tenant, 2).await);
    }
    for (number, held) in held.into_iter().enumerate() {
        for (turn, held) in held.into_iter().enumerate() {
            assert_eq!(held.finish(&format!("u{number}t{turn}")).await.status, 201);
            assert!(!is_full(&replicas, number, &tenant).await, "one has ended");
        }
    }

    // A changed number is in force when the command has returned, on each server.
    replicas.of(1).set(&tenant, &json!({ "concurrency": 5 }));
    let mut held = Vec::new();
    for number in 0..3 {
        held.extend(fill(&replicas, number, &tenant, 1).await);
    }
    // Of two servers each may run two.
    replicas.of(2).server().kill();
    drop(held.pop());
    for number in 0..2 {
        has_room(&replicas, number, &tenant).await;
    }
    for (number, held) in held.into_iter().enumerate() {
        assert_eq!(held.finish(&format!("end{number}")).await.status, 201);
    }
}
