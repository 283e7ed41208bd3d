//! Readers: programs that fetch the events of a store themselves, with a token of the store.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use directory::{Sought, Standing};
use events::Event;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use tenancy::{Administered, Tenant};
use tokio::time::Instant;
use uuid::Uuid;

use crate::store::sets::poll;
use crate::store::{is_fetched, pull};
use crate::table::{self, At};
use crate::{DeliveryError, State, StoreId, StoreRecord, Stores};

/// What tokens of stores begin with, so that people and secret scanners know them.
const PREFIX: &str = "tns";
const SECRET_BYTES: usize = 32;
/// The longest time one request waits.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The most events of one page.
pub const MOST: u32 = 1000;

/// Who has the token of a store. Only [`Stores::reader`] makes one.
#[derive(Clone, Debug)]
pub struct Reader {
    tenant: Arc<Tenant>,
    record: StoreRecord,
}

/// Events for a reader.
#[derive(Debug)]
pub struct Page {
    /// Those that the store's filter lets through, in order.
    pub events: Vec<Event>,
    /// The number to go on after.
    pub next: i64,
    /// The number of the tenant's newest event, as far as it is known.
    pub newest: i64,
}

impl Reader {
    /// Whose events they are.
    #[must_use]
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.tenant
    }

    /// Whether it gets security event tokens, and not events.
    #[must_use]
    pub fn polls(&self) -> bool {
        self.record.kind == poll::NAME
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &StoreRecord {
        &self.record
    }
}

impl Stores {
    /// Gives a store that fetches its events a new token; the one before is refused from now on, everywhere.
    ///
    /// # Errors
    /// [`DeliveryError::NoStore`], [`DeliveryError::Invalid`] for another kind of store, or the database's.
    pub async fn issue_token(&self, tenant: &Administered, name: &str) -> Result<SecretString, DeliveryError> {
        let store = self.find(tenant, name).await?;
        if !is_fetched(&store.kind) {
            return Err(DeliveryError::Invalid(format!(
                "the store {name} is of the kind {}; only stores of the kinds {} and {} have tokens",
                store.kind,
                pull::NAME,
                poll::NAME
            )));
        }
        let mut bytes = [0; SECRET_BYTES];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| DeliveryError::Sealed("made"))?;
        let secret = URL_SAFE_NO_PAD.encode(bytes);
        let environment = self.environment();
        let _sealing = self.sealing().read().await;
        let mut secrets = environment.vault.open_sealed(store.id, store.secrets.as_deref())?;
        secrets.insert(pull::DIGEST.to_owned(), sha256(&secret).into());
        let sealed = environment.vault.seal(store.id, &secrets)?;
        let now = table::now(environment.database.backend());
        let assignments = format!("secrets = $3, version = version + 1, modified_ms = {now}");
        table::change(&environment.database, store.at(), (&assignments, "TRUE"), [sealed.into()]).await?;
        Ok(format!("{PREFIX}_{:x}_{}_{secret}", store.tenant, store.id.0.simple()).into())
    }

    /// Who has this token, if it is that of a store. The database is asked each time: what is replaced anywhere is refused
    /// everywhere from then on.
    ///
    /// # Errors
    /// The database's: then nothing can be said about the token.
    pub async fn reader(&self, token: &SecretString) -> Result<Option<Reader>, DeliveryError> {
        let Some((at, secret)) = parse(token.expose_secret()) else { return Ok(None) };
        let environment = self.environment();
        let Some(record) = table::find(&environment.database, at).await? else { return Ok(None) };
        let secrets = environment.vault.open_sealed(record.id, record.secrets.as_deref())?;
        let known = secrets.get(pull::DIGEST).and_then(Value::as_str).unwrap_or_default();
        if !bool::from(known.as_bytes().ct_eq(sha256(secret).as_bytes())) {
            return Ok(None);
        }
        let tenants = environment.tenants.list();
        let tenant = tenants.into_iter().find(|tenant| tenant.id().as_i64() == at.tenant);
        Ok(tenant.map(|tenant| Reader { tenant, record }))
    }

    /// Whether a user of the tenant may still act: by what the directory is now, also if the store is paused or events are held.
    ///
    /// # Errors
    /// The database's.
    pub async fn standing(&self, reader: &Reader, sought: Sought<'_>) -> Result<Standing, DeliveryError> {
        let environment = self.environment();
        let gone = |_| DeliveryError::NoStore { name: reader.record.name.clone() };
        let administered = environment.tenants.administer(reader.tenant.name()).map_err(gone)?;
        Ok(environment.directories.administered(&administered).standing(sought).await?)
    }

    /// Events after a number, by default after what the store has said that it has. To ask for what comes after a number is
    /// to say that one has everything up to it. Without any, waits for the next one.
    ///
    /// # Errors
    /// [`DeliveryError::Conflict`] if the store is paused or its tenant switched off, [`DeliveryError::Pruned`] if what comes next
    /// is gone, or the database's.
    pub async fn read(
        &self,
        reader: &Reader,
        after: Option<i64>,
        limit: u32,
        patience: Duration,
    ) -> Result<Page, DeliveryError> {
        reader.check()?;
        let store = &reader.record;
        if let Some(after) = after.filter(|after| *after > store.position && *after <= store.newest) {
            table::acknowledge(&self.environment().database, store.at(), after).await?;
        }
        let events = &self.environment().events;
        let administered = self.environment().tenants.administer(reader.tenant.name());
        let administered = administered.map_err(|_| DeliveryError::NoStore { name: store.name.clone() })?;
        let deadline = Instant::now() + patience.min(LONGEST_WAIT);
        let mut next = after.unwrap_or(store.position);
        if let Some(oldest) = events.oldest(&reader.tenant).await?.filter(|oldest| next + 1 < *oldest) {
            return Err(DeliveryError::Pruned { oldest });
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let found = events.wait(&administered, next, limit.clamp(1, MOST), left).await?;
            let is_last = found.is_empty();
            next = found.last().map_or(next, |event| event.sequence);
            let mut events: Vec<Event> = found.into_iter().filter(|event| store.options.lets_through(event)).collect();
            if store.options.password_hash {
                self.environment().events.add_password_hashes(&reader.tenant, &mut events).await?;
            }
            // What the options leave out is passed over, for as long as the reader waits.
            if is_last || !events.is_empty() || Instant::now() >= deadline {
                return Ok(Page { events, next, newest: store.newest.max(next) });
            }
        }
    }
}

