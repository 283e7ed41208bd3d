//! A receiver that asks (RFC 8936).

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{check_whole, replayed, start, stream, verified};
use crate::stores::{State, a_days_work, add_store, kill_under_load, rounds, show_store, text};
use crate::support::{System, Tenant, until, user};

/// A program with the token of a stream.
#[derive(Clone)]
struct Poller {
    url: String,
    token: String,
}

/// The claims of tokens that were asked for, and whether there are more.
struct Got {
    ids: Vec<String>,
    tokens: Vec<Value>,
    more: bool,
}

impl Poller {
    fn new(system: &System, tenant: &Tenant, settings: &[&str]) -> Self {
        let own = stream(tenant, "full");
        let settings: Vec<&str> = own.iter().map(String::as_str).chain(settings.iter().copied()).collect();
        add_store(system, tenant, "stream", "set_poll", &settings);
        Self { url: format!("{}/sets", system.server().feed()), token: issue(system, tenant) }
    }

    async fn try_ask(&self, body: &Value) -> Option<(u16, Value)> {
        let client = reqwest::Client::new();
        let answer = client.post(&self.url).bearer_auth(&self.token).json(body).send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.ok()?))
    }

    async fn ask(&self, body: &Value) -> (u16, Value) {
        self.try_ask(body).await.expect("an answer")
    }

    async fn get(&self, body: &Value) -> Got {
        let (status, answer) = self.ask(body).await;
        assert_eq!(status, 200, "{answer}");
        Got::of(&answer)
    }

    /// What there is without waiting, up to so many.
    async fn some(&self, most: u32) -> Got {
        self.get(&json!({ "maxEvents": most, "returnImmediately": true })).await
    }

    async fn acknowledge(&self, ids: &[String]) -> Got {
        self.get(&json!({ "maxEvents": 0, "ack": ids })).await
    }

    /// Everything, each acknowledged with the next question.
    async fn all(&self) -> Vec<Value> {
        let (mut tokens, mut ack) = (Vec::new(), Vec::new());
        loop {
            let got = self.get(&json!({ "maxEvents": 4, "returnImmediately": true, "ack": ack })).await;
            if got.ids.is_empty() {
                return tokens;
            }
            tokens.extend(got.tokens);
            ack = got.ids;
        }
    }
}

impl Got {
    fn of(answer: &Value) -> Self {
        let sets = answer["sets"].as_object().expect("sets");
        let more = answer.get("moreAvailable").is_some_and(|more| *more == json!(true));
        Self { ids: sets.keys().cloned().collect(), tokens: sets.values().cloned().collect(), more }
    }
}

fn issue(system: &System, tenant: &Tenant) -> String {
    let issued = system.tenantry(&["store", "token", &tenant.name, "stream", "--json"]).expect(0).json();
    text(&issued["token"])
}

