//! A password on its way from a client to whoever may have it.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// A password that a client set. It is part of no resource; it prints nothing, and is overwritten when it is done with.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// What a client sent as one. What is unassigned sets none, and no client is refused for what it sends in its place.
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::String(text) if !text.is_empty() => Some(Self(text.into())),
            _ => None,
        }
    }

    /// The password itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(…)")
    }
}

/// For bodies that are compared as a whole; nobody signs in by it.
impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}
