//! Tokens: issue, complete, cancel, list, revoke.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tenancy::{Issue, Meant, NewToken, Scopes, Settings, TokenId};
use time::Duration;

use super::Operator;
use crate::{Answer, Code, Failure, IssueToken, view};

/// The id of a token, and the name of the call.
type Named<'a> = (Option<&'a str>, Option<&'a str>);

impl Operator {
    pub(super) async fn issue_token(&self, asked: &IssueToken) -> Result<Answer, Failure> {
        let tenant = self.tenants.find(&asked.tenant)?;
        let before = match &asked.request_id {
            Some(request) => self.tenants.lifetime_of_request(&asked.tenant, request).await?,
            None => None,
        };
        let new = self.new_token(asked, tenant.settings(), before)?;
        let mut answer = json!({ "tenant": tenant.name(), "base_url": self.origin.base_url(&tenant) });
        self.add_token(&mut answer, tenant.name(), &new).await?;
        Ok(answer)
    }

    /// What is asked for, with what is usual where nothing is said. A call that is repeated is not decided again by what is
    /// usual and allowed now: `before` is how long the token is valid that it has made.
    pub(super) fn new_token(
        &self,
        asked: &IssueToken,
        settings: &Settings,
        before: Option<Duration>,
    ) -> Result<NewToken, Failure> {
        let seconds = |seconds: u64| Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
        let usual = self.days.usual.min(settings.token_max_days);
        let lifetime = match (asked.days, asked.seconds) {
            (_, Some(length)) => seconds(length),
            (Some(days), None) => Duration::days(days.into()),
            (None, None) => before.unwrap_or_else(|| Duration::days(usual.into())),
        };
        let most = self.days.most.min(settings.token_max_days);
        let is_allowed = (Duration::seconds(1)..=Duration::days(most.into())).contains(&lifetime);
        if before.is_none() && !is_allowed {
            return Err(self.wrong_lifetime(most, lifetime));
        }
        Ok(NewToken {
            lifetime,
            mode: asked.mode,
            overlap: asked.overlap_seconds.map(seconds),
            scopes: Scopes::of(asked.scopes.iter().map(String::as_str))?,
            networks: asked.networks.clone(),
            request: asked.request_id.clone(),
        })
    }

    fn wrong_lifetime(&self, most: u32, lifetime: Duration) -> Failure {
        let whose = if most < self.days.most { "token_max_days of the tenant" } else { "tokens.max_days" };
        let days = lifetime.whole_days();
        Failure::new(Code::Invalid, format!("a token is valid for 1 to {most} days (setting {whose}), not for {days}"))
    }

    /// Issues a token and puts it into an answer.
    pub(super) async fn add_token(&self, answer: &mut Value, tenant: &str, new: &NewToken) -> Result<(), Failure> {
        let issue: Issue = self.tenants.issue(tenant, new).await?;
        self.tell(tenant).await;
        let token = issue.token.as_ref().map(|token| token.expose_secret());
        for (name, value) in view::issued(&issue, token) {
            view::add(answer, name, value);
        }
        Ok(())
    }

    pub(super) async fn list_tokens(&self, tenant: &str) -> Result<Answer, Failure> {
        let tokens: Vec<Value> = self.tenants.list_tokens(tenant).await?.iter().map(view::token).collect();
        Ok(json!({ "tenant": tenant, "tokens": tokens }))
    }

    pub(super) async fn complete_rotation(&self, tenant: &str, named: Named<'_>) -> Result<Answer, Failure> {
        let token = self.tenants.complete_rotation(tenant, meant(named)?).await?;
        self.tell(tenant).await;
        Ok(json!({ "tenant": tenant, "token_id": token, "completed": true }))
    }

    pub(super) async fn cancel_rotation(&self, tenant: &str, named: Named<'_>) -> Result<Answer, Failure> {
        let token = self.tenants.cancel_rotation(tenant, meant(named)?).await?;
        self.tell(tenant).await;
        Ok(json!({ "tenant": tenant, "token_id": token, "cancelled": true }))
    }

    pub(super) async fn revoke_token(&self, tenant: &str, named: Named<'_>) -> Result<Answer, Failure> {
        let revoked = self.tenants.revoke_tokens(tenant, meant(named)?).await?;
        self.tell(tenant).await;
        Ok(json!({ "tenant": tenant, "token_id": revoked.first(), "token_ids": revoked, "revoked": true }))
    }

    /// Brings what happened to a tenant's tokens into its log. That it happened does not depend on it: what is not told
    /// now is told later.
    pub(super) async fn tell(&self, tenant: &str) {
        let Ok(administered) = self.tenants.administer(tenant) else { return };
        if let Err(error) = self.directories.administered(&administered).tell_notices().await {
            tracing::warn!(tenant.id = tenant, %error, "the events of a token or client are not written yet");
        }
    }
}

fn meant((id, request): Named<'_>) -> Result<Meant<'_>, Failure> {
    Ok(Meant { id: parse(id)?, request })
}

fn parse(id: Option<&str>) -> Result<Option<TokenId>, Failure> {
    let parse = |id: &str| {
        id.parse().map_err(|_| {
            Failure::new(Code::Invalid, format!("\"{id}\" is no token id; the list of tokens shows those there are"))
        })
    };
    id.map(parse).transpose()
}
