//! Streams of security event tokens (SET, RFC 8417) with the events of SCIM (RFC 9967): to receivers that are called
//! (RFC 8935, [`push`]), and to receivers that call ([`poll`], RFC 8936).
//!
//! A SET is signed when it is handed out, with the tenant's key of that moment (decision 35). So nothing signed is kept, and one
//! that is handed out again has the same `jti`.

mod claims;
mod data;
mod keys;
pub(crate) mod poll;
pub(crate) mod push;
mod settings;
#[cfg(test)]
mod tests;

use events::Event;
use tenancy::{SigningKeys, StreamKey};
use uuid::Uuid;

use claims::Claims;
pub(crate) use keys::Keys;
pub(crate) use settings::Stream;

/// The media type of a SET without `application/` (RFC 8417 section 2.3).
const TYPE: &str = "secevent+jwt";
/// What streams get unless somebody says otherwise.
const TYPES: [&str; 4] = ["user.*", "group.*", "snapshot.*", "request.*"];

/// Whether the stores of a kind are streams of SETs.
pub(crate) fn is_stream(kind: &str) -> bool {
    kind == push::NAME || kind == poll::NAME
}

/// The types of events that the stores of a kind get, where they are others than usual.
pub(crate) fn usual_types(kind: &str) -> Vec<String> {
    if is_stream(kind) { TYPES.map(str::to_owned).to_vec() } else { Vec::new() }
}

/// One SET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    /// Its id: that of the event.
    pub(crate) id: Uuid,
    /// The signed token.
    pub(crate) token: String,
}

/// Signs the SETs of a stream.
pub(crate) struct Pen<'a> {
    stream: &'a Stream,
    key: StreamKey,
}

impl<'a> Pen<'a> {
    /// With the key of this moment.
    pub(crate) fn new(stream: &'a Stream, keys: &SigningKeys, tenant: &str) -> Result<Self, String> {
        let key = StreamKey::of(keys.signing(), tenant).map_err(|error| error.to_string())?;
        Ok(Self { stream, key })
    }

    /// The SET of an event. `None`: RFC 9967 has no word for it.
    pub(crate) fn write(&self, event: &Event) -> Result<Option<Signed>, String> {
        let Some(told) = claims::tell(event, self.stream.content()) else { return Ok(None) };
        self.sign(event.id, &Claims::new(self.stream, event.id, Some(event.time), told)).map(Some)
    }

    fn sign(&self, id: Uuid, claims: &Claims<'_>) -> Result<Signed, String> {
        let token = self.key.sign(TYPE, claims).map_err(|error| error.to_string())?;
        Ok(Signed { id, token })
    }
}

/// Whether an event makes a SET.
pub(crate) fn is_told(event: &Event, stream: &Stream) -> bool {
    claims::tell(event, stream.content()).is_some()
}
