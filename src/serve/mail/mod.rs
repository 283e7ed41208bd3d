//! Mail about tokens and secrets that end soon, about breakers that have tripped, and about what clients did not get done. Whoever
//! warns writes mails and waits for nobody; a task of its own sends
//! them.

mod failures;
mod invitation;
mod letter;
mod outbox;
mod post;

use directory::BreakerAlarm;
use journal::Digest;
use lettre::Tokio1Executor;
use lettre::message::Mailbox;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use tenancy::CredentialEnd;
use tokio::sync::mpsc;

use crate::settings;
pub(super) use invitation::{InvitationMail, InvitationPost, NotSent};
use letter::Written;
use post::Post;

/// How many mails wait to be sent, and how many more to be sent again; the events and the log tell of all.
const WAITING: usize = 1_000;

/// Writes mail, as long as there is a server for it.
pub(super) struct Mail {
    from: Mailbox,
    operators: Vec<Mailbox>,
    post: mpsc::Sender<lettre::Message>,
    /// For mails that are waited for.
    server: AsyncSmtpTransport<Tokio1Executor>,
}

impl Mail {
    /// The way out that the settings name, if they name one, and who goes it.
    pub(super) fn open(settings: &settings::Mail) -> Result<Option<(Self, Post)>, Error> {
        let (Some(server), Some(from)) = (&settings.server, &settings.from) else { return Ok(None) };
        let server =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(server.as_str())?.timeout(Some(post::PATIENCE)).build();
        let operators = settings.to.iter().map(|address| address.mailbox().clone()).collect();
        let (post, letters) = mpsc::channel(WAITING);
        let mail = Self { from: from.mailbox().clone(), operators, post, server: server.clone() };
        Ok(Some((mail, Post::new(server, letters))))
    }

    /// The way of mails that are waited for.
    pub(super) fn for_invitations(&self) -> InvitationPost {
        InvitationPost { from: self.from.clone(), server: self.server.clone() }
    }

    /// Writes a mail to the operators and to each contact of the tenant: nobody learns who else is told.
    pub(super) fn tell(&self, end: &CredentialEnd, contacts: &[String]) {
        self.send(&end.tenant, contacts, |to| letter::write(self.from.clone(), to, end));
    }

    /// The same about a breaker that has tripped.
    pub(super) fn tell_alarm(&self, alarm: &BreakerAlarm, contacts: &[String]) {
        self.send(&alarm.tenant, contacts, |to| letter::write_alarm(self.from.clone(), to, alarm));
    }

    fn send(&self, tenant: &str, contacts: &[String], write: impl Fn(Mailbox) -> Written) {
        let contacts = contacts.iter().filter_map(|contact| contact.parse().ok());
        for to in self.operators.iter().cloned().chain(contacts) {
            self.post(tenant, write(to));
        }
    }

    /// Writes a mail about what failed to each contact of the tenant.
    pub(super) fn tell_failures(&self, tenant: &str, digest: &Digest, contacts: &[String]) {
        for to in contacts.iter().filter_map(|contact| contact.parse().ok()) {
            self.post(tenant, failures::write(self.from.clone(), to, tenant, digest));
        }
    }

    fn post(&self, tenant: &str, written: Written) {
        let Ok(message) = written else {
            tracing::warn!(tenant.id = tenant, "a mail cannot be written");
            return;
        };
        if self.post.try_send(message).is_err() {
            tracing::warn!(tenant.id = tenant, "a mail is not sent: too many wait already");
        }
    }
}
