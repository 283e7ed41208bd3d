//! What comes after the issue of a token: completing and cancelling a rotation, the first use, and the end.

use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;

use super::tell::{facts, told};
use crate::authenticate::milliseconds;
use crate::notice::{NoticeType, leave};
use crate::replication::Change;
use crate::rotation::{self, Conflict, Plan};
use crate::snapshot::Entry;
use crate::tenants::Inner;
use crate::token_store::{end_token, settle_token, tokens};
use crate::{TenancyError, Tenant, TenantId, Tenants, TokenId, TokenRecord, TokenState};

/// A decision about the tokens of a tenant.
type Decide<'a> = dyn Fn(&[TokenRecord], i64) -> Result<Plan, Conflict> + Send + Sync + 'a;

impl Tenants {
    /// Ends the old token of a staged rotation, of one that waits for the first use, or of an overlap. Again, it
    /// answers the same. With `id`, only if that is the new token.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Rotation`], or the database's.
    pub async fn complete_rotation(&self, name: &str, id: Option<TokenId>) -> Result<TokenId, TenancyError> {
        self.decide(name, NoticeType::Rotated, &|rows, now_ms| rotation::complete(rows, id, now_ms)).await
    }

    /// Ends the new token of a rotation that waits; the old one stays. Again, it answers the same. With `id`, only if
    /// that is the new token.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Rotation`], or the database's.
    pub async fn cancel_rotation(&self, name: &str, id: Option<TokenId>) -> Result<TokenId, TenancyError> {
        self.decide(name, NoticeType::Revoked, &|rows, now_ms| rotation::cancel(rows, id, now_ms)).await
    }

    async fn decide(&self, name: &str, notice: NoticeType, decide: &Decide<'_>) -> Result<TokenId, TenancyError> {
        let change = self.inner.begin().await?;
        let tenant = self.find(name)?;
        let now_ms = milliseconds(OffsetDateTime::now_utc());
        let rows = tokens(&*change, tenant.id, now_ms).await?;
        let plan = decide(&rows, now_ms)?;
        let subject = plan.subject.ok_or(Conflict::NothingUnderWay)?;
        if plan.endings.is_empty() && plan.settles.is_none() {
            self.inner.made_before(change).await?;
            return Ok(subject);
        }
        self.inner.carry_out(&change, &tenant, &plan).await?;
        if let Some(token) = rows.iter().find(|token| token.id == subject) {
            let data = if notice == NoticeType::Revoked { Value::Object(facts(token)) } else { told(token, &plan) };
            leave(&*change, tenant.id, notice, subject, &data).await?;
        }
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.inner.told.notify_one();
        Ok(subject)
    }

    /// Ends a token, or without `id` every valid one; they are refused from the moment this returns. What has ended
    /// already stays as it is, and is answered the same.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::NoToken`], [`TenancyError::NoCurrentToken`], or the database's.
    pub async fn revoke_tokens(&self, name: &str, id: Option<TokenId>) -> Result<Vec<TokenId>, TenancyError> {
        let change = self.inner.begin().await?;
        let tenant = self.find(name)?;
        let now_ms = milliseconds(OffsetDateTime::now_utc());
        let rows = tokens(&*change, tenant.id, now_ms).await?;
        let plan = rotation::revoke(&rows, id, now_ms);
        if plan.subject.is_none() {
            let ended = already_ended(&tenant, &rows, id)?;
            self.inner.made_before(change).await?;
            return Ok(ended);
        }
        self.inner.carry_out(&change, &tenant, &plan).await?;
        let is_revoked = |token: &&TokenRecord| {
            let ending = plan.endings.iter().find(|ending| ending.id == token.id);
            ending.is_some_and(|ending| ending.by == rotation::EndedBy::Revocation)
        };
        let revoked: Vec<&TokenRecord> = rows.iter().filter(is_revoked).collect();
        for token in &revoked {
            let data = Value::Object(facts(token));
            leave(&*change, tenant.id, NoticeType::Revoked, token.id, &data).await?;
        }
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.inner.told.notify_one();
        Ok(revoked.iter().map(|token| token.id).collect())
    }

    /// The same for whoever expects one.
    ///
    /// # Errors
    /// As [`Tenants::revoke_tokens`].
    pub async fn revoke_token(&self, name: &str, id: Option<TokenId>) -> Result<TokenId, TenancyError> {
        let revoked = self.revoke_tokens(name, id).await?;
        revoked.first().copied().ok_or_else(|| TenancyError::NoCurrentToken { tenant: name.to_owned() })
    }

    /// Makes the first use of a token durable, which ends the others, before the request that uses it is let in. If
    /// another request was faster, nothing is left to do; whether the token is valid is then asked again.
    pub(crate) async fn use_first(&self, entry: &Entry, id: TokenId) -> Result<(), TenancyError> {
        let change = self.inner.begin().await?;
        let tenant = Arc::clone(&entry.tenant);
        if !self.waits_for_use(tenant.id, id) {
            return Ok(());
        }
        let now_ms = milliseconds(OffsetDateTime::now_utc());
        let rows = tokens(&*change, tenant.id, now_ms).await?;
        if let Some(plan) = rotation::first_use(&rows, id, now_ms) {
            self.inner.carry_out(&change, &tenant, &plan).await?;
            if let Some(token) = rows.iter().find(|token| token.id == id) {
                leave(&*change, tenant.id, NoticeType::Rotated, id, &told(token, &plan)).await?;
            }
        }
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.inner.told.notify_one();
        Ok(())
    }
}

impl Tenants {
    /// Whether the token still waits, for whoever had to wait for their turn.
    fn waits_for_use(&self, tenant: TenantId, id: TokenId) -> bool {
        let snapshot = self.inner.known.snapshot();
        let entry = snapshot.by_id(tenant);
        entry.is_some_and(|entry| entry.credentials.iter().any(|known| known.id == id && known.waits_for_use))
    }
}

impl Inner {
    /// Writes what was decided, except for the new token. Ends come first: no two rows may claim one place.
    pub(super) async fn carry_out(
        &self,
        change: &Change<'_>,
        tenant: &Tenant,
        plan: &Plan,
    ) -> Result<(), TenancyError> {
        for ending in &plan.endings {
            end_token(&**change, tenant.id, *ending).await?;
        }
        if let Some(settles) = plan.settles {
            settle_token(&**change, tenant.id, settles).await?;
        }
        Ok(())
    }
}

/// Which tokens were meant, if they have ended before.
fn already_ended(tenant: &Tenant, rows: &[TokenRecord], id: Option<TokenId>) -> Result<Vec<TokenId>, TenancyError> {
    let Some(id) = id else {
        let last = rows.first().filter(|token| token.state == TokenState::Revoked);
        let missing = || TenancyError::NoCurrentToken { tenant: tenant.name().to_owned() };
        return last.map(|token| vec![token.id]).ok_or_else(missing);
    };
    let known = rows.iter().any(|token| token.id == id);
    known.then(|| vec![id]).ok_or_else(|| TenancyError::NoToken { tenant: tenant.name().to_owned(), id })
}
