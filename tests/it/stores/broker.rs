//! What is expected of every store that is a message broker.

use std::collections::BTreeSet;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use super::{State, a_days_work, add_store, caught_up, kill_under_load, replayed, rounds, show_store, text};
use crate::support::{Database, System, Tenant, until, user};

/// A broker, and the stream of one tenant in it.
pub(super) trait Broker {
    /// The kind of store.
    const KIND: &'static str;

    /// Where it is, as a setting.
    fn url(&self) -> String;

    /// Its settings but `url`, such as who signs in.
    fn settings(&self, tenant: &Tenant) -> Vec<String>;

    /// Makes what must be there before a store is added.
    async fn prepare(&self, tenant: &Tenant);

    /// Every event that arrived so far, in its order.
    async fn arrived(&self, tenant: &Tenant) -> Vec<Value>;
}

/// One that can be stopped.
pub(super) trait Stoppable: Broker {
    fn kill(&self);
    async fn start_again(&self);
    fn signal(&self, name: &str);
}

/// A server whose stores may be at this machine.
pub(super) async fn system() -> System {
    System::start_unlimited_with(Database::Sqlite, &[("TENANTRY_STORES__ALLOW_PRIVATE", "true")]).await
}

/// Adds the store `stream`, which gets every event from the first on.
pub(super) async fn add<B: Broker>(broker: &B, system: &System, tenant: &Tenant, more: &[&str]) {
    broker.prepare(tenant).await;
    let url = format!("url={}", broker.url());
    add_with::<B>(system, tenant, &url, &broker.settings(tenant), more);
}

fn add_with<B: Broker>(system: &System, tenant: &Tenant, url: &str, settings: &[String], more: &[&str]) {
    let mut arguments = vec!["--from-start", url, "retry_seconds=[1]", "timeout_seconds=2"];
    arguments.extend(settings.iter().map(String::as_str));
    // What is told last counts.
    arguments.extend(more);
    add_store(system, tenant, "stream", B::KIND, &arguments);
}

/// The events without those that came again. They are those of the log, in its order.
pub(super) fn whole(system: &System, tenant: &Tenant, arrived: &[Value]) -> usize {
    let once = once(arrived);
    assert_eq!(once, system.events(tenant, 1), "what arrived is not what happened");
    arrived.len() - once.len()
}

/// What arrived is the beginning of what happened: nothing is missing before something else.
pub(super) fn is_a_beginning(system: &System, tenant: &Tenant, arrived: &[Value]) {
    let (once, mut log) = (once(arrived), system.events(tenant, 1));
    assert!(once.len() < log.len(), "everything arrived");
    log.truncate(once.len());
    assert_eq!(once, log);
}

fn once(arrived: &[Value]) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    arrived.iter().filter(|event| seen.insert(text(&event["id"]))).cloned().collect()
}

/// Waits until the store says why it has not everything.
pub(super) async fn complaint(system: &System, tenant: &Tenant) -> String {
    until("the store to fail", async || show_store(system, tenant, "stream")["error"].as_str().map(str::to_owned)).await
}

/// Waits until the store says this.
pub(super) async fn complaint_with(system: &System, tenant: &Tenant, part: &str) -> String {
    let mut last = String::new();
    let what = format!("the store to say {part}");
    until(&what, async || {
        last = show_store(system, tenant, "stream")["error"].as_str().unwrap_or_default().to_owned();
        last.contains(part).then(|| last.clone())
    })
    .await
}

/// A day's work arrives once, in its order.
pub(super) async fn a_day_arrives(broker: &impl Broker) {
    let system = system().await;
    let tenant = system.tenant("daily");
    add(broker, &system, &tenant, &[]).await;
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "stream").await;
    assert_eq!(whole(&system, &tenant, &broker.arrived(&tenant).await), 0);
}

/// A broker that is away for a while gets what it missed; another store of the tenant does not wait for it.
pub(super) async fn a_broker_that_was_away_catches_up(broker: &impl Stoppable) {
    let system = system().await;
    let tenant = system.tenant("away");
    add(broker, &system, &tenant, &[]).await;
    add_store(&system, &tenant, "users", "sql", &["url=sqlite://users.db"]);
    tenant.client().post("/Users", &user("early")).await.expect(201);
    caught_up(&system, &tenant, "stream").await;
    broker.kill();
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "users").await;
    complaint_with(&system, &tenant, "connection").await;
    broker.start_again().await;
    caught_up(&system, &tenant, "stream").await;
    whole(&system, &tenant, &broker.arrived(&tenant).await);
}

/// A broker that does not answer holds up nobody else, and gets what it missed when it goes on.
pub(super) async fn a_silent_broker_catches_up(broker: &impl Stoppable) {
    let system = system().await;
    let tenant = system.tenant("silent");
    add(broker, &system, &tenant, &[]).await;
    add_store(&system, &tenant, "users", "sql", &["url=sqlite://users.db"]);
    tenant.client().post("/Users", &user("early")).await.expect(201);
    caught_up(&system, &tenant, "stream").await;
    broker.signal("STOP");
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "users").await;
    complaint_with(&system, &tenant, "did not answer").await;
    broker.signal("CONT");
    caught_up(&system, &tenant, "stream").await;
    whole(&system, &tenant, &broker.arrived(&tenant).await);
}

/// The process is killed again and again while clients write. Tells how many events came more than once.
pub(super) async fn nothing_is_lost_by_kills(broker: &impl Broker) -> usize {
    let system = system().await;
    let tenant = system.tenant("killed");
    add(broker, &system, &tenant, &["batch=20"]).await;
    for round in 0..rounds() {
        kill_under_load(&system, &tenant, round).await;
    }
    caught_up(&system, &tenant, "stream").await;
    let arrived = broker.arrived(&tenant).await;
    assert_eq!(replayed(&once(&arrived)), State::of_directory(&tenant).await);
    whole(&system, &tenant, &arrived)
}

/// What a store that cannot work says, and what `store test` says; neither holds the password.
pub(super) async fn refusal<B: Broker>(system: &System, url: &str, settings: &[String], more: &[&str]) -> String {
    let tenant = system.tenant("refused");
    add_with::<B>(system, &tenant, &format!("url={url}"), settings, more);
    tenant.client().post("/Users", &user("ada")).await.expect(201);
    let why = complaint(system, &tenant).await;
    let tested = system.tenantry(&["store", "test", &tenant.name, "stream"]);
    let told = format!("{}{}", tested.stdout, tested.stderr);
    let log = system.server().log();
    for text in [&why, &told, &log] {
        assert!(!text.contains("wr0ng"), "a secret is told: {text}");
    }
    why
}

/// What answers with something else than the protocol.
pub(super) async fn garbage<B: Broker>(scheme: &str, settings: &[String]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("{scheme}://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        while let Ok((mut stranger, _)) = listener.accept().await {
            let _ = stranger.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
        }
    });
    refusal::<B>(&system().await, &url, settings, &[]).await
}

/// A store at this machine, where the operator does not allow that.
pub(super) async fn guarded<B: Broker>(url: &str, settings: &[String]) -> String {
    let system = System::start_unlimited_with(Database::Sqlite, &[]).await;
    refusal::<B>(&system, url, settings, &[]).await
}