on_both! {
    /// What is acknowledged is done; the rest comes again, in order, by its id.
    async fn what_is_acknowledged_does_not_come_again(system) {
        let tenant = system.tenant("polled");
        let poller = Poller::new(&system, &tenant, &[]);
        a_days_work(&tenant).await;
        let first = poller.some(3).await;
        assert_eq!((first.ids.len(), first.more), (3, true));
        assert_eq!(poller.some(3).await.ids, first.ids, "none was acknowledged");
        // The last one alone: the two before it come again.
        let none = poller.acknowledge(&first.ids[2..]).await;
        assert_eq!((none.ids.len(), none.more), (0, true));
        let second = poller.some(3).await;
        assert_eq!(second.ids[..2], first.ids[..2]);
        assert!(!first.ids.contains(&second.ids[2]));
        assert_eq!(poller.acknowledge(&first.ids[..2]).await.ids.len(), 0);
        let third = poller.some(1).await;
        assert_eq!(third.ids[0], second.ids[2]);
        let mut tokens = first.tokens;
        tokens.extend(poller.all().await);
        let told = verified(&tenant, &tokens);
        check_whole(&system, &tenant, &told);
        assert_eq!(replayed(&told), State::of_directory(&tenant).await);
        let last = poller.some(1).await;
        assert_eq!((last.ids.len(), last.more), (0, false));
        let shown = show_store(&system, &tenant, "stream");
        assert_eq!(shown["lag"], 0, "{shown}");
        // Unknown ids say nothing.
        assert_eq!(poller.acknowledge(&["x".to_owned(), first.ids[0].clone()]).await.ids.len(), 0);
    }

    /// What a receiver refuses is parked where the operator sees it, and the next one comes.
    async fn what_is_refused_is_a_dead_letter(system) {
        let tenant = system.tenant("polled");
        let poller = Poller::new(&system, &tenant, &[]);
        a_days_work(&tenant).await;
        let first = poller.some(2).await;
        let error = json!({ "err": "invalid_audience", "description": "not for ada@acme.example" });
        let body = json!({ "maxEvents": 1, "returnImmediately": true, "ack": [first.ids[0]], "setErrs": { &first.ids[1]: error } });
        let next = poller.get(&body).await;
        assert!(!next.ids.is_empty() && !first.ids.contains(&next.ids[0]));
        let store = show_store(&system, &tenant, "stream");
        assert_eq!((&store["degraded"], &store["error"]), (&json!(true), &json!("invalid_audience: not for …")), "{store}");
        let letters = system.tenantry(&["store", "dead-letters", "list", &tenant.name, "stream", "--json"]).expect(0).json();
        assert!(letters.to_string().contains("invalid_audience: not for …"), "{letters}");
        poller.acknowledge(&next.ids).await;
        assert_eq!(show_store(&system, &tenant, "stream")["degraded"], json!(false));
        let kinds = async || {
            let events = system.all_events(&tenant, 0);
            let told: Vec<String> = events.iter().map(|event| text(&event["type"])).filter(|kind| kind.starts_with("store.")).collect();
            (told.len() == 2).then_some(told)
        };
        assert_eq!(until("both events of the store", kinds).await, ["store.degraded", "store.recovered"]);
        system.tenantry(&["store", "replay", &tenant.name, "stream", "--from-sequence", "1"]).expect(0);
        assert_eq!(poller.some(1).await.ids, first.ids[..1]);
    }

    /// Or the stream is paused before it, if that is wanted.
    async fn a_refusal_can_pause_the_stream(system) {
        let tenant = system.tenant("polled");
        let poller = Poller::new(&system, &tenant, &["exhausted=pause"]);
        tenant.client().post("/Users", &user("ada")).await.expect(201);
        let first = poller.some(1).await;
        let got = poller.get(&json!({ "setErrs": { &first.ids[0]: { "err": "invalid_key" } } })).await;
        assert_eq!((got.ids.len(), got.more), (0, true));
        let (status, problem) = poller.ask(&json!({})).await;
        assert_eq!((status, &problem["type"]), (503, &json!("urn:tenantry:problem:paused")));
        system.tenantry(&["store", "resume", &tenant.name, "stream"]).expect(0);
        assert_eq!(poller.some(1).await.ids, first.ids);
    }

    /// A question is answered by the first token there is, unless it is not to wait.
    async fn a_long_poll_waits_for_the_next_token(system) {
        let tenant = system.tenant("polled");
        let poller = Poller::new(&system, &tenant, &[]);
        assert_eq!(poller.some(1).await.ids.len(), 0);
        let waiting = { let poller = poller.clone(); tokio::spawn(async move { poller.get(&json!({})).await }) };
        // It would come at once if it did not wait.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!waiting.is_finished());
        let id = tenant.client().post("/Users", &user("ada")).await.expect(201).id();
        let got = waiting.await.expect("the request");
        let told = verified(&tenant, &got.tokens);
        assert_eq!(told[0]["sub_id"]["uri"], json!(format!("/Users/{id}")));
    }

    /// A token opens its own stream, and nothing else does.
    async fn only_the_newest_token_of_the_stream_opens_it(system) {
        let (tenant, other) = (system.tenant("polled"), system.tenant("other"));
        let (poller, stranger) = (Poller::new(&system, &tenant, &[]), Poller::new(&system, &other, &[]));
        add_store(&system, &tenant, "feed", "pull", &[]);
        let pull = system.tenantry(&["store", "token", &tenant.name, "feed", "--json"]).expect(0).json();
        a_days_work(&tenant).await;
        assert_eq!(stranger.some(100).await.ids.len(), 0);
        let elsewhere = format!("{}/t/{}/sets", system.server().feed(), tenant.name);
        let own = Poller { url: elsewhere.clone(), token: poller.token.clone() };
        assert_eq!(own.some(1).await.ids.len(), 1);
        let before = poller.token.clone();
        issue(&system, &tenant);
        let mut refused = Vec::new();
        for token in ["", "x", &stranger.token, &tenant.token, &before, &text(&pull["token"])] {
            let asking = reqwest::Client::new().post(&elsewhere).bearer_auth(token).json(&json!({}));
            let answer = asking.send().await.expect("an answer");
            refused.push((answer.status().as_u16(), answer.text().await.expect("a text")));
        }
        assert!(refused.iter().all(|answer| answer == &refused[0] && answer.0 == 401), "{refused:?}");
        let events = reqwest::Client::new().get(format!("{}/events", system.server().feed())).bearer_auth(issue(&system, &tenant));
        assert_eq!(events.send().await.expect("an answer").status(), 401, "it gets tokens, and not events");
    }

    /// What is asked in a wrong way is refused with the way out.
    async fn a_wrong_question_about_tokens_is_told_what_is_wrong(system) {
        let tenant = system.tenant("polled");
        let poller = Poller::new(&system, &tenant, &[]);
        for body in [json!([]), json!({ "ack": 1 }), json!({ "maxEvents": "x" })] {
            let (status, problem) = poller.ask(&body).await;
            assert!(status == 400 && problem["detail"].as_str().is_some_and(|detail| detail.contains("maxEvents")), "{problem}");
        }
        let huge = json!({ "ack": vec!["x".repeat(1000); 300] });
        assert_eq!(poller.ask(&huge).await.0, 400);
        let got = reqwest::Client::new().get(&poller.url).bearer_auth(&poller.token).send().await.expect("an answer");
        assert_eq!(got.status(), 405);
        for words in [["store", "rebuild", &tenant.name, "stream"], ["store", "test", &tenant.name, "other"]] {
            assert_ne!(system.tenantry(&words).code, Some(0));
        }
    }

    /// What is not in the log any more is told, with what its operator does about it.
    async fn a_receiver_behind_the_log_is_told_how_it_goes_on(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("polled");
        let poller = Poller::new(&system, &tenant, &[]);
        a_days_work(&tenant).await;
        let newest = system.all_events(&tenant, 0).len().to_string();
        assert!(system.server().stop().await.success());
        system.server().change_rows("UPDATE events SET time = 0").await;
        system.server().start_again().await;
        let problem = until("the log to be shortened", async || {
            let (status, problem) = poller.ask(&json!({ "returnImmediately": true })).await;
            (status == 410 && text(&problem["detail"]).contains(&format!("--from-sequence {newest}"))).then_some(problem)
        })
        .await;
        assert!(text(&problem["detail"]).contains("over SCIM"), "{problem}");
        system.tenantry(&["store", "replay", &tenant.name, "stream", "--from-sequence", &newest]).expect(0);
        assert_eq!(poller.ask(&json!({ "returnImmediately": true })).await.0, 200);
    }

    /// Whenever the server is killed, a receiver that acknowledges what it has kept misses nothing.
    async fn a_killed_server_leaves_no_gap_at_a_receiver_that_asks(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("polled");
        let poller = Poller::new(&system, &tenant, &[]);
        let kept = Arc::new(Mutex::new(Vec::new()));
        let polling = tokio::spawn(poll_for_ever(poller.clone(), Arc::clone(&kept)));
        for round in 0..rounds() {
            kill_under_load(&system, &tenant, round).await;
        }
        polling.abort();
        let _aborted = polling.await;
        let mut tokens = std::mem::take(&mut *kept.lock().await);
        tokens.extend(poller.all().await);
        let told = verified(&tenant, &tokens);
        check_whole(&system, &tenant, &told);
        assert_eq!(replayed(&super::once(&told)), State::of_directory(&tenant).await);
    }
}

/// Asks, keeps what comes, and acknowledges it with the next question, whatever happens to the server.
async fn poll_for_ever(poller: Poller, kept: Arc<Mutex<Vec<Value>>>) {
    let mut ack: Vec<String> = Vec::new();
    loop {
        let asked = poller.try_ask(&json!({ "maxEvents": 7, "ack": ack })).await;
        let Some((200, answer)) = asked else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let got = Got::of(&answer);
        kept.lock().await.extend(got.tokens);
        ack = got.ids;
    }
}
