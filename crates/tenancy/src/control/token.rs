//! Issuing and listing provisioning tokens. Two of a tenant are valid at most, and by default one.

use secrecy::SecretString;
use time::{Duration, OffsetDateTime};

use super::named::refuse_if_named;
use super::new_token::NewToken;
use crate::authenticate::milliseconds;
use crate::credential_row::CredentialRow;
use crate::last_use::later;
use crate::notice::{NoticeType, leave};
use crate::rotation::{self, Plan};
use crate::token::Claims;
use crate::token_store::{Sought, insert_token, issued_since, lifetime_of_request, tokens};
use crate::{IssuedToken, TenancyError, Tenant, Tenants, TokenId, TokenRecord};

use super::tell::{self, told};

/// For how long a call that is repeated gets the same token again. Later, the one who asks has lost it.
const SHOWN_AGAIN: Duration = Duration::minutes(10);

/// So many tokens of a tenant are listed.
const MOST_LISTED: i64 = 1000;

/// So many tokens are issued to a tenant within a day: one in a minute and a half, all day long. They are kept until
/// long after their time is over.
const MOST_A_DAY: i64 = 1000;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What came of a call for a token.
#[derive(Clone, Debug)]
pub struct Issue {
    /// The token, if it may (still) be shown.
    pub token: Option<SecretString>,
    /// What is known about it.
    pub record: TokenRecord,
    /// The other tokens that are valid now.
    pub others: Vec<TokenRecord>,
    /// Whether the token had been issued before, by the same call.
    pub repeated: bool,
}

impl Tenants {
    /// Issues a token without restrictions; the one before it is refused from the moment this returns.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Invalid`] for days out of range, or the database's.
    pub async fn issue_token(&self, name: &str, days: u32) -> Result<IssuedToken, TenancyError> {
        let Issue { token, record, .. } = self.issue(name, &NewToken::of_days(days)).await?;
        let token = token.ok_or(TenancyError::Randomness)?;
        Ok(IssuedToken { token, id: record.id, expires: moment(record.expires_ms) })
    }

    /// Issues a token. When this returns, what its mode says about the one before it is in force. The same call again
    /// changes nothing.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], [`TenancyError::Invalid`] for what the tenant's policy does not allow,
    /// [`TenancyError::Rotation`], [`TenancyError::RequestReused`], [`TenancyError::TooManyTokens`], or the database's.
    pub async fn issue(&self, name: &str, new: &NewToken) -> Result<Issue, TenancyError> {
        new.check()?;
        let sought = Sought { request: new.request.as_deref(), ..Sought::default() };
        let (change, tenant, now_ms, rows) = self.begin_with_tokens(name, sought, |_| false).await?;
        let now = moment(now_ms);
        if let Some(request) = &new.request
            && let Some(known) = rows.iter().find(|token| token.request.as_ref() == Some(request))
        {
            let again = self.again(&tenant, known, &rows, new, now_ms)?;
            self.inner.made_before(change).await?;
            return Ok(again);
        }
        if let Some(request) = &new.request {
            refuse_if_named(&*change, tenant.id, request).await?;
        }
        new.check_lifetime(&tenant)?;
        if issued_since(&*change, tenant.id, now_ms - DAY_MS).await? >= MOST_A_DAY {
            return Err(TenancyError::TooManyTokens { tenant: name.to_owned(), most: MOST_A_DAY });
        }
        let plan = rotation::issue(&rows, new.mode, new.overlap_ms(), now_ms)?;
        if plan.replaces.is_some() {
            new.check_mode(&tenant)?;
        }
        let record = self.record(new, &plan, &rows, now)?;
        let token = self.sign(&tenant, &record)?;
        self.inner.carry_out(&change, &tenant, &plan).await?;
        insert_token(&*change, tenant.id, &record).await?;
        let rotated = plan.replaces.is_some() && plan.stage.is_none();
        let notice = if rotated { NoticeType::Rotated } else { NoticeType::Issued };
        leave(&*change, tenant.id, notice, record.id, (told(&record, &plan), &self.actor())).await?;
        let rows = tokens(&*change, tenant.id, Sought::default(), now_ms).await?;
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.inner.told.notify_one();
        Ok(Issue { token, others: valid_others(&rows, record.id), record, repeated: false })
    }