impl Reader {
    pub(crate) fn check(&self) -> Result<(), DeliveryError> {
        if !self.tenant.is_enabled() {
            return Err(DeliveryError::Conflict("the tenant is switched off".to_owned()));
        }
        if self.record.state != State::Active {
            return Err(DeliveryError::Conflict(format!(
                "the store {} is {}",
                self.record.name,
                self.record.state.as_str()
            )));
        }
        Ok(())
    }
}

/// The store that a token names, and its secret.
fn parse(token: &str) -> Option<(At, &str)> {
    let rest = token.strip_prefix(PREFIX)?.strip_prefix('_')?;
    let (tenant, rest) = rest.split_once('_')?;
    let (store, secret) = rest.split_once('_')?;
    let tenant = i64::from_str_radix(tenant, 16).ok()?;
    let store = StoreId(Uuid::try_parse(store).ok()?);
    (secret.len() == 43).then_some((At { tenant, store }, secret))
}

fn sha256(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().fold(String::new(), |mut hex, byte| {
        // Writing into a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_store_and_nothing_else_is_one() {
        let id = Uuid::now_v7();
        let secret = "s".repeat(43);
        let token = format!("tns_1f_{}_{secret}", id.simple());
        let (at, found) = parse(&token).unwrap();
        assert_eq!((at.tenant, at.store, found), (31, StoreId(id), secret.as_str()));
        for text in ["", "tns", "tns_1_2", "tns_1f_x_y", "Bearer x", &token[1..], &token[..token.len() - 1]] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
