//! PostgreSQL is restarted, killed and started again, and stopped for a while, under three replicas with clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::task::JoinSet;

use crate::support::{Client, Postgres, Recovery, Replicas, Request, Tenant, until, user};

/// What a request is answered when nothing is wrong; otherwise it is told to come back.
#[derive(Clone)]
struct Asked {
    client: Client,
    path: String,
    status: u16,
}

struct Shared {
    is_over: AtomicBool,
    good: AtomicUsize,
    away: AtomicUsize,
}

async fn ask(asked: Asked, shared: Arc<Shared>) -> Vec<String> {
    let mut strange = Vec::new();
    while !shared.is_over.load(Ordering::Relaxed) {
        let answer = asked.client.send(Request::new("GET", &asked.path)).await;
        match answer.status {
            status if status == asked.status => drop(shared.good.fetch_add(1, Ordering::Relaxed)),
            503 if answer.header("retry-after").is_some() => drop(shared.away.fetch_add(1, Ordering::Relaxed)),
            _ => strange.push(format!("{} {} {}", answer.request, answer.status, answer.text)),
        }
    }
    strange
}

/// 503 in between, and nothing wrong: no 401 for a good token, no 404 for what is there, nothing for a replaced token. By
/// itself everything works again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_restarted_killed_or_stopped_under_three_replicas_is_found_again() {
    let postgres = Postgres::start();
    let replicas = Replicas::start_on(3, 1000, &postgres.url()).await;
    let replaced = replicas.of(0).tenant("restarted");
    let tenant = replicas.of(1).issue(&replaced);
    let ada = replicas.client(0, &tenant).post("/Users", &user("ada")).await.expect(201).id();
    let shared =
        Arc::new(Shared { is_over: AtomicBool::new(false), good: AtomicUsize::new(0), away: AtomicUsize::new(0) });
    let mut clients = JoinSet::new();
    for number in 0..3 {
        for (tenant, path, status) in [
            (&tenant, format!("/Users/{ada}"), 200),
            (&tenant, "/Users/0190a5a4-0000-7000-8000-000000000000".to_owned(), 404),
            (&tenant, "/ServiceProviderConfig".to_owned(), 200),
            (&replaced, format!("/Users/{ada}"), 401),
        ] {
            let asked = Asked { client: replicas.client(number, tenant), path, status };
            clients.spawn(ask(asked, Arc::clone(&shared)));
        }
    }
    for way in ["fast", "kill", "stop"] {
        match way {
            "kill" => postgres.kill(),
            "stop" => postgres.signal("STOP"),
            _ => {}
        }
        if way != "fast" {
            until("it to be missed", async || {
                (replicas.client(0, &tenant).get("/Users?count=0").await.status == 503).then_some(())
            })
            .await;
        }
        match way {
            "stop" => postgres.signal("CONT"),
            _ => tokio::task::block_in_place(|| postgres.restart("fast")),
        }
        let back = Recovery::begin();
        for number in 0..3 {
            serves(&replicas, number, &tenant, way).await;
        }
        back.check(way);
        let renewed = replicas.of(2).tenant("afterwards");
        for number in 0..3 {
            replicas.client(number, &renewed).get("/Users").await.expect(200);
        }
    }
    shared.is_over.store(true, Ordering::Relaxed);
    assert_eq!(clients.join_all().await.concat(), Vec::<String>::new());
    let (good, away) = (shared.good.load(Ordering::Relaxed), shared.away.load(Ordering::Relaxed));
    assert!(good > 100 && away > 10, "{good} good answers, {away} while it was away");
}

/// Waits until a replica reads and writes.
async fn serves(replicas: &Replicas, number: usize, tenant: &Tenant, way: &str) {
    let mut attempt = 0;
    until("the replica to serve", async || {
        attempt += 1;
        let client = replicas.client(number, tenant);
        let read = client.get("/Users?count=0").await.status;
        let written = client.post("/Users", &user(&format!("{way}-{number}-{attempt}"))).await.status;
        assert!(matches!((read, written), (200 | 503, 201 | 503)), "{read} {written}");
        ((read, written) == (200, 201)).then_some(())
    })
    .await;
}
