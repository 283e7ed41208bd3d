//! A connection that sends exactly what a test says, byte by byte.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Answer;

/// How long an answer may take; a server that never answers fails the test.
const PATIENCE: Duration = Duration::from_secs(120);

/// A plain TCP connection to a server.
pub(crate) struct Wire(TcpStream);

impl Wire {
    /// Connects to this port of the machine.
    pub(crate) async fn connect(port: u16) -> Self {
        Self(TcpStream::connect(("127.0.0.1", port)).await.expect("a connection"))
    }

    /// Sends bytes as they are. A server that has already answered may have closed.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.write_all(bytes.as_ref()).await.is_ok()
    }

    /// Reads one answer with its body.
    pub(crate) async fn answer(&mut self) -> Answer {
        let (status, headers, text) = timeout(PATIENCE, self.read()).await.expect("an answer in time");
        Answer::of_scim("raw".to_owned(), status, headers, text)
    }

    /// Reads one answer of what is no SCIM address.
    pub(crate) async fn any_answer(&mut self) -> Answer {
        let (status, headers, text) = timeout(PATIENCE, self.read()).await.expect("an answer in time");
        Answer::new("raw".to_owned(), status, headers, text)
    }

    async fn read(&mut self) -> (u16, reqwest::header::HeaderMap, String) {
        let mut bytes = Vec::new();
        loop {
            if let Some(end) = find(&bytes, b"\r\n\r\n") {
                let head = String::from_utf8(bytes[..end].to_vec()).expect("a readable head");
                let (status, headers) = parse(&head);
                if status == 100 {
                    bytes.drain(..end + 4);
                    continue;
                }
                let length = headers
                    .get("content-length")
                    .map_or(0, |length| length.to_str().expect("text").parse::<usize>().expect("a length"));
                while bytes.len() < end + 4 + length {
                    assert!(self.more(&mut bytes).await, "the body ended early");
                }
                let text = String::from_utf8(bytes[end + 4..].to_vec()).expect("a readable body");
                return (status, headers, text);
            }
            assert!(self.more(&mut bytes).await, "the connection closed without an answer");
        }
    }

    /// The status of the next answer, whatever else it has; none if the server closes instead.
    pub(crate) async fn status(&mut self) -> Option<u16> {
        let mut bytes = Vec::new();
        while !bytes.contains(&b'\n') {
            if !timeout(PATIENCE, self.more(&mut bytes)).await.expect("an answer in time") {
                return None;
            }
        }
        Some(parse(String::from_utf8_lossy(&bytes).lines().next()?).0)
    }

    /// Sends no more.
    pub(crate) async fn shut(&mut self) {
        let _ = self.0.shutdown().await;
    }

    /// Reads until the server closes the connection.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        timeout(PATIENCE, async { while self.more(&mut rest).await {} }).await.expect("the connection to close");
    }

    async fn more(&mut self, bytes: &mut Vec<u8>) -> bool {
        let mut buffer = vec![0; 16 * 1024];
        match self.0.read(&mut buffer).await {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                bytes.extend_from_slice(&buffer[..count]);
                true
            }
        }
    }
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

fn parse(head: &str) -> (u16, reqwest::header::HeaderMap) {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| {
        let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        (name, value.trim().parse().expect("a header value"))
    });
    (status.expect("a status line"), headers.collect())
}
