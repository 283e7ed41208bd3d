//! Where mail goes through, and whom it is from and for.

use std::fmt;
use std::net::IpAddr;

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

    /// Whether it is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        let rest = self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let name = host.strip_prefix('[').and_then(|host| host.split(']').next());
        let name = name.unwrap_or_else(|| host.split(':').next().unwrap_or_default());
        name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_server_on_this_machine_is_known_as_one() {
        let is_local = |url: &str| MailServer::try_from(url.to_owned()).unwrap().is_local();
        assert!(["smtp://127.0.0.1:1025", "smtp://localhost", "smtp://ada:pw@[::1]:25"].into_iter().all(is_local));
        assert!(
            !["smtps://u:p@mail.example.com", "smtp://10.0.0.1:25", "smtp://localhost.evil"].into_iter().any(is_local)
        );
    }
}
