//! What replicas tell each other through Redis. Each message may be lost; none can be forged.

use std::fmt;

use aws_lc_rs::hmac;
use replicas::ReplicaId;
use replicas::protocol::Generation;

use crate::{SigningKey, SigningKeys};

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

/// Seals messages, so that who can write to Redis cannot say that a replica knows of a change. To send a sealed message
/// again does no harm: what it says stays true.
pub(crate) struct Seal {
    closing: hmac::Key,
    /// The keys that others may close with while a signing key is exchanged.
    older: Vec<hmac::Key>,
}

impl fmt::Debug for Seal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Seal(…)")
    }
}

impl Seal {
    /// With keys that the replicas of one deployment have and nobody else.
    pub(crate) fn of(keys: &SigningKeys) -> Self {
        let key = |key: &SigningKey| hmac::Key::new(hmac::HMAC_SHA256, &key.derive("messages between replicas"));
        Self { closing: key(keys.signing()), older: keys.iter().skip(1).map(key).collect() }
    }

    pub(super) fn close(&self, message: Message) -> String {
        let text = message.to_text();
        let seal: String =
            hmac::sign(&self.closing, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{text} {seal}")
    }

    /// Nothing for what is not sealed so, or what another version may say.
    pub(super) fn open(&self, sealed: &str) -> Option<Message> {
        let (text, seal) = sealed.rsplit_once(' ')?;
        let seal = bytes(seal)?;
        let mut keys = std::iter::once(&self.closing).chain(&self.older);
        let is_genuine = keys.any(|key| hmac::verify(key, text.as_bytes(), &seal).is_ok());
        is_genuine.then(|| Message::parse(text)).flatten()
    }
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits = hexadecimal.bytes().map(|digit| char::from(digit).to_digit(16)).collect::<Option<Vec<_>>>()?;
    digits.chunks(2).map(|pair| u8::try_from(pair.iter().fold(0, |byte, digit| byte * 16 + digit)).ok()).collect()
}

impl Message {
    fn to_text(self) -> String {
        match self {
            Self::Changed(id, generation) => format!("changed {generation} {id}"),
            Self::Holds(id, generation) => format!("holds {generation} {id}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
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
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// A seal of these keys, the one that signs first; a key is told by its letter.
    fn seal(keys: &str) -> Seal {
        let keys: Vec<String> = keys.split(' ').map(|name| STANDARD.encode([name.as_bytes()[0]; 32])).collect();
        Seal::of(&SigningKeys::parse(&keys.join("\n")).unwrap())
    }

    #[test]
    fn while_a_key_is_exchanged_who_knows_both_understands_both() {
        let message = Message::Holds(ReplicaId::random(), 8);
        assert_eq!(seal("new old").open(&seal("old").close(message)), Some(message));
        assert_eq!(seal("old new").open(&seal("new old").close(message)), Some(message));
        assert_eq!(seal("old").open(&seal("new old").close(message)), None);
    }

    #[test]
    fn a_sealed_message_comes_back() {
        let seal = seal("one");
        for message in [Message::Changed(ReplicaId::random(), 7), Message::Holds(ReplicaId::random(), 8)] {
            assert_eq!(seal.open(&seal.close(message)), Some(message));
        }
    }

    #[test]
    fn what_is_not_sealed_with_the_key_of_the_deployment_is_no_message() {
        let (seal, message) = (seal("one"), Message::Holds(ReplicaId::random(), 8));
        let sealed = seal.close(message);
        let (text, mac) = sealed.rsplit_once(' ').unwrap();
        let other = super::tests::seal("x");
        for forged in [
            other.close(message),
            text.to_owned(),
            format!("{text} "),
            format!("{text} {}", &mac[..62]),
            format!("{text} {}g", &mac[..63]),
            format!("{} {mac}", text.replace(" 8 ", " 9 ")),
            String::new(),
        ] {
            assert_eq!(seal.open(&forged), None, "{forged}");
        }
    }

    #[test]
    fn what_another_version_may_say_is_no_message() {
        for text in ["", "changed", "changed x", "changed 1", "changed 1 2", "holds 1", "holds 1 x", "other 1"] {
            assert_eq!(Message::parse(text), None, "{text}");
        }
    }
}
