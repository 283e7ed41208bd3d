//! RabbitMQ. What a store brought there is read with a client library.

use lapin::options::{BasicGetOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::Value;
use tokio::sync::Mutex;

use super::broker::{
    Broker, Stoppable, a_broker_that_was_away_catches_up, a_day_arrives, a_silent_broker_catches_up, add,
    complaint_with, garbage, guarded, is_a_beginning, nothing_is_lost_by_kills, refusal, system, whole,
};
use super::{a_days_work, caught_up, show_store, text};
use crate::support::{Certificate, RabbitMq, Tenant, until, user};

/// A reader of one tenant's queue, which keeps what it has taken out of it.
struct Reader<'a> {
    rabbit: &'a RabbitMq,
    queue: FieldTable,
    taken: Mutex<Vec<Value>>,
}

impl<'a> Reader<'a> {
    fn of(rabbit: &'a RabbitMq) -> Self {
        Self { rabbit, queue: FieldTable::default(), taken: Mutex::default() }
    }

    /// Its queue refuses what is more than so many.
    fn of_at_most(rabbit: &'a RabbitMq, most: i64) -> Self {
        let mut queue = FieldTable::default();
        queue.insert("x-max-length".into(), AMQPValue::LongLongInt(most));
        queue.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
        Self { queue, ..Self::of(rabbit) }
    }
}

impl Broker for Reader<'_> {
    const KIND: &'static str = "amqp";

    fn url(&self) -> String {
        self.rabbit.url()
    }

    fn settings(&self, _tenant: &Tenant) -> Vec<String> {
        settings("tenantry", "secret").to_vec()
    }

    async fn prepare(&self, tenant: &Tenant) {
        let (connection, channel) = channel(self.rabbit).await;
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let (none, name) = (FieldTable::default, tenant.name.as_str());
        channel.exchange_declare("tenantry".into(), ExchangeKind::Topic, durable, none()).await.expect("an exchange");
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(name.into(), durable, self.queue.clone()).await.expect("a queue");
        let key = format!("{name}.#");
        let bound = channel.queue_bind(
            name.into(),
            "tenantry".into(),
            key.as_str().into(),
            QueueBindOptions::default(),
            none(),
        );
        bound.await.expect("a binding");
        connection.close(200, "done".into()).await.expect("to close");
    }

    async fn arrived(&self, tenant: &Tenant) -> Vec<Value> {
        let mut taken = self.taken.lock().await;
        let (connection, channel) = channel(self.rabbit).await;
        let at_once = BasicGetOptions { no_ack: true };
        while let Some(got) = channel.basic_get(tenant.name.as_str().into(), at_once).await.expect("an answer") {
            let event: Value = serde_json::from_slice(&got.delivery.data).expect("an event");
            let properties = &got.delivery.properties;
            let said = |property: &Option<ShortString>| property.as_ref().map(ToString::to_string);
            assert_eq!(got.delivery.routing_key.as_str(), format!("{}.{}", tenant.name, text(&event["type"])));
            assert_eq!(said(properties.message_id()), Some(text(&event["id"])));
            assert_eq!(said(properties.kind()), Some(text(&event["type"])));
            assert_eq!(said(properties.content_type()).as_deref(), Some("application/cloudevents+json"));
            assert_eq!(*properties.delivery_mode(), Some(2));
            let headers = properties.headers().as_ref().expect("headers").inner();
            assert_eq!(
                headers.get(&ShortString::from("sequence")),
                Some(&AMQPValue::LongLongInt(event["sequence"].as_i64().expect("a number")))
            );
            taken.push(event);
        }
        connection.close(200, "done".into()).await.expect("to close");
        taken.clone()
    }
}

impl Stoppable for Reader<'_> {
    fn kill(&self) {
        self.rabbit.kill();
    }

    async fn start_again(&self) {
        self.rabbit.start_again().await;
    }

    fn signal(&self, name: &str) {
        self.rabbit.signal(name);
    }
}

async fn channel(rabbit: &RabbitMq) -> (Connection, Channel) {
    let url = format!("amqp://tenantry:secret@127.0.0.1:{}/%2f", rabbit.port());
    let connection = until("RabbitMQ to let a reader in", async || {
        Connection::connect(&url, ConnectionProperties::default()).await.ok()
    })
    .await;
    let channel = connection.create_channel().await.expect("a channel");
    (connection, channel)
}

