//! Sends the mails of invitations: each by one server, tried until it is taken.

use std::sync::Arc;
use std::time::Duration;

use directory::{Directories, DirectoryError, DueLetter, Include, Letter, Members, Undelivered};
use events::normal::User;
use scim::{Resource, ResourceKind};
use tenancy::{Administered, Tenants};
use tenant_admin::Origin;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::mail::{InvitationMail, InvitationPost, NotSent};

/// How often it is looked for mails that are due.
const LOOK: Duration = Duration::from_secs(1);
/// So many are sent at once.
const AT_ONCE: u32 = 4;
/// How long what is being sent may take when the server ends. What is not noted by then is sent again.
const PARTING: Duration = Duration::from_secs(10);

/// What sends them.
pub(super) struct Inviting {
    sender: Arc<Sender>,
    /// What is being sent has a place.
    places: Arc<Semaphore>,
}

/// What each mail is written and sent with.
struct Sender {
    tenants: Tenants,
    directories: Directories,
    origin: Origin,
    post: InvitationPost,
}

impl Inviting {
    pub(super) fn new(tenants: Tenants, directories: Directories, origin: Origin, post: InvitationPost) -> Self {
        let places = Arc::new(Semaphore::new(AT_ONCE as usize));
        Self { sender: Arc::new(Sender { tenants, directories, origin, post }), places }
    }

    /// Goes on until it is dropped; then what is being sent is not broken off.
    pub(super) async fn run(&self) {
        loop {
            let due = match self.sender.directories.due_letters(&self.sender.inviting()).await {
                Ok(due) => due,
                Err(error) => {
                    tracing::debug!(%error, "invitations are sent later");
                    Vec::new()
                }
            };
            let is_idle = due.is_empty();
            for letter in due {
                let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
                tokio::spawn(Arc::clone(&self.sender).deliver(letter, place));
            }
            if is_idle {
                tokio::time::sleep(LOOK).await;
            } else {
                self.settle().await;
            }
        }
    }

    /// Waits until nothing is being sent.
    async fn settle(&self) {
        drop(self.places.acquire_many(AT_ONCE).await);
    }

    /// Lets what is being sent end: a mail that is sent and not noted is sent again.
    pub(super) async fn finish(&self) {
        if tokio::time::timeout(PARTING, self.settle()).await.is_err() {
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

    async fn deliver(self: Arc<Self>, due: DueLetter, place: OwnedSemaphorePermit) {
        if let Err(error) = self.try_to_deliver(&due).await {
            tracing::warn!(%error, "what came of a mail to an invited user is not known; it may be sent again");
        }
        drop(place);
    }

    async fn try_to_deliver(&self, due: &DueLetter) -> Result<(), DirectoryError> {
        let Some(letter) = self.directories.claim_letter(due).await? else { return Ok(()) };
        // Who is gone is not written to; whatever else there is, the claim ends and the mail is tried again.
        let Some(mail) = self.written(&letter).await else { return Ok(()) };
        match self.post.send(&letter.address, &mail).await {
            Ok(()) => self.directories.letter_sent(&letter).await,
            Err(not_sent) => self.failed(&letter, &not_sent).await,
        }
    }

    async fn failed(&self, letter: &Letter, not_sent: &NotSent) -> Result<(), DirectoryError> {
        let why = if not_sent.is_final { Undelivered::Never } else { Undelivered::Later };
        let goes_on = self.directories.letter_failed(letter, why, &not_sent.problem).await?;
        // What a mail server says may hold an address, so it is not logged.
        let (tenant, code) = (letter.tenant.tenant().name(), not_sent.code.as_deref());
        tracing::warn!(tenant.id = tenant, smtp.code = code, goes_on, "an invited user could not be written to");
        Ok(())
    }

    /// What the mail says: by the profile and the user of this moment.
    async fn written(&self, letter: &Letter) -> Option<InvitationMail> {
        let tenant = letter.tenant.tenant();
        let invitation = tenant.profile().invitation()?;
        let user = self.user(letter).await?;
        let link = self.tenants.sign_invitation(tenant, letter.link);
        let link = format!("{}/invitations/{link}", self.origin.tenant_url(tenant));
        let (days, name) = (invitation.days.to_string(), called(&user));
        let value = |place: &str| match place {
            "link" => link.as_str(),
            "product" => tenant.profile().profile().title(),
            "workspace" => invitation.workspace.as_deref().unwrap_or(tenant.name()),
            "days" => &days,
            "name" => &name,
            "givenName" => user.name.given_name.as_deref().unwrap_or(&name),
            "familyName" => user.name.family_name.as_deref().unwrap_or_default(),
            "displayName" => user.display_name.as_deref().unwrap_or(&name),
            "userName" => &user.user_name,
            "email" => &letter.address,
            _ => "",
        };
        Some(InvitationMail { subject: invitation.subject.fill(value), text: invitation.text.fill(value) })
    }

    /// The user as the application is told of it.
    async fn user(&self, letter: &Letter) -> Option<User> {
        let directory = self.directories.administered(&letter.tenant);
        let include = Include { groups: true, members: Members::None };
        let record = directory.get(ResourceKind::User, &letter.link.user.to_string(), include).await.ok()?;
        let resource = Resource::from_document(&record.document).ok()?;
        let mapped = letter.tenant.tenant().profile().map(&resource, &record.groups);
        User::of(&record.id, &resource, &record.groups).told(mapped.as_ref()).ok()
    }
}

/// What a person is called.
fn called(user: &User) -> String {
    let parts = [&user.name.given_name, &user.name.family_name].into_iter().flatten();
    let whole = parts.map(String::as_str).collect::<Vec<_>>().join(" ");
    let names = [user.display_name.clone(), user.name.formatted.clone(), Some(whole)];
    let given = names.into_iter().flatten().find(|name| !name.trim().is_empty());
    given.unwrap_or_else(|| user.user_name.clone())
}
