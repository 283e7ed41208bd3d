//! A connection to a broker, which may send anything.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that are read after the last that were sent. A broker gives back an event at most, and says little otherwise.
const MOST: usize = 64 << 20;

/// Both ways of a connection.
trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

/// A connection that ends when the other side sends without end.
pub(in crate::store) struct Line {
    stream: Box<dyn Duplex>,
    /// How many bytes were read since something was sent.
    unasked: usize,
}

impl Line {
    pub(super) fn new(stream: impl AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static) -> Self {
        Self { stream: Box::new(stream), unasked: 0 }
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, into))?;
        self.unasked = self.unasked.saturating_add(into.filled().len() - before);
        if self.unasked > MOST {
            return Poll::Ready(Err(io::Error::other(format!("it sends more than {} MiB at once", MOST >> 20))));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.unasked = 0;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    async fn pour(mut from: DuplexStream) {
        let bytes = vec![b'x'; 1 << 20];
        while from.write_all(&bytes).await.is_ok() {}
    }

    #[tokio::test]
    async fn a_side_that_sends_without_end_is_cut_off() {
        let (here, there) = duplex(1 << 20);
        tokio::spawn(pour(there));
        let mut line = Line::new(here);
        let error = tokio::io::copy(&mut line, &mut tokio::io::sink()).await.unwrap_err();
        assert_eq!(error.to_string(), "it sends more than 64 MiB at once");
    }

    #[tokio::test]
    async fn what_was_asked_for_is_read() {
        let (here, mut there) = duplex(64);
        let mut line = Line::new(here);
        line.write_all(b"ask").await.unwrap();
        there.write_all(b"answer").await.unwrap();
        let mut answer = [0; 6];
        line.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");
    }
}
