//! Finding the users of a tenant that its application could not tell apart, before it is told of them.

use std::collections::HashMap;

use profile::Applied;
use scim::{Resource, ResourceKind};
use uuid::Uuid;

use crate::fingerprint::Fingerprints;
use crate::write::Action;
use crate::{Directory, DirectoryError};

/// Users that are read at once.
const PAGE: u32 = 500;
/// The most collisions that are named; all are counted.
const SHOWN: usize = 1_000;

/// Users of whom a profile makes a user name that another one has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collisions {
    /// How many there are, beside the first of each name.
    pub users: i64,
    /// The first of these.
    pub shown: Vec<Collision>,
}

/// A user whose name for the application another one has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The user's id.
    pub id: String,
    /// `userName`, as it is provisioned.
    pub user_name: String,
    /// By which name the application would know it.
    pub told_name: String,
    /// Who has that name.
    pub other_id: String,
}

impl Directory {
    /// The users that would be called the same by an application with this profile. Nothing is changed.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn find_collisions(&self, profile: &Applied) -> Result<Collisions, DirectoryError> {
        let mut collisions = Collisions::default();
        if profile.naming() == 0 {
            return Ok(collisions);
        }
        let (mut owners, fingerprints) = (HashMap::new(), Fingerprints::default());
        let mut after = Uuid::nil();
        loop {
            let page = self.after(ResourceKind::User, after, PAGE).await?;
            for record in &page {
                let id = Uuid::try_parse(&record.id).unwrap_or_default();
                after = after.max(id);
                let user = Resource::from_document(&record.document)?;
                let Some(told) = profile.told_name(&user) else { continue };
                let owner = *owners.entry(fingerprints.of(&told.name)).or_insert(id);
                if owner == id {
                    continue;
                }
                collisions.users += 1;
                if collisions.shown.len() < SHOWN {
                    let user_name = user.user_name().unwrap_or_default().to_owned();
                    let (id, other_id) = (record.id.clone(), owner.to_string());
                    collisions.shown.push(Collision { id, user_name, told_name: told.name, other_id });
                }
            }
            if page.len() < PAGE as usize {
                return Ok(collisions);
            }
        }
    }

    /// Has the names that the application is told made by the tenant's profile, if they were made by another rule. Whoever changes a
    /// user next would do it otherwise.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn settle_names(&self) -> Result<(), DirectoryError> {
        // The operator waits as long as it takes.
        self.all.writer.write(self.change(ResourceKind::User, Uuid::nil(), Action::Name, None)).await?;
        Ok(())
    }
}
