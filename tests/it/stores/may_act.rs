//! Whether a user may still act, as an application asks in the middle of a session.

use serde_json::{Value, json};

use super::add_store;
use crate::support::{System, Tenant, encode, patch_one, until, user};

/// An application with the token of a store.
struct Application {
    url: String,
    token: String,
}

impl Application {
    fn new(system: &System, tenant: &Tenant) -> Self {
        add_store(system, tenant, "app", "pull", &[]);
        let issued = system.tenantry(&["store", "token", &tenant.name, "app", "--json"]).expect(0).json();
        let token = issued["token"].as_str().expect("a token").to_owned();
        Self { url: format!("{}/may-act", system.server().feed()), token }
    }

    async fn ask(&self, query: &str) -> (u16, Value) {
        let asked = reqwest::Client::new().get(format!("{}?{query}", self.url)).bearer_auth(&self.token);
        let answer = asked.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// Whether this user may act, and why.
    async fn may_act(&self, query: &str) -> (bool, String) {
        let (status, answer) = self.ask(query).await;
        assert_eq!(status, 200, "{answer}");
        (answer["mayAct"].as_bool().expect("yes or no"), answer["reason"].as_str().expect("a reason").to_owned())
    }
}

fn told(may_act: bool, reason: &str) -> (bool, String) {
    (may_act, reason.to_owned())
}

on_both! {
    /// As soon as the identity provider has its answer, again and again; however the user is named.
    async fn k09_a_deactivation_is_seen_as_soon_as_it_is_answered(system) {
        let tenant = system.tenant("acting");
        let (client, application) = (tenant.client(), Application::new(&system, &tenant));
        let mut ada = user("Ada@acme.example");
        ada["externalId"] = json!("e 7&8");
        let id = client.post("/Users", &ada).await.expect(201).id();
        let ways = [format!("id={id}"), "userName=ada%40ACME.example".to_owned(), format!("externalId={}", encode("e 7&8"))];
        let (_, first) = application.ask(&ways[0]).await;
        assert_eq!(first["user"], json!({ "id": id, "userName": "Ada@acme.example", "externalId": "e 7&8" }));
        for _ in 0..10 {
            client.patch(&format!("/Users/{id}"), &patch_one("replace", "active", false)).await.expect(200);
            for way in &ways {
                assert_eq!(application.may_act(way).await, told(false, "inactive"), "{way}");
            }
            client.patch(&format!("/Users/{id}"), &patch_one("replace", "active", true)).await.expect(200);
            for way in &ways {
                assert_eq!(application.may_act(way).await, told(true, "active"), "{way}");
            }
        }
        let (_, last) = application.ask(&ways[0]).await;
        let newest = system.all_events(&tenant, 0).last().expect("an event")["sequence"].clone();
        assert_eq!(last["sequence"], newest, "what the application was told is in the events up to here");
    }

    /// Soft deletion by the identity provider (Entra sends `active` false, and the user as it was after a recovery): the same account.
    async fn k09_a_recovered_user_is_the_same_account(system) {
        let tenant = system.tenant("acting");
        let (client, application) = (tenant.client(), Application::new(&system, &tenant));
        let mut ada = user("ada");
        ada["externalId"] = json!("e-7");
        ada["title"] = json!("Engineer");
        let id = client.post("/Users", &ada).await.expect(201).id();
        let (_, before) = application.ask("externalId=e-7").await;
        client.patch(&format!("/Users/{id}"), &patch_one("Replace", "active", "False")).await.expect(200);
        assert_eq!(application.may_act("externalId=e-7").await, told(false, "inactive"));
        assert_eq!(client.find("Users", "externalId eq \"e-7\"").await.expect(200).ids(), std::slice::from_ref(&id), "the data is kept");
        client.patch(&format!("/Users/{id}"), &patch_one("Replace", "active", "True")).await.expect(200);
        let (_, after) = application.ask("externalId=e-7").await;
        assert_eq!((&after["user"], &after["mayAct"]), (&before["user"], &json!(true)));
        assert_eq!(client.get(&format!("/Users/{id}")).await.expect(200).body["title"], "Engineer");
        client.delete(&format!("/Users/{id}")).await.expect(204);
        assert_eq!(application.may_act("externalId=e-7").await, told(false, "unknown"), "deleted for good");
    }

    /// Who is not known for certain may not act; nobody may when the tenant is switched off.
    async fn k09_who_is_not_known_may_not_act(system) {
        let (tenant, other) = (system.tenant("acting"), system.tenant("other"));
        let (application, stranger) = (Application::new(&system, &tenant), Application::new(&system, &other));
        assert_eq!(application.may_act("userName=ada").await, told(false, "unknown"), "a directory without anybody");
        let mut twin = user("ada");
        twin["externalId"] = json!("same");
        let id = tenant.client().post("/Users", &twin).await.expect(201).id();
        twin["userName"] = json!("bob");
        tenant.client().post("/Users", &twin).await.expect(201);
        assert_eq!(application.may_act("externalId=same").await, told(false, "ambiguous"));
        for unknown in ["id=1", "id=0f6c1a52-6a35-4f5e-9c1d-3f1f0a6f8f10", "userName=", "externalId=ada"] {
            assert_eq!(application.may_act(unknown).await, told(false, "unknown"), "{unknown}");
        }
        assert_eq!(stranger.may_act(&format!("id={id}")).await, told(false, "unknown"), "another tenant's user");
        system.tenantry(&["tenant", "disable", &tenant.name]).expect(0);
        assert_eq!(application.may_act(&format!("id={id}")).await, told(false, "tenant-disabled"));
        system.tenantry(&["tenant", "enable", &tenant.name]).expect(0);
        assert_eq!(application.may_act(&format!("id={id}")).await, told(true, "active"));
        system.tenantry(&["store", "pause", &tenant.name, "app"]).expect(0);
        assert_eq!(application.may_act(&format!("id={id}")).await, told(true, "active"), "a pause concerns events");
    }

    /// The token opens it as it opens the events, and a question is one question.
    async fn k09_a_wrong_question_and_a_wrong_token_are_refused(system) {
        let (tenant, other) = (system.tenant("acting"), system.tenant("other"));
        let (application, stranger) = (Application::new(&system, &tenant), Application::new(&system, &other));
        for wrong in ["", "id=1&userName=a", "id=1&id=2", "name=ada"] {
            let (status, problem) = application.ask(wrong).await;
            assert_eq!(status, 400, "{wrong}: {problem}");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("externalId")), "{problem}");
        }
        let elsewhere = format!("{}/t/{}/may-act", system.server().feed(), tenant.name);
        let own = Application { url: elsewhere.clone(), token: application.token.clone() };
        assert_eq!(own.may_act("userName=ada").await, told(false, "unknown"));
        for token in ["", "nonsense", &stranger.token, &tenant.token] {
            let wrong = Application { url: elsewhere.clone(), token: token.to_owned() };
            assert_eq!(wrong.ask("userName=ada").await.0, 401);
        }
        let posted = reqwest::Client::new().post(&application.url).bearer_auth(&application.token).send().await.expect("an answer");
        assert_eq!(posted.status(), 405);
        system.tenantry(&["store", "delete", &tenant.name, "app"]).expect(0);
        assert_eq!(application.ask("userName=ada").await.0, 401);
    }

    /// So many long polls as there may be take no place from questions.
    async fn k09_long_polls_keep_no_question_waiting(system) {
        let tenant = system.tenant("acting");
        let application = Application::new(&system, &tenant);
        let events = application.url.replace("/may-act", "/events");
        let newest = system.all_events(&tenant, 0).len();
        let poll = || reqwest::Client::new().get(format!("{events}?after={newest}&wait=50")).bearer_auth(&application.token).send();
        let waiting: Vec<_> = (0..16).map(|_| tokio::spawn(poll())).collect();
        until("all places to be taken", async || {
            let asked = reqwest::Client::new().get(format!("{events}?after={newest}")).bearer_auth(&application.token).send();
            (asked.await.ok()?.status() == 429).then_some(())
        })
        .await;
        assert_eq!(application.may_act("userName=ada").await, told(false, "unknown"));
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
