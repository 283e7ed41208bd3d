//! Frames of AMQP 0-9-1, as far as a publisher writes and reads them (specification sections 2.3.5 and 4.2).

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::refusal::{broken, garbage};
use crate::store::Failure;

/// The first bytes of a connection.
pub(super) const GREETING: &[u8] = b"AMQP\x00\x00\x09\x01";
const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const END: u8 = 0xce;
/// What a frame has around its payload.
const AROUND: u32 = 8;
/// The longest frame before another length is agreed on, and the longest that is agreed on here.
pub(super) const LONGEST_FRAME: u32 = 128 << 10;

/// Class and number of a method.
pub(super) type Method = (u16, u16);

/// A frame that was read.
#[derive(Debug)]
pub(super) enum Frame {
    Method(Method, Arguments),
    /// Part of a message that comes back, or a heartbeat.
    Other,
}

/// What follows the number of a method.
#[derive(Debug)]
pub(super) struct Arguments(Vec<u8>, usize);

/// A frame that is being written.
pub(super) struct Writing(Vec<u8>);

/// Reads a frame, whole.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Frame, Failure> {
    let mut head = [0; 7];
    from.read_exact(&mut head).await.map_err(broken)?;
    let [kind, _, _, length @ ..] = head;
    let length = u32::from_be_bytes(length);
    // A server of another version says with the same letters what it speaks (section 4.2.2).
    if head.starts_with(b"AMQP") || length > LONGEST_FRAME {
        return Err(garbage());
    }
    let mut payload = vec![0; usize::try_from(length).unwrap_or_default() + 1];
    from.read_exact(&mut payload).await.map_err(broken)?;
    if payload.pop() != Some(END) {
        return Err(garbage());
    }
    if kind != METHOD {
        return Ok(Frame::Other);
    }
    let mut arguments = Arguments(payload, 0);
    let method = (arguments.short()?, arguments.short()?);
    Ok(Frame::Method(method, arguments))
}

impl Arguments {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let rest = self.0.get(self.1..).and_then(<[u8]>::first_chunk::<N>).ok_or_else(garbage)?;
        self.1 += N;
        Ok(*rest)
    }

    pub(super) fn octet(&mut self) -> Result<u8, Failure> {
        self.take().map(u8::from_be_bytes)
    }

    pub(super) fn short(&mut self) -> Result<u16, Failure> {
        self.take().map(u16::from_be_bytes)
    }

    pub(super) fn long(&mut self) -> Result<u32, Failure> {
        self.take().map(u32::from_be_bytes)
    }

    pub(super) fn longlong(&mut self) -> Result<u64, Failure> {
        self.take().map(u64::from_be_bytes)
    }

    /// A text of up to 255 bytes.
    pub(super) fn text(&mut self) -> Result<String, Failure> {
        let length = usize::from(self.octet()?);
        let text = self.0.get(self.1..self.1 + length).ok_or_else(garbage)?;
        self.1 += length;
        Ok(String::from_utf8_lossy(text).into_owned())
    }
}

impl Writing {
    /// A method of a channel.
    pub(super) fn method(channel: u16, (class, number): Method) -> Self {
        Self::frame(METHOD, channel).short(class).short(number)
    }

    fn frame(kind: u8, channel: u16) -> Self {
        // The length is written at the end.
        Self(vec![kind]).short(channel).long(0)
    }

