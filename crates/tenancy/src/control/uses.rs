//! Writing when credentials were last used.

use std::sync::Arc;

use crate::credential_row::CredentialRow;
use crate::last_use::{LastUse, Noted, store};
use crate::{TenancyError, Tenants};

/// A use that is only in memory.
type Unwritten = (CredentialRow, Noted, Arc<LastUse>);

impl Tenants {
    /// Writes the uses of tokens, secrets and clients that are only in memory, all at once, and answers how many are left
    /// for the next time: those of rows that somebody else holds now.
    ///
    /// # Errors
    /// The database's; then all are written the next time.
    pub async fn write_uses(&self) -> Result<usize, TenancyError> {
        let unwritten = self.unwritten_uses();
        if unwritten.is_empty() {
            return Ok(0);
        }
        let uses: Vec<_> = unwritten.iter().map(|(row, noted, _)| (*row, *noted)).collect();
        let transaction = self.inner.database.begin().await?;
        let done = store::write(&transaction, &uses, self.inner.time.now_ms()).await?;
        transaction.commit().await?;
        for (_, noted, last_use) in unwritten.iter().filter(|(row, ..)| done.contains(row)) {
            last_use.written(noted);
        }
        Ok(unwritten.iter().filter(|(row, ..)| !done.contains(row)).count())
    }

    fn unwritten_uses(&self) -> Vec<Unwritten> {
        let snapshot = self.inner.known.snapshot();
        let unwritten =
            |(row, last_use): (CredentialRow, &Arc<LastUse>)| Some((row, last_use.unwritten()?, Arc::clone(last_use)));
        snapshot.entries().flat_map(|entry| entry.uses()).filter_map(unwritten).collect()
    }
}
