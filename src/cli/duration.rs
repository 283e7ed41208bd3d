//! Lengths of time, and moments, as people write them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `90s`, `15m`, `2h`, `30d` in seconds.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let refused = || format!("\"{text}\" is not a length of time such as 90s, 15m, 2h or 30d");
    let unit = text.chars().next_back().ok_or_else(refused)?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(refused()),
    };
    let number = text.strip_suffix(unit).unwrap_or_default();
    let number: u64 = number.parse().ok().filter(|number| *number > 0).ok_or_else(refused)?;
    number.checked_mul(factor).ok_or_else(refused)
}

/// A moment (RFC 3339), or how long ago it was.
pub(super) fn moment_or_ago(given: &str) -> Result<String, String> {
    if OffsetDateTime::parse(given, &Rfc3339).is_ok() {
        return Ok(given.to_owned());
    }
    let refused =
        || format!("\"{given}\" is neither a moment such as 2026-11-27T20:00:00Z nor a length of time such as 2h");
    let ago = seconds(given).map_err(|_| refused())?;
    let ago = time::Duration::seconds(i64::try_from(ago).map_err(|_| refused())?);
    let moment = OffsetDateTime::now_utc().checked_sub(ago).ok_or_else(refused)?;
    moment.format(&Rfc3339).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_length_is_a_number_and_a_unit() {
        for (text, expected) in [("90s", 90), ("15m", 900), ("2h", 7200), ("30d", 2_592_000)] {
            assert_eq!(seconds(text), Ok(expected));
        }
        for text in ["", "2", "h", "0h", "-1h", "1.5h", "2 h", "2ä", "99999999999999999999d", "9999999999999999999d"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
