//! JSON text, written without a tree.

use serde_json::Value;
use time::OffsetDateTime;

use super::{MemberReference, Stored};
use crate::ResourceKind;

/// Writes JSON text to the end of a buffer.
pub(super) struct Writer<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) base: &'a str,
}

impl Writer<'_> {
    pub(super) fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A JSON string made of several texts.
    pub(super) fn text(&mut self, parts: &[&str]) {
        self.out.push(b'"');
        for part in parts {
            self.escaped(part);
        }
        self.out.push(b'"');
    }

    /// Most texts need no escaping and are copied; the others go through the serialiser.
    fn escaped(&mut self, text: &str) {
        if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
            return self.raw(text);
        }
        let quoted = Value::from(text).to_string();
        self.raw(quoted.get(1..quoted.len() - 1).unwrap_or_default());
    }

    /// `meta` (RFC 7643 section 3.1); the version is the entity tag, its quotes escaped.
    pub(super) fn meta(&mut self, stored: &Stored<'_>) {
        self.raw(r#"{"resourceType":""#);
        self.raw(stored.kind.name());
        self.raw(r#"","created":""#);
        self.moment(stored.created_ms);
        self.raw(r#"","lastModified":""#);
        self.moment(stored.modified_ms);
        self.raw(r#"","location":"#);
        self.location(stored.kind, stored.id);
        self.raw(r#","version":"W/\""#);
        self.raw(&stored.tag().to_string());
        self.raw(r#"\""}"#);
    }

    /// The elements of `members` or `groups`, in the order of the schema.
    pub(super) fn references(&mut self, attribute: &str, references: &[MemberReference]) {
        let mut separator = "[";
        for reference in references {
            self.raw(separator);
            self.reference(attribute, reference);
            separator = ",";
        }
        self.raw("]");
    }

    fn reference(&mut self, attribute: &str, reference: &MemberReference) {
        self.raw(r#"{"value":"#);
        self.text(&[&reference.id]);
        self.raw(r#","$ref":"#);
        self.location(reference.kind, &reference.id);
        self.raw(r#","type":""#);
        // A member says what it is; a group says how one belongs to it (RFC 7643 sections 4.1.2 and 4.2).
        self.raw(if attribute == "groups" { "direct" } else { reference.kind.name() });
        self.raw("\"");
        if let Some(display) = &reference.display {
            self.raw(r#","display":"#);
            self.text(&[display]);
        }
        self.raw("}");
    }

    fn location(&mut self, kind: ResourceKind, id: &str) {
        self.text(&[self.base, kind.endpoint(), "/", id]);
    }

    /// UTC with milliseconds, always three digits.
    fn moment(&mut self, unix_ms: i64) {
        let nanoseconds = i128::from(unix_ms) * 1_000_000;
        let at = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (hour, minute, second, millisecond) = at.to_hms_milli();
        self.digits(at.year().unsigned_abs(), 4, "-");
        self.digits(u8::from(at.month()).into(), 2, "-");
        self.digits(at.day().into(), 2, "T");
        self.digits(hour.into(), 2, ":");
        self.digits(minute.into(), 2, ":");
        self.digits(second.into(), 2, ".");
        self.digits(millisecond.into(), 3, "Z");
    }

    /// A number with leading zeros, and what follows it.
    fn digits(&mut self, number: u32, width: u32, after: &str) {
        for position in (0..width).rev() {
            let digit = number / 10_u32.pow(position) % 10;
            self.out.extend(char::from_digit(digit, 10).map(|digit| digit as u8));
        }
        self.raw(after);
    }
}
