//! What is refused because it is too much is in the log and the metrics, under the limit that was met.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Request, System, Tenant, crowd, until, urn, user};

/// Asks until it is refused; each refusal is a 429.
async fn until_refused(what: &str, mut ask: impl AsyncFnMut() -> Answer) -> Answer {
    until(what, async || Some(ask().await).filter(|answer| answer.status == 429)).await
}

/// The lines of the log about answers with this status, of a tenant or of nobody.
fn lines(system: &System, tenant: Option<&Tenant>, status: u16) -> Vec<Value> {
    let log = system.server().log();
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_meant =
        |line: &Value| line["status"] == status && line["tenant.id"].as_str() == tenant.map(|of| of.name.as_str());
    lines.filter(is_meant).collect()
}

/// The line of one answer.
async fn line_of(system: &System, tenant: Option<&Tenant>, answer: &Answer) -> Value {
    let id = answer.header("x-request-id").expect("an id").to_owned();
    until("its line in the log", async || {
        lines(system, tenant, answer.status).into_iter().find(|line| line["request.id"] == id.as_str())
    })
    .await
}

/// How many refusals the metric has for a limit.
async fn counted(system: &System, scope: &str) -> u64 {
    let url = format!("{}/metrics", system.server().operations());
    let text = reqwest::get(url).await.expect("the metrics").text().await.expect("their text");
    let sample = format!("tenantry_rate_limited_total{{scope=\"{scope}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&sample)?.parse().ok()).unwrap_or_default()
}

/// A refusal is told as it is: in the log with the tenant, if there is one, and in the metric of its limit and of no other.
async fn check_told(system: &System, tenant: Option<&Tenant>, scope: &str, before: u64, answer: &Answer) {
    let line = line_of(system, tenant, answer).await;
    assert_eq!((&line["status"], &line["refused"]), (&json!(429), &json!("limited")), "{line}");
    let after = counted(system, scope).await;
    assert!(after > before, "{scope}: {before}, then {after}");
    assert!(
        answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|seconds| seconds > 0))
    );
    assert_eq!(answer.body["schemas"], json!([urn::ERROR]), "a SCIM error: {}", answer.text);
    assert_eq!(answer.body["status"], "429");
}

on_both! {
    /// Each limit of a tenant, with a server's own: requests, changes, and what runs at once.
    async fn each_refusal_is_in_the_log_and_in_the_metric_of_its_limit(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant_with("requests", &json!({ "rate_per_second": 1, "rate_burst": 2 }));
        let before = counted(&system, "tenant").await;
        let refused = until_refused("its rate", async || tenant.client().get("/Users?count=0").await).await;
        check_told(&system, Some(&tenant), "tenant", before, &refused).await;

        let tenant = system.tenant_with("changes", &json!({ "write_per_second": 1, "write_burst": 1 }));
        let before = counted(&system, "writes").await;
        let refused = until_refused("its rate of changes", async || tenant.client().post("/Users", &json!({})).await).await;
        check_told(&system, Some(&tenant), "writes", before, &refused).await;

        let tenant = system.tenant_with("at-once", &json!({ "rate_per_second": 100_000, "rate_burst": 100_000, "concurrency": 1 }));
        let before = counted(&system, "concurrency").await;
        let refused = until("its places", async || {
            let answers = crowd(32, |number| {
                let (client, body) = (tenant.client(), user(&format!("u{number}")));
                async move { client.post("/Users", &body).await }
            })
            .await;
            answers.into_iter().find(|answer| answer.status == 429)
        })
        .await;
        check_told(&system, Some(&tenant), "concurrency", before, &refused).await;
        assert_eq!((counted(&system, "address").await, counted(&system, "address_requests").await), (0, 0));
    }

    /// Those of network addresses, of which nobody knows a tenant.
    async fn refusals_of_an_address_are_in_the_log_and_in_their_metrics(database: Database) {
        let settings = [("TENANTRY_LIMITS__ADDRESS_PER_SECOND", "1"), ("TENANTRY_LIMITS__ADDRESS_BURST", "3")];
        let system = System::start_with(database, &settings).await;
        let tenant = system.tenant("address");
        let guesser = tenant.client().with_token("guessed.wrong.token");
        let refused = until_refused("the limit of guesses", async || guesser.get("/Users").await).await;
        check_told(&system, None, "address", 0, &refused).await;
        assert_eq!(counted(&system, "address_requests").await, 0);

        let settings = [("TENANTRY_LIMITS__ADDRESS_REQUESTS_PER_SECOND", "1"), ("TENANTRY_LIMITS__ADDRESS_REQUESTS_BURST", "3")];
        let system = System::start_with(database, &settings).await;
        let tenant = system.tenant("address");
        let refused = until_refused("the limit of all requests", async || tenant.client().get("/Users?count=0").await).await;
        check_told(&system, None, "address_requests", 0, &refused).await;
        assert_eq!((counted(&system, "address").await, counted(&system, "tenant").await), (0, 0));
    }

    /// Others behind the same address have used up what it may ask in vain. What is wrong with a tenant's own token is in the lines of
    /// that tenant all the same; a stranger is told nothing by it.
    async fn behind_a_busy_address_the_log_of_a_tenant_tells_why_its_token_is_refused(database: Database) {
        let settings = [("TENANTRY_LIMITS__ADDRESS_PER_SECOND", "1"), ("TENANTRY_LIMITS__ADDRESS_BURST", "3")];
        let system = System::start_with(database, &settings).await;
        let (old, other) = (system.tenant("behind"), system.tenant("other"));
        let new = system.issue(&old);
        let stranger = other.client().with_token("guessed.wrong.token");
        until_refused("a busy address", async || stranger.get("/Users").await).await;
        let refused = until_refused("the same for it", async || old.client().get("/Users").await).await;
        let guess = until_refused("the same for a guess", async || stranger.get("/Users").await).await;
        assert_eq!(detail(&refused), detail(&guess), "they are told alike");
        let line = line_of(&system, Some(&old), &refused).await;
        assert_eq!((&line["status"], &line["refused"]), (&json!(429), &json!("token_superseded")), "{line}");
        let line = line_of(&system, None, &guess).await;
        assert_eq!(line["refused"], "limited", "{line}");
        assert_eq!(lines(&system, Some(&other), 429), Vec::<Value>::new(), "nothing is laid at another tenant's door");
        new.client().get("/Users").await.expect(200);
        assert!(counted(&system, "address").await >= 2);
    }
}

/// What a refusal says, but for the time.
fn detail(answer: &Answer) -> String {
    let detail = answer.body["detail"].as_str().expect("a sentence");
    detail.split(';').next().expect("a part").to_owned()
}

/// The sentence and the limit of the token endpoint, which speaks OAuth.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_the_token_endpoint_is_in_the_log_and_the_metric() {
    let settings = [("TENANTRY_LIMITS__ADDRESS_PER_SECOND", "1"), ("TENANTRY_LIMITS__ADDRESS_BURST", "2")];
    let system = System::start_with(crate::support::Database::Sqlite, &settings).await;
    let tenant = system.tenant("oauth");
    let url = format!("{}/t/{}/oauth2/token", system.server().origin(), tenant.name);
    let form = "grant_type=client_credentials&client_id=x&client_secret=y";
    let refused = until_refused("the limit", async || {
        let request = Request::new("POST", &url).body(form).header("content-type", "application/x-www-form-urlencoded");
        Client::new("").send_any(request).await
    })
    .await;
    let line = line_of(&system, None, &refused).await;
    assert_eq!(line["status"], 429, "{line}");
    assert!(line["refused"].is_string(), "{line}");
}
