//! Taking a store away from whoever feeds it.

use std::time::Duration;

use database::Database;
use sea_orm::{ConnectionTrait, Statement};

use super::{At, Lease, milliseconds, now};
use crate::DeliveryError;

/// What came of taking a store.
#[derive(Clone, Debug)]
pub(crate) enum Taken {
    /// The lease is mine. `before` is who had it, and how long it would still have been his.
    Mine { lease: Lease, before: Option<(String, Duration)> },
    /// Somebody has it whose mark says that it is not to be taken away.
    Compares,
    /// There is no such store.
    Gone,
}

/// Takes the lease of a store, whether it is fed or not, from whoever has it, unless that one has this mark at the end of the name. Who
/// had it notices at the latest when that lease would have been over.
pub(crate) async fn take(
    database: &Database,
    at: At,
    (holder, mark): (&str, &str),
    lease: Duration,
) -> Result<Taken, DeliveryError> {
    let backend = database.backend();
    let now = now(backend);
    let look = format!("SELECT term, holder, lease_ms - {now} FROM stores WHERE tenant_id = $1 AND id = $2");
    let take = format!(
        "UPDATE stores SET holder = $3, lease_ms = {now} + $4, term = term + 1 \
         WHERE tenant_id = $1 AND id = $2 AND term = $5"
    );
    loop {
        let [tenant, id] = at.values(backend);
        let statement = Statement::from_sql_and_values(backend, look.as_str(), [tenant.clone(), id.clone()]);
        let Some(row) = database.writer().query_one_raw(statement).await? else { return Ok(Taken::Gone) };
        let term: i64 = row.try_get_by_index(0)?;
        let (who, left): (Option<String>, i64) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let left = Duration::from_millis(u64::try_from(left).unwrap_or_default());
        let before = who.filter(|_| !left.is_zero()).map(|who| (who, left));
        if before.as_ref().is_some_and(|(who, left)| who.ends_with(mark) && *left <= 2 * lease) {
            return Ok(Taken::Compares);
        }
        let values = [tenant, id, holder.into(), milliseconds(lease).into(), term.into()];
        let taken =
            database.writer().execute_raw(Statement::from_sql_and_values(backend, take.as_str(), values)).await?;
        // Otherwise somebody else took it in this moment.
        if taken.rows_affected() == 1 {
            return Ok(Taken::Mine { lease: Lease { at, term: term + 1 }, before });
        }
    }
}
