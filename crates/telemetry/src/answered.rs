//! The line of one request.

use std::cell::RefCell;
use std::io::Write;
use std::time::Duration;

use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

use crate::Format;

/// What is told about an answered request: nothing that names a person or opens a door.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The id that the answer carries in `X-Request-Id`.
    pub request_id: &'a str,
    /// The tenant's name, once it is known whose request it was.
    pub tenant: Option<&'a str>,
    /// The HTTP method; `OTHER` if it is none of the usual ones.
    pub method: &'static str,
    /// The template of the path, such as `/Users/{id}`.
    pub route: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// From the head of the request to the answer.
    pub duration: Duration,
    /// Which client it seems to be; one of a short list.
    pub client: &'static str,
    /// The keyword of the refusal.
    pub scim_type: Option<&'static str>,
    /// The reason of a refusal before the protocol: one of a short list.
    pub refused: Option<&'static str>,
    /// The deviations that were repaired.
    pub quirks: &'a [&'static str],
}

impl Answered<'_> {
    /// `2xx` and so on.
    pub(crate) fn status_class(&self) -> &'static str {
        match self.status {
            0..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        }
    }

    /// Writes the line and hands it to `take`.
    pub(crate) fn write(&self, format: Format, take: impl FnOnce(&[u8])) {
        // One line is written at a time on each thread, so the memory is used again.
        thread_local!(static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) });
        LINE.with_borrow_mut(|line| {
            line.clear();
            let written = match format {
                Format::Json => self.write_json(line),
                Format::Text => self.write_text(line),
            };
            if written.is_ok() {
                take(line);
            }
        });
    }

    /// 501 is our answer to what is not served, no failure.
    fn level(&self) -> &'static str {
        if self.status < 500 || self.status == 501 { "INFO" } else { "ERROR" }
    }

    /// Every text is an id, a name of the tenant's restricted alphabet or one of ours, so nothing needs escapes.
    fn write_json(&self, line: &mut Vec<u8>) -> std::io::Result<()> {
        line.extend_from_slice(b"{\"timestamp\":\"");
        write_now(line);
        write!(
            line,
            "\",\"level\":\"{}\",\"message\":\"request\",\"request.id\":\"{}\"",
            self.level(),
            self.request_id
        )?;
        if let Some(tenant) = self.tenant {
            write!(line, ",\"tenant.id\":\"{tenant}\"")?;
        }
        write!(line, ",\"http.method\":\"{}\",\"route\":\"{}\"", self.method, self.route)?;
        write!(line, ",\"status\":{},\"duration_ms\":", self.status)?;
        write_milliseconds(line, self.duration)?;
        write!(line, ",\"client\":\"{}\"", self.client)?;
        for (name, value) in [("scim.type", self.scim_type), ("refused", self.refused)] {
            if let Some(value) = value {
                write!(line, ",\"{name}\":\"{value}\"")?;
            }
        }
        if !self.quirks.is_empty() {
            line.extend_from_slice(b",\"quirks\":[");
            for (index, quirk) in self.quirks.iter().enumerate() {
                write!(line, "{}\"{quirk}\"", if index == 0 { "" } else { "," })?;
            }
            line.push(b']');
        }
        line.extend_from_slice(b"}\n");
        Ok(())
    }

    fn write_text(&self, line: &mut Vec<u8>) -> std::io::Result<()> {
        write_now(line);
        write!(line, " {:>5} request: {} {} {} in ", self.level(), self.method, self.route, self.status)?;
        write_milliseconds(line, self.duration)?;
        write!(line, " ms")?;
        for (name, value) in [("tenant.id", self.tenant), ("scim.type", self.scim_type), ("refused", self.refused)] {
            if let Some(value) = value {
                write!(line, " {name}={value}")?;
            }
        }
        write!(line, " client={}", self.client)?;
        for (index, quirk) in self.quirks.iter().enumerate() {
            write!(line, "{}{quirk}", if index == 0 { " quirks=" } else { "," })?;
        }
        writeln!(line, " request.id={}", self.request_id)
    }
}

/// The time in the form that `tracing` writes it, so that all lines sort together.
fn write_now(line: &mut Vec<u8>) {
    let mut now = String::new();
    // Writing into a string cannot fail.
    let _written = SystemTime.format_time(&mut Writer::new(&mut now));
    line.extend_from_slice(now.as_bytes());
}

fn write_milliseconds(line: &mut Vec<u8>, duration: Duration) -> std::io::Result<()> {
    let microseconds = duration.as_micros();
    write!(line, "{}.{:03}", microseconds / 1000, microseconds % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Answered<'_> = Answered {
        request_id: "0198",
        tenant: Some("acme"),
        method: "POST",
        route: "/Users",
        status: 409,
        duration: Duration::from_micros(1_042),
        client: "okta",
        scim_type: Some("uniqueness"),
        refused: None,
        quirks: &["string_boolean", "empty_string"],
    };

    fn line(answered: &Answered<'_>, format: Format) -> String {
        let mut text = String::new();
        answered.write(format, |line| text = String::from_utf8(line.to_vec()).unwrap());
        text
    }

    #[test]
    fn a_json_line_has_dotted_fields() {
        let line = line(&REFUSED, Format::Json);
        let (_, after_time) = line.split_once("\"level\"").unwrap();
        assert_eq!(
            after_time,
            ":\"INFO\",\"message\":\"request\",\"request.id\":\"0198\",\"tenant.id\":\"acme\",\"http.method\":\"POST\",\
             \"route\":\"/Users\",\"status\":409,\"duration_ms\":1.042,\"client\":\"okta\",\"scim.type\":\"uniqueness\",\
             \"quirks\":[\"string_boolean\",\"empty_string\"]}\n"
        );
    }

    #[test]
    fn a_text_line_starts_with_time_level_and_what_was_asked() {
        let line = line(&REFUSED, Format::Text);
        let (_, after_time) = line.split_once(' ').unwrap();
        assert_eq!(
            after_time,
            " INFO request: POST /Users 409 in 1.042 ms tenant.id=acme scim.type=uniqueness client=okta \
             quirks=string_boolean,empty_string request.id=0198\n"
        );
    }

    #[test]
    fn a_failure_of_ours_is_an_error() {
        let failed = Answered { status: 503, ..REFUSED };
        assert!(line(&failed, Format::Text).contains("ERROR request: POST"));
        assert_eq!(failed.status_class(), "5xx");
    }
}
