//! The signing keys that are in force, and whom one of them concerns.

use std::sync::Arc;

use super::tell::moment;
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

/// Access tokens that a key has signed and that may be valid. They are kept nowhere, so they cannot be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessTokensLeft {
    /// The names of the tenants whose clients may hold some.
    pub tenants: Vec<String>,
    /// When the last of them ends at the latest, in RFC 3339.
    pub until: String,
}

/// The longest that an access token can be valid, and what clocks of servers may differ, in milliseconds.
const LONGEST_ACCESS_MS: i64 = 6 * 60 * 60 * 1000 + 60 * 1000;

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

    /// Until when access tokens may be valid that a key has signed, which nobody signs with any more, and of which tenants:
    /// those with OAuth clients. `None`: there can be none.
    ///
    /// # Errors
    /// The database's.
    pub async fn access_tokens_of(&self, id: &str) -> Result<Option<AccessTokensLeft>, TenancyError> {
        let now_ms = self.inner.time.now_ms();
        let Some(stopped_ms) = self.inner.end_of_key(id, now_ms).await? else { return Ok(None) };
        let until_ms = stopped_ms + LONGEST_ACCESS_MS;
        let snapshot = self.inner.known.snapshot();
        let with_clients = snapshot.entries().filter(|entry| entry.oauth_clients.iter().any(|client| client.enabled));
        let mut tenants: Vec<String> = with_clients.map(|entry| entry.tenant.name().to_owned()).collect();
        tenants.sort();
        let left = AccessTokensLeft { tenants, until: moment(until_ms) };
        Ok(Some(left).filter(|left| until_ms > now_ms && !left.tenants.is_empty()))
    }

    /// Every valid token with the key that signed it, by tenant. One of which that is not known counts for the oldest.
    ///
    /// # Errors
    /// The database's.
    pub async fn signed_tokens(&self) -> Result<Vec<SignedToken>, TenancyError> {
        let now_ms = self.inner.time.now_ms();
        let reader = self.inner.database.reader();
        let sql =
            format!("SELECT {TOKEN_COLUMNS} FROM tokens WHERE expires_ms > $1 AND (ended_ms IS NULL OR ended_ms > $1)");
        let turn = self.inner.turns.list().await;
        let rows = self.inner.database.query(statement(reader, &sql, [now_ms.into()])).await?;
        drop(turn);
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
