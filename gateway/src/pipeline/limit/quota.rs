//! What the sender is told of its limits: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11),
//! and for SailPoint, which reads these by default, `X-Rate-Limit-…`.

use std::cell::RefCell;

use actix_web::http::header::{HeaderName, HeaderValue};
use limits::Rate;

use super::share::Allowance;
use crate::reply::Answer;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const X_LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");
const X_RETRY_AFTER: HeaderName = HeaderName::from_static("x-rate-limit-retry-after-seconds");

/// The limits of one tenant at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    allowance: Allowance,
    /// How many requests are left.
    pub(super) requests: u32,
    /// How many changes are left, if the request was one and they are limited apart.
    pub(super) writes: Option<u32>,
    /// The seconds after which a refused sender may come again.
    pub(crate) retry_after: Option<u64>,
}

impl Quota {
    /// Nothing is known to be left yet.
    pub(super) fn new(allowance: Allowance) -> Self {
        Self { allowance, requests: 0, writes: None, retry_after: None }
    }

    /// Tells it to the sender; `client` is its short name.
    pub(crate) fn tell(self, answer: &mut Answer, client: &str) {
        if client == "sailpoint" {
            self.tell_sailpoint(answer);
        }
        let headers = answer.headers_mut();
        headers.insert(RATE_LIMIT, self.left());
        headers.insert(RATE_LIMIT_POLICY, self.known_policy());
    }

    /// Most tenants have the same limits, so the text is mostly the one before; each thread has its own.
    fn known_policy(&self) -> HeaderValue {
        thread_local!(static LAST: RefCell<Option<(Allowance, HeaderValue)>> = const { RefCell::new(None) });
        LAST.with_borrow_mut(|last| match last {
            Some((allowance, policy)) if *allowance == self.allowance => policy.clone(),
            _ => last.insert((self.allowance, self.policy())).1.clone(),
        })
    }

    /// A quota of the draft is a number in a window: the burst, and the time in which it comes back.
    fn policy(&self) -> HeaderValue {
        let mut text = Text::default();
        text.policy(b"\"requests\"", self.allowance.requests);
        if let Some(writes) = self.allowance.writes {
            text.push(b", ").policy(b"\"writes\"", writes);
        }
        text.value()
    }

    fn left(&self) -> HeaderValue {
        let mut text = Text::default();
        text.left(b"\"requests\"", self.seconds(self.allowance.requests, self.requests), self.requests);
        if let (Some(rate), Some(left)) = (self.allowance.writes, self.writes) {
            text.push(b", ").left(b"\"writes\"", self.seconds(rate, left), left);
        }
        text.value()
    }

    /// The window must not end after the moment at which the sender is told to come again (section 6 of the draft).
    fn seconds(&self, rate: Rate, left: u32) -> u64 {
        let seconds = u64::from(rate.seconds_until_more(left));
        self.retry_after.map_or(seconds, |retry_after| seconds.min(retry_after))
    }

    fn tell_sailpoint(&self, answer: &mut Answer) {
        let (rate, left) = (self.allowance.requests, self.requests);
        let mut add = |name, number: u64| {
            let mut text = Text::default();
            text.number(number);
            answer.headers_mut().insert(name, text.value());
        };
        add(X_LIMIT, rate.burst.into());
        add(X_REMAINING, left.into());
        add(X_RESET, self.seconds(rate, left));
        if let Some(seconds) = self.retry_after {
            add(X_RETRY_AFTER, seconds);
        }
    }
}

/// A header that is written without the machinery of formatting: it is in every answer.
struct Text {
    /// More than two limits with numbers of ten digits need.
    bytes: [u8; 128],
    length: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: [0; 128], length: 0 }
    }
}

impl Text {
    fn policy(&mut self, name: &[u8], rate: Rate) -> &mut Self {
        let window = rate.burst.div_ceil(rate.per_second.max(1)).max(1);
        self.push(name).push(b";q=").number(rate.burst.into()).push(b";w=").number(window.into())
    }

    fn left(&mut self, name: &[u8], seconds: u64, left: u32) -> &mut Self {
        self.push(name).push(b";r=").number(left.into()).push(b";t=").number(seconds)
    }

    fn push(&mut self, text: &[u8]) -> &mut Self {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + text.len()) {
            place.copy_from_slice(text);
            self.length += text.len();
        }
        self
    }

    fn number(&mut self, mut number: u64) -> &mut Self {
        let (mut digits, mut start) = ([0; 20], 20);
        for place in digits.iter_mut().rev() {
            // The last digit of a number is below 10.
            *place = b'0' + (number % 10) as u8;
            start -= 1;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.push(digits.get(start..).unwrap_or_default())
    }

    fn value(&self) -> HeaderValue {
        let written = self.bytes.get(..self.length).unwrap_or_default();
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

    fn quota(writes: Option<Rate>) -> Quota {
        Quota::new(Allowance { requests: REQUESTS, writes })
    }

    #[test]
    fn limits_are_told_as_structured_fields() {
        let quota = Quota { requests: 199, ..quota(None) };
        let headers = [("ratelimit", "\"requests\";r=199;t=1"), ("ratelimit-policy", "\"requests\";q=200;w=2")];
        assert_eq!(told(quota, "entra"), expected(&headers));
    }

    #[test]
    fn a_refusal_names_no_later_moment_than_retry_after() {
        let quota = Quota { requests: 3, writes: Some(0), retry_after: Some(1), ..quota(Some(WRITES)) };
        let headers = [
            ("ratelimit", "\"requests\";r=3;t=1, \"writes\";r=0;t=1"),
            ("ratelimit-policy", "\"requests\";q=200;w=2, \"writes\";q=20;w=3"),
        ];
        assert_eq!(told(quota, "okta"), expected(&headers));
    }

    #[test]
    fn q55_sailpoint_reads_headers_of_its_own() {
        let headers = [
            ("ratelimit", "\"requests\";r=0;t=1"),
            ("ratelimit-policy", "\"requests\";q=200;w=2"),
            ("x-rate-limit-limit", "200"),
            ("x-rate-limit-remaining", "0"),
            ("x-rate-limit-reset", "1"),
            ("x-rate-limit-retry-after-seconds", "1"),
        ];
        assert_eq!(told(Quota { retry_after: Some(1), ..quota(None) }, "sailpoint"), expected(&headers));
    }

    #[test]
    fn the_largest_numbers_have_room() {
        let most = Rate { per_second: 1, burst: u32::MAX };
        let quota = Quota { writes: Some(u32::MAX), ..Quota::new(Allowance { requests: most, writes: Some(most) }) };
        assert_eq!(quota.policy().to_str().unwrap().matches("q=4294967295;w=4294967295").count(), 2);
        assert!(quota.left().to_str().unwrap().ends_with("\"writes\";r=4294967295;t=1"));
    }
}
