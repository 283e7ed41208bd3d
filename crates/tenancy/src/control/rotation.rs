//! What comes after the issue of a token: completing and cancelling a rotation, and the end.

use super::first_use::Begun;
use super::tell::{facts, told};
use crate::notice::{NoticeType, leave};
use crate::replication::Change;
use crate::rotation::{self, Conflict, Plan};
use crate::tenants::Inner;
use crate::token_store::{Sought, end_token, settle_token};
use crate::{TenancyError, Tenant, Tenants, TokenId, TokenRecord, TokenState};

impl Tenants {
    /// Ends the old token of a staged rotation, of one that waits for the first use, or of an overlap. Again, it
    /// answers the same. With `id`, only if that is the new token.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Rotation`], or the database's.
    pub async fn complete_rotation(&self, name: &str, id: Option<TokenId>) -> Result<TokenId, TenancyError> {
        // To complete what waits for its first use is to use it.
        let begun = self.begin_with_tokens(name, Sought::default(), |newest| id.is_none_or(|id| id == newest)).await?;
        self.decide(begun, NoticeType::Rotated, |rows, now_ms| rotation::complete(rows, id, now_ms)).await
    }

    /// Ends the new token of a rotation that waits; the old one stays. Again, it answers the same. With `id`, only if
    /// that is the new token.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Rotation`], or the database's.
    pub async fn cancel_rotation(&self, name: &str, id: Option<TokenId>) -> Result<TokenId, TenancyError> {
        let begun = self.begin_with_tokens(name, Sought::default(), |_| false).await?;
        self.decide(begun, NoticeType::Revoked, |rows, now_ms| rotation::cancel(rows, id, now_ms)).await
    }

    async fn decide(
        &self,
        (change, tenant, now_ms, rows): Begun<'_>,
        notice: NoticeType,
        decide: impl FnOnce(&[TokenRecord], i64) -> Result<Plan, Conflict>,
    ) -> Result<TokenId, TenancyError> {
        let plan = decide(&rows, now_ms)?;
        let subject = plan.subject.ok_or(Conflict::NothingUnderWay)?;
        if plan.endings.is_empty() && plan.settles.is_none() {
            self.inner.made_before(change).await?;
            return Ok(subject);
        }
        self.inner.carry_out(&change, &tenant, &plan).await?;
        if let Some(token) = rows.iter().find(|token| token.id == subject) {
            let data = if notice == NoticeType::Revoked { facts(token) } else { told(token, &plan) };
            leave(&*change, tenant.id, notice, subject, (data, &self.actor())).await?;
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
        let sought = Sought { id, ..Sought::default() };
        let (change, tenant, now_ms, rows) = self.begin_with_tokens(name, sought, |_| false).await?;
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
            leave(&*change, tenant.id, NoticeType::Revoked, token.id, (facts(token), &self.actor())).await?;
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
        // Those that ended last, if it was a command that ended them: one that is repeated answers the same.
        let last = rows.iter().map(|token| token.ended_ms.unwrap_or(token.expires_ms).min(token.expires_ms)).max();
        let revoked = rows.iter().filter(|token| token.state == TokenState::Revoked && token.ended_ms == last);
        let revoked: Vec<TokenId> = revoked.map(|token| token.id).collect();
        let missing = || TenancyError::NoCurrentToken { tenant: tenant.name().to_owned() };
        return if revoked.is_empty() { Err(missing()) } else { Ok(revoked) };
    };
    let known = rows.iter().any(|token| token.id == id);
    known.then(|| vec![id]).ok_or_else(|| TenancyError::NoToken { tenant: tenant.name().to_owned(), id })
}
