//! How often one network address may ask is set for all servers at once, and each goes by its part.

use std::time::Duration;

use serde_json::json;

use crate::support::{Client, Recovery, Replicas, Request, Tenant, until};

const ALL: [usize; 3] = [0, 1, 2];

/// How soon a changed limit is in force on every server.
const IN_FORCE: Duration = Duration::from_secs(1);

const RESET: [&str; 5] =
    ["reset", "address_requests_per_second", "address_requests_burst", "address_per_second", "address_burst"];

fn limits(replicas: &Replicas, number: usize, arguments: &[&str]) {
    replicas.of(number).tenantry(&[&["limits"], arguments].concat()).expect(0);
}

fn requests(per_second: u32, burst: u32) -> [String; 3] {
    ["set".to_owned(), format!("address_requests_per_second={per_second}"), format!("address_requests_burst={burst}")]
}

fn set(replicas: &Replicas, number: usize, per_second: u32, burst: u32) {
    limits(replicas, number, &requests(per_second, burst).each_ref().map(String::as_str));
}

/// How many requests are let in at once, up to so many.
async fn served(client: &Client, most: usize) -> usize {
    for served in 0..most {
        if client.get("/ServiceProviderConfig").await.status == 429 {
            return served;
        }
    }
    most
}

/// Each server serves its part, and perhaps some that came back meanwhile. What was asked last before the change may count.
async fn each_serves(replicas: &Replicas, tenant: &Tenant, count: usize, part: usize) {
    for number in 0..count {
        let served = served(&replicas.client(number, tenant), 10 * part).await;
        assert!((part - 1..=part + 3).contains(&served), "server {number} has served {served}; its part is {part}");
    }
}

async fn each_serves_all(replicas: &Replicas, tenant: &Tenant, count: usize) {
    for number in 0..count {
        assert_eq!(served(&replicas.client(number, tenant), 100).await, 100, "server {number}");
    }
}

/// Over the command line of one of them or over HTTP at another: in force on all when the answer is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_limit_of_addresses_is_in_force_on_all_servers_at_once() {
    let replicas = Replicas::start(3, 2000).await;
    replicas.until_metric(3, "tenantry_replication_living", 3.0).await;
    let tenant = replicas.of(0).tenant("everywhere");
    let made = replicas.of(0).tenantry(&["api-key", "create", "--name", "tests", "--json"]).expect(0).json();
    let key = made["key"].as_str().expect("a key");
    for (number, burst) in [(0, 12), (1, 30), (2, 18)] {
        let asked = Recovery::begin();
        set(&replicas, number, 1, burst);
        asked.check_within(IN_FORCE, "a changed limit of addresses, which is in force on all of them now");
        each_serves(&replicas, &tenant, 3, usize::try_from(burst).expect("few") / 3).await;
        let admin = Client::new(replicas.of(number + 1).server().admin()).with_token(key);
        let back = json!({ "limits": { "address_requests_per_second": null, "address_requests_burst": null } });
        let request =
            Request::new("PATCH", "/limits").body(back.to_string()).header("content-type", "application/json");
        admin.send_any(request).await.expect(200);
        each_serves_all(&replicas, &tenant, 3).await;
    }
    replicas.check_acknowledged(0..3).await;
}

/// Wrong tokens are counted by the part of each server, too; a good one opens at each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_failures_is_set_on_all_servers_and_good_tokens_open() {
    let replicas = Replicas::start(3, 2000).await;
    replicas.until_metric(3, "tenantry_replication_living", 3.0).await;
    let tenant = replicas.of(0).tenant("guessed");
    limits(&replicas, 1, &["set", "address_per_second=1", "address_burst=12"]);
    for number in ALL {
        let guesser = replicas.client(number, &tenant).with_token("a.wrong.token");
        let told = served(&guesser, 40).await;
        assert!((4..=7).contains(&told), "server {number} has told {told}");
        replicas.client(number, &tenant).get("/Users").await.expect(200);
    }
    limits(&replicas, 2, &RESET);
    for number in ALL {
        assert_eq!(served(&replicas.client(number, &tenant).with_token("a.wrong.token"), 40).await, 40);
    }
}

/// Without Redis the database tells; a server that starts meanwhile reads it there; and after Redis is back all is as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_a_changed_limit_of_addresses_is_in_force_all_the_same() {
    let mut replicas = Replicas::start(3, 1000).await;
    replicas.until_metric(3, "tenantry_replication_living", 3.0).await;
    let tenant = replicas.of(0).tenant("apart");
    replicas.redis().kill();
    replicas.until_metric(3, "tenantry_limits_by_share", 1.0).await;
    set(&replicas, 1, 1, 12);
    each_serves(&replicas, &tenant, 3, 4).await;
    replicas.add(1000).await;
    replicas.until_metric(4, "tenantry_replication_living", 4.0).await;
    let served = served(&replicas.client(3, &tenant), 40).await;
    assert!((3..=6).contains(&served), "the server that has started has served {served}");
    limits(&replicas, 2, &RESET);
    each_serves_all(&replicas, &tenant, 4).await;
    replicas.redis().start_again().await;
    until("Redis to be back", async || {
        let mut back = true;
        for number in 0..4 {
            back &= replicas.metric(number, "tenantry_limits_by_share").await == 0.0;
        }
        back.then_some(())
    })
    .await;
    set(&replicas, 3, 1, 40);
    each_serves(&replicas, &tenant, 4, 10).await;
}
