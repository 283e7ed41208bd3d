//! The signing keys: rotate, list, retire, reload. The file and what is in force change together.

use std::sync::Arc;

use serde_json::{Value, json};
use tenancy::{AccessTokensLeft, KeyError, KeySource, SignedToken, SigningKeys};
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
    /// A new key signs from now on, or from when every other server knows it; the others go on verifying. One that waits
    /// already goes on waiting: another one would not sign sooner.
    pub(super) async fn rotate_key(&self) -> Result<Answer, Failure> {
        let _turn = self.keys.turn.lock().await;
        let signs = self.tenants.signing_keys().signing().id().to_owned();
        let keys = self.source()?.rotate(&signs)?;
        self.take(keys).await?;
        self.shown_keys().await
    }

    /// Takes keys into force, of which the first one signs that all servers know.
    async fn take(&self, keys: SigningKeys) -> Result<(), Failure> {
        let others = self.tenants.keys_of_others().await?;
        self.tenants.replace_keys(known_to(&keys, &others)?).await;
        Ok(())
    }

    pub(super) async fn list_keys(&self) -> Result<Answer, Failure> {
        self.shown_keys().await
    }

    /// Takes a key away. Tokens that it signed are no longer accepted, so they are revoked before, if that is what is wanted:
    /// of what fails half-way, the rest can be asked for again.
    pub(super) async fn retire_key(&self, id: &str, force: bool) -> Result<Answer, Failure> {
        let _turn = self.keys.turn.lock().await;
        if self.tenants.signing_keys().signing().id() == id {
            return Err(KeyError::Signs { id: id.to_owned() }.into());
        }
        self.source()?.load()?.find(id).ok_or_else(|| KeyError::Unknown { id: id.to_owned() })?;
        let others = self.tenants.keys_of_others().await?;
        if others.iter().any(|keys| keys.first().is_some_and(|signs| signs == id)) {
            return Err(Failure::new(
                Code::Conflict,
                format!(
                    "another server still signs with the key {id}; put another one first there, and let it read it"
                ),
            ));
        }
        let (concerned, access) = (self.signed_by(id).await?, self.tenants.access_tokens_of(id).await?);
        if !force && (!concerned.is_empty() || access.is_some()) {
            return Err(still_needed(id, &concerned, access.as_ref()));
        }
        let left = known_to(&self.source()?.without(id)?, &others)?;
        for SignedToken { tenant, id, .. } in &concerned {
            self.tenants.revoke_tokens(tenant, Some(*id)).await?;
            self.tell(tenant).await;
        }
        self.source()?.retire(id)?;
        self.tenants.replace_keys(left).await;
        let mut answer = self.shown_keys().await?;
        crate::view::add(&mut answer, "revoked", tokens(&concerned));
        crate::view::add(&mut answer, "access_tokens", left_of(access.as_slice()));
        Ok(answer)
    }

    /// Takes the keys as they are now where they are kept. Whoever takes one away there means it: valid tokens that it
    /// signed are told, and refused.
    pub(super) async fn reload_keys(&self) -> Result<Answer, Failure> {
        let _turn = self.keys.turn.lock().await;
        let keys = self.source()?.load()?;
        let signed = self.tenants.signed_tokens().await?;
        let lost: Vec<SignedToken> = signed.into_iter().filter(|token| keys.find(&token.key_id).is_none()).collect();
        let before = self.tenants.signing_keys();
        let gone: Vec<&str> = before.iter().map(tenancy::SigningKey::id).filter(|id| keys.find(id).is_none()).collect();
        self.take(keys).await?;
        let mut access = Vec::new();
        for id in gone {
            access.extend(self.tenants.access_tokens_of(id).await?);
        }
        for token in &lost {
            tracing::warn!(tenant.id = token.tenant, token.id = %token.id, key.id = token.key_id, "the key of a valid token is gone");
        }
        let mut answer = self.shown_keys().await?;
        crate::view::add(&mut answer, "refused", tokens(&lost));
        crate::view::add(&mut answer, "access_tokens", left_of(&access));
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
        let waiting = keys.waiting().map(tenancy::SigningKey::id);
        let others = self.tenants.keys_of_others().await?;
        let knows = |theirs: &&Vec<String>| waiting.is_none_or(|id| theirs.iter().any(|known| known == id));
        let unknown_to = others.len() - others.iter().filter(knows).count();
        let key = |key: &tenancy::SigningKey| {
            let own = signed.iter().filter(|token| token.key_id == key.id());
            let tenants: Vec<&str> = own.map(|token| token.tenant.as_str()).collect();
            json!({ "id": key.id(), "signs": key.id() == keys.signing().id(), "waits": Some(key.id()) == waiting,
                "tokens": tenants.len(), "tenants": distinct(tenants) })
        };
        Ok(json!({ "keys": keys.iter().map(key).collect::<Vec<_>>(), "unknown_to_servers": unknown_to }))
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

fn left_of(access: &[AccessTokensLeft]) -> Value {
    access.iter().map(|left| json!({ "tenants": left.tenants, "until": left.until })).collect()
}

/// These keys, of which one signs that all servers know.
fn known_to(keys: &SigningKeys, others: &[Vec<String>]) -> Result<SigningKeys, Failure> {
    keys.known_to(others).ok_or_else(|| unknown_elsewhere(keys.signing().id()))
}

/// What one server signs must be accepted by all.
fn unknown_elsewhere(id: &str) -> Failure {
    Failure::new(
        Code::Conflict,
        format!(
            "another server that shares the database knows none of these signing keys, so that it would refuse what is signed \
             here; keep the old key beside {id} until every server has read both (tenantry key reload on each)"
        ),
    )
}

fn still_needed(id: &str, tokens: &[SignedToken], access: Option<&AccessTokensLeft>) -> Failure {
    let tenants = distinct(tokens.iter().map(|token| token.tenant.as_str()).collect());
    let signed = (!tokens.is_empty())
        .then(|| format!("signed {} valid tokens, of {}; issue new ones first", tokens.len(), tenants.join(", ")));
    let access = access.map(|AccessTokensLeft { tenants, until }| {
        format!(
            "may have signed access tokens of the OAuth clients of {}, which end by {until}; wait for that",
            tenants.join(", ")
        )
    });
    let reasons: Vec<String> = signed.into_iter().chain(access).collect();
    Failure::new(
        Code::Conflict,
        format!(
            "the signing key {id} {}; or retire it with --force, which revokes tokens, and makes clients get new access tokens",
            reasons.join(", and it ")
        ),
    )
}
