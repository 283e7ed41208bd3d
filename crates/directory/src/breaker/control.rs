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
    /// How many users are new within the window and count; no further than it matters.
    pub new_counted: i64,
    /// How many new users may come uncounted, and until when, in milliseconds since 1970 UTC.
    pub expected: Option<(i64, i64)>,
    /// How many events are held.
    pub held_events: i64,
    /// How many users ended in them.
    pub held_users: i64,
    /// How many new users are in them.
    pub held_new_users: i64,
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
    /// How many new users were in them.
    pub created: i64,
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
                   WHERE e.tenant_id = b.tenant_id AND e.sequence > b.held_after), b.new_after, b.new_quiet_until_ms, \
                   b.expected_left, b.expected_until_ms, (SELECT COUNT(*) FROM events v \
                   WHERE v.tenant_id = b.tenant_id AND v.sequence > b.held_after AND v.type = 'user.created') \
                   FROM breakers b LEFT JOIN directories d ON d.tenant_id = b.tenant_id WHERE b.tenant_id = $1";
        let number = tenant.tenant().id().as_i64();
        let rows = self.query(sql, [number.into()]).await?;
        let profile = tenant.tenant().profile().breaker();
        let (mut breaker, counted_after, new_after) =
            rows.first().map_or_else(|| Ok((unset(profile), 0, 0)), |row| read(row, profile))?;
        let window = i64::from(breaker.settings.window_seconds) * 1000;
        let sql = "SELECT COUNT(DISTINCT e.user_id) FROM endings e \
                   WHERE e.tenant_id = $1 AND e.sequence > $2 AND e.time_ms > $3";
        let counted = self.query(sql, [number.into(), counted_after.into(), (now_ms() - window).into()]).await?;
        breaker.counted = counted.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        if breaker.settings.new_mode != BreakerMode::Off {
            let sql = format!(
                "SELECT COUNT(*) FROM (SELECT r.created FROM resources r WHERE r.tenant_id = $1 AND r.kind = 1 \
                 AND r.position >= $2 ORDER BY r.position DESC LIMIT {}) AS newest WHERE newest.created > $3",
                breaker.settings.new_number + 1
            );
            let counted = self.query(&sql, [number.into(), new_after.into(), (now_ms() - window).into()]).await?;
            breaker.new_counted = counted.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        }
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
        tenant.tenant().profile().breaker().changed(changes).map_err(ScimError::invalid_value)?;
        self.errand(tenant, Errand::Set { changes: changes.clone(), actor }).await?;
        self.breaker(tenant).await
    }

    /// Lets so many new users come without counting them, until a moment; 0 ends that. `actor` is told as who did it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn expect_users(
        &self,
        tenant: &Administered,
        (users, until_ms): (u32, i64),
        actor: Value,
    ) -> Result<Breaker, DirectoryError> {
        self.errand(tenant, Errand::Expect { users, until_ms, actor }).await?;
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
    /// again, nor anything of who is new and is not active now.
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
fn unset(profile: &BreakerSettings) -> Breaker {
    Breaker {
        settings: profile.clone(),
        state: if is_off(profile) { BreakerState::Off } else { BreakerState::Armed },
        counted: 0,
        new_counted: 0,
        expected: None,
        held_events: 0,
        held_users: 0,
        held_new_users: 0,
        trips: 0,
        trip: None,
    }
}

fn is_off(settings: &BreakerSettings) -> bool {
    settings.mode == BreakerMode::Off && settings.new_mode == BreakerMode::Off
}

/// A breaker, the number after which ends count, and the position from which on users are new.
fn read(row: &QueryResult, profile: &BreakerSettings) -> Result<(Breaker, i64, i64), DirectoryError> {
    let settings = profile.with_own(&serde_json::from_str(&row.try_get_by_index::<String>(0)?)?)?;
    let quiet_until_ms: i64 = row.try_get_by_index::<i64>(2)?.max(row.try_get_by_index(10)?);
    let expected: (i64, i64) = (row.try_get_by_index(11)?, row.try_get_by_index(12)?);
    let (time_ms, alarm): (Option<i64>, Option<i64>) = (row.try_get_by_index(4)?, row.try_get_by_index(5)?);
    let (held_after, sequence): (Option<i64>, i64) = (row.try_get_by_index(6)?, row.try_get_by_index(7)?);
    let state = match held_after {
        Some(_) => BreakerState::Held,
        None if is_off(&settings) => BreakerState::Off,
        _ if now_ms() < quiet_until_ms => BreakerState::Warned,
        _ => BreakerState::Armed,
    };
    let breaker = Breaker {
        settings,
        state,
        counted: 0,
        new_counted: 0,
        expected: Some(expected).filter(|(left, until_ms)| *left > 0 && now_ms() < *until_ms),
        held_events: held_after.map_or(0, |after| sequence - after),
        held_users: row.try_get_by_index(8)?,
        held_new_users: row.try_get_by_index(13)?,
        trips: row.try_get_by_index(3)?,
        trip: alarm.zip(time_ms).map(|(sequence, time_ms)| Trip { sequence, time_ms }),
    };
    Ok((breaker, row.try_get_by_index(1)?, row.try_get_by_index(9)?))
}
