//! The mails themselves: each sent, by one server, whatever happens to servers and mail servers.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::{Inviting, Page, link_of, mails_to, person, workspace};
use crate::mail::{Post, mail_settings, mailing};
use crate::support::{Database, Line, Proxy, Redis, System, replica_settings, until};

on_both! {
    /// What is not taken now is tried again, with the same link.
    async fn k07_a_mail_that_is_not_taken_is_tried_again(database: Database) {
        let (post, url) = Post::open(2).await;
        let system = mailing(database, &url).await;
        let inviting = Inviting { tenant: workspace(&system, &json!({})), system, post };
        let id = inviting.provision("ada@acme.example").await;
        for number in 1..=2 {
            until("a failure", async || {
                let shown = inviting.invitation(&id);
                shown["problem"].as_str().is_some_and(|problem| problem.contains("(451)")).then_some(())
            })
            .await;
            assert_eq!(inviting.invitation(&id)["mail"], "waiting", "after {number}");
            let again = "UPDATE invitations SET due_ms = 1, problem = NULL WHERE due_ms IS NOT NULL";
            inviting.system.server().change_rows(again).await;
        }
        Page::post(&inviting.link("ada@acme.example", 1).await).await.expect(200, "you are a member");
        assert_eq!(inviting.invitation(&id)["times_sent"], 1);
        assert!(!inviting.system.server().log().contains("ada@acme"), "no address is logged");
    }

    /// A server that is told to end lets the mail that is on its way arrive, and notes that: the next one sends it no second time.
    async fn k07_a_server_that_ends_sends_no_mail_twice(database: Database) {
        let (post, url) = Post::open(0).await;
        let line = Proxy::before(url.trim_start_matches("smtp://").parse().expect("an address")).await;
        line.turn(Line::Slow(Duration::from_millis(200)));
        let system = mailing(database, &format!("smtp://{}", line.address())).await;
        let inviting = Inviting { tenant: workspace(&system, &json!({})), system, post };
        let id = inviting.provision("ada@acme.example").await;
        until("the mail to be claimed", async || inviting.invitation(&id)["expires"].as_str().map(drop)).await;
        assert!(inviting.system.server().stop().await.success());
        line.turn(Line::Open);
        inviting.system.server().start_again().await;
        inviting.provision("bob@acme.example").await;
        inviting.link("bob@acme.example", 1).await;
        assert_eq!(mails_to(&inviting.post, "ada@acme.example").len(), 1);
        let shown = inviting.invitation(&id);
        assert_eq!((&shown["mail"], &shown["times_sent"]), (&json!("sent"), &json!(1)));
    }

    /// Killed while a mail is on its way: another one is sent, and none is lost.
    async fn k07_no_mail_is_lost_when_the_server_is_killed(database: Database) {
        // A mail server that says nothing.
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let silent = format!("smtp://{}", listener.local_addr().expect("its address"));
        let system = mailing(database, &silent).await;
        let tenant = workspace(&system, &json!({}));
        let users: Vec<String> = (0..6).map(|number| format!("user{number}@acme.example")).collect();
        for user in &users {
            tenant.client().post("/Users", &person(user)).await.expect(201);
        }
        let (mut connection, _) = listener.accept().await.expect("a connection");
        let mut nothing = [0; 1];
        let waits = tokio::time::timeout(Duration::from_millis(200), connection.read(&mut nothing)).await;
        assert!(waits.is_err(), "the mail is on its way");
        system.server().kill();
        // Who has claimed it has gone; its claim would end by itself.
        system.server().change_rows("UPDATE invitations SET lease_ms = 0").await;
        let url = system.server().database_url().to_owned();
        let (post, smtp) = Post::open(0).await;
        let again = System::start_on(&url, &mail_settings(&smtp)).await;
        until("all mails", async || (post.mails().len() >= users.len()).then_some(())).await;
        for user in &users {
            let mails = mails_to(&post, user);
            assert_eq!(mails.len(), 1, "{user}");
            Page::post(&link_of(&mails[0])).await.expect(200, "you are a member");
        }
        let listed = again.tenantry(&["invitation", "list", &tenant.name, "--state", "accepted", "--json"]).expect(0).json();
        assert_eq!(listed["invitations"].as_array().map(Vec::len), Some(users.len()));
    }
}

/// What one of them sends, no other sends again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k07_of_several_servers_one_sends_each_mail() {
    let ((post, smtp), redis) = (Post::open(0).await, Redis::start().await);
    let folder = tempfile::tempdir().expect("a folder");
    let (url, redis_url) = (Database::Postgres.create(folder.path()).await, redis.url());
    let settings = [replica_settings(&redis_url, "2000").as_slice(), &mail_settings(&smtp)].concat();
    let (one, other) = (System::start_on(&url, &settings).await, System::start_on(&url, &settings).await);
    let tenant = workspace(&one, &json!({}));
    let elsewhere = tenant.base_url.replace(&one.server().origin(), &other.server().origin());
    let clients = [tenant.client(), tenant.client().at(elsewhere)];
    let users: BTreeSet<String> = (0..40).map(|number| format!("user{number}@acme.example")).collect();
    for (number, user) in users.iter().enumerate() {
        clients[number % 2].post("/Users", &person(user)).await.expect(201);
    }
    until("all of them", async || {
        let listed = one.tenantry(&["invitation", "list", &tenant.name, "--json"]).expect(0).json();
        let all = listed["invitations"].as_array().cloned().unwrap_or_default();
        (all.len() == users.len() && all.iter().all(|one| one["mail"] == "sent")).then_some(())
    })
    .await;
    for user in &users {
        assert_eq!(mails_to(&post, user).len(), 1, "{user}");
    }
    // The link that one server wrote, the other one takes.
    let link = link_of(&mails_to(&post, "user0@acme.example")[0]);
    let (from, to) = match link.starts_with(&one.server().origin()) {
        true => (one.server().origin(), other.server().origin()),
        false => (other.server().origin(), one.server().origin()),
    };
    Page::post(&link.replace(&from, &to)).await.expect(200, "you are a member");
}
