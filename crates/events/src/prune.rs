//! Shortening the log.

use sea_orm::{ConnectionTrait, DbErr, Statement};
use tenancy::Tenant;

use crate::Events;
use crate::held::end_of_delivery;

/// How many events are looked at, and removed at most, in one statement: it must hold up no change for long.
const STEP: u32 = 500;

impl Events {
    /// Removes the oldest events of a tenant that are from before a moment, in milliseconds since 1970 UTC: one small step. What
    /// is left has no gap, and the newest always stays, and so does what is held. Says how many went; none when there is nothing to remove.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn prune(&self, tenant: &Tenant, before_ms: i64) -> Result<u64, DbErr> {
        let database = self.database();
        // Times need not rise with the numbers: the first event that stays keeps all after it.
        let sql = format!(
            "DELETE FROM events WHERE tenant_id = $1 AND sequence < (\
             SELECT COALESCE(MIN(CASE WHEN o.time >= $2 THEN o.sequence END), MAX(o.sequence) + 1) FROM (\
             SELECT sequence, time FROM events WHERE tenant_id = $1 ORDER BY sequence LIMIT {STEP}) AS o) \
             AND sequence < (SELECT MAX(sequence) FROM events WHERE tenant_id = $1) AND sequence <= {}",
            end_of_delivery("$1")
        );
        let values = [tenant.id().as_i64().into(), before_ms.into()];
        let statement = Statement::from_sql_and_values(database.backend(), sql, values);
        Ok(database.writer().execute_raw(statement).await?.rows_affected())
    }
}
