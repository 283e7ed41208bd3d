//! The operations address: health and metrics.

use serde_json::{Value, json};

use crate::support::{Answer, Client, System, patch_one, user};

on_both! {
    /// Alive and ready once started; not at the gateway's address.
    async fn health_is_on_the_operations_address_alone(system) {
        for path in ["/livez", "/readyz"] {
            assert_eq!(plain(&system, path).await.status, 200, "{path}");
            Client::new(system.server().origin()).get(path).await.expect(404);
        }
        Client::new(system.server().origin()).get("/metrics").await.expect(404);
        assert_eq!(plain(&system, "/t/demo/scim/v2/Users").await.status, 404, "no tenant is served here");
    }

    /// Prometheus reads it, and it counts what happened.
    async fn metrics_count_what_happened(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("metered");
        let client = tenant.client();
        let id = client.post("/Users", &user("ada")).await.expect(201).id();
        client.patch(&format!("/Users/{id}"), &patch_one("Replace", "active", json!("False"))).await.expect(200);
        client.get("/Users/none").await.expect(404);
        client.clone().with_token("x").get("/Users").await.expect(401);
        let metrics = plain(&system, "/metrics").await;
        assert_eq!(metrics.status, 200);
        assert!(metrics.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{:?}", metrics.headers);
        for name in ["http_server_request_duration", "tenantry_"] {
            assert!(metrics.text.contains(name), "{name} is missing in\n{}", metrics.text);
        }
        let counted = metrics.text.lines().find(|line| {
            line.starts_with("http_server_request_duration") && line.contains("_count{") && line.contains("/Users/{id}") && line.contains("PATCH")
        });
        assert!(counted.is_some_and(|line| line.ends_with(" 1")), "the PATCH is counted: {counted:?}\n{}", metrics.text);
        check_lines(&metrics.text);
        for secret in [tenant.token.as_str(), "ada", id.as_str()] {
            assert!(!metrics.text.contains(secret), "{secret} in the metrics");
        }
    }

    /// However many ids, paths and user agents come by, the series stay few.
    async fn metrics_stay_bounded(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("bounded");
        let client = tenant.client();
        let round = async |number: u32| {
            let client = client.clone().with("user-agent", format!("agent-{number}/1.0"));
            client.get(&format!("/Users/id-{number}")).await.expect(404);
            client.get(&format!("/Unknown-{number}")).await.expect(404);
            client.find("Users", &format!("userName eq \"u{number}\"")).await.expect(200);
            Client::new(format!("{}/t/tenant-{number}/scim/v2", system.server().origin())).get("/Users").await.expect(401);
        };
        round(0).await;
        let before = plain(&system, "/metrics").await.text.lines().count();
        for number in 1..60 {
            round(number).await;
        }
        let after = plain(&system, "/metrics").await.text.lines().count();
        assert!(after <= before + 20, "from {before} to {after} lines");
    }

    /// Nothing else is served here.
    async fn unknown_operations_paths_are_404(system) {
        assert_eq!(plain(&system, "/nothing").await.status, 404);
        assert_eq!(plain(&system, "/").await.status, 404);
    }
}

/// The operations address speaks no SCIM.
async fn plain(system: &System, path: &str) -> Answer {
    let url = format!("{}{path}", system.server().operations());
    let response = reqwest::get(&url).await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer::new(url, status, headers, response.text().await.expect("a body"))
}

/// The text format of Prometheus: comments, or a name, labels and a number.
fn check_lines(text: &str) {
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(series.starts_with(|letter: char| letter.is_ascii_lowercase()), "{line}");
    }
}

on_both! {
    /// The log has a line for each request, and says of it what an operator needs.
    async fn each_request_is_one_line_of_the_log(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("logged");
        let id = tenant.client().with("user-agent", "Okta SCIM Client 1.0.0").post("/Users", &user("ada")).await.expect(201).id();
        tenant.client().get(&format!("/Users/{id}")).await.expect(200);
        assert!(system.server().stop().await.success());
        let log = system.server().log();
        let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let requests: Vec<&Value> = lines.iter().filter(|line| line.to_string().contains("/Users")).collect();
        assert_eq!(requests.len(), 2, "{log}");
        for (line, status) in requests.iter().zip(["201", "200"]) {
            let text = line.to_string();
            for part in [tenant.name.as_str(), status, "duration_ms", "request.id"] {
                assert!(text.contains(part), "{part} is missing in {text}");
            }
        }
        assert!(requests[0].to_string().contains("okta"), "{}", requests[0]);
    }
}
