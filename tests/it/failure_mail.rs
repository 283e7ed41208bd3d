//! Mail about what identity providers did not get done, as a mail server sees it.

use serde_json::json;

use crate::mail::{Post, mail_settings, mailing};
use crate::support::{Database, Redis, System, Tenant, replica_settings, until, user};

/// Lets the contacts of all tenants have been told long ago.
async fn pass_time(system: &System) {
    system.server().change_rows("UPDATE failure_digests SET told_ms = 0").await;
}

async fn fail(tenant: &Tenant, name: &str) {
    tenant.client().post("/Users", &user(name)).await.expect(409);
}

async fn mails(post: &Post, count: usize) -> Vec<String> {
    until("the mails", async || {
        // Long lines are folded on their way (RFC 2045 section 6.7).
        let mails: Vec<String> = post.mails().iter().map(|mail| mail.replace("=\r\n", "")).collect();
        (mails.len() >= count).then_some(mails)
    })
    .await
}

on_both! {
    /// At once, then no more until it is time, then all in one; to the contacts of the tenant, and to nobody else.
    async fn z08_failures_are_told_by_mail_and_not_too_often(database: Database) {
        let (post, url) = Post::open(0).await;
        let system = mailing(database, &url).await;
        let tenant = system.tenant_with("failing", &json!({ "failure_contacts": ["it@acme.example"] }));
        let silent = system.tenant("silent");
        for tenant in [&tenant, &silent] {
            tenant.client().post("/Users", &user("ada")).await.expect(201);
        }
        fail(&silent, "ada").await;
        fail(&tenant, "ADA").await;
        let first = mails(&post, 1).await.remove(0);
        assert!(first.contains("RCPT TO:<it@acme.example>") && first.contains(&format!("Subject: Provisioning of {}: 1 failure", tenant.name)), "{first}");
        assert!(first.contains("create user ADA: 409") && first.contains("Another user has this user name"), "{first}");
        assert!(first.contains(&format!("tenantry failures list {}", tenant.name)), "{first}");
        for _ in 0..12 {
            fail(&tenant, "ada").await;
        }
        until("them in the log", async || {
            let listed = system.tenantry(&["failures", "list", &tenant.name, "--json"]).expect(0).json();
            (listed["failures"].as_array().map(Vec::len) == Some(13)).then_some(())
        })
        .await;
        assert_eq!(post.mails().len(), 1, "a person is not told so soon again");
        pass_time(&system).await;
        let second = mails(&post, 2).await.remove(1);
        assert!(second.contains(": 12 failures") && second.contains("There are 2 more."), "{second}");
        assert!(!second.contains("is taken") && !second.contains("operator@"), "{second}");
        pass_time(&system).await;
        fail(&tenant, "ada").await;
        let third = mails(&post, 3).await.remove(2);
        assert!(third.contains(": 1 failure") && !system.server().log().contains("it@acme"), "{third}");
    }

    /// P5: also what a server that has gone has left; and the setting is checked.
    async fn p05_what_was_not_told_is_told_after_the_next_start(database: Database) {
        let (post, url) = Post::open(0).await;
        let system = mailing(database, &url).await;
        let tenant = system.tenant("failing");
        tenant.client().post("/Users", &user("ada")).await.expect(201);
        fail(&tenant, "ada").await;
        assert!(system.server().stop().await.success());
        assert!(post.mails().is_empty(), "nobody is to be told");
        let refused = system.tenantry(&["tenant", "set", &tenant.name, "failure_contacts=[\"nobody\"]"]).expect(2);
        assert!(refused.stderr.contains("failure_contacts"), "{}", refused.stderr);
        system.set(&tenant, &json!({ "failure_contacts": ["it@acme.example", "hr@acme.example"] }));
        system.server().start_again().await;
        let told = mails(&post, 2).await;
        assert!(told.iter().all(|mail| mail.contains("create user ada: 409")), "{told:?}");
        assert!(told[0].contains("it@acme") != told[0].contains("hr@acme"), "nobody learns who else is told: {}", told[0]);
    }
}

/// What one of them tells, no other tells again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn z08_of_several_servers_one_tells() {
    let ((post, smtp), redis) = (Post::open(0).await, Redis::start().await);
    let folder = tempfile::tempdir().expect("a folder");
    let (url, redis_url) = (Database::Postgres.create(folder.path()).await, redis.url());
    let settings = [replica_settings(&redis_url, "2000").as_slice(), &mail_settings(&smtp)].concat();
    let (one, other) = (System::start_on(&url, &settings).await, System::start_on(&url, &settings).await);
    let tenant = one.tenant_with("failing", &json!({ "failure_contacts": ["it@acme.example"] }));
    let elsewhere = tenant.base_url.replace(&one.server().origin(), &other.server().origin());
    let clients = [tenant.client(), tenant.client().at(elsewhere)];
    let mut names = Vec::new();
    for round in 0..3 {
        let before = post.mails().len();
        for (number, client) in clients.iter().enumerate() {
            let name = format!("user-{round}-{number}");
            client.put(&format!("/Users/{name}"), &user(&name)).await.expect(404);
            names.push(name);
        }
        mails(&post, before + 1).await;
        pass_time(&one).await;
    }
    let told = mails(&post, 1).await;
    for name in names {
        let times = told.iter().filter(|mail| mail.contains(&name)).count();
        assert!(times <= 1, "{name} is told {times} times: {told:?}");
    }
}
