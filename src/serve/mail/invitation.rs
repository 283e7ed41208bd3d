//! A mail to one who is invited. Unlike others it is waited for: it must not be lost.

use std::error::Error as _;
use std::time::Duration;

use directory::Undelivered;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{Address, AsyncTransport, Message, Tokio1Executor};

/// How long the whole of it may take: after the last line of a mail alone, ten minutes (RFC 5321 section 4.5.3.2.6). Who gives up
/// sooner sends again what has arrived. Who claims a mail has longer.
const PATIENCE: Duration = Duration::from_secs(11 * 60);
/// How long a mail server may take to say whether it takes mail at all.
const PROBE: Duration = Duration::from_secs(30);

/// What it says.
pub(in crate::serve) struct InvitationMail {
    pub(in crate::serve) subject: String,
    pub(in crate::serve) text: String,
    /// What tells it from other mails. It stays the same when it is sent again.
    pub(in crate::serve) number: String,
}

/// The way that it goes.
pub(in crate::serve) struct InvitationPost {
    pub(super) from: Mailbox,
    pub(super) server: AsyncSmtpTransport<Tokio1Executor>,
}

/// Why it was not sent.
pub(in crate::serve) struct NotSent {
    /// Whether it is to be tried again.
    pub(in crate::serve) why: Undelivered,
    /// What the mail server says, as a number.
    pub(in crate::serve) code: Option<String>,
    /// For administrators.
    pub(in crate::serve) problem: String,
}

impl InvitationPost {
    /// Sends a mail to one address, and comes back when the mail server has it.
    pub(in crate::serve) async fn send(&self, address: &str, mail: &InvitationMail) -> Result<(), NotSent> {
        let message = self.written(address, mail).ok_or_else(|| NotSent {
            why: Undelivered::Never,
            code: None,
            problem: "the address is none that mail can go to".to_owned(),
        })?;
        match tokio::time::timeout(PATIENCE, self.server.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.refused(&error).await),
            Err(_) => {
                let why = if self.is_closed().await { Undelivered::NotTried } else { Undelivered::Unknown };
                Err(NotSent { why, code: None, problem: "the mail server takes too long".to_owned() })
            }
        }
    }

    async fn refused(&self, error: &Error) -> NotSent {
        let code = error.status().map(|code| code.to_string());
        let problem = match &code {
            Some(code) => format!("the mail server does not take it ({code})"),
            None => "the mail server cannot be reached".to_owned(),
        };
        let said = error.source().map(ToString::to_string).unwrap_or_default();
        let why = match (&code, Concern::of(code.as_deref(), &said)) {
            _ if error.is_transient() || error.is_client() => Undelivered::Later,
            (Some(_), Concern::Recipient) => Undelivered::Never,
            (Some(_), Concern::Sender) => Undelivered::NotTried,
            _ if self.is_closed().await => Undelivered::NotTried,
            (Some(_), Concern::Other) => Undelivered::Later,
            // It broke off, perhaps after the last line.
            (None, _) => Undelivered::Unknown,
        };
        NotSent { why, code, problem }
    }

    /// Whether the mail server takes no mail of ours at all: it cannot be reached, greets with a refusal, or does not know us.
    async fn is_closed(&self) -> bool {
        match tokio::time::timeout(PROBE, self.server.test_connection()).await {
            Ok(Ok(is_open)) => !is_open,
            // Some hang up without a farewell.
            Ok(Err(error)) => !error.is_response(),
            Err(_) => true,
        }
    }

    fn written(&self, address: &str, mail: &InvitationMail) -> Option<Message> {
        let to = Mailbox::new(None, address.parse::<Address>().ok()?);
        // A name is no place for a second line.
        let subject: String =
            mail.subject.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let id = format!("<invitation.{}@{}>", mail.number, self.from.email.domain());
        // RFC 3834 section 5: nobody who is away answers.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        let message = Message::builder().from(self.from.clone()).to(to).subject(subject).message_id(Some(id));
        let message = message.raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
        message.header(ContentType::TEXT_PLAIN).body(mail.text.clone()).ok()
    }
}

/// Whom a refusal for good concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Concern {
    /// The one it is for: nobody has that address.
    Recipient,
    /// The one it is from: our settings are wrong.
    Sender,
    /// One of them, or what the mail says.
    Other,
}

impl Concern {
    /// By the code (RFC 5321 section 4.2, RFC 4954 section 6) and the enhanced status that follows it (RFC 3463).
    fn of(code: Option<&str>, said: &str) -> Self {
        let status = said.split_whitespace().next().unwrap_or_default();
        match (code, status) {
            (Some("530" | "534" | "535" | "538"), _) => Self::Sender,
            (_, "5.1.7" | "5.1.8" | "5.7.8" | "5.7.9") => Self::Sender,
            (_, "5.1.1" | "5.1.2" | "5.1.3" | "5.1.6" | "5.1.10") => Self::Recipient,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k07_only_what_concerns_the_recipient_is_final() {
        let concern = |code, said| Concern::of(Some(code), said);
        assert_eq!(concern("550", "5.1.1 <ada@acme.example> is nobody\nof ours"), Concern::Recipient);
        assert_eq!(concern("556", "5.1.10 takes no mail"), Concern::Recipient);
        assert_eq!(concern("535", "5.7.8 bad credentials"), Concern::Sender);
        assert_eq!(concern("550", "5.1.8 bad sender"), Concern::Sender);
        assert_eq!(concern("550", "5.7.1 relaying denied"), Concern::Other);
        assert_eq!(concern("554", "no mail today"), Concern::Other);
    }
}
