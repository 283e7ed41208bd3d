//! The line to PostgreSQL becomes slow, silent or dead while the server runs. Callers see 503 with `Retry-After`, never a
//! wrong answer, and everything goes on by itself when the line is back.

use std::collections::BTreeSet;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::support::{
    Answer, Client, Database, Line, Proxy, RECOVERY, Recovery, Request, System, Tenant, crowd, database, until, user,
};

/// For what comes after the waiting.
const A_MOMENT: Duration = Duration::from_secs(2);

/// More at once than are let in when nobody is answered in time.
const CROWD: usize = 200;

/// A server whose line to its database is in the test's hands.
struct Lined {
    system: System,
    tenant: Tenant,
    proxy: Proxy,
}

impl Lined {
    async fn start() -> Self {
        let url = Database::Postgres.create(std::path::Path::new("")).await;
        let (before, host, after) = parts(&url);
        let proxy = Proxy::before(host).await;
        let url = format!("{before}{}{after}", proxy.address());
        let system = System::start_unlimited_with(Database::Postgres, &[("TENANTRY_DATABASE__URL", &url)]).await;
        let tenant = system.tenant("line");
        Self { system, tenant, proxy }
    }

    fn client(&self) -> Client {
        self.tenant.client()
    }

    /// Opens the line and waits until requests are served again: in time.
    async fn recover(&self) {
        let opened = Recovery::begin();
        self.proxy.turn(Line::Open);
        self.is_served().await;
        opened.check("the line is open");
    }

    /// Waits until the server is ready, and reads and writes.
    async fn is_served(&self) {
        let began = Instant::now();
        let operations = Client::new(self.system.server().operations());
        until("the server to be ready", async || (operations.try_get("/readyz").await == Some(200)).then_some(()))
            .await;
        until("reads", async || (self.client().get("/Users?count=0").await.status == 200).then_some(())).await;
        until("writes", async || {
            let (client, name) = (self.client(), format!("back-{}", began.elapsed().as_micros()));
            (client.post("/Users", &user(&name)).await.status == 201).then_some(())
        })
        .await;
    }

    /// What is answered 201 is there, and what was refused for another reason than the database is not.
    async fn check_kept(&self, answers: &[(String, Answer)]) {
        let page = self.client().get("/Users?count=200&attributes=userName").await.expect(200);
        let there: BTreeSet<_> =
            page.resources().iter().map(|user| user["userName"].as_str().expect("a name")).collect();
        for (name, answer) in answers.iter().filter(|(_, answer)| answer.status == 201) {
            assert!(there.contains(name.as_str()), "{name} was created: {answer:?}");
        }
    }
}

/// `postgres://…@`, the host and port, and `/name`.
fn parts(url: &str) -> (&str, SocketAddr, &str) {
    let start = url.find('@').expect("a user") + 1;
    let end = start + url[start..].find('/').expect("a name");
    let host = url[start..end].to_socket_addrs().expect("host and port").next().expect("an address");
    (&url[..start], host, &url[end..])
}

/// Reads, searches and creates, all at once.
async fn ask_all(client: &Client, round: &str, known: &str) -> Vec<(String, Answer)> {
    crowd(24, |number| {
        let (client, name) = (client.clone(), format!("{round}-{number}"));
        let request = match number % 3 {
            0 => Request::new("GET", format!("/Users/{known}")),
            1 => Request::new("GET", "/Users?filter=userName%20eq%20%22known%22"),
            _ => Request::new("POST", "/Users").json(&user(&name)),
        };
        async move { (name, client.send(request).await) }
    })
    .await
}

