//! Mail about tokens that end soon.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport, Message, Tokio1Executor};
use tenancy::TokenEnd;

use crate::settings;

/// How long a mail server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a mail is tried, once in each round of the upkeep.
const TRIES: u32 = 60;
/// How many mails wait for a server that is away; the events and the log tell of all.
const WAITING: usize = 1_000;

/// Sends mail, as long as there is a server for it.
pub(super) struct Mail {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    operators: Vec<Mailbox>,
    waiting: Vec<Waiting>,
}

/// A mail to one recipient: nobody learns who else is told.
struct Waiting {
    message: Message,
    tries: u32,
}

impl Mail {
    /// The way out that the settings name, if they name one.
    pub(super) fn open(settings: &settings::Mail) -> Result<Option<Self>, Error> {
        let (Some(server), Some(from)) = (&settings.server, &settings.from) else { return Ok(None) };
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(server.as_str())?.timeout(Some(PATIENCE)).build();
        let operators = settings.to.iter().map(|address| address.mailbox().clone()).collect();
        Ok(Some(Self { server, from: from.mailbox().clone(), operators, waiting: Vec::new() }))
    }

    /// Writes a mail to the operators and to each contact of the tenant.
    pub(super) fn tell(&mut self, end: &TokenEnd, contacts: &[String]) {
        let contacts = contacts.iter().filter_map(|contact| contact.parse().ok());
        for to in self.operators.iter().cloned().chain(contacts) {
            match write(self.from.clone(), to, end) {
                Ok(message) if self.waiting.len() < WAITING => self.waiting.push(Waiting { message, tries: 0 }),
                Ok(_) => tracing::warn!(tenant.id = end.tenant, "a mail is not sent: too many wait already"),
                Err(_) => tracing::warn!(tenant.id = end.tenant, "a mail cannot be written"),
            }
        }
    }

    /// Sends what waits. What cannot be sent now is tried again in the next round.
    pub(super) async fn send(&mut self) {
        for mut mail in std::mem::take(&mut self.waiting) {
            mail.tries += 1;
            let Err(error) = self.server.send(mail.message.clone()).await else { continue };
            // What a server says may hold an address, so only its code is told.
            let code = error.status().map(|code| code.to_string());
            tracing::warn!(smtp.code = code, tries = mail.tries, "a mail could not be sent");
            if mail.tries < TRIES && !error.is_permanent() {
                self.waiting.push(mail);
            }
        }
    }
}

fn write(from: Mailbox, to: Mailbox, end: &TokenEnd) -> Result<Message, lettre::error::Error> {
    let TokenEnd { tenant, id, days_left, .. } = end;
    let days = if *days_left == 1 { "1 day".to_owned() } else { format!("{days_left} days") };
    let until = end.moment();
    Message::builder()
        .from(from)
        .to(to)
        .subject(format!("The provisioning token of {tenant} ends in {days}"))
        .header(ContentType::TEXT_PLAIN)
        .body(format!(
            "The provisioning token {id} of tenant {tenant} is valid until {until}.\n\n\
             From then on the requests of the identity provider are refused. Issue a new token before, and enter it there:\n\n\
             tenantry token issue {tenant}\n"
        ))
}
