//! One keep-alive connection of HTTP/1.1.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::head::Head;

/// Room for most answers, so that one read takes one in.
const ROOM: usize = 16 * 1024;

/// A connection that is used again and again.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, until the next request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// The body, for messages.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; ROOM] })
    }

    /// Sends one request and reads its answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let head = loop {
            filled += self.read_after(filled).await?;
            if let Some(head) = Head::parse(self.buffer.get(..filled).unwrap_or_default())? {
                break head;
            }
        };
        let end = head.size + head.body;
        while filled < end {
            filled += self.read_after(filled).await?;
        }
        anyhow::ensure!(filled == end, "more came than one answer of {end} bytes");
        Ok(Answer { status: head.status, body: self.buffer.get(head.size..end).unwrap_or_default() })
    }

    async fn read_after(&mut self, filled: usize) -> anyhow::Result<usize> {
        if self.buffer.len() == filled {
            self.buffer.resize(filled * 2, 0);
        }
        let read = self.stream.read(self.buffer.get_mut(filled..).unwrap_or_default()).await?;
        anyhow::ensure!(read > 0, "the server closed the connection");
        Ok(read)
    }
}