fn settings(user: &str, password: &str) -> [String; 2] {
    [format!("user={user}"), format!("password={password}")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_arrives_in_a_queue_of_rabbitmq() {
    a_day_arrives(&Reader::of(RabbitMq::shared().await)).await;
}

/// One server for what stops it, because its start takes long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rabbitmq_that_was_away_or_silent_catches_up() {
    let rabbit = RabbitMq::start().await;
    a_broker_that_was_away_catches_up(&Reader::of(&rabbit)).await;
    a_silent_broker_catches_up(&Reader::of(&rabbit)).await;
}

/// An event may come again after a crash, and its id tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_lose_nothing_on_the_way_to_rabbitmq() {
    nothing_is_lost_by_kills(&Reader::of(RabbitMq::shared().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_has_no_hole_and_gets_the_rest_when_there_is_room() {
    let (reader, system) = (Reader::of_at_most(RabbitMq::shared().await, 4), system().await);
    let tenant = system.tenant("full");
    a_days_work(&tenant).await;
    add(&reader, &system, &tenant, &[]).await;
    let why = complaint_with(&system, &tenant, "full").await;
    assert_eq!(why, "a queue does not take the event: it is full (reject-publish), or it failed");
    is_a_beginning(&system, &tenant, &reader.arrived(&tenant).await);
    // Reading makes room.
    until("the store to have everything", async || {
        reader.arrived(&tenant).await;
        (show_store(&system, &tenant, "stream")["lag"] == 0).then_some(())
    })
    .await;
    whole(&system, &tenant, &reader.arrived(&tenant).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_events_may_be_on_their_way_at_once() {
    let (reader, system) = (Reader::of(RabbitMq::shared().await), system().await);
    let tenant = system.tenant("many");
    for number in 0..120 {
        let mut long = user(&format!("user{number}"));
        // One of them is longer than a frame.
        long["title"] = "x".repeat(if number == 60 { 200_000 } else { 10 }).into();
        tenant.client().post("/Users", &long).await.expect(201);
    }
    add(&reader, &system, &tenant, &["in_flight=50"]).await;
    caught_up(&system, &tenant, "stream").await;
    assert_eq!(whole(&system, &tenant, &reader.arrived(&tenant).await), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_says_what_it_refuses() {
    let (rabbit, system) = (RabbitMq::shared().await, system().await);
    let (url, right) = (rabbit.url(), settings("tenantry", "secret"));
    let refused =
        async |url: &str, settings: &[String], more: &str| refusal::<Reader<'_>>(&system, url, settings, &[more]).await;
    let why = refused(&url, &settings("tenantry", "wr0ng"), "mandatory=true").await;
    assert_eq!(why, "the broker refuses user and password");
    let why = refused(&url, &right, "exchange=nobodys").await;
    let start = "there is no exchange nobodys: create it, or set create=true and the store creates it";
    assert!(why.starts_with(start), "{why}");
    let why = refused(&format!("{url}/nobodys"), &right, "mandatory=true").await;
    assert!(why.starts_with("the broker does not let the user into the virtual host"), "{why}");
    Reader::of(rabbit).prepare(&system.tenant("exchange")).await;
    let why = refused(&url, &settings("reader", "secret"), "mandatory=true").await;
    assert!(why.starts_with("the broker does not allow the user"), "{why}");
    let why = refused(&url, &right, "mandatory=true").await;
    assert!(why.starts_with("no queue is bound for refused-"), "{why}");
    let why = refused(&url, &right, "exchange=amq.direct").await;
    assert!(why.starts_with("no queue is bound for refused-"), "{why}");
}

/// Who wants no queue to be there need not have one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_is_created_and_may_have_no_queue() {
    let (rabbit, system) = (RabbitMq::shared().await, system().await);
    let tenant = system.tenant("unbound");
    let url = format!("url={}", rabbit.url());
    let settings = [
        "--from-start",
        &url,
        "user=tenantry",
        "password=secret",
        "exchange=created",
        "create=true",
        "mandatory=false",
    ];
    super::add_store(&system, &tenant, "stream", "amqp", &settings);
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "stream").await;
}

#[tokio::test]
async fn what_is_no_rabbitmq_is_told_apart() {
    let why = garbage::<Reader<'_>>("amqp", &settings("tenantry", "secret")).await;
    assert_eq!(why, "what answers does not speak AMQP 0-9-1");
}

#[tokio::test]
async fn a_rabbitmq_of_this_machine_is_not_called_unless_allowed() {
    let why = guarded::<Reader<'_>>("amqp://[::1]:5672", &settings("tenantry", "secret")).await;
    assert_eq!(why, "::1 has no public address; the operator can allow others with stores.allow_private");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_is_reached_through_tls() {
    let (rabbit, system, certificate) = (RabbitMq::shared().await, system().await, Certificate::new());
    let (reader, tenant) = (Reader::of(rabbit), system.tenant("secured"));
    let url = format!("url=amqps://localhost:{}", certificate.before(rabbit.port()).await);
    add(&reader, &system, &tenant, &[&url, &format!("ca={}", certificate.pem)]).await;
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "stream").await;
    whole(&system, &tenant, &reader.arrived(&tenant).await);
}
