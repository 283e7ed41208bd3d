//! Publishing, and what the stream answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use super::client::{Client, Reader, Said, broken, refused};
use super::{NatsStore, stream};
use crate::store::Failure;
use crate::store::broker::Message;

/// What became of messages that were sent together.
pub(super) enum Outcome {
    /// The stream has all of them.
    All,
    /// It has so many, and the next was refused. The connection goes on.
    First(usize),
    /// It has so many, and then the connection broke.
    Broken(usize, Failure),
}

/// What the stream says to one message.
enum Answer {
    Taken,
    Refused(Failure),
}

impl NatsStore {
    /// Sends messages together, each on the condition that the one before it is the stream's last.
    pub(super) async fn publish(&mut self, messages: &[Message]) -> Result<Outcome, Failure> {
        let first = self.sent;
        let mut text = Vec::new();
        for (at, message) in messages.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| messages.get(at));
            match self.write(message, before) {
                Ok(written) => text.extend(written),
                // Those before it are sent; it is refused when it goes alone.
                Err(_) => break,
            }
        }
        let count = usize::try_from(self.sent - first).unwrap_or(usize::MAX);
        let Client { reader, writer, inbox, .. } = &mut self.client;
        let answers = Answers { stream: &self.stream, inbox, first, count };
        let sending = async {
            writer.write_all(&text).await.map_err(broken)?;
            writer.flush().await.map_err(broken)
        };
        let mut taken = 0;
        // Answers are read while messages are sent: neither side waits for the other with full hands.
        match tokio::try_join!(sending, answers.read(reader, &mut taken)) {
            Err(failure) => Ok(Outcome::Broken(taken, failure)),
            Ok(_) if taken == messages.len() => Ok(Outcome::All),
            Ok(_) => Ok(Outcome::First(taken)),
        }
    }

    /// Sends one message, and waits for what the stream says.
    pub(super) async fn publish_one(&mut self, message: &Message) -> Result<(), Failure> {
        let first = self.sent;
        let text = self.write(message, None)?;
        let subject = self.settings.subject(&self.place, message.kind);
        self.client.writer.write_all(&text).await.map_err(broken)?;
        self.client.writer.flush().await.map_err(broken)?;
        let answers = Answers { stream: &self.stream, inbox: &self.client.inbox, first, count: 1 };
        loop {
            match self.client.reader.next().await? {
                Said::Ping => self.client.writer.write_all(b"PONG\r\n").await.map_err(broken)?,
                // It may be about one that was sent before.
                Said::Error(why) if why.contains(" Violation") && !why.contains(&subject) => {}
                Said::Error(why) => return Err(refused(&why)),
                Said::Message { subject: to, status, payload } if answers.index(&to) == Some(0) => {
                    return match answers.answer(&status, &payload) {
                        Answer::Taken => Ok(()),
                        Answer::Refused(failure) => Err(failure),
                    };
                }
                Said::Message { .. } | Said::Pong | Said::Other => {}
            }
        }
    }

    /// `HPUB SUBJECT REPLY HEADERS BYTES` and what belongs to it.
    fn write(&mut self, message: &Message, before: Option<&Message>) -> Result<Vec<u8>, Failure> {
        let mut headers = format!(
            "NATS/1.0\r\nNats-Msg-Id: {}\r\nNats-Expected-Stream: {}\r\nContent-Type: {}\r\n",
            message.id,
            self.stream,
            Message::MEDIA_TYPE
        );
        if let Some(before) = before {
            // Writing to a text cannot fail.
            let _ = write!(headers, "Nats-Expected-Last-Msg-Id: {}\r\n", before.id);
        }
        headers.push_str("\r\n");
        let length = headers.len() + message.body.len();
        if self.client.max_payload > 0 && length > self.client.max_payload {
            return Err(Failure::refused(format!(
                "the event has {length} bytes, and the NATS server takes {} (max_payload)",
                self.client.max_payload
            )));
        }
        let subject = self.settings.subject(&self.place, message.kind);
        let verb = format!("HPUB {subject} {}{} {} {length}\r\n", self.client.inbox, self.sent, headers.len());
        self.sent += 1;
        Ok([verb.as_bytes(), headers.as_bytes(), &message.body, b"\r\n"].concat())
    }
}

/// Answers to messages that were sent, by their numbers.
struct Answers<'a> {
    stream: &'a str,
    inbox: &'a str,
    first: u64,
    count: usize,
}

impl Answers<'_> {
    /// Reads until all are taken, or one is refused and those before it are taken.
    async fn read(&self, reader: &mut Reader, taken: &mut usize) -> Result<(), Failure> {
        let mut early = BTreeMap::new();
        while *taken < self.count {
            match reader.next().await? {
                Said::Message { subject, status, payload } => {
                    let Some(index) = self.index(&subject) else { continue };
                    early.insert(index, self.answer(&status, &payload));
                }
                // Which message it is about shows when they go one by one.
                Said::Error(why) if why.contains(" Violation") => return Ok(()),
                Said::Error(why) => return Err(refused(&why)),
                // It is answered with the next thing that is sent, in time by far.
                Said::Ping | Said::Pong | Said::Other => {}
            }
            while let Some(answer) = early.remove(taken) {
                match answer {
                    Answer::Taken => *taken += 1,
                    Answer::Refused(_) => return Ok(()),
                }
            }
        }
        Ok(())
    }

    /// Which of the messages an answer is for.
    fn index(&self, subject: &str) -> Option<usize> {
        let number: u64 = subject.strip_prefix(self.inbox)?.parse().ok()?;
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    fn answer(&self, status: &str, payload: &[u8]) -> Answer {
        if status.starts_with("503") {
            return Answer::Refused(Failure::refused(
                "no stream takes the subject of this event: add it to the subjects of the stream",
            ));
        }
        let answer: Value = serde_json::from_slice(payload).unwrap_or_default();
        match stream::error(&answer) {
            Some(error) => Answer::Refused(error.failure(self.stream)),
            None if answer.get("seq").is_some() => Answer::Taken,
            None => Answer::Refused(Failure::unavailable("the stream gives an answer that says nothing")),
        }
    }
}
