//! API keys: shown once, refused at once, guessed by nobody, written down nowhere.

use serde_json::json;

use super::Admin;
use crate::support::{Clock, Database, Request, System, until};

/// In seconds.
const DAY: i64 = 86_400;

/// Addresses of senders are what a proxy says, so that a test has many.
const PROXY: [(&str, &str); 1] = [("TENANTRY_SERVER__TRUSTED_PROXIES", "127.0.0.1")];

on_both! {
    async fn a_key_tells_who_it_is(system) {
        let tenant = system.tenant("me");
        for (arguments, role, name) in [
            (vec![], "operator", json!(null)),
            (vec!["--tenant", &tenant.name], "tenant-admin", json!(tenant.name)),
            (vec!["--role", "auditor"], "auditor", json!(null)),
            (vec!["--role", "auditor", "--tenant", &tenant.name], "auditor", json!(tenant.name)),
        ] {
            let admin = Admin::with(&system, &arguments).await;
            let me = admin.get("/me").await.expect(200);
            assert_eq!((&me.body["id"], &me.body["role"], &me.body["tenant"]), (&json!(admin.id), &json!(role), &name));
            assert!(!me.text.contains(&admin.key));
        }
    }

    async fn a_revoked_key_is_refused_at_once(database: Database) {
        let system = System::start_unlimited_with(database, &PROXY).await;
        let (gone, stays) = (Admin::operator(&system).await, Admin::operator(&system).await);
        gone.get("/me").await.expect(200);
        for _ in 0..2 {
            let revoked = system.tenantry(&["api-key", "revoke", &gone.id, "--json"]).expect(0).json();
            assert!(revoked["ended"].is_string());
        }
        gone.get("/me").await.expect(401);
        gone.post("/tenants", &json!({ "name": "never" })).await.expect(401);
        stays.get("/me").await.expect(200);
        system.tenantry(&["tenant", "show", "never"]).expect(3);
        system.tenantry(&["api-key", "revoke", "0f6c1a52-6a35-4f5e-9c1d-3f1f0a6f8f10"]).expect(3);
        system.tenantry(&["api-key", "revoke", "x"]).expect(2);
    }

    /// By the clock of the server: to the second, and whoever asks.
    async fn a_key_is_refused_when_its_days_are_over(database: Database) {
        let clock = Clock::new();
        let variables = clock.variables();
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        let system = System::start_unlimited_with(database, &variables).await;
        let tenant = system.tenant("ends");
        let (short, long) = (Admin::with(&system, &["--days", "1"]).await, Admin::with(&system, &["--days", "2"]).await);
        let own = Admin::with(&system, &["--days", "1", "--tenant", &tenant.name]).await;
        for (ahead, expected) in [(DAY - 60, 200), (DAY + 1, 401), (0, 200)] {
            clock.set(ahead);
            let said = [short.get("/me").await.expect(expected), own.get(&format!("/tenants/{}", tenant.name)).await.expect(expected)];
            if expected == 401 {
                let unknown = Admin::holding(&system, &format!("{}x", short.key), "").await.get("/me").await.expect(401);
                assert!(said.iter().all(|said| said.text == unknown.text), "it is as good as none: {said:?}");
                short.issue(&tenant.name, "late", &json!({})).await.expect(401);
            }
            long.get("/me").await.expect(200);
        }
        let tokens = long.get(&format!("/tenants/{}/tokens", tenant.name)).await.expect(200);
        assert_eq!(tokens.body["tokens"].as_array().map(Vec::len), Some(1), "none was issued with a key that had ended");
    }

    /// Also when a tenant of the same name comes after it.
    async fn the_key_of_a_deleted_tenant_is_gone(database: Database) {
        let system = System::start_unlimited_with(database, &PROXY).await;
        let operator = Admin::operator(&system).await;
        operator.post("/tenants", &json!({ "name": "acme" })).await.expect(201);
        let own = Admin::with(&system, &["--tenant", "acme"]).await;
        own.get("/tenants/acme").await.expect(200);
        operator.delete("/tenants/acme").await.expect(400);
        operator.delete("/tenants/acme?confirm=emca").await.expect(400);
        operator.delete("/tenants/acme?confirm=acme").await.expect(200);
        operator.post("/tenants", &json!({ "name": "acme" })).await.expect(201);
        own.get("/tenants/acme").await.expect(401);
    }

    /// Near misses are refused alike, and whoever tries too many waits as long as is said; nobody else does,
    /// also not from the same address.
    async fn wrong_keys_are_refused_alike_and_not_often(database: Database) {
        let system = System::start_unlimited_with(database, &PROXY).await;
        let (admin, other) = (Admin::operator(&system).await, Admin::operator(&system).await);
        let id = admin.key.split('_').nth(1).expect("the number").to_owned();
        let secret = other.secret().to_owned();
        let mut said = Vec::new();
        for key in [String::new(), "x".repeat(5000), admin.key[..admin.key.len() - 1].to_owned(), format!("tenantry_{id}_"), format!("tenantry_{id}_{secret}")] {
            let wrong = Admin::holding(&system, &key, "").await.sending("x-forwarded-for", "198.51.100.1");
            said.push(wrong.get("/me").await.expect(401).text);
        }
        said.dedup();
        assert_eq!(said.len(), 1, "{said:?}");
        let from = |address: &str| admin.sending("x-forwarded-for", address);
        let wrong = Admin::holding(&system, "tenantry_wrong", "").await.sending("x-forwarded-for", "198.51.100.1");
        let mut statuses = Vec::new();
        for _ in 0..10 {
            statuses.push(wrong.get("/me").await.status);
        }
        assert_eq!((statuses[0], statuses[9]), (401, 429), "{statuses:?}");
        // Whoever has a right key does not pay for a neighbour who guesses.
        from("198.51.100.1").get("/me").await.expect(200);
        wrong.get("/me").await.expect(429);
        from("198.51.100.2").get("/me").await.expect(200);
        wrong.get("/openapi.json").await.expect(200);
    }

    /// Roles and tenants that do not go together, wrong names and days.
    async fn a_key_that_makes_no_sense_is_not_made(system) {
        let tenant = system.tenant("senseless");
        for (arguments, code) in [
            (vec!["--role", "operator", "--tenant", &tenant.name], 2),
            (vec!["--role", "tenant-admin"], 2),
            (vec!["--role", "root"], 2),
            (vec!["--tenant", "no-such-tenant"], 3),
            (vec!["--days", "0"], 2),
            (vec!["--days", "4000"], 2),
        ] {
            system.tenantry(&[&["api-key", "create", "--name", "x"], arguments.as_slice()].concat()).expect(code);
        }
        system.tenantry(&["api-key", "create", "--name", " "]).expect(2);
        let listed = system.tenantry(&["api-key", "list", "--tenant", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(listed, json!({ "api_keys": [] }));
    }

    /// Neither the log at its most talkative, nor the list, nor a file has a key, a token or a client's secret.
    async fn secrets_are_written_down_nowhere(database: Database) {
        let settings = [PROXY.as_slice(), &[("TENANTRY_LOG__LEVEL", "trace")]].concat();
        let system = System::start_unlimited_with(database, &settings).await;
        let (tenant, admin) = (system.tenant("secret"), Admin::operator(&system).await);
        let issued = admin.issue(&tenant.name, "secret-call", &json!({})).await.expect(201);
        let clients = format!("/tenants/{}/oauth-clients", tenant.name);
        let client = admin.post(&clients, &json!({ "name": "entra" })).await.expect(201);
        let secrets = format!("{clients}/{}/secrets", client.body["client_id"].as_str().expect("an id"));
        let secret = admin.post(&secrets, &json!({})).await.expect(201);
        admin.post("/tenants", &json!({ "name": "Secret Person" })).await.expect(400);
        admin.get("/secret-path/secret-person?secret-query=1").await.expect(404);
        let wrong = Admin::holding(&system, "tenantry_guessed-key", "").await;
        wrong.get("/me").await.expect(401);
        let broken = Request::new("POST", "/tenants").body("{\"secret-member\": 1").header("content-type", "application/json");
        admin.ask(broken).await.expect(400);
        let listed = system.tenantry(&["api-key", "list", "--json"]).expect(0).stdout;
        assert!(system.server().stop().await.success());
        let log = system.server().log();
        let told = |text: &str| log.lines().find(|line| line.contains(text));
        for id in [&admin.id, "/tenants/{tenant}/tokens", "administered"] {
            assert!(told(id).is_some(), "{id} is not in the log");
        }
        let token = issued.body["token"].as_str().expect("a token").rsplit('.').next().expect("a signature").to_owned();
        let key = admin.secret().to_owned();
        let secret = secret.body["client_secret"].as_str().expect("a secret").to_owned();
        for secret in [token.as_str(), &key, &secret, "guessed-key", "Secret Person", "secret-path", "secret-query", "secret-member", "secret-call"] {
            assert_eq!(told(secret), None, "{secret} is in the log");
        }
        assert!(!listed.contains(&key), "{listed}");
        for entry in std::fs::read_dir(system.server().data_folder()).expect("the data folder") {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            for secret in [&token, &key, &secret] {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", path.display());
            }
        }
    }
}

/// Without its database nobody is let in, and nobody is told a wrong thing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_api_says_503_and_nothing_wrong() {
    let system = System::start_unlimited_with(Database::Postgres, &PROXY).await;
    let (tenant, admin) = (system.tenant("away"), Admin::operator(&system).await);
    let wrong = Admin::holding(&system, &admin.key.replace(&admin.key[10..12], "00"), "").await;
    system.server().cut_database().await;
    for _ in 0..3 {
        admin.get("/me").await.expect(503);
        wrong.get("/me").await.expect(503);
        admin.issue(&tenant.name, "away", &json!({})).await.expect(503);
    }
    system.server().restore_database().await;
    until("the database to be back", async || (admin.get("/me").await.status == 200).then_some(())).await;
    admin.issue(&tenant.name, "away", &json!({})).await.expect(201);
}
