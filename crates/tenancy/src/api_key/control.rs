//! What an operator does with keys, and who is let in with one.

use secrecy::SecretString;
use subtle::ConstantTimeEq;
use time::OffsetDateTime;

use super::{ApiKey, ApiKeyId, Role, secret, store};
use crate::authenticate::milliseconds;
use crate::oauth::control::random_secret;
use crate::oauth::id::random;
use crate::{TenancyError, Tenants};

const LONGEST_NAME: usize = 100;
const MOST_DAYS: u32 = 3650;
/// So that a list of them stays one that people can read.
const MOST_KEYS: usize = 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A key that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// The one tenant that it is for; none: for all.
    pub tenant: Option<String>,
    /// For how many days it is valid.
    pub days: u32,
}

/// A key at the one moment at which it can be read.
#[derive(Clone, Debug)]
pub struct IssuedApiKey {
    /// What its holder sends after `Bearer `.
    pub key: SecretString,
    /// What is known of it.
    pub record: ApiKey,
}

impl Tenants {
    /// Makes a key.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Invalid`], or the database's.
    pub async fn create_api_key(&self, new: NewApiKey) -> Result<IssuedApiKey, TenancyError> {
        new.check()?;
        let tenant = new.tenant.as_deref().map(|name| self.find(name)).transpose()?;
        let created_ms = self.inner.time.now_ms();
        let valid = self.list_api_keys().await?.iter().filter(|key| key.is_valid(created_ms)).count();
        if valid >= MOST_KEYS {
            return Err(TenancyError::Invalid(format!("there are {MOST_KEYS} valid API keys already; revoke one")));
        }
        let secret = random_secret()?;
        let id = ApiKeyId(random()?);
        let key = secret::text(id, &secret);
        let record = ApiKey {
            id,
            name: new.name,
            role: new.role,
            tenant: new.tenant,
            created_ms,
            expires_ms: created_ms + i64::from(new.days) * DAY_MS,
            ended_ms: None,
            digest: crate::authenticate::sha256(&secret),
        };
        let transaction = self.inner.database.begin().await?;
        store::insert(&transaction, tenant.map(|tenant| tenant.id), &record).await?;
        transaction.commit().await?;
        Ok(IssuedApiKey { key, record })
    }

    /// The keys there are and were, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_api_keys(&self) -> Result<Vec<ApiKey>, TenancyError> {
        let _turn = self.inner.turns.list().await;
        store::all(&self.inner.database).await
    }

    /// Ends a key. No request that arrives anywhere after this has returned is let in with it, and one that had been let in
    /// changes nothing any more. Again, it answers the same.
    ///
    /// # Errors
    /// [`TenancyError::NoApiKey`], or the database's.
    pub async fn revoke_api_key(&self, id: ApiKeyId) -> Result<ApiKey, TenancyError> {
        let transaction = self.inner.database.begin().await?;
        store::end(&transaction, id, self.inner.time.now_ms()).await?;
        transaction.commit().await?;
        store::find(&self.inner.database, id).await?.ok_or(TenancyError::NoApiKey { id })
    }

    /// The key that this text is, if it is valid now. The database is asked each time: what is revoked in any process is
    /// refused in every one from the commit on, without a word between them.
    ///
    /// # Errors
    /// The database's: then nothing can be said about the key.
    pub async fn find_api_key(&self, text: &str, now: OffsetDateTime) -> Result<Option<ApiKey>, TenancyError> {
        let (id, digest) = secret::parse(text);
        let Some(id) = id else { return Ok(None) };
        let turn = self.inner.turns.lookup().await;
        let known = store::find(&self.inner.database, id).await?;
        drop(turn);
        Ok(known.filter(|key| bool::from(key.digest.ct_eq(&digest)) && key.is_valid(milliseconds(now))))
    }
}

impl NewApiKey {
    fn check(&self) -> Result<(), TenancyError> {
        let is_plain =
            !self.name.trim().is_empty() && self.name.len() <= LONGEST_NAME && !self.name.chars().any(char::is_control);
        if !is_plain {
            return Err(TenancyError::Invalid(format!(
                "the name of an API key has 1 to {LONGEST_NAME} bytes and no control characters"
            )));
        }
        if !(1..=MOST_DAYS).contains(&self.days) {
            let days = self.days;
            return Err(TenancyError::Invalid(format!(
                "an API key is valid for 1 to {MOST_DAYS} days, not for {days}"
            )));
        }
        self.role.check(self.tenant.is_some())
    }
}
