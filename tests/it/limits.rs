//! Too much is refused with a moment to come back at, and only for who asks too much.

use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Client, System, crowd, user};

on_both! {
    /// A 429 says when, in whole seconds (Q32); who obeys is served.
    async fn who_obeys_retry_after_is_served(system) {
        let tenant = system.tenant_with("limited", &json!({ "rate_per_second": 2, "rate_burst": 5 }));
        let client = tenant.client();
        let refused = until_refused(&client).await;
        let seconds = seconds(&refused);
        assert!((1..=2).contains(&seconds), "{seconds} s at 2 requests a second");
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        client.get("/Users").await.expect(200);
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
        flooded.get("/Users").await.expect(429);
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
        let mut refused = guesser.get("/Users").await;
        for _ in 0..10 {
            refused = guesser.get("/Users").await;
        }
        assert_eq!(refused.status, 429);
        let wait = seconds(&refused);
        tenant.client().get("/Users").await.expect(200);
        tokio::time::sleep(Duration::from_secs(wait)).await;
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
    for _ in 0..100 {
        let answer = client.get("/Users?count=0").await;
        if answer.status == 429 {
            return answer;
        }
        assert_eq!(answer.status, 200);
    }
    panic!("a hundred requests were let in")
}

fn seconds(answer: &Answer) -> u64 {
    let header = answer.header("retry-after").unwrap_or_else(|| panic!("no Retry-After: {answer:?}"));
    header.parse().unwrap_or_else(|_| panic!("{header} is no whole number"))
}