    /// For how long the token is valid that the call of this name has made, counted from its issue; none if there is none.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], or the database's.
    pub async fn lifetime_of_request(&self, name: &str, request: &str) -> Result<Option<Duration>, TenancyError> {
        let tenant = self.find(name)?;
        let lifetime_ms = lifetime_of_request(self.inner.database.reader(), tenant.id, request).await?;
        Ok(lifetime_ms.map(Duration::milliseconds))
    }

    /// The tokens a tenant has and had, the newest first: all that are valid, and the last thousand.
    ///
    /// # Errors
    /// [`TenancyError::NoTenant`], or the database's.
    pub async fn list_tokens(&self, name: &str) -> Result<Vec<TokenRecord>, TenancyError> {
        let entry = self.entry(name)?;
        let now_ms = self.inner.time.now_ms();
        let sought = Sought { newest: MOST_LISTED, ..Sought::default() };
        let _turn = self.inner.turns.list().await;
        let mut rows = tokens(self.inner.database.reader(), entry.tenant.id, sought, now_ms).await?;
        for row in &mut rows {
            row.last_use = later(row.last_use.take(), entry.noted(CredentialRow::Token(row.id)), now_ms);
        }
        Ok(rows)
    }

    /// The same call once more: the same token, shown again as long as its answer may have been lost on the way.
    fn again(
        &self,
        tenant: &Tenant,
        known: &TokenRecord,
        rows: &[TokenRecord],
        new: &NewToken,
        now_ms: i64,
    ) -> Result<Issue, TenancyError> {
        if !new.made(known, rows) {
            return Err(TenancyError::RequestReused { request: known.request.clone().unwrap_or_default() });
        }
        let is_recent = now_ms - known.issued_ms <= i64::try_from(SHOWN_AGAIN.whole_milliseconds()).unwrap_or_default();
        let token = if known.state.is_valid() && is_recent { self.sign(tenant, known)? } else { None };
        Ok(Issue { token, others: valid_others(rows, known.id), record: known.clone(), repeated: true })
    }

    /// A token is a signature over what is stored, so it can be made again and need not be kept. `None`: its key was
    /// retired.
    fn sign(&self, tenant: &Tenant, record: &TokenRecord) -> Result<Option<SecretString>, TenancyError> {
        let keys = self.inner.keys.load();
        let Some(key) = record.key_id.as_deref().and_then(|id| keys.find(id)) else { return Ok(None) };
        let claims = Claims::new(tenant.id, record.id, moment(record.issued_ms), moment(record.expires_ms));
        claims.scoped(record.scopes).sign(key).map(Some)
    }

    fn record(
        &self,
        new: &NewToken,
        plan: &Plan,
        rows: &[TokenRecord],
        now: OffsetDateTime,
    ) -> Result<TokenRecord, TenancyError> {
        // The order of tokens is that of their issue, also when the clock was set back between two.
        let after_last = rows.first().map_or(i64::MIN, |last| last.issued_ms + 1);
        let expires = (now + new.lifetime).truncate_to_second();
        Ok(TokenRecord {
            id: TokenId::random()?,
            issued_ms: milliseconds(now).max(after_last),
            // Whole seconds, as the token itself says it.
            expires_ms: milliseconds(expires),
            ended_ms: None,
            ends_later: false,
            state: tell::state(plan.stage),
            mode: Some(new.mode),
            replaces: plan.replaces,
            scopes: new.scopes,
            networks: new.networks.clone(),
            last_use: None,
            stage: plan.stage,
            key_id: Some(self.inner.keys.load().signing().id().to_owned()),
            request: new.request.clone(),
            asked: Some(new.asked()),
            warned_days: None,
        })
    }
}

fn valid_others(rows: &[TokenRecord], id: TokenId) -> Vec<TokenRecord> {
    rows.iter().filter(|token| token.id != id && token.state.is_valid()).cloned().collect()
}

fn moment(milliseconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(milliseconds)
}
