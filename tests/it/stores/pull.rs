//! Programs that fetch their events.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{State, a_days_work, add_store, kill_under_load, replayed, rounds, show_store};
use crate::support::{System, Tenant, until, user};

/// A program with the token of a store.
#[derive(Clone)]
pub(super) struct Reader {
    url: String,
    token: String,
}

impl Reader {
    /// A new store of this name, and a program that has its token.
    pub(super) fn new(system: &System, tenant: &Tenant, settings: &[&str]) -> Self {
        add_store(system, tenant, "feed", "pull", settings);
        Self { url: format!("{}/events", system.server().feed()), token: issue(system, tenant) }
    }

    pub(super) fn request(&self, query: &str) -> reqwest::RequestBuilder {
        reqwest::Client::new().get(format!("{}{query}", self.url)).bearer_auth(&self.token)
    }

    async fn ask(&self, query: &str) -> (u16, Value) {
        let answer = self.request(query).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn page(&self, query: &str) -> Value {
        let (status, page) = self.ask(query).await;
        assert_eq!(status, 200, "{page}");
        page
    }

    /// Everything from the first event on, in pages of so many.
    pub(super) async fn all(&self, limit: u32) -> Vec<Value> {
        let (mut events, mut after) = (Vec::new(), json!(0));
        loop {
            let page = self.page(&format!("?after={after}&limit={limit}")).await;
            events.extend(page["events"].as_array().cloned().unwrap_or_default());
            if page["next"] == after {
                return events;
            }
            after = page["next"].clone();
        }
    }
}

fn issue(system: &System, tenant: &Tenant) -> String {
    let issued = system.tenantry(&["store", "token", &tenant.name, "feed", "--json"]).expect(0).json();
    issued["token"].as_str().expect("a token").to_owned()
}

on_both! {
    /// Page by page, whole and in order.
    async fn pages_have_every_event_in_order(system) {
        let tenant = system.tenant("fetched");
        let reader = Reader::new(&system, &tenant, &[]);
        a_days_work(&tenant).await;
        let events = reader.all(3).await;
        assert_eq!(events, system.events(&tenant, 0));
        assert_eq!(replayed(&events), State::of_directory(&tenant).await);
        let newest = events.last().expect("an event")["sequence"].clone();
        assert_eq!(show_store(&system, &tenant, "feed")["position"], newest, "what was asked after is what it has");
        assert_eq!(reader.page("").await["events"], json!([]), "it goes on where it said");
    }

    /// A long poll is answered by the first event that comes.
    async fn a_long_poll_waits_for_the_next_event(system) {
        let tenant = system.tenant("fetched");
        let reader = Reader::new(&system, &tenant, &[]);
        let after = system.all_events(&tenant, 0).len();
        let waiting = tokio::spawn(reader.request(&format!("?after={after}&wait=50")).send());
        // It would come at once if it did not wait.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!waiting.is_finished());
        let id = tenant.client().post("/Users", &user("ada")).await.expect(201).id();
        let page: Value = waiting.await.expect("the request").expect("an answer").json().await.expect("JSON");
        assert_eq!(page["events"][0]["data"]["user"]["id"], json!(id));
        let empty = reader.page(&format!("?after={}&wait=1", page["next"])).await;
        assert_eq!((&empty["events"], &empty["next"]), (&json!([]), &page["next"]));
    }

    /// Only what the store wants, and the number goes on over the rest.
    async fn a_filter_leaves_out_and_goes_on(system) {
        let tenant = system.tenant("fetched");
        let reader = Reader::new(&system, &tenant, &["types=[\"user.deactivated\"]"]);
        a_days_work(&tenant).await;
        let types: Vec<String> = reader.all(2).await.iter().map(|event| super::text(&event["type"])).collect();
        assert_eq!(types, ["user.deactivated"]);
        let newest = system.all_events(&tenant, 0).len();
        let page = reader.page("?after=0&limit=1000").await;
        assert!(page["next"].as_u64() <= u64::try_from(newest).ok() && page["newest"] == json!(newest));
    }

    /// Events as they come, and from where a reader was when it comes back.
    async fn a_stream_tells_each_event_as_it_comes(system) {
        let tenant = system.tenant("fetched");
        let reader = Reader::new(&system, &tenant, &[]);
        let first = tenant.client().post("/Users", &user("ada")).await.expect(201).id();
        let mut stream = reader.request("?after=0").header("accept", "text/event-stream").send().await.expect("a stream");
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        let mut told = String::new();
        while !told.contains(&first) {
            told.push_str(std::str::from_utf8(&stream.chunk().await.expect("a chunk").expect("more")).expect("UTF-8"));
        }
        let second = tenant.client().post("/Users", &user("bob")).await.expect(201).id();
        while !told.contains(&second) {
            told.push_str(std::str::from_utf8(&stream.chunk().await.expect("a chunk").expect("more")).expect("UTF-8"));
        }
        let ids: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
        let last = ids.first().expect("an id");
        let again = reader.request("?after=0").header("accept", "text/event-stream").header("last-event-id", *last);
        let mut again = again.send().await.expect("a stream");
        let told = again.chunk().await.expect("a chunk").expect("more");
        let told = std::str::from_utf8(&told).expect("UTF-8");
        assert!(told.contains(&second) && !told.contains(&first), "{told}");
    }

    /// A token opens its own store, as long as it is the newest.
    async fn only_the_newest_token_of_the_store_opens_it(system) {
        let (tenant, other) = (system.tenant("fetched"), system.tenant("other"));
        let (reader, stranger) = (Reader::new(&system, &tenant, &[]), Reader::new(&system, &other, &[]));
        a_days_work(&tenant).await;
        assert!(!stranger.all(100).await.iter().any(|event| event["source"] != json!(format!("/tenants/{}", other.name))));
        let elsewhere = format!("{}/t/{}/events", system.server().feed(), tenant.name);
        let mut refused = Vec::new();
        for token in ["", "x", "tns_1_2_3", &stranger.token, &tenant.token, &format!("{}x", reader.token), &reader.token.replace("tns_", "tns_f")] {
            let answer = reqwest::Client::new().get(&elsewhere).bearer_auth(token).send().await.expect("an answer");
            refused.push((answer.status().as_u16(), answer.text().await.expect("a text")));
        }
        assert!(refused.iter().all(|answer| answer == &refused[0] && answer.0 == 401), "{refused:?}");
        let own = Reader { url: elsewhere, token: reader.token.clone() };
        own.page("").await;
        let renewed = issue(&system, &tenant);
        assert_eq!(own.ask("").await.0, 401, "the token before");
        let renewed = Reader { token: renewed, ..own };
        renewed.page("").await;
        system.tenantry(&["store", "pause", &tenant.name, "feed"]).expect(0);
        assert_eq!(renewed.ask("").await.0, 503);
        system.tenantry(&["store", "resume", &tenant.name, "feed"]).expect(0);
        renewed.page("").await;
        system.tenantry(&["store", "delete", &tenant.name, "feed"]).expect(0);
        assert_eq!(renewed.ask("").await.0, 401);
    }

    /// A stream ends soon after its token.
    async fn a_stream_ends_with_its_token(system) {
        let tenant = system.tenant("fetched");
        let reader = Reader::new(&system, &tenant, &[]);
        let mut stream = reader.request("?after=0").header("accept", "text/event-stream").send().await.expect("a stream");
        assert!(stream.chunk().await.expect("a chunk").is_some());
        system.tenantry(&["store", "delete", &tenant.name, "feed"]).expect(0);
        let mut told = String::new();
        until("the stream to end", async || match stream.chunk().await {
            Ok(Some(chunk)) => {
                told.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
                None
            }
            _ => Some(()),
        })
        .await;
        assert!(told.contains("event: problem\ndata: {") && told.contains("urn:tenantry:problem:unauthorized"), "{told}");
    }

    /// What is not in the log any more is not passed over in silence.
    async fn a_reader_behind_the_log_is_told(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("fetched");
        let reader = Reader::new(&system, &tenant, &[]);
        a_days_work(&tenant).await;
        let newest = system.all_events(&tenant, 0).len();
        assert!(system.server().stop().await.success());
        system.server().change_rows("UPDATE events SET time = 0").await;
        system.server().start_again().await;
        let problem = until("the log to be shortened", async || {
            let (status, problem) = reader.ask("?after=0").await;
            (status == 410).then_some(problem)
        })
        .await;
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(&format!("after={}", newest - 1))), "{problem}");
        assert_eq!(reader.page(&format!("?after={}", newest - 1)).await["events"].as_array().map(Vec::len), Some(1));
        // Also who wants a stream is told at once.
        let stream = reader.request("").header("accept", "text/event-stream").header("last-event-id", "0");
        assert_eq!(stream.send().await.expect("an answer").status(), 410);
    }

    /// Whenever the server is killed, a reader that keeps where it is has every event once.
    async fn a_killed_server_leaves_no_gap_at_a_reader(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("fetched");
        let reader = Reader::new(&system, &tenant, &[]);
        let kept = Arc::new(Mutex::new((Vec::new(), json!(0))));
        let reading = tokio::spawn(read_for_ever(reader.clone(), Arc::clone(&kept)));
        for round in 0..rounds() {
            kill_under_load(&system, &tenant, round).await;
        }
        let newest = system.events(&tenant, 0).last().expect("an event")["sequence"].clone();
        let events = until("the newest event", async || {
            let kept = kept.lock().await;
            (kept.1.as_i64() >= newest.as_i64()).then(|| kept.0.clone())
        })
        .await;
        reading.abort();
        assert_eq!(events, system.events(&tenant, 0));
        assert_eq!(replayed(&events), State::of_directory(&tenant).await);
    }

    /// What is asked in a wrong way is refused with the way out.
    async fn a_wrong_question_is_told_what_is_wrong(system) {
        let tenant = system.tenant("fetched");
        let reader = Reader::new(&system, &tenant, &[]);
        for (query, word) in [("?limit=0", "limit"), ("?limit=1001", "limit"), ("?after=x", "after"), ("?from=1", "from")] {
            let (status, problem) = reader.ask(query).await;
            assert_eq!(status, 400, "{query}");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(word)), "{problem}");
        }
        let posted = reqwest::Client::new().post(&reader.url).bearer_auth(&reader.token).send().await.expect("an answer");
        assert_eq!(posted.status(), 405);
        let elsewhere = reqwest::get(format!("{}/Users", system.server().feed())).await.expect("an answer");
        assert_eq!(elsewhere.status(), 404);
    }
}

/// Reads on from where it is, keeps what comes together with that, and begins again whatever happens to the server.
async fn read_for_ever(reader: Reader, kept: Arc<Mutex<(Vec<Value>, Value)>>) {
    loop {
        let after = kept.lock().await.1.clone();
        let Some(page) = try_read(&reader, &after).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut kept = kept.lock().await;
        kept.0.extend(page["events"].as_array().cloned().unwrap_or_default());
        kept.1 = page["next"].clone();
    }
}

async fn try_read(reader: &Reader, after: &Value) -> Option<Value> {
    let answer = reader.request(&format!("?after={after}&limit=7&wait=5")).send().await.ok()?;
    let is_page = answer.status() == 200;
    answer.json().await.ok().filter(|_| is_page)
}
