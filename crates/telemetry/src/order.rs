//! The lines of several threads in the order of their time.

/// What a line of JSON starts with, before the moment.
const JSON: &[u8] = b"{\"timestamp\":\"";

/// Puts lines in order; those of one moment stay as they are. A line that starts with no moment belongs to the one
/// before, and goes with it.
pub(crate) fn by_time(text: &mut Vec<u8>) {
    let mut entries: Vec<(&[u8], &[u8])> = Vec::new();
    let (mut start, mut end) = (0, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if moment(line).is_some() && end > start {
            entries.extend(text.get(start..end).map(entry));
            start = end;
        }
        end += line.len();
    }
    entries.extend(text.get(start..end).map(entry));
    if entries.is_sorted_by_key(|(moment, _)| *moment) {
        return;
    }
    entries.sort_by_key(|(moment, _)| *moment);
    *text = entries.iter().map(|(_, entry)| *entry).collect::<Vec<_>>().concat();
}

/// An entry and its moment.
fn entry(text: &[u8]) -> (&[u8], &[u8]) {
    (moment(text).unwrap_or_default(), text)
}

/// `2026-11-22T00:36:56.056007Z`: as text, later moments sort after earlier ones.
fn moment(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_prefix(JSON).unwrap_or(line);
    let moment = line.get(..27)?;
    let is_moment = moment.first().is_some_and(u8::is_ascii_digit) && moment.get(10) == Some(&b'T');
    (is_moment && moment.ends_with(b"Z")).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::by_time;

    fn ordered(text: &str) -> String {
        let mut text = text.as_bytes().to_vec();
        by_time(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn lines_are_in_the_order_of_their_time() {
        let line = |second: u32, rest: &str| format!("2026-11-22T00:36:{second:02}.056007Z  INFO {rest}\n");
        let (a, b, c) = (line(1, "a"), line(2, "b"), line(2, "c"));
        assert_eq!(ordered(&[&*b, &*c, &*a].concat()), [&*a, &*b, &*c].concat());
        let json =
            |second: u32| format!("{{\"timestamp\":\"2026-11-22T00:36:{second:02}.056007Z\",\"level\":\"INFO\"}}\n");
        assert_eq!(ordered(&[json(9), json(8)].concat()), [json(8), json(9)].concat());
    }

    #[test]
    fn what_has_no_time_goes_with_the_line_before() {
        let (late, early) =
            ("2026-11-22T00:36:02.056007Z ERROR it broke:\n  here\n", "2026-11-22T00:36:01.000000Z  INFO\n");
        assert_eq!(ordered(&[late, early].concat()), [early, late].concat());
        assert_eq!(ordered("no time at all\n"), "no time at all\n");
        assert_eq!(ordered(""), "");
    }
}
