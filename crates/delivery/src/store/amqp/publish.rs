//! Publishing, and what the broker confirms.

use std::collections::BTreeSet;

use tokio::io::{AsyncWriteExt as _, BufReader, ReadHalf};

use super::AmqpStore;
use super::client::{ACK, CHANNEL, Client, NACK, PUBLISH, RETURN, next};
use super::refusal::{broken, garbage, not_taken, unrouted};
use super::wire::{Properties, Writing, content};
use crate::store::Failure;
use crate::store::broker::{Line, Message};

/// What the broker has said about the messages from `first` to `last`.
struct Confirms<'a> {
    first: u64,
    last: u64,
    exchange: &'a str,
    /// Those that are confirmed before one that was sent earlier.
    early: BTreeSet<u64>,
    /// The routing key of a message that came back. It is confirmed right after that.
    returned: Option<String>,
}

impl AmqpStore {
    /// Sends messages and waits until all are confirmed. Adds to `taken` those that are confirmed with all before them.
    pub(super) async fn publish(&mut self, messages: &[Message], taken: &mut usize) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        for message in messages {
            self.write(message, &mut bytes)?;
        }
        let last = self.sent + messages.len() as u64;
        let first = self.sent + 1;
        self.sent = last;
        let exchange = self.settings.exchange.clone();
        let Client { reader, writer, is_blocked, .. } = self.client()?;
        let confirms = Confirms { first, last, exchange: &exchange, early: BTreeSet::new(), returned: None };
        let sending = async {
            writer.write_all(&bytes).await.map_err(broken)?;
            writer.flush().await.map_err(broken)
        };
        // Confirms are read while messages are sent: neither side waits for the other with full hands.
        tokio::try_join!(sending, confirms.read(reader, is_blocked, taken)).map(drop)
    }

    fn write(&mut self, message: &Message, into: &mut Vec<u8>) -> Result<(), Failure> {
        const MANDATORY: u8 = 1;
        let key = format!("{}.{}", self.place.tenant, message.kind);
        let how = if self.settings.is_mandatory { MANDATORY } else { 0 };
        let publish = Writing::method(CHANNEL, PUBLISH).short(0).text(&self.settings.exchange).text(&key).octet(how);
        into.extend(publish.end());
        let properties = Properties {
            content_type: Message::MEDIA_TYPE,
            id: &message.id,
            kind: message.kind,
            sequence: message.sequence,
            time_seconds: u64::try_from(message.time_ms / 1000).unwrap_or_default(),
        };
        let longest_frame = self.client()?.longest_frame;
        content(CHANNEL, &properties, &message.body, longest_frame, into);
        Ok(())
    }
}

impl Confirms<'_> {
    async fn read(
        mut self,
        reader: &mut BufReader<ReadHalf<Line>>,
        is_blocked: &mut bool,
        taken: &mut usize,
    ) -> Result<(), Failure> {
        while self.first <= self.last {
            let Some((method, mut arguments)) = next(reader, is_blocked, self.exchange).await? else { continue };
            match method {
                RETURN => {
                    let (_code, _text, _exchange) = (arguments.short()?, arguments.text()?, arguments.text()?);
                    self.returned = Some(arguments.text()?);
                }
                ACK => {
                    let (tag, is_multiple) = (arguments.longlong()?, arguments.octet()? & 1 == 1);
                    if let Some(key) = self.returned.take() {
                        // It may be confirmed together with those before it, which are repeated then.
                        return Err(unrouted(self.exchange, &key));
                    }
                    *taken += self.confirm(tag, is_multiple)?;
                }
                NACK => return Err(not_taken()),
                _ => return Err(garbage()),
            }
        }
        Ok(())
    }

    /// How many more are confirmed now with all before them.
    fn confirm(&mut self, tag: u64, is_multiple: bool) -> Result<usize, Failure> {
        if tag < self.first || tag > self.last {
            return Err(garbage());
        }
        let first = self.first;
        if is_multiple {
            self.first = tag + 1;
            self.early = self.early.split_off(&self.first);
        } else {
            self.early.insert(tag);
        }
        while self.early.remove(&self.first) {
            self.first += 1;
        }
        usize::try_from(self.first - first).map_err(|_| garbage())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confirms() -> Confirms<'static> {
        Confirms { first: 11, last: 15, exchange: "tenantry", early: BTreeSet::new(), returned: None }
    }

    #[test]
    fn what_is_confirmed_counts_with_all_before_it() {
        let mut confirms = confirms();
        let counted = [(13, false), (11, false), (12, false), (15, false), (14, true)]
            .map(|(tag, is_multiple)| confirms.confirm(tag, is_multiple).unwrap());
        assert_eq!(counted, [0, 1, 2, 0, 2]);
    }

    #[test]
    fn a_number_that_was_not_sent_is_garbage() {
        assert!(confirms().confirm(16, false).is_err());
        assert!(confirms().confirm(10, false).is_err());
    }
}
