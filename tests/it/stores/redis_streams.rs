//! Streams of Redis.

use std::collections::BTreeSet;

use serde_json::Value;

use super::broker::{
    Broker, Stoppable, a_broker_that_was_away_catches_up, a_day_arrives, a_silent_broker_catches_up, add,
    complaint_with, garbage, guarded, nothing_is_lost_by_kills, refusal, system, whole,
};
use super::{a_days_work, caught_up};
use crate::support::{Certificate, Redis, Tenant, user};

impl Broker for Redis {
    const KIND: &'static str = "redis_streams";

    fn url(&self) -> String {
        self.url()
    }

    fn settings(&self, _tenant: &Tenant) -> Vec<String> {
        Vec::new()
    }

    async fn prepare(&self, _tenant: &Tenant) {}

    async fn arrived(&self, tenant: &Tenant) -> Vec<Value> {
        let entries = self.command(&format!("XRANGE {} - +", key(tenant)));
        let events = entries.iter().filter(|line| line.starts_with("{\"specversion\""));
        events.map(|line| serde_json::from_str(line).expect("an event")).collect()
    }
}

impl Stoppable for Redis {
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

fn key(tenant: &Tenant) -> String {
    format!("tenantry:{}:stream", tenant.name)
}

/// The numbers in the ids of entries.
fn numbers(redis: &Redis, tenant: &Tenant) -> Vec<i64> {
    let is_id =
        |line: &&String| line.split_once('-').is_some_and(|(ms, _)| ms.len() == 13 && ms.parse::<u64>().is_ok());
    let number = |line: &String| line.split_once('-').and_then(|(_, number)| number.parse().ok()).expect("a number");
    redis.command(&format!("XRANGE {} - +", key(tenant))).iter().filter(is_id).map(number).collect()
}

#[tokio::test]
async fn a_day_arrives_in_a_stream_of_redis() {
    a_day_arrives(&Redis::start().await).await;
}

#[tokio::test]
async fn a_redis_that_was_away_catches_up() {
    a_broker_that_was_away_catches_up(&Redis::start_keeping().await).await;
}

#[tokio::test]
async fn a_silent_redis_catches_up() {
    a_silent_broker_catches_up(&Redis::start().await).await;
}

/// The script leaves out what the stream has, so not even a crash brings an event twice.
#[tokio::test]
async fn kills_bring_each_event_once_into_a_stream_of_redis() {
    assert_eq!(nothing_is_lost_by_kills(&Redis::start().await).await, 0);
}

#[tokio::test]
async fn the_id_of_an_entry_has_the_number_of_its_event() {
    let (redis, system) = (Redis::start().await, system().await);
    let tenant = system.tenant("numbered");
    add(&redis, &system, &tenant, &[]).await;
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "stream").await;
    let expected: Vec<i64> =
        system.events(&tenant, 1).iter().map(|event| event["sequence"].as_i64().expect("a number")).collect();
    assert_eq!(numbers(&redis, &tenant), expected);
}

#[tokio::test]
async fn a_full_redis_gets_the_rest_when_there_is_room() {
    let (redis, system) = (Redis::start().await, system().await);
    let tenant = system.tenant("full");
    add(&redis, &system, &tenant, &[]).await;
    redis.command("CONFIG SET maxmemory 1");
    a_days_work(&tenant).await;
    let why = complaint_with(&system, &tenant, "full").await;
    assert_eq!(why, "Redis is full: it has used the memory that it may (maxmemory)");
    redis.command("CONFIG SET maxmemory 0");
    caught_up(&system, &tenant, "stream").await;
    assert_eq!(whole(&system, &tenant, &redis.arrived(&tenant).await), 0);
}

