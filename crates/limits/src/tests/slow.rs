//! Limiters behind a line to Redis that is slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::redis::{RATE, Replica, Server, flood, flood_undisturbed, until, until_alone, yielded};

const ALL: [usize; 3] = [0, 1, 2];

/// A line that delivers everything late, by so many milliseconds in each direction.
struct Line {
    port: u16,
    delay: Arc<AtomicU64>,
}

impl Line {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (own, delay) = (listener.local_addr().unwrap().port(), Arc::<AtomicU64>::default());
        let late = Arc::clone(&delay);
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let Ok(there) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                here.set_nodelay(true).unwrap();
                there.set_nodelay(true).unwrap();
                let ((from_here, to_here), (from_there, to_there)) = (here.into_split(), there.into_split());
                carry(from_here, to_there, Arc::clone(&late));
                carry(from_there, to_here, Arc::clone(&late));
            }
        });
        Self { port: own, delay }
    }

    fn delay(&self, milliseconds: u64) {
        self.delay.store(milliseconds, Relaxed);
    }
}

fn carry(
    mut from: impl tokio::io::AsyncRead + Unpin + Send + 'static,
    mut to: impl tokio::io::AsyncWrite + Unpin + Send + 'static,
    delay: Arc<AtomicU64>,
) {
    let (sender, mut under_way) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            let due = Instant::now() + Duration::from_millis(delay.load(Relaxed));
            if sender.send((due, bytes[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    tokio::spawn(async move {
        while let Some((due, bytes)) = under_way.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_answers_later_than_requests_wait_is_as_good_as_none() {
    let server = Server::start().await;
    let line = Line::to(server.port).await;
    let replicas = ALL.map(|_| Replica::start_at(line.port, 3));
    flood(&replicas, &ALL, Duration::from_millis(500)).await;
    // Later than a request waits, and sooner than a Redis that is silent.
    line.delay(40);
    let slow = flood(&replicas, &ALL, Duration::from_secs(4)).await;
    // Until it is noticed, requests go both ways; and there is the burst of the shares.
    let most = yielded(slow.passed + 0.5) * 1.05 + f64::from(RATE.burst);
    assert!((slow.admitted as f64) <= most, "{} of {most}", slow.admitted);
    until_alone(&replicas, true).await;
    let alone = flood_undisturbed(&replicas, &ALL, Duration::from_secs(2)).await;
    let (least, most) = (yielded(alone.passed) * 0.9, yielded(alone.passed) * 1.05 + f64::from(RATE.burst));
    assert!((least..=most).contains(&(alone.admitted as f64)), "{} of {least} to {most}", alone.admitted);
    line.delay(0);
    until_alone(&replicas, false).await;
    let together = flood_undisturbed(&replicas, &ALL, Duration::from_secs(2)).await;
    let most = yielded(together.passed) * 1.05 + f64::from(RATE.burst);
    assert!((together.admitted as f64) <= most, "{} of {most}", together.admitted);
}

/// What one of them lets through beside the bucket is owed by the bucket, though it is empty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_shares_have_let_through_is_paid_back() {
    let server = Server::start().await;
    let line = Line::to(server.port).await;
    let replicas = [Replica::start_at(line.port, 2), Replica::start_at(server.port, 2)];
    let (started, mut admitted) = (std::time::Instant::now(), 0);
    for _ in 0..4 {
        line.delay(100);
        until(async || {
            admitted += flood(&replicas, &[0, 1], Duration::from_millis(50)).await.admitted;
            replicas[0].is_alone()
        })
        .await;
        line.delay(0);
        until(async || {
            admitted += flood(&replicas, &[0, 1], Duration::from_millis(50)).await.admitted;
            !replicas[0].is_alone()
        })
        .await;
        admitted += flood(&replicas, &[0, 1], Duration::from_secs(1)).await.admitted;
    }
    let most = yielded(started.elapsed().as_secs_f64()) * 1.2 + f64::from(RATE.burst) * 1.5;
    assert!((admitted as f64) <= most, "{admitted} of {most}");
}
