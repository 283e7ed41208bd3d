//! Shortening the logs.

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use tenancy::Tenant;

use crate::Journal;
use crate::queue::Grown;
use crate::rows::{first_id, id, now_ms};

/// How many rows one statement removes at most: it must hold up nothing for long.
const STEP: u32 = 500;

impl Journal {
    /// Of these tenants those whose log has grown here since they were asked for the last time.
    #[must_use]
    pub fn grown<T: AsRef<Tenant>>(&self, tenants: Vec<T>) -> Vec<T> {
        let grown = self.take_grown(Grown::ToPrune);
        tenants.into_iter().filter(|tenant| grown.contains(&tenant.as_ref().id().as_i64())).collect()
    }

    /// Removes the oldest failures of a tenant that are too old or too many: one small step. Says how many went.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn prune(&self, tenant: &Tenant) -> Result<u64, DbErr> {
        let backend = self.database().backend();
        let oldest = first_id(self.kept().oldest_ms(now_ms())).to_string();
        let newest = self.kept().newest;
        // The first that is too much, and all before it.
        let sql = format!(
            "DELETE FROM failures WHERE tenant_id = $1 AND id IN (SELECT o.id FROM failures o WHERE o.tenant_id = $1 \
             AND (o.id < {} OR o.id <= (SELECT n.id FROM failures n WHERE n.tenant_id = $1 ORDER BY n.id DESC LIMIT 1 OFFSET \
             {newest})) ORDER BY o.id LIMIT {STEP})",
            id(backend, 2)
        );
        let values: [Value; 2] = [tenant.id().as_i64().into(), oldest.into()];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        Ok(self.database().writer().execute_raw(statement).await?.rows_affected())
    }
}
