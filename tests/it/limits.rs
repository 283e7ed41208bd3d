//! Too much is refused with a moment to come back at, and only for who asks too much.

use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Client, Request, System, Wire, crowd, until, urn, user};

on_both! {
    /// A 429 says when, in whole seconds (Q32); who obeys is served.
    async fn who_obeys_retry_after_is_served(system) {
        let tenant = system.tenant_with("limited", &json!({ "rate_per_second": 2, "rate_burst": 5 }));
        let client = tenant.client();
        let refused = until_refused(&client).await;
        let seconds = refused.retry_after();
        assert!((1..=2).contains(&seconds), "{seconds} s at 2 requests a second");
        refused.obey().await;
        client.get("/Users").await.expect(200);
    }

    /// Changes have a limit of their own; reading goes on meanwhile.
    async fn changes_are_limited_apart(system) {
        let tenant = system.tenant_with("writes", &json!({ "write_per_second": 1, "write_burst": 3 }));
        let client = tenant.client();
        let users: Vec<_> = (0..3).map(|number| user(&format!("u{number}"))).collect();
        let created = client.post("/Users", &users[0]).await.expect(201);
        assert_eq!(created.header("ratelimit-policy"), Some("\"requests\";q=200;w=2, \"writes\";q=3;w=3"));
        client.post("/Users", &users[1]).await.expect(201);
        client.post("/Users", &users[2]).await.expect(201);
        let refused = until_refused_with(&client, || Request::new("DELETE", format!("/Users/{}", created.id()))).await;
        assert_eq!(refused.body["detail"], "too many requests (more changes than the tenant's rate of changes); try again in 1 s");
        assert_eq!(quota(&refused, "writes"), Some((0, 1)));
        client.get(&format!("/Users/{}", created.id())).await;
        client.post("/Users/.search", &json!({ "schemas": [urn::SEARCH], "count": 0 })).await.expect(200);
        refused.obey().await;
        client.post("/Users", &user("later")).await.expect(201);
    }

    /// Each operation of a bulk request is a change.
    async fn a_bulk_request_counts_its_operations_as_changes(system) {
        let tenant = system.tenant_with("writes", &json!({ "write_per_second": 1, "write_burst": 4 }));
        let client = tenant.client();
        let operations = |names: std::ops::Range<usize>| {
            let operation = |number| json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{number}"), "data": user(&format!("u{number}")) });
            json!({ "schemas": [urn::BULK], "Operations": names.map(operation).collect::<Vec<_>>() })
        };
        let started = std::time::Instant::now();
        let done = client.post("/Bulk", &operations(0..6)).await.expect(200);
        assert_eq!(done.body["Operations"].as_array().map(Vec::len), Some(6));
        assert!(started.elapsed() >= Duration::from_millis(1_900), "four at once, one a second: {:?}", started.elapsed());
        let refused = until_refused_with(&client, || Request::new("POST", "/Users").json(&user("more"))).await;
        refused.obey().await;
        client.post("/Bulk", &operations(0..55)).await.expect(413);
    }

    /// How much is left is told with every answer to a good token, and with none to others.
    async fn what_is_left_is_told(system) {
        let tenant = system.tenant_with("told", &json!({ "rate_per_second": 1, "rate_burst": 10 }));
        let client = tenant.client();
        let first = client.get("/ServiceProviderConfig").await.expect(200);
        assert_eq!(first.header("ratelimit-policy"), Some("\"requests\";q=10;w=10"));
        let (left, _) = quota(&first, "requests").expect("what is left");
        let (fewer, _) = quota(&client.get("/Users/unknown").await.expect(404), "requests").expect("what is left");
        // One comes back in a second, which a busy machine may need.
        assert!(left == 9 && (8..=9).contains(&fewer), "{left} {fewer}");
        let refused = until_refused(&client).await;
        assert_eq!(quota(&refused, "requests"), Some((0, refused.retry_after())));
        for stranger in [client.clone().with_token("guessed.wrong.token"), client.clone().without("authorization")] {
            let answer = stranger.get("/ServiceProviderConfig").await;
            assert!(answer.header("ratelimit").is_none() && answer.header("ratelimit-policy").is_none(), "{answer:?}");
        }
        let sailpoint = until_refused(&client.with("user-agent", "SailPoint IdentityNow")).await;
        assert_eq!(sailpoint.header("x-rate-limit-limit"), Some("10"));
        assert_eq!(sailpoint.header("x-rate-limit-retry-after-seconds"), sailpoint.header("retry-after"));
    }

    /// One tenant's flood is its own.
    async fn one_tenants_flood_does_not_touch_another(system) {
        let flooded = system.tenant_with("flooded", &json!({ "rate_per_second": 1, "rate_burst": 3 })).client();
        let quiet = system.tenant_with("quiet", &json!({ "rate_per_second": 1, "rate_burst": 3 })).client();
        crowd(16, |_| {
            let client = flooded.clone();
            async move { client.get("/Users").await.status }
        })
        .await;
        until_refused(&flooded).await;
        quiet.get("/Users").await.expect(200);
    }

    /// A changed setting holds for the next request.
    async fn a_new_rate_holds_at_once(system) {
        let tenant = system.tenant_with("limited", &json!({ "rate_per_second": 1, "rate_burst": 2 }));
        until_refused(&tenant.client()).await;
        system.set(&tenant, &json!({ "rate_per_second": 1000, "rate_burst": 1000 }));
        for _ in 0..50 {
            tenant.client().get("/Users?count=0").await.expect(200);
        }
    }

    /// A changed number of requests at once holds for the next request, too.
    async fn what_runs_at_once_is_a_setting_of_the_tenant(system) {
        let tenant = system.tenant_with("crowded", &json!({ "rate_per_second": 100_000, "rate_burst": 100_000, "concurrency": 1 }));
        let statuses = async || {
            crowd(32, |number| {
                let (client, body) = (tenant.client(), user(&format!("u{number}")));
                async move { client.post("/Users", &body).await.status }
            })
            .await
        };
        until("a refusal", async || {
            let few = statuses().await;
            assert!(few.iter().all(|status| matches!(status, 201 | 409 | 429)), "{few:?}");
            few.contains(&429).then_some(())
        })
        .await;
        system.set(&tenant, &json!({ "concurrency": 1000 }));
        let many = statuses().await;
        assert!(many.iter().all(|status| matches!(status, 201 | 409)), "{many:?}");
    }

    /// The attack: the only place is taken by somebody whose body does not come.
    async fn who_obeys_beside_a_body_that_does_not_come_is_served(database: Database) {
        let system = System::start_unlimited_with(database, &[("TENANTRY_LIMITS__BODY_SECONDS", "4")]).await;
        let tenant = system.tenant_with("slow", &json!({ "concurrency": 1 }));
        let mut slow = Wire::connect(system.server().port()).await;
        let head = format!(
            "POST /t/{}/scim/v2/Users HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-type: application/scim+json\r\ncontent-length: 100\r\n\r\n{{",
            tenant.name, tenant.token
        );
        assert!(slow.send(head).await);
        let refused = until("a refusal for the only place", async || {
            let answer = tenant.client().get("/ServiceProviderConfig").await;
            (answer.status == 429).then_some(answer)
        })
        .await;
        let sentence = refused.body["detail"].as_str().unwrap_or_default();
        assert!(sentence.contains("too many of the tenant run at once"), "{sentence}");
        refused.obey().await;
        tenant.client().get("/ServiceProviderConfig").await.expect(200);
        slow.answer().await.refused(408, None);
    }

    /// While a bulk request has the only place, its operations tell how long that is.
    async fn who_obeys_beside_a_bulk_request_is_served(system) {
        let settings = json!({ "write_per_second": 2, "write_burst": 2, "concurrency": 1 });
        let tenant = system.tenant_with("bulky", &settings);
        let operation = |number| json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{number}"), "data": user(&format!("u{number}")) });
        let body = json!({ "schemas": [urn::BULK], "Operations": (0..20).map(operation).collect::<Vec<_>>() });
        let (client, own) = (tenant.client(), tenant.client());
        let running = tokio::spawn(async move { own.post("/Bulk", &body).await });
        until("its first operation", async || (!system.events(&tenant, 1).is_empty()).then_some(())).await;
        let refused = until("a refusal for the only place", async || {
            let answer = client.get("/ServiceProviderConfig").await;
            let sentence = answer.body["detail"].as_str().unwrap_or_default();
            sentence.contains("too many of the tenant run at once").then_some(answer)
        })
        .await;
        let seconds = refused.retry_after();
        assert!(seconds > 1, "a few operations of twenty at two a second: {seconds} s");
        refused.obey().await;
        client.get("/ServiceProviderConfig").await.expect(200);
        assert_eq!(running.await.expect("an answer").expect(200).body["Operations"].as_array().map(Vec::len), Some(20));
    }

    /// A bulk request that is under way goes by the rate of now.
    async fn a_new_rate_holds_for_a_bulk_request_under_way(system) {
        let tenant = system.tenant_with("bulky", &json!({ "rate_per_second": 1, "rate_burst": 1 }));
        let operation = |number| json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{number}"), "data": user(&format!("u{number}")) });
        let body = json!({ "schemas": [urn::BULK], "Operations": (0..45).map(operation).collect::<Vec<_>>() });
        let (client, started) = (tenant.client(), std::time::Instant::now());
        let running = tokio::spawn(async move { client.post("/Bulk", &body).await });
        until("its first operation", async || (!system.events(&tenant, 1).is_empty()).then_some(())).await;
        system.set(&tenant, &json!({ "rate_per_second": 1000, "rate_burst": 1000 }));
        running.await.expect("an answer").expect(200);
        let took = started.elapsed();
        assert!(took < Duration::from_secs(44), "{took:?}: by the rate it began with it takes 44 seconds at least");
    }

    /// Refusals are in the metrics, by what there was too much of.
    async fn refusals_are_counted_by_their_cause(database: Database) {
        let system = System::start_with(database, &[]).await;
        let tenant = system.tenant_with("counted", &json!({ "write_per_second": 1, "write_burst": 1 }));
        until_refused_with(&tenant.client(), || Request::new("POST", "/Users").json(&user("ada"))).await;
        let metrics = reqwest::get(format!("{}/metrics", system.server().operations())).await.expect("the metrics");
        let metrics = metrics.text().await.expect("a text");
        assert!(metrics.contains("tenantry_rate_limited_total{scope=\"writes\"} 1"), "{metrics}");
        assert!(metrics.contains("tenantry_limits_by_share 0"), "{metrics}");
    }

    /// A refusal costs nothing: no write happened.
    async fn what_is_refused_has_not_happened(system) {
        let tenant = system.tenant_with("limited", &json!({ "rate_per_second": 1, "rate_burst": 4 }));
        let client = tenant.client();
        let answers = crowd(12, |number| {
            let (client, body) = (client.clone(), user(&format!("u{number}")));
            async move { client.post("/Users", &body).await.status }
        })
        .await;
        let created = answers.iter().filter(|status| **status == 201).count();
        assert!(answers.iter().all(|status| matches!(status, 201 | 429)), "{answers:?}");
        system.set(&tenant, &json!({ "rate_per_second": 1000, "rate_burst": 1000 }));
        assert_eq!(client.get("/Users").await.expect(200).total(), u64::try_from(created).expect("few"));
    }

    /// Guessing tokens is slowed down by address; a good token from the same address still opens.
    async fn guessing_tokens_is_slowed_down_and_good_tokens_still_open(database: Database) {
        let system = System::start_with(database, &[
            ("TENANTRY_LIMITS__ADDRESS_PER_SECOND", "1"),
            ("TENANTRY_LIMITS__ADDRESS_BURST", "5"),
        ])
        .await;
        let tenant = system.tenant("guessed");
        let guesser = tenant.client().with_token("guessed.wrong.token");
        let refused = until_refused(&guesser).await;
        tenant.client().get("/Users").await.expect(200);
        refused.obey().await;
        guesser.get("/Users").await.expect(401);
    }

    /// The defaults are what the documentation says: 100 a second, 200 at once.
    async fn the_default_limit_lets_two_hundred_in_at_once(system) {
        let tenant = system.tenant_with("defaults", &json!({}));
        let shown = system.tenantry(&["tenant", "show", &tenant.name, "--json"]).expect(0).json();
        assert_eq!((&shown["settings"]["rate_per_second"], &shown["settings"]["rate_burst"]), (&json!(100), &json!(200)));
        let client = tenant.client();
        let statuses = crowd(8, |_| {
            let client = client.clone();
            async move {
                let mut statuses = Vec::new();
                for _ in 0..25 {
                    statuses.push(client.get("/ServiceProviderConfig").await.status);
                }
                statuses
            }
        })
        .await
        .concat();
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    }

    /// More at once than a tenant may have is told to come back; nobody is left hanging.
    async fn too_many_at_once_are_told_to_come_back(database: Database) {
        let system = System::start_with(database, &[("TENANTRY_LIMITS__TENANT_CONCURRENCY", "2")]).await;
        let tenant = system.tenant("crowded");
        let statuses = crowd(32, |number| {
            let (client, body) = (tenant.client(), user(&format!("u{number}")));
            async move { client.post("/Users", &body).await.status }
        })
        .await;
        assert!(statuses.iter().all(|status| matches!(status, 201 | 429)), "{statuses:?}");
        assert!(statuses.contains(&201));
        tenant.client().get("/Users").await.expect(200);
    }
}

async fn until_refused(client: &Client) -> Answer {
    until_refused_with(client, || Request::new("GET", "/Users?count=0")).await
}

async fn until_refused_with(client: &Client, request: impl Fn() -> Request) -> Answer {
    for _ in 0..100 {
        let answer = client.send(request()).await;
        if answer.status == 429 {
            return answer;
        }
        assert_ne!(answer.status, 503);
    }
    panic!("a hundred requests were let in")
}

/// What is left of a limit, and for how many seconds.
fn quota(answer: &Answer, name: &str) -> Option<(u64, u64)> {
    let limits = answer.header("ratelimit")?.split(", ");
    let own = limits.into_iter().find_map(|limit| limit.strip_prefix(&format!("\"{name}\";r=")))?;
    let (left, seconds) = own.split_once(";t=")?;
    Some((left.parse().ok()?, seconds.parse().ok()?))
}
