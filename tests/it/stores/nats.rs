//! NATS JetStream. What a store brought there is read with the client library of NATS.

use async_nats::jetstream::stream::{Config, DiscardPolicy, Stream};
use async_nats::jetstream::{self, Context};
use serde_json::Value;

use super::broker::{
    Broker, Stoppable, a_broker_that_was_away_catches_up, a_day_arrives, a_silent_broker_catches_up, add,
    complaint_with, garbage, guarded, is_a_beginning, nothing_is_lost_by_kills, refusal, system, whole,
};
use super::{a_days_work, add_store, caught_up, text};
use crate::support::{Certificate, Nats, Tenant, user};

/// The seed of the key that the shared server knows.
const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";

impl Broker for Nats {
    const KIND: &'static str = "nats";

    fn url(&self) -> String {
        self.url()
    }

    fn settings(&self, _tenant: &Tenant) -> Vec<String> {
        ["user=tenantry", "password=secret", "create=true"].map(str::to_owned).to_vec()
    }

    async fn prepare(&self, _tenant: &Tenant) {}

    async fn arrived(&self, tenant: &Tenant) -> Vec<Value> {
        let messages = messages(self, tenant).await;
        messages.iter().map(|message| serde_json::from_slice(&message.payload).expect("an event")).collect()
    }
}

impl Stoppable for Nats {
    fn kill(&self) {
        self.kill();
    }

    async fn start_again(&self) {
        self.start_again().await;
    }

    fn signal(&self, name: &str) {
        self.signal(name);
    }
}

async fn context(nats: &Nats) -> Context {
    let options = async_nats::ConnectOptions::with_user_and_password("tenantry".to_owned(), "secret".to_owned());
    jetstream::new(options.connect(nats.url()).await.expect("a connection"))
}

fn name(tenant: &Tenant) -> String {
    format!("tenantry-{}", tenant.name)
}

async fn messages(nats: &Nats, tenant: &Tenant) -> Vec<jetstream::message::StreamMessage> {
    let Ok(stream) = context(nats).await.get_stream(name(tenant)).await else { return Vec::new() };
    all(&stream).await
}

async fn all(stream: &Stream) -> Vec<jetstream::message::StreamMessage> {
    let mut messages = Vec::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        messages.push(stream.get_raw_message(sequence).await.expect("a message"));
    }
    messages
}

#[tokio::test]
async fn a_day_arrives_in_a_stream_of_nats() {
    a_day_arrives(Nats::shared().await).await;
}

#[tokio::test]
async fn a_nats_that_was_away_catches_up() {
    a_broker_that_was_away_catches_up(&Nats::start("").await).await;
}

#[tokio::test]
async fn a_silent_nats_catches_up() {
    a_silent_broker_catches_up(&Nats::start("").await).await;
}

/// The stream knows ids again within its window, and the process is back sooner.
#[tokio::test]
async fn kills_bring_each_event_once_into_a_stream_of_nats() {
    assert_eq!(nothing_is_lost_by_kills(Nats::shared().await).await, 0);
}

#[tokio::test]
async fn a_message_says_what_it_is() {
    let (nats, system) = (Nats::shared().await, system().await);
    let tenant = system.tenant("subjects");
    add(nats, &system, &tenant, &["prefix=users.of"]).await;
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "stream").await;
    for message in messages(nats, &tenant).await {
        let event: Value = serde_json::from_slice(&message.payload).expect("an event");
        let header = |name: &str| message.headers.get(name).map(|value| value.as_str().to_owned()).expect("a header");
        assert_eq!(message.subject.as_str(), format!("users.of.{}.{}", tenant.name, text(&event["type"])));
        assert_eq!(header("Nats-Msg-Id"), text(&event["id"]));
        assert_eq!(header("Content-Type"), "application/cloudevents+json");
    }
}

/// One message is refused in the middle of a batch; those after it wait.
#[tokio::test]
async fn a_full_stream_has_no_hole_and_gets_the_rest_when_there_is_room() {
    let (nats, system) = (Nats::shared().await, system().await);
    let (tenant, context) = (system.tenant("full"), context(nats).await);
    let subjects = vec![format!("tenantry.{}.>", tenant.name)];
    let mut config =
        Config { name: name(&tenant), subjects, max_bytes: 6000, discard: DiscardPolicy::New, ..Config::default() };
    context.create_stream(config.clone()).await.expect("a stream");
    a_days_work(&tenant).await;
    add(nats, &system, &tenant, &["create=false"]).await;
    complaint_with(&system, &tenant, "is full").await;
    let arrived = nats.arrived(&tenant).await;
    assert!(!arrived.is_empty());
    is_a_beginning(&system, &tenant, &arrived);
    config.max_bytes = -1;
    context.update_stream(config).await.expect("more room");
    caught_up(&system, &tenant, "stream").await;
    assert_eq!(whole(&system, &tenant, &nats.arrived(&tenant).await), 0);
}

