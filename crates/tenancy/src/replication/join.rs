//! Taking part in a deployment, with the same signing key as everybody else.

use std::sync::Arc;

use replicas::ReplicaId;
use replicas::protocol::Member;
use sea_orm::ConnectionTrait;

use super::bounded::in_time;
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
        self.newest().await?;
        let now_ms = self.time.now_ms();
        let transaction = self.database.begin().await?;
        // Locked: two that start at once with keys of their own do not both find nobody.
        let DeploymentRow { signing_key, .. } = table::deployment(&transaction, true).await?;
        let others: Vec<Vec<String>> =
            table::members_on(&transaction).await?.iter().map(|(_, theirs)| ids(theirs)).collect();
        let fitting = fitting(&self.keys.load(), &others);
        let is_lost =
            signing_key.as_deref().is_some_and(|last| others.is_empty() && self.keys.load().find(last).is_none());
        if fitting.is_none() || (is_lost && matches!(participation, Participation::Visitor { .. })) {
            return Err(TenancyError::Invalid(FOREIGN.to_owned()));
        }
        if let Some(keys) = fitting {
            self.put_in_force(keys);
        }
        if let Some(registration) = self.replication.registration() {
            let statement = table::registering(self.database.backend(), registration, &self.key_ids(), 0);
            transaction.execute_raw(statement).await?;
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

    /// The ids of the keys with which tokens are verified here; the one that signs comes first.
    pub(crate) fn key_ids(&self) -> String {
        self.keys.load().iter().map(SigningKey::id).collect::<Vec<_>>().join(",")
    }

    /// The ids of the signing keys of each other replica on the list, the one that signs first.
    pub(crate) async fn keys_of_others(&self) -> Result<Vec<Vec<String>>, TenancyError> {
        let own = self.replication.registration().map(|registration| registration.id);
        let members = table::members(&self.database).await?.into_iter();
        let others = members.filter(|(member, _)| Some(member.id) != own);
        Ok(others.map(|(_, keys)| ids(&keys)).collect())
    }

    /// Takes other signing keys. The other replicas read of it at the next registration.
    pub(crate) async fn take_keys(&self, keys: SigningKeys) {
        self.exchange_keys(keys, None).await;
    }

    /// Signs with the first key that every other replica knows: when the last of them has read a new one, it signs
    /// everywhere.
    pub(super) async fn follow_keys(&self) -> Result<(), TenancyError> {
        let keys = self.keys.load_full();
        if keys.iter().nth(1).is_none() {
            return Ok(());
        }
        let others = self.keys_of_others().await?;
        if let Some(fitting) = fitting(&keys, &others)
            && fitting.signing().id() != keys.signing().id()
        {
            self.exchange_keys(fitting, Some(&keys)).await;
        }
        Ok(())
    }

    /// `expected`: only if these are still in force. No change and no question is under way meanwhile, so nothing that the
    /// old keys verified outlives them.
    async fn exchange_keys(&self, keys: SigningKeys, expected: Option<&Arc<SigningKeys>>) {
        let signs = keys.signing().id().to_owned();
        let before = {
            let _turn = self.turn.lock().await;
            let _attempts = self.replication.attempts.lock().await;
            let before = self.keys.load_full();
            if expected.is_some_and(|expected| !Arc::ptr_eq(expected, &before)) {
                return;
            }
            self.put_in_force(keys);
            before.signing().id().to_owned()
        };
        if before != signs {
            tracing::info!(key.id = signs, "another signing key signs from now on");
        }
        // Nothing waits for a database that takes its time, least of all the lease.
        let now_ms = self.time.now_ms();
        let noted = in_time(table::note_key(self.database.reader(), &signs, Some(&before), now_ms)).await;
        if let Err(error) = noted {
            tracing::warn!(error = %error, "which key signs could not be noted; the next start notes it");
        }
    }

    fn put_in_force(&self, keys: SigningKeys) {
        self.replication.seal.store(Arc::new(Seal::of(&keys)));
        self.keys.store(Arc::new(keys));
        self.known.exchange(Snapshot::forgetting);
    }

    /// Since when a key has not signed: `None` if it never did. Nobody signs with it any more.
    pub(crate) async fn end_of_key(&self, id: &str, now_ms: i64) -> Result<Option<i64>, TenancyError> {
        let on = self.database.reader();
        match table::end_of_key(on, id).await? {
            // Whoever signed with it last could not say so.
            Some(None) => table::note_end_of_key(on, id, now_ms).await.map(|()| Some(now_ms)),
            ended => Ok(ended.flatten()),
        }
    }
}

/// The keys so that each accepts what the others sign; `others` have the one that signs first.
fn fitting(keys: &SigningKeys, others: &[Vec<String>]) -> Option<SigningKeys> {
    let is_known = others.iter().all(|theirs| theirs.first().is_some_and(|signs| keys.find(signs).is_some()));
    is_known.then(|| keys.known_to(others)).flatten()
}

fn ids(keys: &str) -> Vec<String> {
    keys.split(',').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::fitting;
    use crate::{SigningKey, SigningKeys};

    #[test]
    fn replicas_agree_if_each_knows_the_key_that_the_other_signs_with() {
        let keys = [SigningKey::random().unwrap().0, SigningKey::random().unwrap().0];
        let [new, old] = [keys[0].id().to_owned(), keys[1].id().to_owned()];
        let both = SigningKeys::of(keys.to_vec()).unwrap();
        let signs = |others: &[&[&String]]| {
            let others: Vec<Vec<String>> =
                others.iter().map(|keys| keys.iter().map(|id| (*id).clone()).collect()).collect();
            fitting(&both, &others).map(|keys| keys.signing().id().to_owned())
        };
        assert_eq!(signs(&[&[&old, &new]]), Some(new.clone()), "the other knows the new key");
        assert_eq!(signs(&[&[&old]]), Some(old.clone()), "the other would refuse what is signed with the new key");
        assert_eq!(signs(&[&[&old], &[&old, &new]]), Some(old.clone()), "one of two would");
        assert_eq!(signs(&[&[&"foreign".to_owned(), &old]]), None, "what the other signs would be refused here");
    }
}
