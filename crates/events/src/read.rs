//! Reading a tenant's events in order, and waiting for the next.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use database::Database;
use sea_orm::{DbBackend, DbErr, Statement};
use tenancy::{Administered, Tenant};
use tokio::sync::Notify;

use crate::announced::Announced;
use crate::held::{WHOLE, end_of_delivery};
use crate::{Event, logged};

/// The log of all tenants; every call names one by an operator's proof.
#[derive(Clone, Debug)]
pub struct Events {
    database: Database,
    appended: Arc<Notify>,
    changed: Arc<Changed>,
    announced: Arc<Announced>,
    /// How often one who waits looks by itself, because others append too.
    look: Option<Duration>,
}

/// How late an event of another replica may be told to who follows the log.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// About how many bytes of events are read for one who follows the log.
const PAGE_BYTES: u32 = 8 << 20;

/// The tenants of which something was appended here, for the one who brings events to stores.
#[derive(Debug, Default)]
struct Changed {
    tenants: Mutex<BTreeSet<i64>>,
    any: Notify,
}

impl Events {
    /// The log in this database. `is_shared` says whether other processes append to it too.
    #[must_use]
    pub fn new(database: Database, is_shared: bool) -> Self {
        let look = is_shared.then_some(BETWEEN_LOOKS);
        Self { database, appended: Arc::default(), changed: Arc::default(), announced: Arc::default(), look }
    }

    pub(crate) fn announced(&self) -> &Arc<Announced> {
        &self.announced
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Wakes who waits for new events; to be called after a commit that may have appended some, with the numbers of the
    /// tenants.
    pub fn announce(&self, tenants: impl IntoIterator<Item = i64>) {
        self.changed.tenants.lock().unwrap_or_else(PoisonError::into_inner).extend(tenants);
        self.changed.any.notify_one();
        self.appended.notify_waiters();
    }

    /// Waits until something was appended in this process, and gives the numbers of the tenants since the last time. There is
    /// one who asks.
    pub async fn changed(&self) -> BTreeSet<i64> {
        loop {
            let changed = std::mem::take(&mut *self.changed.tenants.lock().unwrap_or_else(PoisonError::into_inner));
            if !changed.is_empty() {
                return changed;
            }
            self.changed.any.notified().await;
        }
    }

    /// What a store may have of the events numbered above `after`: up to `limit` in order, and not many more bytes of them than
    /// `bytes`; of a log that is there, one at least. What is held is not among them, what was discarded is marked.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn batch(&self, tenant: &Tenant, after: i64, limit: u32, bytes: u32) -> Result<Vec<Event>, DbErr> {
        self.page(tenant, (after, &end_of_delivery("$1")), limit, bytes).await
    }

    /// Like [`Events::batch`], with what is held among them: for whoever wants to know what a store may still get.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn batch_of_all(&self, tenant: &Tenant, after: i64, limit: u32, bytes: u32) -> Result<Vec<Event>, DbErr> {
        self.page(tenant, (after, WHOLE), limit, bytes).await
    }

    /// The same up to the number that an expression gives.
    async fn page(
        &self,
        tenant: &Tenant,
        (after, end): (i64, &str),
        limit: u32,
        bytes: u32,
    ) -> Result<Vec<Event>, DbErr> {
        let backend = self.database.backend();
        let columns = logged::columns(backend == DbBackend::Sqlite);
        // `OCTET_LENGTH` reads no text on either database, and only numbers are put into the window.
        let sql = format!(
            "SELECT {columns} FROM events WHERE tenant_id = $1 AND sequence > $2 AND sequence <= \
             (SELECT MAX(sequence) FROM (SELECT sequence, SUM(size) OVER (ORDER BY sequence) - size AS before FROM \
             (SELECT sequence, OCTET_LENGTH(data) AS size FROM events WHERE tenant_id = $1 AND sequence > $2 \
             AND sequence <= {end} ORDER BY sequence LIMIT {limit}) AS next) AS sized WHERE before < {bytes}) ORDER BY sequence"
        );
        let values = [tenant.id().as_i64().into(), after.into()];
        let rows = self.database.query(Statement::from_sql_and_values(backend, sql, values)).await?;
        let source = format!("/tenants/{}", tenant.name());
        rows.iter().map(|row| logged::read(row, &source)).collect()
    }

    /// The number of the oldest event that the log still has; none if it has none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn oldest(&self, tenant: &Tenant) -> Result<Option<i64>, DbErr> {
        let sql = "SELECT MIN(sequence) FROM events WHERE tenant_id = $1";
        let statement = Statement::from_sql_and_values(self.database.backend(), sql, [tenant.id().as_i64().into()]);
        let rows = self.database.query(statement).await?;
        rows.first().map_or(Ok(None), |row| row.try_get_by_index(0))
    }

    /// The number of the first event at or after a moment, in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn since(&self, tenant: &Tenant, time_ms: i64) -> Result<Option<i64>, DbErr> {
        let sql = "SELECT MIN(sequence) FROM events WHERE tenant_id = $1 AND time >= $2";
        let values = [tenant.id().as_i64().into(), time_ms.into()];
        let rows = self.database.query(Statement::from_sql_and_values(self.database.backend(), sql, values)).await?;
        rows.first().map_or(Ok(None), |row| row.try_get_by_index(0))
    }

    /// What the log has, held or not: up to `limit` events numbered above `after`, in order; fewer if they are large. After the
    /// last one there is none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn after(&self, tenant: &Administered, after: i64, limit: u32) -> Result<Vec<Event>, DbErr> {
        self.page(tenant.tenant(), (after, WHOLE), limit, PAGE_BYTES).await
    }

    /// Like [`Events::after`], but waits up to `patience` for the first event to come.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn follow(
        &self,
        tenant: &Administered,
        after: i64,
        limit: u32,
        patience: Duration,
    ) -> Result<Vec<Event>, DbErr> {
        self.await_first(tenant, (after, WHOLE), limit, patience).await
    }

    /// Like [`Events::batch`], but waits up to `patience` for the first event to come that is not held.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn wait(
        &self,
        tenant: &Administered,
        after: i64,
        limit: u32,
        patience: Duration,
    ) -> Result<Vec<Event>, DbErr> {
        self.await_first(tenant, (after, &end_of_delivery("$1")), limit, patience).await
    }

    async fn await_first(
        &self,
        tenant: &Administered,
        part: (i64, &str),
        limit: u32,
        patience: Duration,
    ) -> Result<Vec<Event>, DbErr> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            // Listening starts before looking, so nothing can come between the two unseen.
            let appended = self.appended.notified();
            tokio::pin!(appended);
            appended.as_mut().enable();
            let events = self.page(tenant.tenant(), part, limit, PAGE_BYTES).await?;
            if !events.is_empty() || tokio::time::Instant::now() >= deadline {
                return Ok(events);
            }
            // Whatever ended the waiting, one looks again.
            let _ = tokio::time::timeout_at(self.next_look(deadline), appended).await;
        }
    }

    fn next_look(&self, deadline: tokio::time::Instant) -> tokio::time::Instant {
        self.look.map_or(deadline, |look| deadline.min(tokio::time::Instant::now() + look))
    }
}
