//! Issuing, listing and revoking provisioning tokens. A tenant has at most one that is valid.

use time::{Duration, OffsetDateTime};

use crate::authenticate::milliseconds;
use crate::token::Claims;
use crate::{IssuedToken, TenancyError, Tenants, TokenId, TokenRecord, TokenState, store};

/// The longest time a token may be valid: ten years, so that every token expires in the end (RFC 7644 section 7.4).
const MOST_DAYS: u32 = 3650;

fn check_days(days: u32) -> Result<(), TenancyError> {
    if (1..=MOST_DAYS).contains(&days) {
        return Ok(());
    }
    Err(TenancyError::Invalid(format!("a token is valid for 1 to {MOST_DAYS} days, not for {days}")))
}

impl Tenants {
    /// Issues a token; the one before it is refused from the moment this returns.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Invalid`] for days out of range, or the database's.
    pub async fn issue_token(&self, name: &str, days: u32) -> Result<IssuedToken, TenancyError> {
        check_days(days)?;
        let change = self.inner.begin().await?;
        let tenant = self.find(name)?.id();
        let now = OffsetDateTime::now_utc();
        // Whole seconds, as the token itself says it.
        let expires = (now + Duration::days(days.into())).truncate_to_second();
        let id = TokenId::random()?;
        let token = Claims::new(tenant, id, now, expires).sign(&self.inner.key)?;
        let now_ms = milliseconds(now);
        store::end_token(&*change, tenant, TokenState::Superseded, now_ms).await?;
        store::insert_token(&*change, tenant, id, now_ms, milliseconds(expires)).await?;
        self.inner.publish(change, tenant, now_ms).await?;
        Ok(IssuedToken { token, id, expires })
    }

    /// The tokens a tenant has and had, the newest first.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], or the database's.
    pub async fn list_tokens(&self, name: &str) -> Result<Vec<TokenRecord>, TenancyError> {
        let tenant = self.find(name)?.id();
        store::tokens(self.inner.database.reader(), tenant, milliseconds(OffsetDateTime::now_utc())).await
    }

    /// Ends the valid token of a tenant, which is refused from the moment this returns. With `id`, only if it is that
    /// one. A token that has ended already stays as it is.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::NoToken`], [`TenancyError::NoCurrentToken`], or the database's.
    pub async fn revoke_token(&self, name: &str, id: Option<TokenId>) -> Result<TokenId, TenancyError> {
        let change = self.inner.begin().await?;
        let entry = self.inner.entry(name)?;
        let current = entry.current.as_ref().map(|current| current.id);
        let Some(ending) = current.filter(|current| id.is_none_or(|id| id == *current)) else {
            drop(change);
            return self.already_ended(name, id).await;
        };
        let now_ms = milliseconds(OffsetDateTime::now_utc());
        store::end_token(&*change, entry.tenant.id(), TokenState::Revoked, now_ms).await?;
        self.inner.publish(change, entry.tenant.id(), now_ms).await?;
        Ok(ending)
    }

    async fn already_ended(&self, name: &str, id: Option<TokenId>) -> Result<TokenId, TenancyError> {
        let Some(id) = id else { return Err(TenancyError::NoCurrentToken { tenant: name.to_owned() }) };
        let known = self.list_tokens(name).await?.iter().any(|token| token.id == id);
        known.then_some(id).ok_or_else(|| TenancyError::NoToken { tenant: name.to_owned(), id })
    }
}
