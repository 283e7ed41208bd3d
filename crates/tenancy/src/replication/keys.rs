//! Signing keys that several replicas sign with: a key must verify everywhere before it signs anywhere.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use super::bounded::in_time;
use super::messages::Seal;
use super::table;
use crate::snapshot::Snapshot;
use crate::tenants::Inner;
use crate::{KeySource, SigningKey, SigningKeys, TenancyError, Tenants};

/// How often it is looked whether others have come meanwhile that do not know the key that is to sign.
const LOOKS: usize = 3;

/// What becomes of keys beside the keys themselves.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Where they are kept, if they may be read again.
    source: OnceLock<KeySource>,
    /// Others sign with a key that is not known here.
    is_missing: AtomicBool,
    missing: Notify,
    /// The key that signs could not be noted.
    is_unnoted: AtomicBool,
}

impl News {
    /// Until others sign with a key that is not known here.
    pub(super) async fn one_is_missing(&self) {
        self.missing.notified().await;
    }
}

impl Tenants {
    /// Reads the keys again from here when other servers sign with one that is not known.
    pub fn keep_key_source(&self, source: KeySource) {
        // Who has told it before is the same one.
        let _ = self.inner.replication.key_news.source.set(source);
    }
}

impl Inner {
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

    /// Asks the database which key signs, and fails if that is not known here.
    pub(super) async fn check_key(&self) -> Result<(), TenancyError> {
        let signs = table::newest(self.database.reader()).await?.signing_key;
        self.knows_key(signs.as_deref()).await
    }

    /// Fails if another replica has the key that signs and this one does not: it would refuse what is good. Then the keys are
    /// read again. A key that nobody has any more is nobody's loss.
    pub(super) async fn knows_key(&self, signs: Option<&str>) -> Result<(), TenancyError> {
        let is_unknown = |id: &&str| self.replication.registration().is_some() && self.keys.load().find(id).is_none();
        let Some(signs) = signs.filter(is_unknown) else { return Ok(()) };
        if !self.keys_of_others().await?.iter().flatten().any(|id| id == signs) {
            return Ok(());
        }
        let news = &self.replication.key_news;
        news.is_missing.store(true, Ordering::Relaxed);
        news.missing.notify_one();
        Err(TenancyError::KeyMissing)
    }

    /// Takes other signing keys. The other replicas read of it at the next registration.
    pub(crate) async fn take_keys(&self, keys: SigningKeys) {
        let keys = Box::pin(self.announce(keys)).await;
        self.exchange_keys(keys, None).await;
    }

    /// Signs with the first key that every other replica knows: when the last of them has read a new one, it signs
    /// everywhere.
    pub(super) async fn follow_keys(&self) -> Result<(), TenancyError> {
        self.note_again().await;
        if self.replication.key_news.is_missing.swap(false, Ordering::Relaxed) {
            return Box::pin(self.read_keys_again()).await;
        }
        let keys = self.keys.load_full();
        if keys.iter().nth(1).is_none() {
            return Ok(());
        }
        let others = self.keys_of_others().await?;
        if let Some(fitting) = fitting(&keys, &others)
            && fitting.signing().id() != keys.signing().id()
        {
            let fitting = Box::pin(self.announce(fitting)).await;
            self.exchange_keys(fitting, Some(&keys)).await;
        }
        Ok(())
    }

    async fn read_keys_again(&self) -> Result<(), TenancyError> {
        let Some(source) = self.replication.key_news.source.get().cloned() else { return Ok(()) };
        // Some hundred bytes, and while nobody is served here.
        match source.reload() {
            Ok(read) => {
                if let Some(fitting) = fitting(&read, &self.keys_of_others().await?) {
                    self.take_keys(fitting).await;
                }
            }
            Err(error) => tracing::warn!(error = %error, "the signing keys cannot be read again"),
        }
        Ok(())
    }

    /// Notes which key is to sign, before it does. Who comes back after a long time either reads that note, or is on the list
    /// that is read after it: then a key signs that is known there.
    async fn announce(&self, mut keys: SigningKeys) -> SigningKeys {
        let mut noted = self.keys.load().signing().id().to_owned();
        for _ in 0..LOOKS {
            let signs = keys.signing().id().to_owned();
            if signs == noted {
                break;
            }
            self.note_key(&signs, &noted).await;
            noted = signs;
            match in_time(self.keys_of_others()).await.map(|others| fitting(&keys, &others)) {
                Ok(Some(again)) => keys = again,
                // There is none that all of them know.
                _ => break,
            }
        }
        keys
    }

    /// Nothing else waits for a database that takes its time, least of all the lease.
    async fn note_key(&self, signs: &str, before: &str) {
        let now_ms = self.time.now_ms();
        let noted = in_time(table::note_key(self.database.reader(), signs, Some(before), now_ms)).await;
        self.replication.key_news.is_unnoted.store(noted.is_err(), Ordering::Relaxed);
        if let Err(error) = noted {
            tracing::warn!(error = %error, "which key signs could not be noted; that is tried again");
        }
    }

    async fn note_again(&self) {
        if self.replication.key_news.is_unnoted.load(Ordering::Relaxed) {
            let signs = self.keys.load().signing().id().to_owned();
            self.note_key(&signs, &signs).await;
        }
    }

    /// `expected`: only if these are still in force. No change and no question is under way meanwhile, so nothing that the
    /// old keys verified outlives them.
    async fn exchange_keys(&self, keys: SigningKeys, expected: Option<&Arc<SigningKeys>>) {
        let signs = keys.signing().id().to_owned();
        let _turn = self.turn.lock().await;
        let _attempts = self.replication.attempts.lock().await;
        let before = self.keys.load_full();
        if expected.is_some_and(|expected| !Arc::ptr_eq(expected, &before)) {
            return;
        }
        self.put_in_force(keys);
        if before.signing().id() != signs {
            tracing::info!(key.id = signs, "another signing key signs from now on");
        }
    }

    pub(super) fn put_in_force(&self, keys: SigningKeys) {
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
pub(super) fn fitting(keys: &SigningKeys, others: &[Vec<String>]) -> Option<SigningKeys> {
    let is_known = others.iter().all(|theirs| theirs.first().is_some_and(|signs| keys.find(signs).is_some()));
    is_known.then(|| keys.known_to(others)).flatten()
}

pub(super) fn ids(keys: &str) -> Vec<String> {
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