#[tokio::test]
async fn a_stream_is_trimmed() {
    let (redis, system) = (Redis::start().await, system().await);
    let tenant = system.tenant("trimmed");
    add(&redis, &system, &tenant, &["max_length=100", "batch=50"]).await;
    for number in 0..260 {
        tenant.client().post("/Users", &user(&format!("user{number}"))).await.expect(201);
    }
    caught_up(&system, &tenant, "stream").await;
    let kept = numbers(&redis, &tenant);
    // Redis trims by whole nodes of a hundred entries.
    assert!((100..=200).contains(&kept.len()), "{} are kept", kept.len());
    let newest = system.events(&tenant, 1).last().expect("an event")["sequence"].as_i64();
    assert_eq!(kept.last().copied(), newest);
}

#[tokio::test]
async fn redis_says_what_it_refuses() {
    let (redis, system) = (Redis::start().await, system().await);
    redis.command("ACL SETUSER tenantry on >secret ~tenantry:* +eval +evalsha +script|load +exists +xinfo +xadd");
    redis.command("ACL SETUSER reader on >secret ~* +@read +eval +evalsha +script|load");
    redis.command("SET taken 1");
    redis.command("XADD foreign * field value");
    let settings = |user: &str, password: &str| [format!("user={user}"), format!("password={password}")];
    let url = redis.url();
    let why = refusal::<Redis>(&system, &url, &settings("tenantry", "wr0ng"), &[]).await;
    assert_eq!(why, "Redis refuses user and password");
    let why = refusal::<Redis>(&system, &url, &settings("reader", "secret"), &[]).await;
    assert!(why.starts_with("Redis refuses the user a command: it must be allowed +eval"), "{why}");
    let why = refusal::<Redis>(&system, &url, &[], &["key=taken"]).await;
    assert_eq!(why, "the key taken holds something else than a stream: set another key");
    let why = refusal::<Redis>(&system, &url, &[], &["key=foreign"]).await;
    assert!(why.starts_with("the stream foreign is not of this store"), "{why}");
    let tenant = system.tenant("allowed");
    add(&redis, &system, &tenant, &["user=tenantry", "password=secret"]).await;
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "stream").await;
    whole(&system, &tenant, &redis.arrived(&tenant).await);
}

#[tokio::test]
async fn what_is_no_redis_is_told_apart() {
    let why = garbage::<Redis>("redis", &[]).await;
    assert!(why.starts_with("the connection to Redis failed"), "{why}");
}

#[tokio::test]
async fn a_redis_of_this_machine_is_not_called_unless_allowed() {
    let why = guarded::<Redis>("redis://localhost:6379", &[]).await;
    assert_eq!(why, "localhost has no public address; the operator can allow others with stores.allow_private");
}

#[tokio::test]
async fn redis_is_reached_through_tls() {
    let (redis, system, certificate) = (Redis::start().await, system().await, Certificate::new());
    let tenant = system.tenant("secured");
    let url = format!("url=rediss://localhost:{}", certificate.before(redis.port()).await);
    add(&redis, &system, &tenant, &[&url, &format!("ca={}", certificate.pem)]).await;
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, "stream").await;
    whole(&system, &tenant, &redis.arrived(&tenant).await);
    let why = refusal::<Redis>(&system, &url["url=".len()..], &[], &[]).await;
    assert!(why.contains("no TLS with localhost"), "{why}");
}

#[tokio::test]
async fn two_tenants_have_streams_of_their_own() {
    let (redis, system) = (Redis::start().await, system().await);
    let tenants = [system.tenant("one"), system.tenant("two")];
    for tenant in &tenants {
        add(&redis, &system, tenant, &[]).await;
        a_days_work(tenant).await;
    }
    let mut ids = BTreeSet::new();
    for tenant in &tenants {
        caught_up(&system, tenant, "stream").await;
        let arrived = redis.arrived(tenant).await;
        whole(&system, tenant, &arrived);
        let source = format!("/tenants/{}", tenant.name);
        assert!(arrived.iter().all(|event| event["source"] == source && ids.insert(event["id"].to_string())));
    }
}
