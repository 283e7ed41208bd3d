//! What becomes of a password that a client sets: it is hashed if somebody may have the hash, and forgotten.

use std::sync::Arc;

use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};
use events::{Events, PasswordHash};
use scim::Password;
use sea_orm::DbErr;
use tenancy::Tenant;
use tokio::sync::Semaphore;

use crate::DirectoryError;

/// Memory in KiB, passes and lanes: what OWASP recommends for Argon2id. One hash takes some 15 ms of a processor.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// That a change sets a password; the password itself is gone.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    /// For the stores that are allowed it; none if no store is.
    pub(crate) hash: Option<PasswordHash>,
}

/// Hashes passwords, on threads that nobody's request needs, and as many at once as there are processors to do it.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    events: Events,
    places: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new(events: Events) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { events, places: Arc::new(Semaphore::new(processors)) }
    }

    /// Takes the password that a change sets.
    pub(crate) async fn take(
        &self,
        tenant: &Tenant,
        password: Option<Password>,
    ) -> Result<Option<Set>, DirectoryError> {
        let Some(password) = password else { return Ok(None) };
        let hash =
            if self.events.want_password_hashes(tenant).await? { Some(self.hash(password).await?) } else { None };
        Ok(Some(Set { hash }))
    }

    async fn hash(&self, password: Password) -> Result<PasswordHash, DirectoryError> {
        let _place = self.places.acquire().await.map_err(failed)?;
        tokio::task::spawn_blocking(move || hash(&password)).await.map_err(failed)?
    }
}

fn hash(password: &Password) -> Result<PasswordHash, DirectoryError> {
    let parameters = Params::new(MEMORY, PASSES, LANES, None).map_err(failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let hash = argon2.hash_password(password.reveal().as_bytes()).map_err(failed)?;
    Ok(PasswordHash::new(hash.to_string()))
}

fn failed(error: impl std::fmt::Display) -> DirectoryError {
    DbErr::Custom(format!("a password cannot be hashed: {error}")).into()
}
