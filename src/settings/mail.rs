//! Where mail goes through, and whom it is from and for.

use std::fmt;

use lettre::Tokio1Executor;
use lettre::message::Mailbox;
use lettre::transport::smtp::AsyncSmtpTransport;

/// The URL of a mail server. It may hold a password, so it is not shown.
#[derive(Clone)]
pub(crate) struct MailServer(String);

impl MailServer {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MailServer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("MailServer(…)")
    }
}

impl TryFrom<String> for MailServer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refused = "it is not a mail server such as smtps://user:password@mail.example.com";
        AsyncSmtpTransport::<Tokio1Executor>::from_url(&text).map_err(|_| refused.to_owned())?;
        Ok(Self(text))
    }
}

/// A mail address, with or without a name.
#[derive(Clone, Debug)]
pub(crate) struct MailAddress(Mailbox);

impl MailAddress {
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0
    }
}

impl TryFrom<String> for MailAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = text.parse().map_err(|_| format!("\"{text}\" is not a mail address such as ada@example.com"))?;
        Ok(Self(parsed))
    }
}
