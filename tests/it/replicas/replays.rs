//! Somebody who can write to Redis sends a genuine message again and again.

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use serde_json::json;

use crate::support::{Replicas, database};

const AGAIN: usize = 3_000;

async fn connect(replicas: &Replicas) -> BufReader<TcpStream> {
    BufReader::new(TcpStream::connect(("127.0.0.1", replicas.redis().port())).await.expect("Redis"))
}

async fn line(redis: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    redis.read_line(&mut line).await.expect("a line");
    line.trim_end().to_owned()
}

/// How often the list of replicas was looked at in the database, as far as it has counted.
async fn looks(replicas: &Replicas) -> i64 {
    let sql =
        "SELECT CAST(seq_scan + COALESCE(idx_scan, 0) AS TEXT) FROM pg_stat_user_tables WHERE relname = 'replicas'";
    database::texts(replicas.url(), sql).await.remove(0).parse().expect("a number")
}

/// The attack: it is answered, because its sender may not have heard the answer, and costs the database nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_sent_again_and_again_keeps_no_database_busy() {
    let replicas = Replicas::start(2, 2000).await;
    let tenant = replicas.of(0).tenant("replayed");
    let mut heard = connect(&replicas).await;
    heard.get_mut().write_all(b"PSUBSCRIBE *\r\n").await.expect("to subscribe");
    while line(&mut heard).await != ":1" {}
    replicas.of(0).set(&tenant, &json!({ "token_max_days": 100 }));
    // Its channel, its length, and the message.
    let (mut channel, mut before) = (String::new(), String::new());
    let message = loop {
        let next = line(&mut heard).await;
        if next.starts_with("changed ") {
            break next;
        }
        channel = std::mem::replace(&mut before, next);
    };
    while !line(&mut heard).await.starts_with("holds ") {}
    let looks_before = looks(&replicas).await;
    let mut sending = connect(&replicas).await;
    for _ in 0..AGAIN {
        let command = format!("PUBLISH {channel} \"{message}\"\r\n");
        sending.get_mut().write_all(command.as_bytes()).await.expect("to send");
        // One after the other, so that none is lost.
        while !line(&mut heard).await.starts_with("holds ") {}
    }
    // The database counts with a delay of seconds.
    let renewed = replicas.renewals(0).await + 10.0;
    crate::support::until("some seconds", async || (replicas.renewals(0).await >= renewed).then_some(())).await;
    let looked = looks(&replicas).await - looks_before;
    assert!(looked < AGAIN as i64 / 2, "{looked} times for {AGAIN} messages");
}
