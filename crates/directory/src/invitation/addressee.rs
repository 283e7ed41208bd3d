//! Whom a mail goes to, as the user is at this moment.

use events::normal::User;
use scim::{Resource, ResourceKind};
use uuid::Uuid;

use crate::write::{address_of, told};
use crate::{Directory, DirectoryError, Include, Members};

/// A user who was invited.
#[derive(Clone, Debug)]
pub enum Addressee {
    /// Who is active, as the application is told of the user, and where mail goes, if anywhere.
    Active {
        /// The user.
        user: Box<User>,
        /// Where mail goes.
        address: Option<String>,
    },
    /// Who is active, and has another address than the mail.
    Elsewhere,
    /// Who is not active.
    NotActive,
    /// Whose document cannot be read.
    Unreadable,
    /// Who is no more.
    Gone,
}

impl Addressee {
    /// The user of this id.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn find(directory: &Directory, id: Uuid) -> Result<Self, DirectoryError> {
        let include = Include { groups: true, members: Members::None };
        let record = match directory.get(ResourceKind::User, &id.to_string(), include).await {
            Ok(record) => record,
            Err(DirectoryError::Refused(_)) => return Ok(Self::Gone),
            Err(error) => return Err(error),
        };
        let Ok(resource) = Resource::from_document(&record.document) else { return Ok(Self::Unreadable) };
        let Some(user) = told(&directory.tenant, &record.id, &resource, &record.groups) else {
            return Ok(Self::Unreadable);
        };
        if !resource.active() {
            return Ok(Self::NotActive);
        }
        let address = address_of(&user);
        Ok(Self::Active { user: Box::new(user), address })
    }
}
