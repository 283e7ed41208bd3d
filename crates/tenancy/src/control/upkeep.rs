//! What goes on by itself: writing when tokens were used, and telling that one ends soon.

use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;

use super::tell::{facts, moment};
use crate::authenticate::milliseconds;
use crate::credential::Credential;
use crate::last_use::{LastUse, Use};
use crate::notice::{NoticeType, leave};
use crate::snapshot::Entry;
use crate::store::statement;
use crate::token_store::{claim_warning, write_uses};
use crate::{TenancyError, Tenants, TokenId, expiry};

/// A valid token and its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEnd {
    /// The tenant's name.
    pub tenant: String,
    /// The token.
    pub id: TokenId,
    /// When it stops being accepted, in milliseconds since 1970.
    pub expires_ms: i64,
    /// The days that are left.
    pub days_left: i64,
}

impl TokenEnd {
    /// When it stops being accepted, in RFC 3339.
    #[must_use]
    pub fn moment(&self) -> String {
        moment(self.expires_ms)
    }
}

impl Tenants {
    /// Writes the uses of tokens that are only in memory, all in one statement.
    ///
    /// # Errors
    /// The database's; then they are written the next time.
    pub async fn write_uses(&self) -> Result<(), TenancyError> {
        let (counters, uses) = self.unwritten_uses();
        if uses.is_empty() {
            return Ok(());
        }
        let transaction = self.inner.database.begin().await?;
        write_uses(&transaction, &uses).await?;
        transaction.commit().await?;
        for (counter, (_, used)) in counters.iter().zip(&uses) {
            counter.written(used.at_ms);
        }
        Ok(())
    }

    /// In the order of tokens, so that two processes that write the same rows wait for each other and no more.
    fn unwritten_uses(&self) -> (Vec<Arc<LastUse>>, Vec<(TokenId, Use)>) {
        let snapshot = self.inner.known.snapshot();
        let credentials = snapshot.entries().flat_map(|entry| &entry.credentials);
        let unwritten =
            |known: &Credential| Some((Arc::clone(&known.last_use), (known.id, known.last_use.unwritten()?)));
        let mut uses: Vec<_> = credentials.filter_map(unwritten).collect();
        uses.sort_by_key(|(_, (id, _))| *id);
        uses.into_iter().unzip()
    }

    /// Every valid token that ends within so many days and is not being replaced, the first to end first.
    #[must_use]
    pub fn ending_within(&self, days: i64) -> Vec<TokenEnd> {
        let now_ms = milliseconds(OffsetDateTime::now_utc());
        let snapshot = self.inner.known.snapshot();
        let tokens = snapshot.entries().filter(|entry| entry.tenant.enabled).flat_map(|entry| {
            let known = entry.credentials.iter().filter(|known| known.stays());
            known.map(|known| token_end(entry, known, now_ms))
        });
        let mut ending: Vec<TokenEnd> =
            tokens.filter(|end| (0..=days).contains(&end.days_left) && end.expires_ms > now_ms).collect();
        ending.sort_by_key(|end| end.expires_ms);
        ending
    }

    /// Leaves a notice for every token whose end is near, each warning once, and answers with them.
    ///
    /// # Errors
    /// The database's; the warnings that are not given are given the next time.
    pub async fn warn_of_ends(&self) -> Result<Vec<TokenEnd>, TenancyError> {
        let now_ms = milliseconds(OffsetDateTime::now_utc());
        let due: Vec<(String, TokenId, i64)> = {
            let snapshot = self.inner.known.snapshot();
            let due = snapshot.entries().filter(|entry| entry.tenant.enabled).flat_map(|entry| {
                let of_entry =
                    move |known: &Credential| Some((entry.tenant.name().to_owned(), known.id, known.due(now_ms)?));
                entry.credentials.iter().filter_map(of_entry)
            });
            due.collect()
        };
        let mut warned = Vec::new();
        for (name, id, days) in due {
            warned.extend(self.warn(&name, id, days).await?);
        }
        Ok(warned)
    }

    async fn warn(&self, name: &str, id: TokenId, days: i64) -> Result<Option<TokenEnd>, TenancyError> {
        let change = self.inner.begin().await?;
        // The tenant may have gone meanwhile, or the token.
        let Ok(tenant) = self.find(name) else { return Ok(None) };
        let now_ms = milliseconds(OffsetDateTime::now_utc());
        let rows = self.inner.tokens_before(&change, &tenant, now_ms).await?;
        let Some(token) = rows.iter().find(|token| token.id == id && token.state.is_valid()) else { return Ok(None) };
        let end = TokenEnd {
            tenant: name.to_owned(),
            id,
            expires_ms: token.expires_ms,
            days_left: expiry::days_left(token.expires_ms, now_ms),
        };
        let is_ours = claim_warning(&*change, tenant.id, id, days).await?;
        if is_ours {
            let mut data = facts(token);
            data.insert("daysLeft".to_owned(), end.days_left.into());
            leave(&*change, tenant.id, NoticeType::Expiring, id, &Value::Object(data)).await?;
        }
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.inner.told.notify_one();
        Ok(is_ours.then_some(end))
    }

    /// The names of tenants with notices that are not in their log yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn with_notices(&self) -> Result<Vec<String>, TenancyError> {
        let reader = self.inner.database.reader();
        let sql = "SELECT DISTINCT t.name FROM notices n JOIN tenants t ON t.id = n.tenant_id ORDER BY t.name";
        let rows = self.inner.database.query(statement(reader, sql, [])).await?;
        rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
    }

    /// Done when a notice was left in this process.
    pub async fn noticed(&self) {
        self.inner.told.notified().await;
    }
}

impl Credential {
    /// Whether it is to stay: an overlap is no reason to warn of its end.
    fn stays(&self) -> bool {
        self.ends_ms.is_none()
    }

    fn due(&self, now_ms: i64) -> Option<i64> {
        let due = || expiry::due(self.issued_ms, self.grant.expires_ms, self.warned_days, now_ms);
        self.stays().then(due).flatten()
    }
}

fn token_end(entry: &Entry, known: &Credential, now_ms: i64) -> TokenEnd {
    let expires_ms = known.grant.expires_ms;
    let days_left = expiry::days_left(expires_ms, now_ms);
    TokenEnd { tenant: entry.tenant.name().to_owned(), id: known.id, expires_ms, days_left }
}
