//! A connection on which refusals that the HTTP library makes itself become SCIM errors.
//!
//! The library answers a head that is malformed, too large or too slow before any of our code sees a request, with an
//! empty body. Clients read `detail`, whatever was wrong (RFC 7644 section 3.12); so the empty answer is replaced while it
//! is written.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use scim::ScimError;
use telemetry::{Answered, Telemetry};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The stream of one connection.
pub(crate) struct Wire {
    stream: TcpStream,
    telemetry: Telemetry,
    /// What is written instead, and how much of it is written already.
    instead: Option<(Vec<u8>, usize)>,
}

impl Wire {
    /// A stream that was just accepted.
    pub(crate) fn new(stream: TcpStream, telemetry: Telemetry) -> Self {
        Self { stream, telemetry, instead: None }
    }

    /// Writes the replacement; then what it replaces counts as written.
    fn write_instead(&mut self, context: &mut Context<'_>, replaced: usize) -> Poll<io::Result<usize>> {
        while let Some((text, written)) = &mut self.instead {
            let rest = text.get(*written..).unwrap_or_default();
            if rest.is_empty() {
                self.instead = None;
                break;
            }
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                more => *written += more,
            }
        }
        Poll::Ready(Ok(replaced))
    }

    fn tell(&self, refusal: &Refusal) {
        self.telemetry.answered(&Answered {
            request_id: "",
            tenant: None,
            method: "OTHER",
            route: "unknown",
            status: refusal.error.status,
            duration: Duration::ZERO,
            client: "other",
            scim_type: None,
            refused: Some(refusal.reason),
            quirks: &[],
        });
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, text: &[u8]) -> Poll<io::Result<usize>> {
        if self.instead.is_none() {
            let Some(refusal) = Refusal::find(text) else {
                return Pin::new(&mut self.stream).poll_write(context, text);
            };
            self.tell(&refusal);
            self.instead = Some((refusal.to_text(), 0));
        }
        self.write_instead(context, text.len())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

/// One of the library's own refusals.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    error: ScimError,
    reason: &'static str,
}

impl Refusal {
    /// Ours are never empty: what starts with one of these and has no body is the library's.
    fn find(text: &[u8]) -> Option<Self> {
        let head = text.strip_prefix(b"HTTP/1.1 4")?;
        let (status, reason, sentence) = match head.get(..2)? {
            b"00" => (400, "malformed", "the head of the request is malformed"),
            b"08" => (408, "slow", "the head of the request did not arrive in time"),
            b"31" => (
                431,
                "large_head",
                "the request line and headers are larger than 64 KiB; send long filters to /.search in a body",
            ),
            _ => return None,
        };
        let is_empty = head.windows(19).any(|window| window.eq_ignore_ascii_case(b"content-length: 0\r\n"));
        is_empty.then(|| Self { error: ScimError::new(status, sentence), reason })
    }

    fn to_text(&self) -> Vec<u8> {
        let phrase = match self.error.status {
            400 => "Bad Request",
            408 => "Request Timeout",
            _ => "Request Header Fields Too Large",
        };
        let body = self.error.to_json().to_string();
        format!(
            "HTTP/1.1 {} {phrase}\r\ncontent-length: {}\r\nconnection: close\r\ncontent-type: \
             application/scim+json\r\n\r\n{body}",
            self.error.status,
            body.len(),
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_refusal_gets_a_body() {
        let refusal = Refusal::find(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\n\r\n").unwrap();
        let text = String::from_utf8(refusal.to_text()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"));
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["status"], "400");
    }

    #[test]
    fn every_other_answer_is_left_alone() {
        for text in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 170\r\n\r\n{",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP",
            "",
        ] {
            assert_eq!(Refusal::find(text.as_bytes()), None, "{text}");
        }
    }
}
