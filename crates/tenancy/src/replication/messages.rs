//! What replicas tell each other through Redis. Each message may be lost.

use replicas::ReplicaId;
use replicas::protocol::Generation;

/// The channel of all of them.
pub(super) const CHANNEL: &str = "tenants";

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A process has made a new generation.
    Changed(ReplicaId, Generation),
    /// A replica holds a generation.
    Holds(ReplicaId, Generation),
}

impl Message {
    pub(super) fn to_text(self) -> String {
        match self {
            Self::Changed(id, generation) => format!("changed {generation} {id}"),
            Self::Holds(id, generation) => format!("holds {generation} {id}"),
        }
    }

    /// Nothing for what another version may say.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (verb, generation) = (words.next()?, words.next()?.parse().ok()?);
        let id = ReplicaId::parse(words.next()?)?;
        match verb {
            "changed" => Some(Self::Changed(id, generation)),
            "holds" => Some(Self::Holds(id, generation)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_and_nonsense_is_none() {
        for message in [Message::Changed(ReplicaId::random(), 7), Message::Holds(ReplicaId::random(), 8)] {
            assert_eq!(Message::parse(&message.to_text()), Some(message));
        }
        for text in ["", "changed", "changed x", "changed 1", "changed 1 2", "holds 1", "holds 1 x", "other 1"] {
            assert_eq!(Message::parse(text), None, "{text}");
        }
    }
}
