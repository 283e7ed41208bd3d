//! The keys that the secrets of stores are sealed with: which there are, a new one, and sealing anew.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use sea_orm::{ConnectionTrait as _, Statement};
use uuid::Uuid;

use super::Stores;
use crate::{DeliveryError, StoreId};

/// How many stores are sealed anew at once.
const PAGE: u32 = 200;

/// A key of stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreKey {
    /// Its id, which says nothing about it: the first four bytes of its SHA-256.
    pub id: String,
    /// Whether what is sealed is sealed with it.
    pub seals: bool,
    /// Whether it is there. The secrets of stores whose key is not cannot be opened.
    pub is_there: bool,
    /// How many stores have secrets that are sealed with it.
    pub stores: u64,
}

/// What was sealed anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// How many stores.
    pub stores: u64,
    /// The keys, afterwards.
    pub keys: Vec<StoreKey>,
}

impl Stores {
    /// The keys there are, and those that are missed.
    ///
    /// # Errors
    /// The database's.
    pub async fn keys(&self) -> Result<Vec<StoreKey>, DeliveryError> {
        let mut uses = self.uses().await?;
        let ids = self.environment.vault.ids();
        let known = ids.into_iter().enumerate().map(|(number, id)| {
            let stores = uses.remove(&id).unwrap_or_default();
            StoreKey { id, seals: number == 0, is_there: true, stores }
        });
        let mut keys: Vec<StoreKey> = known.collect();
        keys.extend(uses.into_iter().map(|(id, stores)| StoreKey { id, seals: false, is_there: false, stores }));
        Ok(keys)
    }

    /// Makes a new key, seals the secrets of all stores with it, and takes the keys away that nothing is sealed with any more.
    /// Killed on its way, it can be asked for again.
    ///
    /// # Errors
    /// [`DeliveryError::Conflict`] if other servers have files of their own, [`DeliveryError::KeyFile`], or the database's.
    pub async fn rotate_key(&self) -> Result<Resealed, DeliveryError> {
        if self.environment.is_shared {
            return Err(DeliveryError::Conflict(
                "several servers serve this database: add a line with a new key at the end of stores.key_file of each \
                 (openssl rand -base64 32) and let each read it (tenantry store key reseal); then put it first at each, and \
                 do so again; then remove the old one"
                    .to_owned(),
            ));
        }
        // What is sealed with a key before it is taken away is also written before, and seen.
        let _alone = self.sealing().write().await;
        let vault = &self.environment.vault;
        vault.add().map_err(DeliveryError::KeyFile)?;
        let stores = self.seal_anew().await?;
        let used: BTreeSet<String> = self.uses().await?.into_keys().collect();
        vault.keep(&used).map_err(DeliveryError::KeyFile)?;
        Ok(Resealed { stores, keys: self.keys().await? })
    }

    /// Reads the file of keys again, and seals the secrets of all stores with the first one there.
    ///
    /// # Errors
    /// [`DeliveryError::KeyFile`], [`DeliveryError::Sealed`] if a key is missing, or the database's.
    pub async fn reseal(&self) -> Result<Resealed, DeliveryError> {
        self.environment.vault.reload().map_err(DeliveryError::KeyFile)?;
        Ok(Resealed { stores: self.seal_anew().await?, keys: self.keys().await? })
    }

    async fn seal_anew(&self) -> Result<u64, DeliveryError> {
        let Some(seals) = self.environment.vault.ids().into_iter().next() else { return Ok(0) };
        let mut done = 0;
        loop {
            let page = self.sealed_otherwise(&seals).await?;
            if page.is_empty() {
                return Ok(done);
            }
            for (store, sealed) in page {
                let secrets = self.environment.vault.open_sealed(store, Some(&sealed))?;
                let anew = self.environment.vault.seal(store, &secrets)?;
                done += self.put(store, (&sealed, anew)).await?;
            }
        }
    }

    /// Some of the stores whose secrets are sealed with another key.
    async fn sealed_otherwise(&self, key: &str) -> Result<Vec<(StoreId, String)>, DeliveryError> {
        let database = &self.environment.database;
        let sql = format!(
            "SELECT CAST(id AS text), secrets FROM stores WHERE secrets IS NOT NULL AND secrets NOT LIKE $1 LIMIT {PAGE}"
        );
        let values = [format!("{key}:%").into()];
        let rows = database.query(Statement::from_sql_and_values(database.backend(), sql, values)).await?;
        let read = |row: &sea_orm::QueryResult| {
            let id =
                Uuid::parse_str(&row.try_get_by_index::<String>(0)?).map_err(|_| DeliveryError::Sealed("opened"))?;
            Ok((StoreId(id), row.try_get_by_index(1)?))
        };
        rows.iter().map(read).collect()
    }

    /// One that was set meanwhile is sealed with the new key already.
    async fn put(&self, store: StoreId, (before, after): (&str, Option<String>)) -> Result<u64, DeliveryError> {
        let database = &self.environment.database;
        let sql = "UPDATE stores SET secrets = $1 WHERE CAST(id AS text) = $2 AND secrets = $3";
        let values = [after.into(), store.0.to_string().into(), before.into()];
        let statement = Statement::from_sql_and_values(database.backend(), sql, values);
        Ok(database.writer().execute_raw(statement).await?.rows_affected())
    }

    /// How many stores are sealed with each key.
    async fn uses(&self) -> Result<BTreeMap<String, u64>, DeliveryError> {
        let database = &self.environment.database;
        let sql = "SELECT substr(secrets, 1, 8), COUNT(*) FROM stores WHERE secrets IS NOT NULL GROUP BY 1";
        let rows = database.query(Statement::from_string(database.backend(), sql)).await?;
        let read = |row: &sea_orm::QueryResult| {
            let count: i64 = row.try_get_by_index(1)?;
            Ok((row.try_get_by_index(0)?, count.unsigned_abs()))
        };
        rows.iter().map(read).collect()
    }
}

/// Why the file of keys is not as it should be, in words.
pub(crate) fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => format!(
            "{error}; put a new key first in it by hand (openssl rand -base64 32), and then: tenantry store key reseal"
        ),
        _ => error.to_string(),
    }
}
