//! Several keys: one signs, the others still verify what they signed.

use std::fmt;

use super::{KeyError, SigningKey};

/// More are not kept.
const MOST: usize = 16;

/// The signing keys of a deployment, the one that signs first. There is always one.
#[derive(Clone)]
pub struct SigningKeys {
    signing: SigningKey,
    older: Vec<SigningKey>,
}

impl SigningKeys {
    /// Keys in base64, with white space or commas between them; the first signs. What follows a `#` is a remark.
    ///
    /// # Errors
    /// If there is none, if something is no key, or if one is there twice.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let written = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let words = written.flat_map(|line| line.split([',', ' ', '\t', '\r'])).filter(|word| !word.is_empty());
        Self::of(words.map(SigningKey::parse).collect::<Result<_, _>>()?)
    }

    /// These keys, the one that signs first.
    pub(crate) fn of(keys: Vec<SigningKey>) -> Result<Self, KeyError> {
        if keys.len() > MOST {
            return Err(KeyError::TooMany { most: MOST });
        }
        let mut keys = keys.into_iter();
        let signing = keys.next().ok_or(KeyError::Form)?;
        keys.try_fold(Self::from(signing), Self::and)
    }

    fn and(mut self, key: SigningKey) -> Result<Self, KeyError> {
        if self.find(key.id()).is_some() {
            return Err(KeyError::Twice { id: key.id().to_owned() });
        }
        self.older.push(key);
        Ok(self)
    }

    /// The one that signs.
    #[must_use]
    pub fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// All of them, the one that signs first.
    pub fn iter(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.signing).chain(&self.older)
    }

    /// The key of this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&SigningKey> {
        self.iter().find(|key| key.id() == id)
    }

    /// The oldest one: it signed what names no key.
    pub(crate) fn oldest(&self) -> &SigningKey {
        self.older.last().unwrap_or(&self.signing)
    }

    /// The key that may be taken away: one of them, but not the one that signs.
    pub(crate) fn check_retirable(&self, id: &str) -> Result<(), KeyError> {
        if self.signing.id() == id {
            return Err(KeyError::Signs { id: id.to_owned() });
        }
        self.find(id).map(|_| ()).ok_or_else(|| KeyError::Unknown { id: id.to_owned() })
    }
}

impl From<SigningKey> for SigningKeys {
    fn from(signing: SigningKey) -> Self {
        Self { signing, older: Vec::new() }
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}