    pub(super) fn octet(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(super) fn short(mut self, value: u16) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(super) fn long(mut self, value: u32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn longlong(mut self, value: u64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    /// A text of up to 255 bytes; what is more is cut off.
    pub(super) fn text(mut self, text: &str) -> Self {
        let bytes = text.as_bytes();
        let bytes = bytes.get(..bytes.len().min(255)).unwrap_or_default();
        self.0.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(bytes);
        self
    }

    /// Bytes of any number, with that before them: a long text, or a table.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self = self.long(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(bytes);
        self
    }

    /// The frame.
    pub(super) fn end(mut self) -> Vec<u8> {
        let length = u32::try_from(self.0.len() - 7).unwrap_or(u32::MAX);
        if let Some(place) = self.0.get_mut(3..7) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        self.0.push(END);
        self.0
    }
}

/// The properties of a message that is published.
pub(super) struct Properties<'a> {
    pub(super) content_type: &'a str,
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    pub(super) sequence: i64,
    pub(super) time_seconds: u64,
}

/// The frames of a message after the method that publishes it: its properties, and its body in parts.
pub(super) fn content(channel: u16, properties: &Properties<'_>, body: &[u8], longest_frame: u32, into: &mut Vec<u8>) {
    const BASIC: u16 = 60;
    // Content type, headers, delivery mode, message id, timestamp, type, application.
    const FLAGS: u16 = 1 << 15 | 1 << 13 | 1 << 12 | 1 << 7 | 1 << 6 | 1 << 5 | 1 << 3;
    const PERSISTENT: u8 = 2;
    let header = Writing::frame(HEADER, channel).short(BASIC).short(0).longlong(body.len() as u64).short(FLAGS);
    let header = header
        .text(properties.content_type)
        .bytes(&table(&[("sequence", Field::Number(properties.sequence))]))
        .octet(PERSISTENT)
        .text(properties.id)
        .longlong(properties.time_seconds)
        .text(properties.kind)
        .text("tenantry");
    into.extend(header.end());
    let most = usize::try_from(longest_frame - AROUND).unwrap_or(usize::MAX);
    for part in body.chunks(most) {
        let mut frame = Writing::frame(BODY, channel);
        frame.0.extend_from_slice(part);
        into.extend(frame.end());
    }
}

/// A value of a table.
#[derive(Clone, Copy)]
pub(super) enum Field<'a> {
    Yes,
    Number(i64),
    Text(&'a str),
    Table(&'a [u8]),
}

/// A table, without the length before it.
pub(super) fn table(fields: &[(&str, Field<'_>)]) -> Vec<u8> {
    let mut writing = Writing(Vec::new());
    for (name, field) in fields {
        writing = writing.text(name);
        writing = match field {
            Field::Yes => writing.octet(b't').octet(1),
            Field::Number(number) => writing.octet(b'l').longlong(number.cast_unsigned()),
            Field::Text(text) => writing.octet(b'S').bytes(text.as_bytes()),
            Field::Table(table) => writing.octet(b'F').bytes(table),
        };
    }
    writing.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_method_that_is_written_is_read() {
        let written = Writing::method(1, (60, 50)).short(312).text("NO_ROUTE").longlong(7).end();
        let Frame::Method((60, 50), mut arguments) = read(&mut written.as_slice()).await.unwrap() else {
            panic!("another frame")
        };
        assert_eq!(arguments.short().unwrap(), 312);
        assert_eq!(arguments.text().unwrap(), "NO_ROUTE");
        assert_eq!(arguments.longlong().unwrap(), 7);
        assert!(arguments.octet().is_err(), "there is no more");
    }

    #[tokio::test]
    async fn what_is_no_frame_is_refused() {
        let heartbeat = Writing::frame(8, 0).end();
        assert!(matches!(read(&mut heartbeat.as_slice()).await.unwrap(), Frame::Other));
        let mut without_end = heartbeat.clone();
        without_end.pop();
        without_end.push(0);
        for bytes in [b"HTTP/1.1 400 Bad Request\r\n".as_slice(), b"AMQP\x00\x01\x00\x00", &without_end] {
            let why = read(&mut &*bytes).await.unwrap_err().to_string();
            assert_eq!(why, "what answers does not speak AMQP 0-9-1");
        }
    }

    #[test]
    fn a_long_body_goes_in_parts() {
        let properties =
            Properties { content_type: "a/b", id: "1", kind: "user.created", sequence: 1, time_seconds: 1 };
        let mut frames = Vec::new();
        content(1, &properties, &[b'x'; 10_000], 4096, &mut frames);
        let bodies = frames.split(|byte| *byte == END).filter(|frame| frame.first() == Some(&BODY));
        assert_eq!(bodies.map(|frame| frame.len() - 7).collect::<Vec<_>>(), [4088, 4088, 1824]);
    }
}
