//! A mail to one who is invited. Unlike others it is waited for: it must not be lost.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{Address, AsyncTransport, Message, Tokio1Executor};

/// How long the whole of it may take; who claims a mail has longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What it says.
pub(in crate::serve) struct InvitationMail {
    pub(in crate::serve) subject: String,
    pub(in crate::serve) text: String,
}

/// The way that it goes.
pub(in crate::serve) struct InvitationPost {
    pub(super) from: Mailbox,
    pub(super) server: AsyncSmtpTransport<Tokio1Executor>,
}

/// Why it was not sent.
pub(in crate::serve) struct NotSent {
    /// It will never be taken.
    pub(in crate::serve) is_final: bool,
    /// What the mail server says, as a number.
    pub(in crate::serve) code: Option<String>,
    /// For administrators.
    pub(in crate::serve) problem: String,
}

impl InvitationPost {
    /// Sends a mail to one address, and comes back when the mail server has it.
    pub(in crate::serve) async fn send(&self, address: &str, mail: &InvitationMail) -> Result<(), NotSent> {
        let message = self.written(address, mail).ok_or_else(|| NotSent {
            is_final: true,
            code: None,
            problem: "the address is none that mail can go to".to_owned(),
        })?;
        match tokio::time::timeout(PATIENCE, self.server.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                let code = error.status().map(|code| code.to_string());
                let problem = match &code {
                    Some(code) => format!("the mail server does not take it ({code})"),
                    None => "the mail server cannot be reached".to_owned(),
                };
                Err(NotSent { is_final: error.is_permanent(), code, problem })
            }
            Err(_) => {
                let problem = "the mail server takes too long".to_owned();
                Err(NotSent { is_final: false, code: None, problem })
            }
        }
    }

    fn written(&self, address: &str, mail: &InvitationMail) -> Option<Message> {
        let to = Mailbox::new(None, address.parse::<Address>().ok()?);
        // A name is no place for a second line.
        let subject: String =
            mail.subject.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        let message = Message::builder().from(self.from.clone()).to(to).subject(subject).message_id(None);
        message.header(ContentType::TEXT_PLAIN).body(mail.text.clone()).ok()
    }
}
