//! Alarms of breakers that people are to be told of, each once, however many servers there are.

use events::EventType;
use sea_orm::{ConnectionTrait, Statement};

use crate::write::now_ms;
use crate::{Directories, DirectoryError};

/// That a breaker has tripped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerAlarm {
    /// The name of its tenant.
    pub tenant: String,
    /// The number of the event `breaker.tripped` or `breaker.flooded`.
    pub sequence: i64,
    /// Whether it holds what comes after.
    pub is_held: bool,
    /// Whether too many users are new; otherwise too many have ended.
    pub is_flood: bool,
}

/// After so long nobody is told any more: mail was switched on since.
const LATE_MS: i64 = 24 * 60 * 60 * 1000;

impl Directories {
    /// The alarms of which nobody was told. Whoever gets one tells it: nobody gets it again.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn take_alarms(&self) -> Result<Vec<BreakerAlarm>, DirectoryError> {
        let sql = "SELECT t.name, b.alarm, CASE WHEN b.held_after IS NULL THEN 0 ELSE 1 END, b.tenant_id, b.trips, \
                   (SELECT v.type FROM events v WHERE v.tenant_id = b.tenant_id AND v.sequence = b.alarm) \
                   FROM breakers b JOIN tenants t ON t.id = b.tenant_id \
                   WHERE b.told < b.trips AND b.alarm IS NOT NULL AND b.tripped_ms > $1";
        let mut alarms = Vec::new();
        for row in self.query(sql, [(now_ms() - LATE_MS).into()]).await? {
            let is_held = row.try_get_by_index::<i32>(2)? == 1;
            let event_type: Option<String> = row.try_get_by_index(5)?;
            let is_flood = event_type.as_deref() == Some(EventType::BreakerFlooded.as_str());
            let (tenant, sequence) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            if self.is_mine_to_tell(row.try_get_by_index(3)?, row.try_get_by_index(4)?).await? {
                alarms.push(BreakerAlarm { tenant, sequence, is_held, is_flood });
            }
        }
        Ok(alarms)
    }

    /// Whether nobody else has taken the alarm of this trip.
    async fn is_mine_to_tell(&self, tenant: i64, trips: i64) -> Result<bool, DirectoryError> {
        let database = self.database();
        let sql = "UPDATE breakers SET told = $2 WHERE tenant_id = $1 AND told < $2";
        let statement = Statement::from_sql_and_values(database.backend(), sql, [tenant.into(), trips.into()]);
        Ok(database.writer().execute_raw(statement).await?.rows_affected() == 1)
    }
}
