//! What runs at once is divided among the servers that live.

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
            let told = "too many requests (too many of the tenant run at once); try again in 1 s";
            assert_eq!(answer.body["detail"], told);
            assert_eq!(answer.header("retry-after"), Some("1"));
            true
        }
        _ => panic!("neither served nor refused: {answer:?}"),
    }
}

async fn becomes(full: bool, replicas: &Replicas, number: usize, tenant: &Tenant) {
    let what = format!("server {number} to be full: {full}");
    until(&what, async || (is_full(replicas, number, tenant).await == full).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_run_at_once_is_divided_among_the_servers_that_live() {
    let replicas = Replicas::start(3, 1000).await;
    replicas.until_metric(3, "tenantry_replication_living", 3.0).await;
    let settings = json!({ "rate_per_second": 100_000, "rate_burst": 100_000, "concurrency": 7 });
    let tenant = replicas.of(0).tenant_with("crowded", &settings);
    let mut held = Vec::new();
    for number in 0..3 {
        let pair = [Held::begin(&replicas, number, &tenant).await, Held::begin(&replicas, number, &tenant).await];
        // A third of seven is two.
        becomes(true, &replicas, number, &tenant).await;
        held.push(pair);
    }
    for (number, [one, other]) in held.into_iter().enumerate() {
        assert_eq!(one.finish(&format!("one{number}")).await.status, 201);
        // The connection is told before its place is free.
        becomes(false, &replicas, number, &tenant).await;
        assert_eq!(other.finish(&format!("two{number}")).await.status, 201);
    }

    // A changed number is in force when the command has returned, on each server.
    replicas.of(1).set(&tenant, &json!({ "concurrency": 5 }));
    let mut held = Vec::new();
    for number in 0..3 {
        held.push(Held::begin(&replicas, number, &tenant).await);
        becomes(true, &replicas, number, &tenant).await;
    }
    // Of two servers each may run two.
    replicas.of(2).server().kill();
    drop(held.pop());
    for number in 0..2 {
        becomes(false, &replicas, number, &tenant).await;
    }
    for (number, held) in held.into_iter().enumerate() {
        assert_eq!(held.finish(&format!("end{number}")).await.status, 201);
    }
}
