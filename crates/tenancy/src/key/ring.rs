//! Several keys: one signs, the others still verify what they signed.

use std::fmt;

use super::{KeyError, SigningKey};

/// More are not kept.
const MOST: usize = 16;

/// The signing keys of a deployment in their order. The first one is to sign; as long as not every server knows it, one
/// after it does. There is always one.
#[derive(Clone)]
pub struct SigningKeys {
    first: SigningKey,
    older: Vec<SigningKey>,
    /// The place of the one that signs.
    signs: usize,
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
        self.in_order().nth(self.signs).unwrap_or(&self.first)
    }

    /// The one that is to sign as soon as every server knows it.
    #[must_use]
    pub fn waiting(&self) -> Option<&SigningKey> {
        (self.signs > 0).then_some(&self.first)
    }

    /// The same keys, of which the first one signs that each of the others knows; `others` are the ids of their keys. `None`:
    /// they know none of them.
    #[must_use]
    pub fn known_to(&self, others: &[Vec<String>]) -> Option<Self> {
        let is_known = |key: &SigningKey| others.iter().all(|theirs| theirs.iter().any(|id| id == key.id()));
        let signs = self.in_order().position(is_known)?;
        Some(Self { signs, ..self.clone() })
    }

    /// All of them, the one that signs first.
    pub fn iter(&self) -> impl Iterator<Item = &SigningKey> {
        let others = self.in_order().enumerate().filter(|(place, _)| *place != self.signs);
        std::iter::once(self.signing()).chain(others.map(|(_, key)| key))
    }

    fn in_order(&self) -> impl Iterator<Item = &SigningKey> {
        std::iter::once(&self.first).chain(&self.older)
    }

    /// The key of this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&SigningKey> {
        self.in_order().find(|key| key.id() == id)
    }

    /// The oldest one: it signed what names no key.
    pub(crate) fn oldest(&self) -> &SigningKey {
        self.older.last().unwrap_or(&self.first)
    }

    /// The key that may be taken away: one of them, but not the one that signs.
    pub(crate) fn check_retirable(&self, id: &str) -> Result<(), KeyError> {
        if self.signing().id() == id {
            return Err(KeyError::Signs { id: id.to_owned() });
        }
        self.find(id).map(|_| ()).ok_or_else(|| KeyError::Unknown { id: id.to_owned() })
    }
}

impl From<SigningKey> for SigningKeys {
    fn from(first: SigningKey) -> Self {
        Self { first, older: Vec::new(), signs: 0 }
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn the_first_key_that_everybody_knows_signs_and_the_others_verify() {
        let keys = ["a", "b", "c"].map(|_| SigningKey::random().unwrap().0);
        let [new, old, oldest] = [keys[0].id(), keys[1].id(), keys[2].id()].map(str::to_owned);
        let keys = SigningKeys::of(keys.to_vec()).unwrap();
        let signing = |others: &[Vec<String>]| keys.known_to(others).map(|keys| keys.signing().id().to_owned());
        assert_eq!(signing(&[]), Some(new.clone()), "nobody else is there");
        assert_eq!(signing(&[ids(&[&old, &new]), ids(&[&old])]), Some(old.clone()));
        assert_eq!(signing(&[ids(&[&old, &new]), ids(&[&oldest])]), None);
        let held_back = keys.known_to(&[ids(&[&old])]).unwrap();
        assert_eq!(held_back.waiting().map(SigningKey::id), Some(new.as_str()));
        assert_eq!(held_back.iter().map(SigningKey::id).collect::<Vec<_>>(), [&old, &new, &oldest]);
        assert_eq!(held_back.oldest().id(), oldest);
        let all = held_back.known_to(&[ids(&[&old, &new])]).unwrap();
        assert_eq!((all.signing().id(), all.waiting().is_none()), (new.as_str(), true));
    }
}