/// It is what was asked for, or 503 with a moment to come back at.
#[track_caller]
fn check_honest(answers: &[(String, Answer)], known: &str) {
    for (_, answer) in answers {
        match answer.status {
            200 if answer.body["totalResults"].is_null() => assert_eq!(answer.id(), known),
            200 => assert_eq!(answer.ids(), [known]),
            201 => {}
            503 => {
                let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
                assert!(seconds.is_some_and(|seconds| seconds > 0), "{answer:?}");
            }
            _ => panic!("neither right nor 503: {answer:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_line_makes_answers_late_and_none_wrong() {
    let lined = Lined::start().await;
    let known = lined.client().post("/Users", &user("known")).await.expect(201).id();
    lined.proxy.turn(Line::Slow(Duration::from_millis(100)));
    let answers = ask_all(&lined.client(), "slow", &known).await;
    check_honest(&answers, &known);
    assert!(answers.iter().any(|(_, answer)| answer.status == 201), "slow is not dead");
    lined.recover().await;
    lined.check_kept(&answers).await;
}

/// Asks for so much at once; whether all of it was served.
async fn crowd_is_served(client: &Client, path: &str) -> bool {
    let answers = crowd(CROWD, |_| {
        let (client, path) = (client.clone(), path.to_owned());
        async move { client.get(&path).await }
    })
    .await;
    answers.iter().all(|answer| answer.status == 200)
}

/// The answers to a crowd that keeps asking for more than is answered soon: those that were refused, and the others.
async fn answers_to_crowd(client: &Client, path: &str) -> (Vec<Answer>, Vec<Answer>) {
    let answers = crowd(CROWD, |_| {
        let (client, path) = (client.clone(), path.to_owned());
        async move {
            let mut answer = client.get(&path).await;
            // All are let in until it is seen that nobody is answered; who comes after that is not.
            for _ in 0..2 {
                if answer.status != 503 {
                    answer = client.get(&path).await;
                }
            }
            answer
        }
    })
    .await;
    answers.into_iter().partition(|answer| answer.status == 503)
}

/// Refused because there is too much to do, with the second after which to come again.
#[track_caller]
fn check_refused_early(answer: &Answer) {
    let sentence = "too many requests (the server has more to do than it can); try again in 1 s";
    assert_eq!((answer.status, answer.body["detail"].as_str()), (503, Some(sentence)));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

/// Decision 16, from a real server whose database answers slowly.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_wait_too_long_is_refused_at_once_and_served_when_it_comes_back() {
    let lined = Lined::start().await;
    let known = lined.client().post("/Users", &user("known")).await.expect(201).id();
    let path = format!("/Users/{known}");
    assert!(crowd_is_served(&lined.client(), &path).await, "nobody is refused in ordinary times");
    lined.proxy.turn(Line::Slow(Duration::from_millis(600)));
    let (refused, served) = answers_to_crowd(&lined.client(), &path).await;
    assert!(!refused.is_empty() && !served.is_empty(), "{} refused, {} served", refused.len(), served.len());
    refused.iter().for_each(check_refused_early);
    assert!(served.iter().all(|answer| answer.status == 200 && answer.id() == known), "{served:?}");
    // The line is as slow as before; the crowd has gone.
    until("to be served", async || (lined.client().get(&path).await.status == 200).then_some(())).await;
    let metrics = reqwest::get(format!("{}/metrics", lined.system.server().operations())).await.expect("the metrics");
    let metrics = metrics.text().await.expect("a text");
    let counted =
        metrics.lines().find_map(|line| line.strip_prefix("tenantry_rate_limited_total{scope=\"overload\"} "));
    let counted = counted.and_then(|count| count.parse::<usize>().ok()).unwrap_or_default();
    assert!(counted >= refused.len(), "{counted} of {} in {metrics}", refused.len());
    lined.recover().await;
    until("a whole crowd to be served again", async || crowd_is_served(&lined.client(), &path).await.then_some(()))
        .await;
}

/// The same for changes, while the database does not make any. Reading has a door of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_no_change_is_made_more_changes_are_refused_at_once_and_reads_are_served() {
    let url = Database::Postgres.create(std::path::Path::new("")).await;
    let system = System::start_on(&url, &[]).await;
    let client = system.tenant("changes").client();
    let known = client.post("/Users", &user("known")).await.expect(201).id();
    let held_up = database::hold_up_changes(&url).await;
    let mut asking = JoinSet::new();
    let mut names = (0..).map(|number| format!("u{number}"));
    let refused = until("a refusal", async || {
        // All are let in until it is seen that nobody is answered.
        let more = if asking.is_empty() { CROWD } else { 1 };
        for name in names.by_ref().take(more) {
            let client = client.clone();
            asking.spawn(async move { (client.post("/Users", &user(&name)).await, name) });
        }
        asking.try_join_next()
    })
    .await;
    let (refused, name) = refused.expect("an answer");
    check_refused_early(&refused);
    client.get(&format!("/Users/{known}")).await.expect(200);
    held_up.rollback().await.expect("to let go");
    for (answer, _) in asking.join_all().await {
        if answer.status != 201 {
            check_refused_early(&answer);
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.post("/Users", &user(&name)).await.expect(201);
    until("a whole crowd of changes to be made", async || {
        let statuses = crowd(CROWD, |_| {
            let (client, name) = (client.clone(), names.next().expect("a name"));
            async move { client.post("/Users", &user(&name)).await.status }
        })
        .await;
        statuses.iter().all(|status| *status == 201).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_silent_line_nobody_waits_for_ever() {
    let lined = Lined::start().await;
    let known = lined.client().post("/Users", &user("known")).await.expect(201).id();
    lined.proxy.turn(Line::Silent);
    let answers = ask_all(&lined.client(), "silent", &known).await;
    check_honest(&answers, &known);
    assert!(answers.iter().all(|(_, answer)| answer.status == 503), "nothing can be known");
    lined.client().get("/ServiceProviderConfig").await.expect(200);
    lined.client().with_token("guessed.wrong.token").get("/Users").await.expect(401);
    lined.recover().await;
    lined.check_kept(&answers).await;
}

/// A cut after which the connections of before are forgotten, with what was under way on them: nobody is ever told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_silence_new_connections_are_made_and_nobody_waits_for_the_old() {
    let lined = Lined::start().await;
    let known = lined.client().post("/Users", &user("known")).await.expect(201).id();
    lined.proxy.turn(Line::Silent);
    let answers = ask_all(&lined.client(), "silent", &known).await;
    check_honest(&answers, &known);
    lined.proxy.forget_connections();
    lined.recover().await;
    lined.check_kept(&answers).await;
}

/// The line is open again long before anybody has given up waiting, but what was under way on it is lost: who has begun to
/// wait waits for as long as he would have, and no longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_silence_that_loses_connections_is_over_when_they_are_given_up() {
    let lined = Lined::start().await;
    let known = lined.client().post("/Users", &user("known")).await.expect(201).id();
    lined.proxy.turn(Line::Silent);
    let (changes, reads) = (Recovery::begin(), Recovery::begin());
    let asking = tokio::spawn({
        let (client, known) = (lined.client(), known.clone());
        async move { ask_all(&client, "short", &known).await }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    lined.proxy.forget_connections();
    lined.proxy.turn(Line::Open);
    until("reads", async || (lined.client().get("/Users?count=0").await.status == 200).then_some(())).await;
    // Nobody waits longer than those who were there at the beginning.
    reads.check_within(RECOVERY + A_MOMENT, "what reads, from the beginning of the silence on");
    lined.is_served().await;
    changes.check_within(2 * RECOVERY + A_MOMENT, "changes, from the beginning of the silence on");
    let answers = asking.await.expect("answers");
    check_honest(&answers, &known);
    lined.check_kept(&answers).await;
}

/// The same while nobody asked for anything: the first to come find out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_forgotten_while_they_were_idle_are_found_out() {
    let lined = Lined::start().await;
    let known = lined.client().post("/Users", &user("known")).await.expect(201).id();
    lined.proxy.forget_connections();
    let began = Recovery::begin();
    let answers = ask_all(&lined.client(), "forgotten", &known).await;
    check_honest(&answers, &known);
    lined.is_served().await;
    // Each reading and each change waits for one answer in vain, and no more; the system would take minutes.
    began.check_within(2 * RECOVERY + A_MOMENT, "connections are forgotten");
    lined.check_kept(&answers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_dead_line_everybody_is_told_to_come_back() {
    let lined = Lined::start().await;
    let known = lined.client().post("/Users", &user("known")).await.expect(201).id();
    lined.proxy.turn(Line::Cut);
    for round in ["dead", "still-dead"] {
        let answers = ask_all(&lined.client(), round, &known).await;
        check_honest(&answers, &known);
        assert!(answers.iter().all(|(_, answer)| answer.status == 503), "nothing can be known");
    }
    lined.recover().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_dies_again_and_again_loses_nothing_that_was_answered() {
    let lined = Lined::start().await;
    let known = lined.client().post("/Users", &user("known")).await.expect(201).id();
    let mut answers = Vec::new();
    for round in 0..5 {
        let (client, round) = (lined.client(), format!("flicker-{round}"));
        let asking = tokio::spawn({
            let known = known.clone();
            async move { ask_all(&client, &round, &known).await }
        });
        lined.proxy.turn(Line::Cut);
        lined.proxy.turn(Line::Open);
        answers.extend(asking.await.expect("answers"));
    }
    check_honest(&answers, &known);
    lined.recover().await;
    lined.check_kept(&answers).await;
}
