//! Sends the mails of invitations: each by one server, tried until it is taken.

mod places;
mod text;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use directory::{Addressee, Directories, DirectoryError, DueLetter, Letter, Undelivered};
use tenancy::{Administered, Tenants};
use tenant_admin::Origin;

use super::mail::{InvitationPost, NotSent};
use places::{Place, Places};

/// How often it is looked for mails that are due.
const LOOK: Duration = Duration::from_secs(1);
/// How long nothing is sent when the mail server takes no mail at all, or none of ours.
const CLOSED: Duration = Duration::from_secs(60);
/// How long what is being sent may take when the server ends. What is not noted by then is sent again.
const PARTING: Duration = Duration::from_secs(10);

/// What sends them.
pub(super) struct Inviting {
    sender: Arc<Sender>,
    /// What is being sent has a place.
    places: Arc<Places>,
}

/// What each mail is written and sent with.
struct Sender {
    tenants: Tenants,
    directories: Directories,
    origin: Origin,
    post: InvitationPost,
    /// Whether the mail server took nothing the last time.
    is_closed: AtomicBool,
}

impl Inviting {
    pub(super) fn new(tenants: Tenants, directories: Directories, origin: Origin, post: InvitationPost) -> Self {
        let sender = Sender { tenants, directories, origin, post, is_closed: AtomicBool::new(false) };
        Self { sender: Arc::new(sender), places: Arc::default() }
    }

    /// Goes on until it is dropped; then what is being sent is not broken off.
    pub(super) async fn run(&self) {
        loop {
            if self.sender.is_closed.swap(false, Ordering::Relaxed) {
                tokio::time::sleep(CLOSED).await;
            }
            if let Err(error) = self.fill().await {
                tracing::debug!(%error, "invitations are sent later");
            }
            // Whoever has a place for long holds up nobody else.
            let _ = tokio::time::timeout(LOOK, self.places.freed()).await;
        }
    }

    /// Begins to send what is due, as far as there are places.
    async fn fill(&self) -> Result<(), DirectoryError> {
        for letter in self.sender.directories.due_letters(&self.sender.inviting()).await? {
            let Some(place) = self.places.take(letter.tenant().id().as_i64(), letter.user()) else { continue };
            tokio::spawn(Arc::clone(&self.sender).deliver(letter, place));
        }
        Ok(())
    }

    /// Lets what is being sent end: a mail that is sent and not noted is sent again.
    pub(super) async fn finish(&self) {
        if tokio::time::timeout(PARTING, self.places.empty()).await.is_err() {
            tracing::warn!("invitations that are being sent may be sent again; the mail server does not answer");
        }
    }
}

impl Sender {
    /// The tenants whose users are invited now.
    fn inviting(&self) -> Vec<Administered> {
        let tenants = self.tenants.list().into_iter();
        let inviting = tenants.filter(|tenant| tenant.is_enabled() && tenant.profile().invitation().is_some());
        inviting.filter_map(|tenant| self.tenants.administer(tenant.name()).ok()).collect()
    }

    async fn deliver(self: Arc<Self>, due: DueLetter, place: Place) {
        if let Err(error) = self.try_to_deliver(&due).await {
            tracing::warn!(%error, "what came of a mail to an invited user is not known; it may be sent again");
        }
        drop(place);
    }

    async fn try_to_deliver(&self, due: &DueLetter) -> Result<(), DirectoryError> {
        let Some(letter) = self.directories.claim_letter(due).await? else { return Ok(()) };
        let user = match self.directories.addressee(&letter).await? {
            Addressee::Active { user, .. } => user,
            Addressee::Elsewhere | Addressee::NotActive => return self.directories.letter_astray(&letter).await,
            Addressee::Gone => return self.directories.letter_orphaned(&letter).await,
            Addressee::Unreadable => {
                let problem = "the user cannot be read".to_owned();
                return self.failed(&letter, &NotSent { why: Undelivered::Never, code: None, problem }).await;
            }
        };
        // Nobody is invited any more, since a moment: the claim ends.
        let Some(mail) = text::written(&letter, &user, &self.link(&letter)) else { return Ok(()) };
        match self.post.send(&letter.address, &mail).await {
            Ok(()) => self.directories.letter_sent(&letter).await,
            Err(not_sent) => self.failed(&letter, &not_sent).await,
        }
    }

    async fn failed(&self, letter: &Letter, not_sent: &NotSent) -> Result<(), DirectoryError> {
        if not_sent.why == Undelivered::NotTried {
            self.is_closed.store(true, Ordering::Relaxed);
        }
        let goes_on = self.directories.letter_failed(letter, not_sent.why, &not_sent.problem).await?;
        // What a mail server says may hold an address, so it is not logged.
        let (tenant, code) = (letter.tenant.tenant().name(), not_sent.code.as_deref());
        tracing::warn!(tenant.id = tenant, smtp.code = code, goes_on, "an invited user could not be written to");
        Ok(())
    }

    fn link(&self, letter: &Letter) -> String {
        let tenant = letter.tenant.tenant();
        let link = self.tenants.sign_invitation(tenant, letter.link);
        format!("{}/invitations/{link}", self.origin.tenant_url(tenant))
    }
}
