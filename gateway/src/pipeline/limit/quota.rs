//! What the sender is told of its limits: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11),
//! and for SailPoint, which reads these by default, `X-Rate-Limit-…`.

use actix_web::http::header::{HeaderName, HeaderValue};
use limits::Rate;

use crate::reply::Answer;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const X_LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");
const X_RETRY_AFTER: HeaderName = HeaderName::from_static("x-rate-limit-retry-after-seconds");

/// The limits of one tenant at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Quota {
    pub(super) policy: HeaderValue,
    pub(super) requests: Left,
    /// If the request was a change, and changes are limited apart.
    pub(super) writes: Option<Left>,
    /// The seconds after which a refused sender may come again.
    pub(super) retry_after: Option<u64>,
}

/// What is left of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) rate: Rate,
    pub(super) left: u32,
}

/// A quota of the draft is a number in a window: the burst, and the time in which it comes back.
pub(super) fn policy(requests: Rate, writes: Option<Rate>) -> HeaderValue {
    let mut text = Text::default();
    text.policy("\"requests\"", requests);
    if let Some(writes) = writes {
        text.push(", ").policy("\"writes\"", writes);
    }
    text.value()
}

impl Quota {
    /// Tells it to the sender; `client` is its short name.
    pub(crate) fn tell(self, answer: &mut Answer, client: &str) {
        let mut text = Text::default();
        text.left("\"requests\"", self.seconds(self.requests), self.requests.left);
        if let Some(writes) = self.writes {
            text.push(", ").left("\"writes\"", self.seconds(writes), writes.left);
        }
        if client == "sailpoint" {
            self.tell_sailpoint(answer);
        }
        let headers = answer.headers_mut();
        headers.insert(RATE_LIMIT, text.value());
        headers.insert(RATE_LIMIT_POLICY, self.policy);
    }

    /// The window must not end after the moment at which the sender is told to come again (section 6 of the draft).
    fn seconds(&self, left: Left) -> u64 {
        let seconds = u64::from(left.rate.seconds_until_more(left.left));
        self.retry_after.map_or(seconds, |retry_after| seconds.min(retry_after))
    }

    fn tell_sailpoint(&self, answer: &mut Answer) {
        let Left { rate, left } = self.requests;
        let mut add = |name, number: u64| {
            let mut text = Text::default();
            text.number(number);
            answer.headers_mut().insert(name, text.value());
        };
        add(X_LIMIT, rate.burst.into());
        add(X_REMAINING, left.into());
        add(X_RESET, self.seconds(self.requests));
        if let Some(seconds) = self.retry_after {
            add(X_RETRY_AFTER, seconds);
        }
    }
}

/// A header that is written without the machinery of formatting: it is in every answer.
#[derive(Default)]
struct Text(Buffer);

/// More than two limits with numbers of ten digits need.
struct Buffer {
    bytes: [u8; 128],
    length: usize,
}

impl Default for Buffer {
    fn default() -> Self {
        Self { bytes: [0; 128], length: 0 }
    }
}

impl Text {
    fn policy(&mut self, name: &str, rate: Rate) -> &mut Self {
        let window = rate.burst.div_ceil(rate.per_second.max(1)).max(1);
        self.push(name).push(";q=").number(rate.burst.into()).push(";w=").number(window.into())
    }

    fn left(&mut self, name: &str, seconds: u64, left: u32) -> &mut Self {
        self.push(name).push(";r=").number(left.into()).push(";t=").number(seconds)
    }

    fn push(&mut self, text: &str) -> &mut Self {
        let Buffer { bytes, length } = &mut self.0;
        if let Some(place) = bytes.get_mut(*length..*length + text.len()) {
            place.copy_from_slice(text.as_bytes());
            *length += text.len();
        }
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        if number >= 10 {
            self.number(number / 10);
        }
        let digit = usize::try_from(number % 10).unwrap_or_default();
        self.push("0123456789".get(digit..=digit).unwrap_or_default())
    }

    fn value(&self) -> HeaderValue {
        let written = self.0.bytes.get(..self.0.length).unwrap_or_default();
        // Letters, digits and signs that may stand in a header.
        HeaderValue::from_bytes(written).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::Reply;

    const REQUESTS: Rate = Rate { per_second: 100, burst: 200 };
    const WRITES: Rate = Rate { per_second: 7, burst: 20 };

    fn told(quota: Quota, client: &str) -> Vec<(String, String)> {
        let mut answer = Answer::from(Reply::no_content());
        quota.tell(&mut answer, client);
        let headers = answer.headers().iter();
        let mut told: Vec<_> =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        told.sort();
        told
    }

    fn expected(headers: &[(&str, &str)]) -> Vec<(String, String)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn limits_are_told_as_structured_fields() {
        let quota = Quota {
            policy: policy(REQUESTS, None),
            requests: Left { rate: REQUESTS, left: 199 },
            writes: None,
            retry_after: None,
        };
        let headers = [("ratelimit", "\"requests\";r=199;t=1"), ("ratelimit-policy", "\"requests\";q=200;w=2")];
        assert_eq!(told(quota, "entra"), expected(&headers));
    }

    #[test]
    fn a_refusal_names_no_later_moment_than_retry_after() {
        let quota = Quota {
            policy: policy(REQUESTS, Some(WRITES)),
            requests: Left { rate: REQUESTS, left: 3 },
            writes: Some(Left { rate: WRITES, left: 0 }),
            retry_after: Some(1),
        };
        let headers = [
            ("ratelimit", "\"requests\";r=3;t=1, \"writes\";r=0;t=1"),
            ("ratelimit-policy", "\"requests\";q=200;w=2, \"writes\";q=20;w=3"),
        ];
        assert_eq!(told(quota, "okta"), expected(&headers));
    }

    #[test]
    fn q55_sailpoint_reads_headers_of_its_own() {
        let quota = Quota {
            policy: policy(REQUESTS, None),
            requests: Left { rate: REQUESTS, left: 0 },
            writes: None,
            retry_after: Some(1),
        };
        let headers = [
            ("ratelimit", "\"requests\";r=0;t=1"),
            ("ratelimit-policy", "\"requests\";q=200;w=2"),
            ("x-rate-limit-limit", "200"),
            ("x-rate-limit-remaining", "0"),
            ("x-rate-limit-reset", "1"),
            ("x-rate-limit-retry-after-seconds", "1"),
        ];
        assert_eq!(told(quota, "sailpoint"), expected(&headers));
    }

    #[test]
    fn the_largest_numbers_have_room() {
        let most = Rate { per_second: 1, burst: u32::MAX };
        let text = policy(most, Some(most));
        assert_eq!(text.to_str().unwrap().matches("q=4294967295;w=4294967295").count(), 2);
    }
}
