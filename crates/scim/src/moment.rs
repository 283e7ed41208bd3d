//! `xsd:dateTime` as an instant (RFC 7643 section 2.3.5).

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The instant a dateTime names: date and time with `T` between them, any fraction, an offset or none, which is UTC.
pub(crate) fn moment(text: &str) -> Option<OffsetDateTime> {
    if text.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339).ok())
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn r025_fractions_and_offsets_are_understood() {
        let instant = moment("2026-11-03T08:15:30Z").unwrap();
        for same in ["2026-11-03T08:15:30.000", "2026-11-03T09:15:30+01:00", "2026-11-03T00:45:30.0-07:30"] {
            assert_eq!(moment(same), Some(instant), "{same}");
        }
        assert!(moment("2026-11-03T08:15:30.12Z") > Some(instant));
        assert!(moment("2026-11-03T08:15:30.123456789123456789Z") > Some(instant));
    }

    #[test]
    fn r025_a_date_or_a_time_alone_is_no_date_time() {
        for text in ["", "2026-11-03", "08:15:30Z", "2026-11-03 08:15:30Z", "2026-11-03T", "2026-11-03T08:15Z"] {
            assert_eq!(moment(text), None, "{text}");
        }
        for text in ["2026-13-03T08:15:30Z", "2026-02-29T08:15:30Z", "2026-11-03T25:15:30Z", "2026-11-03T08:15:30+1"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
