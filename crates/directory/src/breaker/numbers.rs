//! How all breakers do, for metrics.

use crate::write::now_ms;
use crate::{BreakerState, Directories, DirectoryError};

/// How one breaker does that has tripped at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerNumbers {
    /// The name of its tenant.
    pub tenant: String,
    /// What it does now.
    pub state: BreakerState,
    /// How many events it holds.
    pub held: i64,
    /// How often it has tripped.
    pub trips: i64,
}

impl Directories {
    /// The breakers that have tripped at some time: first those that hold something.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn breaker_numbers(&self) -> Result<Vec<BreakerNumbers>, DirectoryError> {
        let sql = "SELECT t.name, b.quiet_until_ms, b.held_after, COALESCE(d.sequence, 0), b.trips, b.new_quiet_until_ms FROM breakers b \
                   JOIN tenants t ON t.id = b.tenant_id LEFT JOIN directories d ON d.tenant_id = b.tenant_id \
                   WHERE b.trips > 0 ORDER BY CASE WHEN b.held_after IS NULL THEN 1 ELSE 0 END, b.tripped_ms DESC";
        let rows = self.query(sql, []).await?;
        let now = now_ms();
        rows.iter()
            .map(|row| {
                let held_after: Option<i64> = row.try_get_by_index(2)?;
                let sequence: i64 = row.try_get_by_index(3)?;
                Ok(BreakerNumbers {
                    tenant: row.try_get_by_index(0)?,
                    state: match held_after {
                        Some(_) => BreakerState::Held,
                        None if now < row.try_get_by_index::<i64>(1)?.max(row.try_get_by_index(5)?) => {
                            BreakerState::Warned
                        }
                        None => BreakerState::Armed,
                    },
                    held: held_after.map_or(0, |after| sequence - after),
                    trips: row.try_get_by_index(4)?,
                })
            })
            .collect()
    }
}
