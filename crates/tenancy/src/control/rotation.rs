//! What comes after the issue of a token: completing and cancelling a rotation, and the end.

use super::first_use::Begun;
use super::named::{Meant, Verb, done_before, remember};
use super::tell::{facts, told};
use crate::notice::{NoticeType, leave};
use crate::replication::Change;
use crate::rotation::{self, Conflict, Plan};
use crate::tenants::Inner;
use crate::token_store::{Sought, end_token, settle_token};
use crate::{TenancyError, Tenant, Tenants, TokenId, TokenRecord, TokenState};

impl Tenants {
    /// Ends the old token of a staged rotation, of one that waits for the first use, or of an overlap. Again, it
    /// answers the same; with a name, also if there is a newer rotation by then. With an id, only if that is the new token.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Rotation`], [`TenancyError::RequestReused`], or the database's.
    pub async fn complete_rotation(&self, name: &str, meant: impl Into<Meant<'_>>) -> Result<TokenId, TenancyError> {
        let meant = meant.into();
        if let Some(done) = self.named_before(name, Verb::Complete, meant).await? {
            return only(&done);
        }
        // To complete what waits for its first use is to use it.
        let is_meant = |newest| meant.id.is_none_or(|id| id == newest);
        let begun = self.begin_with_tokens(name, Sought::default(), is_meant).await?;
        self.decide(begun, (Verb::Complete, meant), |rows, now_ms| rotation::complete(rows, meant.id, now_ms)).await
    }

    /// Ends the new token of a rotation that waits; the old one stays. Again, it answers the same; with a name, also if there
    /// is a newer rotation by then. With an id, only if that is the new token.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Rotation`], [`TenancyError::RequestReused`], or the database's.
    pub async fn cancel_rotation(&self, name: &str, meant: impl Into<Meant<'_>>) -> Result<TokenId, TenancyError> {
        let meant = meant.into();
        if let Some(done) = self.named_before(name, Verb::Cancel, meant).await? {
            return only(&done);
        }
        let begun = self.begin_with_tokens(name, Sought::default(), |_| false).await?;
        self.decide(begun, (Verb::Cancel, meant), |rows, now_ms| rotation::cancel(rows, meant.id, now_ms)).await
    }

    async fn decide(
        &self,
        (change, tenant, now_ms, rows): Begun<'_>,
        (verb, meant): (Verb, Meant<'_>),
        decide: impl FnOnce(&[TokenRecord], i64) -> Result<Plan, Conflict>,
    ) -> Result<TokenId, TenancyError> {
        // The same call may have been made meanwhile, at another server.
        if let Some(done) = done_before(&*change, tenant.id, verb, meant).await? {
            self.inner.made_before(change).await?;
            return only(&done);
        }
        let plan = decide(&rows, now_ms)?;
        let subject = plan.subject.ok_or(Conflict::NothingUnderWay)?;
        let is_done = plan.endings.is_empty() && plan.settles.is_none();
        if is_done && meant.request.is_none() {
            self.inner.made_before(change).await?;
            return Ok(subject);
        }
        self.inner.carry_out(&change, &tenant, &plan).await?;
        if let Some(token) = rows.iter().find(|token| token.id == subject && !is_done) {
            let (notice, data) = match verb {
                Verb::Complete => (NoticeType::Rotated, told(token, &plan)),
                Verb::Cancel | Verb::Revoke => (NoticeType::Revoked, facts(token)),
            };
            leave(&*change, tenant.id, notice, subject, (data, &self.actor())).await?;
        }
        remember(&change, &tenant, (verb, meant), &[subject], now_ms).await?;
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.inner.told.notify_one();
        Ok(subject)
    }

    /// Ends a token, or without an id every valid one; they are refused from the moment this returns. What has ended
    /// already stays as it is, and is answered the same; of a call with a name, also what has come since.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::NoToken`], [`TenancyError::NoCurrentToken`],
    /// [`TenancyError::RequestReused`], or the database's.
    pub async fn revoke_tokens(&self, name: &str, meant: impl Into<Meant<'_>>) -> Result<Vec<TokenId>, TenancyError> {
        let meant = meant.into();
        if let Some(done) = self.named_before(name, Verb::Revoke, meant).await? {
            return Ok(done);
        }
        let sought = Sought { id: meant.id, ..Sought::default() };
        let (change, tenant, now_ms, rows) = self.begin_with_tokens(name, sought, |_| false).await?;
        if let Some(done) = done_before(&*change, tenant.id, Verb::Revoke, meant).await? {
            self.inner.made_before(change).await?;
            return Ok(done);
        }
        let plan = rotation::revoke(&rows, meant.id, now_ms);
        let revoked = match plan.subject {
            Some(_) => revoked_by(&plan, &rows),
            None => already_ended(&tenant, &rows, meant.id)?,
        };
        if plan.subject.is_none() && meant.request.is_none() {
            self.inner.made_before(change).await?;
            return Ok(revoked);
        }
        self.inner.carry_out(&change, &tenant, &plan).await?;
        let told = rows.iter().filter(|token| plan.subject.is_some() && revoked.contains(&token.id));
        for token in told {
            leave(&*change, tenant.id, NoticeType::Revoked, token.id, (facts(token), &self.actor())).await?;
        }
        remember(&change, &tenant, (Verb::Revoke, meant), &revoked, now_ms).await?;
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.inner.told.notify_one();
        Ok(revoked)
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

/// The token that a call of this sort has answered before.
fn only(done: &[TokenId]) -> Result<TokenId, TenancyError> {
    done.first().copied().ok_or_else(|| Conflict::NothingUnderWay.into())
}

/// The tokens that a plan revokes.
fn revoked_by(plan: &Plan, rows: &[TokenRecord]) -> Vec<TokenId> {
    let is_revoked = |token: &&TokenRecord| {
        let ending = plan.endings.iter().find(|ending| ending.id == token.id);
        ending.is_some_and(|ending| ending.by == rotation::EndedBy::Revocation)
    };
    rows.iter().filter(is_revoked).map(|token| token.id).collect()
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