/// Others may write to the stream meanwhile.
#[tokio::test]
async fn a_stream_may_be_shared() {
    let (nats, system) = (Nats::shared().await, system().await);
    let (tenants, context) = ([system.tenant("one"), system.tenant("two")], context(nats).await);
    let shared = format!("shared-{}", tenants[0].name);
    let subjects = tenants.iter().map(|tenant| format!("tenantry.{}.>", tenant.name)).collect();
    context.create_stream(Config { name: shared.clone(), subjects, ..Config::default() }).await.expect("a stream");
    for tenant in &tenants {
        add(nats, &system, tenant, &["create=false", &format!("stream={shared}"), "batch=5"]).await;
    }
    tokio::join!(a_days_work(&tenants[0]), a_days_work(&tenants[1]));
    for tenant in &tenants {
        caught_up(&system, tenant, "stream").await;
    }
    let stream = context.get_stream(&shared).await.expect("the stream");
    let arrived: Vec<Value> =
        all(&stream).await.iter().map(|message| serde_json::from_slice(&message.payload).expect("an event")).collect();
    for tenant in &tenants {
        let source = format!("/tenants/{}", tenant.name);
        let own: Vec<Value> = arrived.iter().filter(|event| event["source"] == source).cloned().collect();
        assert_eq!(whole(&system, tenant, &own), 0);
    }
}

#[tokio::test]
async fn nats_says_what_it_refuses() {
    let (nats, system) = (Nats::shared().await, system().await);
    let settings = |user: &str, password: &str| [format!("user={user}"), format!("password={password}")];
    let url = nats.url();
    let why = refusal::<Nats>(&system, &url, &settings("tenantry", "wr0ng"), &[]).await;
    assert_eq!(why, "the NATS server refuses the user: look at user, password, token, nkey or creds");
    let why = refusal::<Nats>(&system, &url, &settings("tenantry", "secret"), &["stream=nobodys"]).await;
    assert_eq!(why, "there is no stream nobodys: create it, or set create=true and the store creates it");
    let subjects = vec!["elsewhere.>".to_owned()];
    let config = Config { name: "elsewhere".to_owned(), subjects, ..Config::default() };
    context(nats).await.create_stream(config).await.expect("a stream");
    let why = refusal::<Nats>(&system, &url, &settings("tenantry", "secret"), &["stream=elsewhere"]).await;
    assert_eq!(why, "no stream takes the subject of this event: add it to the subjects of the stream");
    let why = refusal::<Nats>(&system, &url, &settings("reader", "secret"), &["stream=elsewhere"]).await;
    assert!(why.starts_with("the NATS server does not allow the user: Publish to"), "{why}");
}

#[tokio::test]
async fn an_event_that_is_too_long_for_nats_is_refused() {
    let (nats, system) = (Nats::start("max_payload: 2048").await, system().await);
    let tenant = system.tenant("long");
    add(&nats, &system, &tenant, &[]).await;
    let mut long = user("ada");
    long["title"] = "x".repeat(4000).into();
    tenant.client().post("/Users", &user("bob")).await.expect(201);
    tenant.client().post("/Users", &long).await.expect(201);
    let why = complaint_with(&system, &tenant, "max_payload").await;
    assert!(why.ends_with("the NATS server takes 2048 (max_payload)"), "{why}");
    is_a_beginning(&system, &tenant, &nats.arrived(&tenant).await);
}

#[tokio::test]
async fn a_store_signs_in_to_nats_with_a_key() {
    let (nats, system) = (Nats::shared().await, system().await);
    let tenant = system.tenant("key");
    let settings = ["--from-start", &format!("url={}", nats.url()), &format!("nkey={SEED}"), "create=true"];
    add_store(&system, &tenant, "stream", "nats", &settings);
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "stream").await;
    whole(&system, &tenant, &nats.arrived(&tenant).await);
}

#[tokio::test]
async fn a_store_signs_in_to_nats_with_a_token() {
    let (nats, system) = (Nats::start("authorization { token: \"secret\" }").await, system().await);
    let tenant = system.tenant("token");
    let url = format!("url={}", nats.url());
    add_store(&system, &tenant, "stream", "nats", &["--from-start", &url, "token=secret", "create=true"]);
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "stream").await;
}

#[tokio::test]
async fn what_is_no_nats_is_told_apart() {
    let why = garbage::<Nats>("nats", &[]).await;
    assert_eq!(why, "what answers does not speak the protocol of NATS");
}

#[tokio::test]
async fn a_nats_of_this_machine_is_not_called_unless_allowed() {
    let why = guarded::<Nats>("nats://127.0.0.1:4222", &[]).await;
    assert_eq!(why, "127.0.0.1 has no public address; the operator can allow others with stores.allow_private");
}

/// TLS comes after the greeting of the server, or before it where both sides say so.
#[tokio::test]
async fn nats_is_reached_through_tls() {
    let (system, certificate, folder) = (system().await, Certificate::new(), tempfile::tempdir().expect("a folder"));
    let (pem, key) = (folder.path().join("pem"), folder.path().join("key"));
    std::fs::write(&pem, &certificate.pem).expect("the certificate");
    std::fs::write(&key, &certificate.key).expect("its key");
    let tls = format!("tls {{ cert_file: \"{}\", key_file: \"{}\" }}", pem.display(), key.display());
    let (secured, open) = (Nats::start(&tls).await, Nats::start("").await);
    let front = certificate.before(open.port()).await;
    let ca = format!("ca={}", certificate.pem);
    for (tenant, port, first) in [("after", secured.port(), "tls_first=false"), ("before", front, "tls_first=true")] {
        let tenant = system.tenant(tenant);
        let url = format!("url=tls://localhost:{port}");
        add_store(&system, &tenant, "stream", "nats", &["--from-start", &url, &ca, first, "create=true"]);
        a_days_work(&tenant).await;
        caught_up(&system, &tenant, "stream").await;
    }
    let why = refusal::<Nats>(&system, &format!("tls://localhost:{}", secured.port()), &[], &[]).await;
    assert!(why.starts_with("no TLS with localhost"), "{why}");
}
