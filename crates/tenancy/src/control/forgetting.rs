//! Letting go of what ended long ago.

use sea_orm::ConnectionTrait as _;

use crate::store::statement;
use crate::{TenancyError, Tenants};

/// For so long after its time is over the row of a token or secret is kept: more than a year, so that a list tells what there
/// was. Until its time is over it is needed to say why it is refused, when it was ended before; from then on a token says by
/// itself that it has expired.
const KEPT_MS: i64 = 400 * 24 * 60 * 60 * 1000;

/// So many rows of each table go at once, so that nobody waits for it.
const STEP: i64 = 500;

impl Tenants {
    /// Deletes some of the tokens and of the secrets of OAuth clients whose time has been over for 400 days, those that ended
    /// first, and answers how many. Nobody is let in with them, so no replica has to know of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_ended(&self) -> Result<u64, TenancyError> {
        let before_ms = self.inner.time.now_ms() - KEPT_MS;
        let transaction = self.inner.database.begin().await?;
        let mut forgotten = 0;
        for table in ["tokens", "oauth_secrets"] {
            let sql = format!(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE expires_ms < $1 ORDER BY expires_ms LIMIT $2)"
            );
            let values = [before_ms.into(), STEP.into()];
            forgotten += transaction.execute_raw(statement(&transaction, &sql, values)).await?.rows_affected();
        }
        transaction.commit().await?;
        Ok(forgotten)
    }
}
