//! Going on with a conversion.

use std::time::Duration;

use scim::{Dialect, Patch, ResourceKind};
use serde_json::json;
use tenancy::Administered;
use uuid::Uuid;

use super::name::{Named, UserNames};
use super::table::{self, Conversion, ConversionState, Lease};
use crate::{Condition, Directories, Directory, DirectoryError, Include, Record};

/// Users of one step. After each step it is written how far it is.
const STEP: u32 = 25;
/// A pause after each step: clients come first.
const REST: Duration = Duration::from_millis(20);
/// Another server goes on after this time, if this one says nothing.
const LEASE: Duration = Duration::from_secs(10);
/// How often one user is tried whom others change meanwhile.
const TRIES: u32 = 5;
/// More passes than that are a circle of names.
const MOST_PASSES: i64 = 100;

/// What became of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Become {
    Converted,
    Unchanged,
    Skipped,
}

impl Directories {
    /// The numbers of the tenants whose conversion nobody goes on with.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn waiting_conversions(&self) -> Result<Vec<i64>, DirectoryError> {
        Ok(table::waiting(self.database()).await?)
    }

    /// Goes on with the conversion of a tenant until it is done, or paused, or somebody else has it. Nobody is disturbed by it for
    /// longer than a change takes.
    ///
    /// # Errors
    /// If the database fails; somebody goes on later.
    pub async fn go_on_converting(&self, tenant: &Administered, holder: &str) -> Result<(), DirectoryError> {
        let number = tenant.tenant().id().as_i64();
        let claimed = table::claim(self.database(), number, holder, LEASE).await?;
        let Some((lease, mut conversion)) = claimed else { return Ok(()) };
        let directory = self.administered(tenant);
        while self.step(&directory, lease, &mut conversion).await? {
            tokio::time::sleep(REST).await;
        }
        Ok(())
    }

    /// Whether there is more to do, and it is ours to do.
    async fn step(&self, directory: &Directory, lease: Lease, at: &mut Conversion) -> Result<bool, DirectoryError> {
        let users = directory.after(ResourceKind::User, at.last_id, STEP).await?;
        for user in &users {
            match directory.convert(at.to, user).await? {
                Become::Converted => {
                    at.converted += 1;
                    at.moved += 1;
                }
                Become::Unchanged => {}
                Become::Skipped => at.skipped += 1,
            }
            at.looked_at += 1;
            at.last_id = Uuid::try_parse(&user.id).unwrap_or_default().max(at.last_id);
        }
        if users.len() < STEP as usize {
            at.end_pass();
        }
        let is_ours = lease.save(self.database(), at, LEASE).await?;
        Ok(is_ours && at.state == ConversionState::Running)
    }
}

impl Conversion {
    /// Names that others had may be free now; where none became free, none will.
    fn end_pass(&mut self) {
        if self.skipped == 0 || self.moved == 0 || self.pass >= MOST_PASSES {
            self.state = ConversionState::Done;
            return;
        }
        self.pass += 1;
        (self.last_id, self.looked_at, self.moved, self.skipped) = (Uuid::nil(), 0, 0, 0);
    }
}

impl Directory {
    /// Gives one user the name it is to have: by what it is when it is changed, not when it was read.
    async fn convert(&self, to: UserNames, read: &Record) -> Result<Become, DirectoryError> {
        let mut record = read.clone();
        for _ in 0..TRIES {
            let user: Named = serde_json::from_str(&record.document)?;
            let Some(name) = to.of(&user) else { return Ok(Become::Skipped) };
            if name == user.user_name {
                return Ok(Become::Unchanged);
            }
            let message = json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                "Operations": [{ "op": "replace", "path": "userName", "value": name }],
            });
            let of = self.tenant.schemas().of(ResourceKind::User);
            let patch = Patch::parse(message, of, 1, &mut Dialect::lenient())?;
            let condition = Condition::Versions(vec![record.version]);
            match self.patch(ResourceKind::User, &record.id, patch, condition, Include::NOTHING).await {
                Ok(_) => return Ok(Become::Converted),
                Err(DirectoryError::Refused(refusal)) if refusal.status == 412 => {}
                // Deleted meanwhile, or the name is another user's.
                Err(DirectoryError::Refused(refusal)) if refusal.status == 404 => return Ok(Become::Unchanged),
                Err(DirectoryError::Refused(_)) => return Ok(Become::Skipped),
                Err(DirectoryError::Busy) => tokio::time::sleep(REST).await,
                Err(error) => return Err(error),
            }
            match self.get(ResourceKind::User, &record.id, Include::NOTHING).await {
                Ok(newest) => record = newest,
                Err(DirectoryError::Refused(_)) => return Ok(Become::Unchanged),
                Err(DirectoryError::Busy) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Become::Skipped)
    }
}
