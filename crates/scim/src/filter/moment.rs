//! `xsd:dateTime` as an instant (RFC 7643 section 2.3.5).

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The instant a dateTime text names. Fractions and offsets are understood; a text without offset is UTC.
pub(crate) fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339).ok())
}
