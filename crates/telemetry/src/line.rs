//! The line of one request, written without the machinery of formatting: a busy server writes 100,000 of them a second.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

use crate::{Answered, Format};

/// Writes the line and hands it to `take`.
pub(crate) fn write(answered: &Answered<'_>, format: Format, take: impl FnOnce(&[u8])) {
    // One line is written at a time on each thread, so the memory is used again.
    thread_local!(static LINE: RefCell<Line> = const { RefCell::new(Line(Vec::new())) });
    LINE.with_borrow_mut(|line| {
        line.0.clear();
        match format {
            Format::Json => line.json(answered),
            Format::Text => line.text(answered),
        }
        take(&line.0);
    });
}

/// Every text in it is an id, a name of the restricted alphabet of tenants, or one of ours, so nothing needs escapes.
struct Line(Vec<u8>);

impl Line {
    fn json(&mut self, answered: &Answered<'_>) {
        self.push("{\"timestamp\":\"").moment(answered.at);
        self.push("\",\"level\":\"").push(level(answered)).push("\",\"message\":\"request\"");
        self.member("request.id", Some(answered.request_id)).member("tenant.id", answered.tenant);
        self.member("credential.id", answered.credential);
        self.member("http.method", Some(answered.method.as_str())).member("route", Some(answered.route));
        self.push(",\"status\":").number(answered.status.into());
        self.push(",\"duration_ms\":").milliseconds(answered.duration);
        self.member("client", Some(answered.client));
        self.member("scim.type", answered.scim_type).member("refused", answered.refused);
        if !answered.quirks.is_empty() {
            self.push(",\"quirks\":[");
            self.list(answered.quirks, "\"").push("]");
        }
        self.push("}\n");
    }

    fn text(&mut self, answered: &Answered<'_>) {
        self.moment(answered.at).push(if is_failure(answered) { " ERROR " } else { "  INFO " });
        self.push("request: ").push(answered.method.as_str()).push(" ").push(answered.route).push(" ");
        self.number(answered.status.into()).push(" in ").milliseconds(answered.duration).push(" ms");
        self.field(" tenant.id=", answered.tenant).field(" credential.id=", answered.credential);
        self.field(" scim.type=", answered.scim_type).field(" refused=", answered.refused);
        self.field(" client=", Some(answered.client));
        if !answered.quirks.is_empty() {
            self.push(" quirks=").list(answered.quirks, "");
        }
        self.field(" request.id=", Some(answered.request_id)).push("\n");
    }

    fn push(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn member(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.push(",\"").push(name).push("\":\"").push(value).push("\""),
            None => self,
        }
    }

    fn field(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.push(name).push(value),
            None => self,
        }
    }

    fn list(&mut self, texts: &[&str], quote: &str) -> &mut Self {
        for (index, text) in texts.iter().enumerate() {
            self.push(if index == 0 { "" } else { "," }).push(quote).push(text).push(quote);
        }
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        if number >= 10 {
            self.number(number / 10);
        }
        self.digit(number)
    }

    fn digits(&mut self, number: u64, count: u32) -> &mut Self {
        for place in (0..count).rev() {
            self.digit(number / 10_u64.pow(place));
        }
        self
    }

    fn digit(&mut self, number: u64) -> &mut Self {
        // The last digit of a number is below 10.
        self.0.push(b'0' + u8::try_from(number % 10).unwrap_or_default());
        self
    }

    fn milliseconds(&mut self, duration: Duration) -> &mut Self {
        let micros = u64::from(duration.subsec_micros());
        self.number(duration.as_secs() * 1000 + micros / 1000).push(".").digits(micros % 1000, 3)
    }

    /// The moment in the form that `tracing` writes it, so that all lines sort together.
    fn moment(&mut self, at: SystemTime) -> &mut Self {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.second(since.as_secs()).push(".").digits(since.subsec_micros().into(), 6).push("Z")
    }

    /// The text of a second is made once and used for all its requests.
    fn second(&mut self, second: u64) -> &mut Self {
        thread_local!(static LAST: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) });
        LAST.with_borrow_mut(|(last, text)| {
            if *last != second {
                *text = second_text(second);
                *last = second;
            }
            self.push(text)
        })
    }
}

/// `2026-11-22T00:36:56`
fn second_text(second: u64) -> String {
    let second = i64::try_from(second).unwrap_or_default();
    let at = OffsetDateTime::from_unix_timestamp(second).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (hour, minute, second) = at.to_hms();
    format!("{}T{hour:02}:{minute:02}:{second:02}", at.date())
}

/// 501 is our answer to what is not served, no failure.
fn is_failure(answered: &Answered<'_>) -> bool {
    answered.status >= 500 && answered.status != 501
}

fn level(answered: &Answered<'_>) -> &'static str {
    if is_failure(answered) { "ERROR" } else { "INFO" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Method;

    fn refused() -> Answered<'static> {
        Answered {
            at: SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_307_816_056_007),
            request_id: "0198",
            tenant: Some("acme"),
            credential: Some("7d0c"),
            method: Method::Post,
            route: "/Users",
            status: 409,
            duration: Duration::from_micros(1_042),
            client: "okta",
            scim_type: Some("uniqueness"),
            refused: None,
            quirks: &["string_boolean", "empty_string"],
        }
    }

    fn line(answered: &Answered<'_>, format: Format) -> String {
        let mut text = String::new();
        write(answered, format, |line| text = String::from_utf8(line.to_vec()).unwrap());
        text
    }

    #[test]
    fn a_json_line_has_dotted_fields() {
        assert_eq!(
            line(&refused(), Format::Json),
            "{\"timestamp\":\"2026-11-22T00:36:56.056007Z\",\"level\":\"INFO\",\"message\":\"request\",\
             \"request.id\":\"0198\",\"tenant.id\":\"acme\",\"credential.id\":\"7d0c\",\"http.method\":\"POST\",\"route\":\"/Users\",\"status\":409,\
             \"duration_ms\":1.042,\"client\":\"okta\",\"scim.type\":\"uniqueness\",\
             \"quirks\":[\"string_boolean\",\"empty_string\"]}\n"
        );
    }

    #[test]
    fn a_text_line_starts_with_time_level_and_what_was_asked() {
        assert_eq!(
            line(&refused(), Format::Text),
            "2026-11-22T00:36:56.056007Z  INFO request: POST /Users 409 in 1.042 ms tenant.id=acme credential.id=7d0c scim.type=uniqueness \
             client=okta quirks=string_boolean,empty_string request.id=0198\n"
        );
    }

    #[test]
    fn a_failure_of_ours_is_an_error() {
        let failed = Answered { status: 503, duration: Duration::from_millis(70_005), quirks: &[], ..refused() };
        assert!(line(&failed, Format::Text).contains("ERROR request: POST /Users 503 in 70005.000 ms"));
        assert!(line(&Answered { status: 501, ..failed }, Format::Text).contains("INFO"));
    }
}
