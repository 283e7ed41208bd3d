//! Which name a user is to have.

use serde::Deserialize;

/// What user names are to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserNames {
    /// The e-mail address.
    Email,
    /// The e-mail address without its domain.
    Mailbox,
}

/// What is read of a user.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    pub(super) user_name: String,
    #[serde(default)]
    emails: Vec<Email>,
}

#[derive(Debug, Deserialize)]
struct Email {
    value: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    primary: bool,
}

impl UserNames {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Mailbox => "mailbox",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Email, Self::Mailbox].into_iter().find(|names| names.as_str() == name)
    }

    /// What this user is to be called; nothing without an e-mail address.
    pub(super) fn of(self, user: &Named) -> Option<String> {
        let address = user.address()?;
        let (mailbox, domain) = address.rsplit_once('@')?;
        if mailbox.is_empty() || domain.is_empty() {
            return None;
        }
        Some(match self {
            Self::Email => address.to_owned(),
            Self::Mailbox => mailbox.to_owned(),
        })
    }
}

impl Named {
    /// The address at work, of several the primary one; else the primary one; else the only one.
    fn address(&self) -> Option<&str> {
        let is_work = |email: &&Email| email.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("work"));
        let work = || self.emails.iter().filter(is_work);
        let only = || if self.emails.len() == 1 { self.emails.first() } else { None };
        let found = work().find(|email| email.primary).or_else(|| work().next());
        let found = found.or_else(|| self.emails.iter().find(|email| email.primary)).or_else(only);
        found?.value.as_deref().map(str::trim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(emails: &str) -> Named {
        serde_json::from_str(&format!("{{\"userName\":\"u\",\"emails\":{emails}}}")).unwrap()
    }

    #[test]
    fn p06_a_user_is_called_by_the_address_at_work() {
        let of = |emails: &str| UserNames::Email.of(&named(emails));
        let home = r#"{"value":"h@x.example","type":"home","primary":true}"#;
        let work = r#"{"value":"w@x.example","type":"work"}"#;
        assert_eq!(of(&format!("[{home},{work}]")).as_deref(), Some("w@x.example"));
        assert_eq!(of(&format!("[{home}]")).as_deref(), Some("h@x.example"));
        assert_eq!(of(r#"[{"value":"a@x.example"}]"#).as_deref(), Some("a@x.example"));
        assert_eq!(of(r#"[{"value":"a@x.example"},{"value":"b@x.example"}]"#), None, "which one?");
        assert_eq!(of(r#"[{"value":"nobody"}]"#), None);
        assert_eq!(of("[]"), None);
        assert_eq!(UserNames::Mailbox.of(&named(&format!("[{work}]"))).as_deref(), Some("w"));
    }
}
