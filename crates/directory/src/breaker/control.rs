//! The breaker in the hands of an operator: look, set, release, discard.

use scim::{ResourceKind, ScimError};
use sea_orm::{QueryResult, Statement};
use serde_json::{Map, Value};
use tenancy::Administered;
use uuid::Uuid;

use super::BreakerSettings;
use crate::write::{Action, Errand, now_ms};
use crate::{BreakerMode, Directories, DirectoryError};

/// The breaker of a tenant.
#[derive(Clone, Debug)]
pub struct Breaker {
    /// What trips it, and what happens then.
    pub settings: BreakerSettings,
    /// What it does now.
    pub state: BreakerState,
    /// How many users ended within the window and count.
    pub counted: i64,
    /// How many events are held.
    pub held_events: i64,
    /// How many users ended in them.
    pub held_users: i64,
    /// How often it has tripped.
    pub trips: i64,
    /// The last time.
    pub trip: Option<Trip>,
}

/// What a breaker does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// It is off.
    Off,
    /// It counts.
    Armed,
    /// It has told, and rests until the window is over.
    Warned,
    /// It holds what stores were to get.
    Held,
}

/// A trip of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    /// The number of the event that told it.
    pub sequence: i64,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
}

/// What was held and is not any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BreakerDone {
    /// How many events were held.
    pub events: i64,
    /// How many users ended in them.
    pub users: i64,
    /// How many of the events no store gets.
    pub discarded: i64,
}

impl BreakerState {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Armed => "armed",
            Self::Warned => "warned",
            Self::Held => "held",
        }
    }
}

impl Directories {
    /// The breaker of a tenant as it is now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn breaker(&self, tenant: &Administered) -> Result<Breaker, DirectoryError> {
        let sql = "SELECT b.settings, b.counted_after, b.quiet_until_ms, b.trips, b.tripped_ms, b.alarm, b.held_after, \
                   COALESCE(d.sequence, 0), (SELECT COUNT(DISTINCT e.user_id) FROM endings e \
                   WHERE e.tenant_id = b.tenant_id AND e.sequence > b.held_after) \
                   FROM breakers b LEFT JOIN directories d ON d.tenant_id = b.tenant_id WHERE b.tenant_id = $1";
        let number = tenant.tenant().id().as_i64();
        let rows = self.query(sql, [number.into()]).await?;
        let (mut breaker, counted_after) = rows.first().map_or_else(|| Ok((unset(), 0)), read)?;
        let window = i64::from(breaker.settings.window_seconds) * 1000;
        let sql = "SELECT COUNT(DISTINCT e.user_id) FROM endings e \
                   WHERE e.tenant_id = $1 AND e.sequence > $2 AND e.time_ms > $3";
        let counted = self.query(sql, [number.into(), counted_after.into(), (now_ms() - window).into()]).await?;
        breaker.counted = counted.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(breaker)
    }

    /// Changes settings of a breaker, all or none; it counts by them from the next change of the directory on, on all servers. What is
    /// held stays held. `actor` is told as who did it.
    ///
    /// # Errors
    /// If a setting is unknown or has a wrong value, or the database fails.
    pub async fn set_breaker(
        &self,
        tenant: &Administered,
        changes: &Map<String, Value>,
        actor: Value,
    ) -> Result<Breaker, DirectoryError> {
        // What is wrong is refused before anything waits for it.
        BreakerSettings::default().changed(changes).map_err(ScimError::invalid_value)?;
        self.errand(tenant, Errand::Set { changes: changes.clone(), actor }).await?;
        self.breaker(tenant).await
    }

    /// Has everything brought that is held, in order; it counts anew. Does nothing if nothing is held.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn release_breaker(&self, tenant: &Administered, actor: Value) -> Result<BreakerDone, DirectoryError> {
        self.errand(tenant, Errand::Release { actor }).await
    }

    /// The same without the ends of users: no store gets those that are held, nor what else is told of such users until they are active
    /// again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn discard_breaker(&self, tenant: &Administered, actor: Value) -> Result<BreakerDone, DirectoryError> {
        self.errand(tenant, Errand::Discard { actor }).await
    }

    /// In its turn among the changes of the directory.
    async fn errand(&self, tenant: &Administered, errand: Errand) -> Result<BreakerDone, DirectoryError> {
        let directory = self.administered(tenant);
        let change = directory.change(ResourceKind::User, Uuid::nil(), Action::Breaker(errand), None);
        Ok(self.writer().write(change).await?.done)
    }

    pub(super) async fn query(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = sea_orm::Value>,
    ) -> Result<Vec<QueryResult>, DirectoryError> {
        let database = self.database();
        Ok(database.query(Statement::from_sql_and_values(database.backend(), sql, values)).await?)
    }
}

/// Of a tenant that has no row.
fn unset() -> Breaker {
    Breaker {
        settings: BreakerSettings::default(),
        state: BreakerState::Armed,
        counted: 0,
        held_events: 0,
        held_users: 0,
        trips: 0,
        trip: None,
    }
}

/// A breaker, and the number after which ends count.
fn read(row: &QueryResult) -> Result<(Breaker, i64), DirectoryError> {
    let settings = BreakerSettings::read(&row.try_get_by_index::<String>(0)?)?;
    let quiet_until_ms: i64 = row.try_get_by_index(2)?;
    let (time_ms, alarm): (Option<i64>, Option<i64>) = (row.try_get_by_index(4)?, row.try_get_by_index(5)?);
    let (held_after, sequence): (Option<i64>, i64) = (row.try_get_by_index(6)?, row.try_get_by_index(7)?);
    let state = match (held_after, settings.mode) {
        (Some(_), _) => BreakerState::Held,
        (None, BreakerMode::Off) => BreakerState::Off,
        _ if now_ms() < quiet_until_ms => BreakerState::Warned,
        _ => BreakerState::Armed,
    };
    let breaker = Breaker {
        settings,
        state,
        counted: 0,
        held_events: held_after.map_or(0, |after| sequence - after),
        held_users: row.try_get_by_index(8)?,
        trips: row.try_get_by_index(3)?,
        trip: alarm.zip(time_ms).map(|(sequence, time_ms)| Trip { sequence, time_ms }),
    };
    Ok((breaker, row.try_get_by_index(1)?))
}
