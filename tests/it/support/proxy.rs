//! A line to a server that a test can make slow, silent or dead.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// It arrives.
    Open,
    /// It arrives so much later.
    Slow(Duration),
    /// It is kept until the line is open again; nobody is told.
    Silent,
    /// Connections are closed, and new ones too.
    Cut,
}

/// A listener that passes on what it gets.
pub(crate) struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
    forgotten: Arc<AtomicU64>,
}

impl Proxy {
    /// One in front of this address.
    pub(crate) async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (line, seen) = watch::channel(Line::Open);
        let forgotten = Arc::new(AtomicU64::new(0));
        let now = Arc::clone(&forgotten);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *seen.borrow() != Line::Cut {
                    let memory = Memory { born: now.load(Ordering::SeqCst), now: Arc::clone(&now) };
                    tokio::spawn(connect(client, target, seen.clone(), memory));
                }
            }
        });
        Self { address, line, forgotten }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what becomes of what is sent from now on.
    pub(crate) fn turn(&self, line: Line) {
        self.line.send_replace(line);
    }

    /// Nothing arrives any more on the connections of now, which stay open for ever, as when a firewall has forgotten
    /// them. New ones are as the line is.
    pub(crate) fn forget_connections(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
    }
}

/// Whether a connection is remembered.
#[derive(Clone)]
struct Memory {
    born: u64,
    now: Arc<AtomicU64>,
}

impl Memory {
    async fn recall(&self) {
        if self.now.load(Ordering::SeqCst) != self.born {
            std::future::pending::<()>().await;
        }
    }
}

async fn connect(client: TcpStream, target: SocketAddr, line: watch::Receiver<Line>, memory: Memory) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let mut cut = line.clone();
    tokio::select! {
        () = pass(from_client, to_server, line.clone(), memory.clone()) => {}
        () = pass(from_server, to_client, line, memory) => {}
        _ = cut.wait_for(|line| *line == Line::Cut) => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>, memory: Memory) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let passing = line.wait_for(|line| *line != Line::Silent).await.map(|line| *line);
        memory.recall().await;
        if let Ok(Line::Slow(time)) = passing {
            tokio::time::sleep(time).await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    memory.recall().await;
}
