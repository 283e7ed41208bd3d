//! Taking part in a deployment, with the same signing key as everybody else.

use std::sync::Arc;

use replicas::ReplicaId;
use replicas::protocol::Member;
use sea_orm::ConnectionTrait;

use super::messages::Seal;
use super::table::{self, DeploymentRow};
use crate::snapshot::Snapshot;
use crate::tenants::Inner;
use crate::{Participation, SigningKey, SigningKeys, TenancyError};

/// What is said of a key that nobody else knows.
const FOREIGN: &str = "this server has another signing key than the servers it shares the database with, so that none of \
                       them would accept the other's tokens; give all of them the same key, through tokens.signing_key \
                       or as the same file (tokens.signing_key_file)";

impl Inner {
    /// Makes sure that what this process signs is accepted everywhere, and puts it on the list.
    pub(crate) async fn join(&self, participation: &Participation) -> Result<(), TenancyError> {
        let keys = self.key_ids();
        if matches!(participation, Participation::Alone) {
            return table::note_key(self.database.reader(), signing(&keys)).await;
        }
        if self.meets_a_stranger(&keys).await? {
            return Err(TenancyError::Invalid(FOREIGN.to_owned()));
        }
        let transaction = self.database.begin().await?;
        // Locked: two that start at once with keys of their own do not both find nobody.
        let DeploymentRow { signing_key, .. } = table::deployment(&transaction, true).await?;
        let others = table::members_on(&transaction).await?;
        let is_foreign = others.iter().any(|(_, theirs)| !agree(&keys, theirs))
            || signing_key.as_deref().is_some_and(|last| others.is_empty() && !knows(&keys, last));
        if is_foreign && (!others.is_empty() || matches!(participation, Participation::Visitor { .. })) {
            return Err(TenancyError::Invalid(FOREIGN.to_owned()));
        }
        if let Some(registration) = self.replication.registration() {
            let statement = table::registering(self.database.backend(), registration, &keys, 0);
            transaction.execute_raw(statement).await?;
            table::note_key(&transaction, signing(&keys)).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Whether a replica with another key runs. One that is on the list and does not register again within its lease
    /// has ended, and is taken off.
    async fn meets_a_stranger(&self, keys: &str) -> Result<bool, TenancyError> {
        let strangers: Vec<Member<ReplicaId>> = self.strangers(keys).await?;
        let Some(longest) = strangers.iter().map(|member| member.lease).max() else { return Ok(false) };
        tokio::time::sleep(longest + longest / 100).await;
        for member in &strangers {
            table::remove(&self.database, member).await?;
        }
        Ok(!self.strangers(keys).await?.is_empty())
    }

    async fn strangers(&self, keys: &str) -> Result<Vec<Member<ReplicaId>>, TenancyError> {
        let members = table::members(&self.database).await?.into_iter();
        Ok(members.filter(|(_, theirs)| !agree(keys, theirs)).map(|(member, _)| member).collect())
    }

    /// The ids of the keys with which tokens are verified here; the one that signs comes first.
    pub(crate) fn key_ids(&self) -> String {
        self.keys.load().iter().map(SigningKey::id).collect::<Vec<_>>().join(",")
    }

    /// The ids of the signing keys of each other replica on the list, the one that signs first.
    pub(crate) async fn keys_of_others(&self) -> Result<Vec<Vec<String>>, TenancyError> {
        let own = self.replication.registration().map(|registration| registration.id);
        let members = table::members(&self.database).await?.into_iter();
        let others = members.filter(|(member, _)| Some(member.id) != own);
        Ok(others.map(|(_, keys)| keys.split(',').map(str::to_owned).collect()).collect())
    }

    /// Takes other signing keys. No change and no question is under way meanwhile, so nothing that the old ones verified
    /// outlives them. The other replicas read of it at the next registration.
    pub(crate) async fn take_keys(&self, keys: SigningKeys) {
        let _turn = self.turn.lock().await;
        let _attempts = self.replication.attempts.lock().await;
        let signs = keys.signing().id().to_owned();
        self.replication.seal.store(Arc::new(Seal::of(&keys)));
        self.keys.store(Arc::new(keys));
        self.known.exchange(Snapshot::forgetting);
        if let Err(error) = table::note_key(self.database.reader(), &signs).await {
            tracing::warn!(error = %error, "which key signs could not be noted; the next start notes it");
        }
    }
}

/// Whether each accepts what the other signs.
fn agree(ours: &str, theirs: &str) -> bool {
    knows(ours, signing(theirs)) && knows(theirs, signing(ours))
}

fn knows(keys: &str, key: &str) -> bool {
    keys.split(',').any(|known| known == key)
}

fn signing(keys: &str) -> &str {
    keys.split(',').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::agree;

    #[test]
    fn replicas_agree_if_each_knows_the_key_that_the_other_signs_with() {
        assert!(agree("a", "a"));
        assert!(agree("b,a", "a,b"), "a key that is being exchanged");
        assert!(!agree("a", "b"));
        assert!(!agree("b,a", "a"), "the other would refuse what is signed with b");
    }
}
