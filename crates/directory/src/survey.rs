//! Reading everything, for whoever compares a directory with something. Nobody waits for it, so it has neither a bound of time
//! nor a place among the requests; each page is a statement of its own, and changes come between them.

use scim::ResourceKind;
use uuid::Uuid;

use crate::read::Pages;
use crate::{Directory, DirectoryError, Membership, Record};

impl Directory {
    /// How many users or groups there are.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn count(&self, kind: ResourceKind) -> Result<i64, DirectoryError> {
        Ok(self.pages().count(kind).await?)
    }

    /// Up to `limit` users or groups whose ids come after this one, in the order of ids and without members; with the
    /// groups that users are in if the tenant's profile reads them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn after(&self, kind: ResourceKind, id: Uuid, limit: u32) -> Result<Vec<Record>, DirectoryError> {
        Ok(self.pages().after(kind, id, limit).await?)
    }

    /// Up to `limit` users whose ids come after this one, in the order of ids, with the groups that they are in.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn users_with_groups(&self, id: Uuid, limit: u32) -> Result<Vec<Record>, DirectoryError> {
        Ok(Pages { groups: true, ..self.pages() }.after(ResourceKind::User, id, limit).await?)
    }

    /// The same of those of these users or groups that there are, in no order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn some(&self, kind: ResourceKind, ids: &[Uuid]) -> Result<Vec<Record>, DirectoryError> {
        Ok(self.pages().some(kind, ids).await?)
    }

    /// Up to `limit` memberships after that of this member in this group, in the order of groups and then members.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn memberships(&self, group: Uuid, member: Uuid, limit: u32) -> Result<Vec<Membership>, DirectoryError> {
        Ok(self.pages().memberships(group, member, limit).await?)
    }

    /// The same of this group alone.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn members(&self, group: Uuid, member: Uuid, limit: u32) -> Result<Vec<Membership>, DirectoryError> {
        Ok(self.pages().members(group, member, limit).await?)
    }

    fn pages(&self) -> Pages<'_> {
        let (tenant, groups) = (self.tenant.id().as_i64(), self.tenant.profile().reads_groups());
        Pages { database: &self.all.database, tenant, groups }
    }
}
