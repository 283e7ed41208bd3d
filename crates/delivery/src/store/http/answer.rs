//! What a receiver answers, and what that means for the store.

use std::time::Duration;

use outbound::{Response, StatusCode, header};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::store::Failure;

/// How much of an answer is read: of a success so that the connection can be used again, of a refusal to show its beginning.
const BYTES: usize = 16 * 1024;
/// How long one waits for the rest of an answer whose status says enough.
const REST: Duration = Duration::from_secs(1);
/// How much of a refusal is shown, in characters.
const SHOWN: usize = 200;
/// Longer words are keys or tokens, and shown in no message.
const LONGEST_WORD: usize = 40;

/// What a receiver answered.
pub(in crate::store) struct Answer {
    pub(in crate::store) status: StatusCode,
    /// How long it asks to be left alone.
    after: Option<Duration>,
    /// The beginning of what it says.
    pub(in crate::store) body: Vec<u8>,
}

impl Answer {
    pub(in crate::store) async fn read(response: Response) -> Self {
        let status = response.status();
        let after = response.headers().get(header::RETRY_AFTER).and_then(|value| wait(value.to_str().ok()?));
        Self { status, after, body: read(response).await }
    }

    /// What it means that the receiver has not taken what it was sent.
    pub(in crate::store) fn failure(self) -> Failure {
        let code = self.status.as_u16();
        if self.status == StatusCode::GONE {
            let why = "the receiver answers 410 (gone), so nothing is sent there any more; resume the store if that was a mistake";
            return Failure::Gone { why: why.to_owned() };
        }
        if self.status.is_redirection() {
            let why =
                format!("the receiver answers {code}, a redirect, which is not followed; set url to where it leads");
            return Failure::refused(why);
        }
        let after = self.after;
        let why = format!("the receiver answers {code}{}", shown(&self.body));
        let is_passing = self.status.is_server_error()
            || matches!(
                self.status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY
            );
        if is_passing || after.is_some() { Failure::Unavailable { why, after } } else { Failure::Refused { why } }
    }
}

/// The beginning of an answer, as far as it comes soon.
async fn read(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() >= BYTES {
                return;
            }
        }
    };
    let _late = tokio::time::timeout(REST, reading).await;
    body
}

/// What `Retry-After` asks for: seconds, or a date (RFC 9110, 10.2.3).
fn wait(value: &str) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let at = OffsetDateTime::parse(&value.replace("GMT", "+0000"), &Rfc2822).ok()?;
    Some(Duration::try_from(at - OffsetDateTime::now_utc()).unwrap_or_default())
}

/// The beginning of a refusal as one line, without what may be an address of a person or a key.
pub(in crate::store) fn shown(body: &[u8]) -> String {
    let start = body.get(..body.len().min(SHOWN * 8)).unwrap_or_default();
    let text: String =
        String::from_utf8_lossy(start).chars().map(|letter| if is_harmless(letter) { letter } else { ' ' }).collect();
    let words = text.split_whitespace().map(|word| {
        let is_private = word.contains('@') || word.chars().count() > LONGEST_WORD;
        if is_private { "…" } else { word }
    });
    let line: String = words.collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect();
    if line.is_empty() { line } else { format!(": {line}") }
}

/// Letters, digits and signs: nothing that controls a terminal or turns the direction of a line.
fn is_harmless(letter: char) -> bool {
    letter.is_alphanumeric() || letter.is_ascii_punctuation()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_obeyed() {
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait(" 0 "), Some(Duration::ZERO));
        let in_an_hour = OffsetDateTime::now_utc() + Duration::from_secs(3600);
        let date = in_an_hour.format(&Rfc2822).unwrap().replace("+0000", "GMT");
        let told = wait(&date).unwrap();
        assert!((3590..=3600).contains(&told.as_secs()), "{told:?} from {date}");
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        for text in ["", "soon", "-5", "1.5", "99999999999999", "Wed, 99 Oct 2015 07:28:00 GMT"] {
            assert_eq!(wait(text), None, "{text}");
        }
    }

    #[test]
    fn a_refusal_is_shown_as_one_harmless_line() {
        assert_eq!(shown(b""), "");
        assert_eq!(shown(b"\x1b[31mno\r\n\tsuch   user \xff\xe2\x80\xae!\0"), ": [31mno such user !");
        assert_eq!(shown(b"ada@acme.example is unknown"), ": … is unknown");
        assert_eq!(shown("x".repeat(41).as_bytes()), ": …");
        assert_eq!(shown("no ".repeat(10_000).as_bytes()).chars().count(), SHOWN + 2);
    }
}
