//! A token from its issue to its end: expiry, warnings, last use, events, and what the log says of a refusal.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::{System, Tenant, database, until, user};

fn issue(system: &System, tenant: &Tenant, arguments: &[&str]) -> (Tenant, Value) {
    let all = [&["token", "issue", tenant.name.as_str(), "--json"], arguments].concat();
    let issued = system.tenantry(&all).expect(0).json();
    let token = issued["token"].as_str().expect("a token").to_owned();
    (Tenant { token, ..tenant.clone() }, issued)
}

/// Types and data of the events of tokens.
fn told(system: &System, tenant: &Tenant) -> Vec<(String, Value)> {
    let events = system.all_events(tenant, 0);
    let tokens = events.iter().filter(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("token.")));
    tokens.map(|event| (event["type"].as_str().expect("a type").to_owned(), event["data"].clone())).collect()
}

on_both! {
    /// `exp` is kept to the second, whether the token is in use or not, and the refusal says what to do.
    async fn a_token_ends_within_a_second_of_its_end(system) {
        let (tenant, issued) = issue(&system, &system.tenant("expiry"), &["--for", "3s"]);
        let end = OffsetDateTime::parse(issued["expires"].as_str().expect("a moment"), &Rfc3339).expect("RFC 3339");
        let client = tenant.client();
        client.get("/Users").await.expect(200);
        let mut last_accepted = OffsetDateTime::UNIX_EPOCH;
        let refused = until("the end of the token", async || {
            let sent = OffsetDateTime::now_utc();
            let answer = client.get("/Users").await;
            if answer.status != 200 {
                return Some(answer);
            }
            last_accepted = sent;
            None
        })
        .await;
        // Whatever is sent after the end is refused, and nothing before it.
        assert!(last_accepted < end && OffsetDateTime::now_utc() >= end, "{last_accepted} and {end}");
        assert_eq!(refused.status, 401);
        assert!(refused.body["detail"].as_str().is_some_and(|detail| detail.contains("has expired")), "{}", refused.text);
        let challenge = refused.header("www-authenticate").expect("a challenge");
        assert!(challenge.contains("error=\"invalid_token\", error_description=\"the provisioning token has expired"), "{challenge}");
        let listed = system.tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(listed["tokens"][0]["state"], "expired");
    }

    /// The log and the metrics tell whose token was refused, if it was a genuine one.
    async fn a_refusal_is_told_of_its_tenant_and_an_outsiders_of_none(database: Database) {
        let system = System::start(database).await;
        let (old, bystander) = (system.tenant("attributed"), system.tenant("bystander"));
        system.issue(&old);
        old.client().get("/Users").await.expect(401);
        let (ended, _) = issue(&system, &system.tenant("ended"), &["--for", "1s"]);
        until("the end of the token", async || (ended.client().get("/Users").await.status == 401).then_some(())).await;
        old.client().with_token("garbage").get("/Users").await.expect(401);
        old.client().at(bystander.base_url.as_str()).get("/Users").await.expect(401);
        let text = reqwest::get(format!("{}/metrics", system.server().operations())).await.expect("metrics").text().await.expect("text");
        for reason in ["token_superseded", "token_expired"] {
            assert!(text.contains(&format!("tenantry_refused_total{{reason=\"{reason}\"}} 1")), "{text}");
        }
        assert!(text.contains(&format!("tenantry_requests_total{{status_class=\"4xx\",tenant=\"{}\"}} 1", old.name)), "{text}");
        assert!(!text.contains(&format!("status_class=\"4xx\",tenant=\"{}\"", bystander.name)), "{text}");
        assert!(system.server().stop().await.success());
        let log = system.server().log();
        let refused: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(|line: &Value| line["status"] == 401).collect();
        let whose: Vec<(&Value, Option<&str>)> = refused.iter().map(|line| (&line["refused"], line["tenant.id"].as_str())).collect();
        assert_eq!(whose, [
            (&json!("token_superseded"), Some(old.name.as_str())),
            (&json!("token_expired"), Some(ended.name.as_str())),
            (&json!("token_unknown"), None),
            (&json!("token_unknown"), None),
        ]);
    }

    /// Every change of tokens is one event in the tenant's sequence, and holds no token.
    async fn what_happens_to_tokens_is_told_in_order(system) {
        let tenant = system.tenant("told");
        let (_, staged) = issue(&system, &tenant, &["--mode", "staged", "--scope", "users"]);
        system.tenantry(&["token", "complete", &tenant.name]).expect(0);
        system.tenantry(&["token", "complete", &tenant.name]).expect(0);
        issue(&system, &tenant, &["--mode", "staged"]);
        system.tenantry(&["token", "cancel", &tenant.name]).expect(0);
        let (overlapping, _) = issue(&system, &tenant, &["--mode", "overlap", "--overlap", "1h"]);
        system.tenantry(&["token", "complete", &tenant.name]).expect(0);
        let (unused, _) = issue(&system, &tenant, &["--mode", "first-use"]);
        unused.client().get("/Users").await.expect(200);
        unused.client().get("/Users").await.expect(200);
        until("the event of the first use", async || (told(&system, &tenant).len() == 9).then_some(())).await;
        system.tenantry(&["token", "revoke", &tenant.name]).expect(0);
        let told = told(&system, &tenant);
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, [
            "token.issued", "token.issued", "token.rotated", "token.issued", "token.revoked", "token.rotated", "token.rotated",
            "token.issued", "token.rotated", "token.revoked",
        ]);
        let completed = &told[2].1;
        assert_eq!((&completed["token"], &completed["scopes"]), (&staged["token_id"], &json!(["users"])));
        assert!(completed["replaced"][0]["token"].is_string() && completed["replaced"][0]["ended"].is_string(), "{completed}");
        let sequences: Vec<Value> = system.all_events(&tenant, 0).iter().map(|event| event["sequence"].clone()).collect();
        assert_eq!(sequences, (1..=10).map(Value::from).collect::<Vec<_>>());
        for secret in [&tenant.token, &overlapping.token, &unused.token] {
            assert!(!format!("{told:?}").contains(secret.as_str()));
        }
    }

    /// An end that is near is told once: as an event, in the log and as a metric, also over a restart.
    async fn one_is_warned_before_a_token_ends(database: Database) {
        let system = System::start(database).await;
        let (tenant, issued) = issue(&system, &system.tenant("warned"), &["--for", "86401s"]);
        let expiring = || told(&system, &tenant).into_iter().filter(|(kind, _)| kind == "token.expiring").map(|(_, data)| data).collect::<Vec<_>>();
        assert_eq!(expiring(), Vec::<Value>::new());
        let soon = OffsetDateTime::now_utc() + time::Duration::milliseconds(1100);
        until("the last day to begin", async || (OffsetDateTime::now_utc() > soon).then_some(())).await;
        for _ in 0..2 {
            assert!(system.server().stop().await.success());
            system.server().start_again().await;
            until("the warning", async || (!expiring().is_empty()).then_some(())).await;
        }
        let warnings = expiring();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!((&warnings[0]["token"], &warnings[0]["daysLeft"]), (&issued["token_id"], &json!(1)));
        let lines = system.server().log().lines().filter(|line| line.contains("a token ends soon")).count();
        assert_eq!(lines, 1, "{}", system.server().log());
        let metrics = reqwest::get(format!("{}/metrics", system.server().operations())).await.expect("metrics").text().await.expect("text");
        let sample = format!("tenantry_token_expiry_seconds{{tenant=\"{}\"}} ", tenant.name);
        let left = metrics.lines().find_map(|line| line.strip_prefix(&sample)?.parse::<f64>().ok());
        assert!(left.is_some_and(|left| left > 86_000.0 && left < 86_401.0), "{left:?} in\n{metrics}");
    }

    /// When, from where and by whom a token was last used; kept over a restart.
    async fn the_last_use_of_a_token_is_listed(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("used");
        let listed = || system.tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json()["tokens"][0]["last_used"].clone();
        assert_eq!(listed(), Value::Null);
        tenant.client().with("user-agent", "Okta SCIM Client 1.0.0").get("/Users").await.expect(200);
        let used = listed();
        assert_eq!((&used["client"], &used["address"]), (&json!("okta"), &json!("127.0.0.1")));
        let time = OffsetDateTime::parse(used["time"].as_str().expect("a moment"), &Rfc3339).expect("RFC 3339");
        assert!((OffsetDateTime::now_utc() - time).abs() < time::Duration::minutes(1), "{used}");
        // Written at the end, and read without a server.
        assert!(system.server().stop().await.success());
        assert_eq!(listed(), used);
    }

    /// Some hundred requests, and no row of any table is written for one of them: the last use is, now and then, and what the
    /// server does by itself.
    async fn a_last_use_costs_no_request_a_write(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("used");
        let known = tenant.client().post("/Users", &user("known")).await.expect(201).id();
        database::count_writes(system.server().database_url()).await;
        for _ in 0..400 {
            tenant.client().get(&format!("/Users/{known}")).await.expect(200);
        }
        let written = until("a use in the database", async || {
            let tables = database::writes(system.server().database_url()).await;
            tables.contains(&"tokens".to_owned()).then_some(tables)
        })
        .await;
        assert!(written.len() < 100, "{} rows written for 400 requests: {written:?}", written.len());
    }

    /// Also where the process has no time to say goodbye, a use is soon written.
    async fn a_use_survives_the_end_of_a_killed_process(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("used");
        tenant.client().get("/Users").await.expect(200);
        let used_in_database = async || {
            system.server().kill();
            let listed = system.tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json();
            let used = listed["tokens"][0]["last_used"].is_object();
            system.server().start_again().await;
            used.then_some(())
        };
        // Each life of the server uses the token before it is killed, and lives a little longer than the one before.
        let mut life = time::Duration::seconds(1);
        until("a use in the database", async || {
            tenant.client().get("/Users").await.expect(200);
            let end = OffsetDateTime::now_utc() + life;
            life += time::Duration::seconds(3);
            until("the end of this life", async || (OffsetDateTime::now_utc() > end).then_some(())).await;
            used_in_database().await
        })
        .await;
    }
}
