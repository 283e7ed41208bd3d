//! The signing keys: rotate, list, retire, reload. The file and what is in force change together.

use std::sync::Arc;

use serde_json::{Value, json};
use tenancy::{KeySource, SignedToken, SigningKeys};
use tokio::sync::Mutex;

use super::Operator;
use crate::{Answer, Code, Failure};

/// Where the keys are kept, changed by one command at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    source: Option<KeySource>,
    turn: Arc<Mutex<()>>,
}

impl Keys {
    pub(super) fn of(source: KeySource) -> Self {
        Self { source: Some(source), turn: Arc::default() }
    }
}

impl Operator {
    /// A new key signs from now on; the others go on verifying.
    pub(super) async fn rotate_key(&self) -> Result<Answer, Failure> {
        let _turn = self.keys.turn.lock().await;
        if !self.tenants.keys_of_others().await?.is_empty() {
            return Err(unknown_elsewhere("a new signing key"));
        }
        self.tenants.replace_keys(self.source()?.rotate()?).await;
        self.shown_keys().await
    }

    pub(super) async fn list_keys(&self) -> Result<Answer, Failure> {
        self.shown_keys().await
    }

    /// Takes a key away. Tokens that it signed are no longer accepted, so they are revoked, if that is what is wanted.
    pub(super) async fn retire_key(&self, id: &str, force: bool) -> Result<Answer, Failure> {
        let _turn = self.keys.turn.lock().await;
        let concerned = self.signed_by(id).await?;
        if !concerned.is_empty() && !force {
            return Err(still_needed(id, &concerned));
        }
        if self.tenants.keys_of_others().await?.iter().any(|keys| keys.first().is_some_and(|signs| signs == id)) {
            return Err(Failure::new(
                Code::Conflict,
                format!(
                    "another server still signs with the key {id}; put another one first there, and let it read it"
                ),
            ));
        }
        self.tenants.replace_keys(self.source()?.retire(id)?).await;
        for SignedToken { tenant, id, .. } in &concerned {
            self.tenants.revoke_tokens(tenant, Some(*id)).await?;
            self.tell(tenant).await;
        }
        let mut answer = self.shown_keys().await?;
        crate::view::add(&mut answer, "revoked", tokens(&concerned));
        Ok(answer)
    }

    /// Takes the keys as they are now where they are kept. Whoever takes one away there means it: valid tokens that it
    /// signed are told, and refused.
    pub(super) async fn reload_keys(&self) -> Result<Answer, Failure> {
        let _turn = self.keys.turn.lock().await;
        let keys = self.source()?.load()?;
        let signs = keys.signing().id();
        if self.tenants.keys_of_others().await?.iter().any(|keys| !keys.iter().any(|known| known == signs)) {
            return Err(unknown_elsewhere(&format!("the signing key {signs}")));
        }
        let signed = self.tenants.signed_tokens().await?;
        let lost: Vec<SignedToken> = signed.into_iter().filter(|token| keys.find(&token.key_id).is_none()).collect();
        self.tenants.replace_keys(keys).await;
        for token in &lost {
            tracing::warn!(tenant.id = token.tenant, token.id = %token.id, key.id = token.key_id, "the key of a valid token is gone");
        }
        let mut answer = self.shown_keys().await?;
        crate::view::add(&mut answer, "refused", tokens(&lost));
        Ok(answer)
    }

    fn source(&self) -> Result<&KeySource, Failure> {
        let missing = || Failure::new(Code::Failed, "the signing keys cannot be changed here");
        self.keys.source.as_ref().ok_or_else(missing)
    }

    async fn signed_by(&self, id: &str) -> Result<Vec<SignedToken>, Failure> {
        let signed = self.tenants.signed_tokens().await?;
        Ok(signed.into_iter().filter(|token| token.key_id == id).collect())
    }

    async fn shown_keys(&self) -> Result<Answer, Failure> {
        let signed = self.tenants.signed_tokens().await?;
        let keys: Arc<SigningKeys> = self.tenants.signing_keys();
        let key = |key: &tenancy::SigningKey| {
            let own = signed.iter().filter(|token| token.key_id == key.id());
            let tenants: Vec<&str> = own.map(|token| token.tenant.as_str()).collect();
            json!({ "id": key.id(), "signs": key.id() == keys.signing().id(), "tokens": tenants.len(), "tenants": distinct(tenants) })
        };
        Ok(json!({ "keys": keys.iter().map(key).collect::<Vec<_>>() }))
    }
}

/// Names that are in order, each once.
fn distinct(mut names: Vec<&str>) -> Vec<&str> {
    names.dedup();
    names
}

fn tokens(tokens: &[SignedToken]) -> Value {
    tokens.iter().map(|token| json!({ "tenant": token.tenant, "token_id": token.id })).collect()
}

/// What one server signs must be accepted by all.
fn unknown_elsewhere(key: &str) -> Failure {
    Failure::new(
        Code::Conflict,
        format!(
            "{key} would sign here before the other servers that share the database know it; give it to all of them after \
             the key that signs, let each read it (tenantry key reload), and then put it first and let each read it again"
        ),
    )
}

fn still_needed(id: &str, tokens: &[SignedToken]) -> Failure {
    let tenants = distinct(tokens.iter().map(|token| token.tenant.as_str()).collect());
    Failure::new(
        Code::Conflict,
        format!(
            "the signing key {id} signed {} valid tokens, of {}; issue new ones first, or retire it with --force, which \
             revokes them",
            tokens.len(),
            tenants.join(", ")
        ),
    )
}
