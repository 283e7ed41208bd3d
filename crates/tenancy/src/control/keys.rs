//! The signing keys that are in force, and whom one of them concerns.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::authenticate::milliseconds;
use crate::store::statement;
use crate::token_store::{TOKEN_COLUMNS, token_record};
use crate::{SigningKeys, TenancyError, Tenants, TokenId};

/// A valid token and the key that signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedToken {
    /// The tenant's name.
    pub tenant: String,
    /// The token.
    pub id: TokenId,
    /// The key's id.
    pub key_id: String,
}

impl Tenants {
    /// The keys in force.
    #[must_use]
    pub fn signing_keys(&self) -> Arc<SigningKeys> {
        self.inner.keys.load_full()
    }

    /// Takes other keys from now on. What none of them signed is refused, also what was accepted before.
    pub async fn replace_keys(&self, keys: SigningKeys) {
        self.inner.take_keys(keys).await;
    }

    /// The ids of the signing keys of each other server that shares the database, the one that signs first. One that was
    /// killed is among them until a change has waited for it.
    ///
    /// # Errors
    /// The database's.
    pub async fn keys_of_others(&self) -> Result<Vec<Vec<String>>, TenancyError> {
        self.inner.keys_of_others().await
    }

    /// Every valid token with the key that signed it, by tenant. One of which that is not known counts for the oldest.
    ///
    /// # Errors
    /// The database's.
    pub async fn signed_tokens(&self) -> Result<Vec<SignedToken>, TenancyError> {
        let now_ms = milliseconds(OffsetDateTime::now_utc());
        let reader = self.inner.database.reader();
        let sql =
            format!("SELECT {TOKEN_COLUMNS} FROM tokens WHERE expires_ms > $1 AND (ended_ms IS NULL OR ended_ms > $1)");
        let rows = self.inner.database.query(statement(reader, &sql, [now_ms.into()])).await?;
        let keys = self.signing_keys();
        let snapshot = self.inner.known.snapshot();
        let mut signed = Vec::with_capacity(rows.len());
        for row in &rows {
            let tenant = crate::tenant::TenantId::new(row.try_get("", "tenant_id")?);
            let token = token_record(row, now_ms)?;
            let Some(entry) = snapshot.by_id(tenant).filter(|_| token.state.is_valid()) else { continue };
            let key_id = token.key_id.unwrap_or_else(|| keys.oldest().id().to_owned());
            signed.push(SignedToken { tenant: entry.tenant.name().to_owned(), id: token.id, key_id });
        }
        signed.sort_by(|one, other| one.tenant.cmp(&other.tenant));
        Ok(signed)
    }
}
