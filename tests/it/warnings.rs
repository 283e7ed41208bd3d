//! Who is told by mail that something ends, beyond the tokens of one server.

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::mail::{Post, mail_settings, mailing};
use crate::support::{Database, Redis, System, Tenant, replica_settings, until};

const DAY_MS: i64 = 86_400_000;

fn expiring(system: &System, tenant: &Tenant) -> Vec<Value> {
    let mut events = system.all_events(tenant, 0);
    events.retain(|event| event["type"].as_str().is_some_and(|kind| kind.ends_with(".expiring")));
    events
}

on_both! {
    /// The end of a secret of an OAuth client is told like that of a token: to the operators and the tenant's contacts.
    async fn a_secret_that_ends_soon_is_told_by_mail(database: Database) {
        let (post, url) = Post::open(0).await;
        let system = mailing(database, &url).await;
        let tenant = system.tenant_with("secret", &json!({ "token_contacts": ["ada@acme.example"] }));
        let created = system.tenantry(&["oauth", "client", "create", &tenant.name, "entra", "--json"]).expect(0).json();
        let client = created["client_id"].as_str().expect("an id");
        let issued = system.tenantry(&["oauth", "secret", "issue", &tenant.name, client, "--days", "20", "--json"]).expect(0).json();
        for _ in 0..2 {
            assert!(system.server().stop().await.success());
            let sql = format!("UPDATE oauth_secrets SET created_ms = created_ms - {by}, expires_ms = expires_ms - {by} WHERE warned_days IS NULL", by = 7 * DAY_MS);
            system.server().change_rows(&sql).await;
            system.server().start_again().await;
            until("both mails", async || (post.mails().len() >= 2).then_some(())).await;
        }
        let mails = post.mails();
        assert_eq!(mails.len(), 2, "{mails:?}");
        for (mail, to) in mails.iter().zip(["operator@example.com", "ada@acme.example"]) {
            // Long lines are broken (RFC 2045 section 6.7).
            let mail = mail.replace("=\r\n", "").replace("=\n", "");
            assert!(mail.contains(&format!("RCPT TO:<{to}>")), "{mail}");
            assert!(mail.contains(&format!("A secret of the OAuth client entra of {}", tenant.name)), "{mail}");
            assert!(mail.contains(issued["secret_id"].as_str().expect("an id")) && mail.contains(client), "{mail}");
            assert!(!mail.contains(issued["client_secret"].as_str().expect("a secret")), "{mail}");
        }
    }
}

/// Whom a tenant wants told is a setting that counts from the next warning on, without a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_is_changed_without_a_restart() {
    let (post, url) = Post::open(0).await;
    let system = mailing(Database::Sqlite, &url).await;
    let tenant = system.tenant_with("contacts", &json!({ "token_contacts": ["before@acme.example"] }));
    system.set(&tenant, &json!({ "token_contacts": ["after@acme.example"] }));
    system.tenantry(&["token", "issue", &tenant.name, "--for", "86401s"]).expect(0);
    // It is looked for once in a minute.
    until("both mails", async || (post.mails().len() >= 2).then_some(())).await;
    let mails = post.mails().concat();
    assert!(mails.contains("RCPT TO:<after@acme.example>") && !mails.contains("before@"), "{mails}");
    assert_eq!(expiring(&system, &tenant).len(), 1);
}

/// Three servers look at once; one of them tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_servers_warn_once() {
    let (post, url) = Post::open(0).await;
    let redis = Redis::start().await;
    let (database, redis_url) = (Database::Postgres.create(std::path::Path::new("")).await, redis.url());
    let settings = [&replica_settings(&redis_url, "1000")[..], &mail_settings(&url)].concat();
    let mut systems = Vec::new();
    for _ in 0..3 {
        systems.push(System::start_on(&database, &settings).await);
    }
    let tenants: Vec<Tenant> = (0..5).map(|_| systems[0].tenant("warned")).collect();
    for tenant in &tenants {
        systems[0].tenantry(&["token", "issue", &tenant.name, "--for", "86401s"]).expect(0);
    }
    let soon = OffsetDateTime::now_utc() + time::Duration::milliseconds(1100);
    until("the last day to begin", async || (OffsetDateTime::now_utc() > soon).then_some(())).await;
    for round in 0..2 {
        for system in &systems {
            assert!(system.server().stop().await.success());
        }
        tokio::join!(
            systems[0].server().start_again(),
            systems[1].server().start_again(),
            systems[2].server().start_again()
        );
        until("all mails", async || (post.mails().len() >= tenants.len()).then_some(())).await;
        let lines: usize =
            systems.iter().map(|system| system.server().log().matches("a token ends soon").count()).sum();
        assert_eq!((post.mails().len(), lines), (5, 5), "{round}: {:?}", post.mails());
    }
    for tenant in &tenants {
        until("the event", async || (!expiring(&systems[1], tenant).is_empty()).then_some(())).await;
        assert_eq!(expiring(&systems[2], tenant).len(), 1, "{}", tenant.name);
        let subject = format!("Subject: The provisioning token of {} ends in 1 day", tenant.name);
        assert_eq!(post.mails().iter().filter(|mail| mail.contains(&subject)).count(), 1, "{subject}");
    }
}
