//! Tokens: issue, list, revoke.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Operator;
use crate::{Answer, Code, Failure, view};

impl Operator {
    /// For how many days a token will be valid.
    pub(super) fn days(&self, asked: Option<u32>) -> Result<u32, Failure> {
        let days = asked.unwrap_or(self.days.usual);
        if (1..=self.days.most).contains(&days) {
            return Ok(days);
        }
        Err(Failure::new(
            Code::Invalid,
            format!("a token is valid for 1 to {} days (setting tokens.max_days), not for {days}", self.days.most),
        ))
    }

    pub(super) async fn issue_token(&self, tenant: &str, days: u32) -> Result<Answer, Failure> {
        let base_url = self.origin.base_url(&*self.tenants.find(tenant)?);
        let mut answer = json!({ "tenant": tenant, "base_url": base_url });
        self.add_token(&mut answer, tenant, days).await?;
        Ok(answer)
    }

    /// Issues a token and puts it into an answer.
    pub(super) async fn add_token(&self, answer: &mut Value, tenant: &str, days: u32) -> Result<(), Failure> {
        let issued = self.tenants.issue_token(tenant, days).await?;
        for (name, value) in view::issued(&issued, issued.token.expose_secret()) {
            view::add(answer, name, value);
        }
        Ok(())
    }

    pub(super) async fn list_tokens(&self, tenant: &str) -> Result<Answer, Failure> {
        let tokens: Vec<Value> = self.tenants.list_tokens(tenant).await?.iter().map(view::token).collect();
        Ok(json!({ "tenant": tenant, "tokens": tokens }))
    }

    pub(super) async fn revoke_token(&self, tenant: &str, id: Option<&str>) -> Result<Answer, Failure> {
        let parse = |id: &str| id.parse().map_err(|_| Failure::new(Code::Invalid, format!("\"{id}\" is no token id")));
        let id = id.map(parse).transpose()?;
        let revoked = self.tenants.revoke_token(tenant, id).await?;
        Ok(json!({ "tenant": tenant, "token_id": revoked, "revoked": true }))
    }
}
