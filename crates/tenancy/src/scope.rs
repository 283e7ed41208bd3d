//! What a token may do.

use std::fmt;
use std::str::FromStr;

use scim::ResourceKind;

use crate::TenancyError;

/// What the holder of a credential may do. Without any word there is no restriction; with `users` or `groups` only the
/// named resource types are there, with `read-only` nothing is changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

const READ_ONLY: u8 = 1;
const USERS: u8 = 2;
const GROUPS: u8 = 4;

const WORDS: [(&str, u8); 3] = [("read-only", READ_ONLY), ("users", USERS), ("groups", GROUPS)];

impl Scopes {
    /// No restriction.
    pub const ALL: Self = Self(0);

    /// The scopes that these words name.
    ///
    /// # Errors
    /// [`TenancyError::Invalid`] names the word that is none.
    pub fn of<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, TenancyError> {
        words.into_iter().try_fold(Self::ALL, |Self(scopes), word| {
            let known = WORDS.iter().find(|(name, _)| *name == word);
            let (_, bit) = known.ok_or_else(|| unknown(word))?;
            Ok(Self(scopes | bit))
        })
    }

    /// What is in both; `None` if no type of resource is.
    #[must_use]
    pub fn narrowed(self, other: Self) -> Option<Self> {
        const KINDS: u8 = USERS | GROUPS;
        let kinds = match (self.0 & KINDS, other.0 & KINDS) {
            (0, kinds) | (kinds, 0) => kinds,
            (own, wanted) if own & wanted == 0 => return None,
            (own, wanted) => own & wanted,
        };
        Some(Self((self.0 | other.0) & READ_ONLY | kinds))
    }

    /// Every word there is.
    pub fn known() -> impl Iterator<Item = &'static str> {
        WORDS.into_iter().map(|(word, _)| word)
    }

    /// Whether something may be changed.
    #[must_use]
    pub const fn may_write(self) -> bool {
        self.0 & READ_ONLY == 0
    }

    /// Whether resources of this type may be reached.
    #[must_use]
    pub const fn may_reach(self, kind: ResourceKind) -> bool {
        let wanted = match kind {
            ResourceKind::User => USERS,
            ResourceKind::Group => GROUPS,
        };
        self.0 & (USERS | GROUPS) == 0 || self.0 & wanted != 0
    }

    /// The words, for commands and listings.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        WORDS.into_iter().filter(move |(_, bit)| self.0 & bit != 0).map(|(word, _)| word)
    }
}

fn unknown(word: &str) -> TenancyError {
    TenancyError::Invalid(format!("no scope is named \"{word}\"; there are read-only, users and groups"))
}

/// Words with spaces between them, as in the claim `scope` (RFC 8693 section 4.2).
impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.words().collect::<Vec<_>>().join(" "))
    }
}

impl FromStr for Scopes {
    type Err = TenancyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::of(text.split_whitespace())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_restricts_what_it_names() {
        use ResourceKind::{Group, User};
        for (text, write, users, groups) in [
            ("", true, true, true),
            ("read-only", false, true, true),
            ("users", true, true, false),
            ("groups", true, false, true),
            ("users groups", true, true, true),
            ("read-only users", false, true, false),
            ("read-only groups", false, false, true),
        ] {
            let scopes: Scopes = text.parse().unwrap();
            assert_eq!(scopes.to_string(), text);
            assert_eq!((scopes.may_write(), scopes.may_reach(User), scopes.may_reach(Group)), (write, users, groups));
        }
    }

    #[test]
    fn what_is_narrowed_is_never_more_than_either() {
        for (own, wanted, expected) in [
            ("", "", Some("")),
            ("", "users", Some("users")),
            ("users", "", Some("users")),
            ("read-only", "users", Some("read-only users")),
            ("users groups", "groups read-only", Some("read-only groups")),
            ("users", "users groups", Some("users")),
            ("users", "groups", None),
            ("read-only users", "groups", None),
        ] {
            let scopes = |text: &str| text.parse::<Scopes>().unwrap();
            assert_eq!(scopes(own).narrowed(scopes(wanted)), expected.map(scopes), "{own} and {wanted}");
        }
    }

    #[test]
    fn an_unknown_word_is_no_scope() {
        for text in ["write", "Users", "read-only,users"] {
            let refused = text.parse::<Scopes>().unwrap_err().to_string();
            assert!(refused.starts_with(&format!("no scope is named \"{text}\"")), "{refused}");
        }
    }
}
