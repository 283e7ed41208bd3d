//! A connection on which refusals that the HTTP library makes itself become SCIM errors.
//!
//! The library answers a head that is malformed, too large or too slow before any of our code sees a request, with an
//! empty body. Clients read `detail`, whatever was wrong (RFC 7644 section 3.12); so the empty answer is replaced while it
//! is written.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use actix_web::rt::net::TcpStream;
use scim::ScimError;
use telemetry::{Answered, Method, Telemetry};
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
            at: SystemTime::now(),
            request_id: "",
            tenant: None,
            credential: None,
            method: Method::Other,
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
            let Some((before, refusal)) = Refusal::find(text) else {
                return Pin::new(&mut self.stream).poll_write(context, text);
            };
            self.tell(&refusal);
            self.instead = Some(([before, &refusal.to_text()].concat(), 0));
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

const START: &[u8] = b"HTTP/1.1 4";
const EMPTY: &[u8] = b"content-length: 0\r\n";

/// One of the library's own refusals.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    error: ScimError,
    reason: &'static str,
}

impl Refusal {
    /// It is the last on its connection, and has no body; ours have one. What is written before it belongs to earlier
    /// requests.
    fn find(text: &[u8]) -> Option<(&[u8], Self)> {
        if !text.ends_with(b"\r\n\r\n") {
            return None;
        }
        let start = text.windows(START.len()).rposition(|window| window == START)?;
        let (before, answer) = text.split_at_checked(start)?;
        let is_empty = answer.windows(EMPTY.len()).any(|window| window.eq_ignore_ascii_case(EMPTY));
        let error = is_empty.then(|| Self::of(answer.strip_prefix(START)?)).flatten()?;
        Some((before, error))
    }

    /// By the rest of its status.
    fn of(status: &[u8]) -> Option<Self> {
        let (status, reason, sentence) = match status.get(..2)? {
            b"00" => (400, "malformed", "the head of the request is malformed, or its URL is longer than 64 KiB"),
            b"08" => (408, "slow", "the head of the request did not arrive in time"),
            b"31" => (431, "large", "the head of the request is too large; send long filters to /.search, in a body"),
            _ => return None,
        };
        Some(Self { error: ScimError::new(status, sentence), reason })
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
        let text = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let (before, refusal) = Refusal::find(text).unwrap();
        assert_eq!(before, b"");
        let text = String::from_utf8(refusal.to_text()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"));
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["status"], "400");
    }

    #[test]
    fn answers_to_earlier_requests_stay_before_it() {
        let text = b"HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n\r\n{HTTP/1.1 408 x\r\ncontent-length: 0\r\n\r\n";
        let (before, refusal) = Refusal::find(text).unwrap();
        assert_eq!(before, b"HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n\r\n{");
        assert_eq!((refusal.error.status, refusal.reason), (408, "slow"));
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
