//! As much of an answer's head as is needed to find its end.

use anyhow::{Context, bail};

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Bytes of the head.
    pub(super) size: usize,
    /// Bytes of the body.
    pub(super) body: usize,
}

impl Head {
    /// Reads it; `None` if its end has not come yet.
    pub(super) fn parse(bytes: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let mut lines = bytes.get(..end).unwrap_or_default().split(|byte| *byte == b'\n');
        let status = status(lines.next().unwrap_or_default()).context("the answer is not HTTP/1.1")?;
        let mut body = None;
        for line in lines {
            match line.first() {
                Some(b'c' | b'C') => body = body.or(number(after(line, b"content-length:"))),
                Some(b't' | b'T') if !after(line, b"transfer-encoding:").is_empty() => {
                    bail!("the answer has no length in its head")
                }
                _ => {}
            }
        }
        // Answers without a body, such as 204, have no length.
        Ok(Some(Self { status, size: end + 4, body: body.unwrap_or(0) }))
    }
}

/// `HTTP/1.1 200 OK`
fn status(line: &[u8]) -> Option<u16> {
    let digits = line.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    u16::try_from(number(digits)?).ok()
}

/// What follows a name, or nothing if the line has another.
fn after<'a>(line: &'a [u8], name: &[u8]) -> &'a [u8] {
    match line.split_at_checked(name.len()) {
        Some((own, value)) if own.eq_ignore_ascii_case(name) => value,
        _ => &[],
    }
}

fn number(text: &[u8]) -> Option<usize> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn finds_the_end_of_an_answer() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 12\r\n\r\n{";
        assert_eq!(Head::parse(text).unwrap(), Some(Head { status: 200, size: text.len() - 1, body: 12 }));
    }

    #[test]
    fn waits_for_the_rest_of_the_head() {
        assert_eq!(Head::parse(b"HTTP/1.1 204 No Content\r\nserver: x\r\n").unwrap(), None);
    }

    #[test]
    fn an_answer_without_length_has_no_body() {
        let text = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(Head::parse(text).unwrap(), Some(Head { status: 204, size: text.len(), body: 0 }));
    }

    #[test]
    fn refuses_what_it_could_not_read_to_its_end() {
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(Head::parse(b"garbage\r\n\r\n").is_err());
    }
}
