//! Taking part in a deployment, with the same signing key as everybody else.

use replicas::ReplicaId;
use replicas::protocol::Member;
use sea_orm::ConnectionTrait;

use super::keys::{fitting, ids};
use super::table::{self, DeploymentRow};
use crate::tenants::Inner;
use crate::{Participation, TenancyError};

/// What is said of a key that nobody else knows.
const FOREIGN: &str = "this server has another signing key than the servers it shares the database with, so that none of \
                       them would accept the other's tokens; give all of them the same key, through tokens.signing_key \
                       or as the same file (tokens.signing_key_file)";

impl Inner {
    /// Joins the others, and learns what there is to know.
    pub(crate) async fn take_part(&self, participation: &Participation) -> Result<(), TenancyError> {
        self.join(participation).await?;
        self.renew().await?;
        self.count_living().await
    }

    /// Makes sure that what this process signs is accepted everywhere, and puts it on the list.
    async fn join(&self, participation: &Participation) -> Result<(), TenancyError> {
        if matches!(participation, Participation::Alone) {
            let (on, now_ms) = (self.database.reader(), self.time.now_ms());
            let before = table::deployment(on, false).await?.signing_key;
            return table::note_key(on, self.keys.load().signing().id(), before.as_deref(), now_ms).await;
        }
        if self.meets_a_stranger().await? {
            return Err(TenancyError::Invalid(FOREIGN.to_owned()));
        }
        let newest = self.newest().await;
        newest.map_err(|error| match error {
            TenancyError::KeyMissing => TenancyError::Invalid(FOREIGN.to_owned()),
            error => error,
        })?;
        let now_ms = self.time.now_ms();
        let transaction = self.database.begin().await?;
        // Locked: two that start at once with keys of their own do not both find nobody.
        let DeploymentRow { signing_key, .. } = table::deployment(&transaction, true).await?;
        let others: Vec<Vec<String>> =
            table::members_on(&transaction).await?.iter().map(|(_, theirs)| ids(theirs)).collect();
        let fitting = fitting(&self.keys.load(), &others);
        let is_lost =
            signing_key.as_deref().is_some_and(|last| others.is_empty() && self.keys.load().find(last).is_none());
        // The list may not tell yet what was announced just now.
        let is_foreign = signing_key.as_deref().is_some_and(|signs| {
            self.keys.load().find(signs).is_none() && others.iter().flatten().any(|id| id == signs)
        });
        if fitting.is_none() || is_foreign || (is_lost && matches!(participation, Participation::Visitor { .. })) {
            return Err(TenancyError::Invalid(FOREIGN.to_owned()));
        }
        if let Some(keys) = fitting {
            self.put_in_force(keys);
        }
        if let Some(registration) = self.replication.registration() {
            transaction.execute_raw(self.registering(registration, 0)).await?;
            let signs = self.keys.load().signing().id().to_owned();
            table::note_key(&transaction, &signs, signing_key.as_deref(), now_ms).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Whether a replica with another key runs. One that is on the list and does not register again within its lease
    /// has ended, and is taken off.
    async fn meets_a_stranger(&self) -> Result<bool, TenancyError> {
        let strangers: Vec<Member<ReplicaId>> = self.strangers().await?;
        let Some(longest) = strangers.iter().map(|member| member.lease).max() else { return Ok(false) };
        tokio::time::sleep(longest + longest / 100).await;
        for member in &strangers {
            table::remove(&self.database, member).await?;
        }
        Ok(!self.strangers().await?.is_empty())
    }

    async fn strangers(&self) -> Result<Vec<Member<ReplicaId>>, TenancyError> {
        let members = table::members(&self.database).await?.into_iter();
        let keys = self.keys.load();
        Ok(members.filter(|(_, theirs)| fitting(&keys, &[ids(theirs)]).is_none()).map(|(member, _)| member).collect())
    }
}
