//! Hashes of passwords, on their way to the stores that are allowed them: beside the log, and only as long as such a store waits
//! for them (decision 25).

use std::collections::HashMap;
use std::fmt;

use database::rows::{Column, Named, Rows, source};
use sea_orm::{DbBackend, DbErr, Statement};
use serde::Serialize;
use tenancy::{Tenant, TenantId};

use crate::{Data, Event, Events};

/// An Argon2id hash in the PHC string format.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Of this text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Its text.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PasswordHash(…)")
    }
}

const COLUMNS: [Named; 4] =
    [("tenant_id", Column::Integer), ("sequence", Column::Integer), ("time", Column::Integer), ("hash", Column::Text)];

/// The statement that keeps [`password_hashes`], inside the transaction of the changes that they came with.
#[must_use]
pub fn insertion_of_password_hashes(backend: DbBackend) -> String {
    format!(
        "INSERT INTO password_hashes (tenant_id, sequence, time, hash) SELECT k.tenant_id, k.sequence, k.time, k.hash FROM {}",
        source(backend, 1, "k", &COLUMNS)
    )
}

/// Hashes by tenant and the number of their event, at this time in milliseconds since 1970 UTC.
#[must_use]
pub fn password_hashes(time_ms: i64, hashes: Vec<(TenantId, i64, PasswordHash)>) -> Rows {
    let row = |(tenant, sequence, hash): (TenantId, i64, PasswordHash)| {
        [tenant.as_i64().into(), sequence.into(), time_ms.into(), hash.0.into()]
    };
    Rows::collect(&COLUMNS, hashes.into_iter().map(row))
}

impl Events {
    /// Whether a store of the tenant is allowed hashes of passwords. If none is, nothing is hashed.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn want_password_hashes(&self, tenant: &Tenant) -> Result<bool, DbErr> {
        let backend = self.database().backend();
        let is_allowed = match backend {
            DbBackend::Sqlite => "options ->> 'password_hash' = 1",
            _ => "CAST(options AS jsonb) ->> 'password_hash' = 'true'",
        };
        let sql = format!("SELECT 1 FROM stores WHERE tenant_id = $1 AND state <> 'disabled' AND {is_allowed} LIMIT 1");
        let statement = Statement::from_sql_and_values(backend, sql, [tenant.id().as_i64().into()]);
        Ok(!self.database().query(statement).await?.is_empty())
    }

    /// Puts the hashes into the events that they came with, as far as they are still there. For a store that is allowed
    /// them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn add_password_hashes(&self, tenant: &Tenant, events: &mut [Event]) -> Result<(), DbErr> {
        let mut users: HashMap<i64, &mut Option<PasswordHash>> = HashMap::new();
        for event in events {
            if let Data::User(told) = &mut event.data
                && told.change.provisioned().iter().any(|changed| changed.path == "password")
            {
                users.insert(event.sequence, &mut told.password_hash);
            }
        }
        let (Some(first), Some(last)) = (users.keys().min().copied(), users.keys().max().copied()) else {
            return Ok(());
        };
        let sql = "SELECT sequence, hash FROM password_hashes WHERE tenant_id = $1 AND sequence BETWEEN $2 AND $3";
        let values = [tenant.id().as_i64().into(), first.into(), last.into()];
        let statement = Statement::from_sql_and_values(self.database().backend(), sql, values);
        for row in self.database().query(statement).await? {
            let sequence: i64 = row.try_get_by_index(0)?;
            if let Some(place) = users.get_mut(&sequence) {
                **place = Some(PasswordHash(row.try_get_by_index(1)?));
            }
        }
        Ok(())
    }
}
