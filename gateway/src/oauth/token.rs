//! `/oauth2/token`

use std::time::Duration;

use actix_http::{Payload, RequestHead};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tenancy::{AccessToken, Address, AssertionKeys, GrantRefusal, Proof, TokenRequest};

use super::OauthError;
use super::credentials::{Credentials, Form};
use super::jwks::JwksError;
use crate::app::Gateway;
use crate::body::{self, Bound};
use crate::error::Rejection;
use crate::exchange::Exchange;
use crate::pipeline::{Limited, Origin};
use crate::reply::Reply;

/// An assertion has some thousand bytes, everything else less.
const BYTES: usize = 32 * 1024;
/// How long a client may take to send them.
const TIME: Duration = Duration::from_secs(5);

/// Gives an access token to a client that proves itself.
pub(super) async fn give(
    gateway: &Gateway,
    (request, payload): (&RequestHead, Payload),
    origin: &Origin<'_>,
    path_tenant: Option<&str>,
    exchange: &mut Exchange,
) -> Result<Reply, Rejection> {
    let room = &gateway.token_endpoint.room;
    let mut held = room.held();
    let bound = Bound { bytes: BYTES, time: TIME };
    let body = body::read_form(request, payload, bound, |bytes| held.add(bytes));
    let body = room.enter(origin.client).unless_displaced(body).await??;
    let form = Form::parse(request, &body)?;
    match form.grant_type.as_deref() {
        Some("client_credentials") => {}
        Some(_) => return Err(OauthError::unsupported_grant_type().into()),
        None => return Err(OauthError::invalid_request("grant_type is missing; it is client_credentials").into()),
    }
    let address = origin.address(path_tenant);
    let credentials = form.credentials(request)?;
    let keys = keys_for(gateway, &address, &credentials).await?;
    let (client, proof) = match &credentials {
        Credentials::Secret(client, secret) => (Some(client.as_str()), Proof::Secret(secret)),
        Credentials::Assertion(client, assertion) => (client.as_deref(), Proof::Assertion(assertion, &keys)),
    };
    // Body and keys took their time: what is granted is granted by the newest state.
    gateway.tenants.settle().await.map_err(Rejection::unavailable)?;
    let asked = TokenRequest {
        client,
        proof,
        scope: form.scope.as_deref(),
        sender: origin.client,
        program: exchange.client,
        now: gateway.tenants.now(),
        arrived: exchange.started(),
    };
    match gateway.tenants.grant(&address, &asked) {
        Ok(given) => {
            exchange.gave(&given.tenant, given.client);
            Ok(Reply::secret(shown(&given).to_string()))
        }
        Err(refusal) => Err(refused(refusal, exchange)),
    }
}

/// The keys that verify an assertion; none where there is none, or it fits nobody here.
async fn keys_for(
    gateway: &Gateway,
    address: &Address<'_>,
    credentials: &Credentials,
) -> Result<AssertionKeys, Rejection> {
    let Credentials::Assertion(client, assertion) = credentials else { return Ok(AssertionKeys::default()) };
    let wanted = gateway.tenants.wanted_keys(address, client.as_deref(), assertion, gateway.tenants.now());
    let Some(wanted) = wanted else { return Ok(AssertionKeys::default()) };
    let keys = gateway.token_endpoint.jwks.keys(&wanted.jwks_uri, wanted.kid.as_deref()).await;
    match keys {
        Ok(keys) => Ok(AssertionKeys::clone(&keys)),
        Err(JwksError::Unknown { wait }) => Err(Limited { scope: "issuer", retry_after: wait.as_secs() + 1 }.into()),
        Err(error) => Err(Rejection::unavailable(error)),
    }
}

/// RFC 6749 section 5.1. The scope is always told, unless there is no restriction.
fn shown(given: &AccessToken) -> Value {
    let mut shown = json!({
        "access_token": given.token.expose_secret(),
        "token_type": "Bearer",
        "expires_in": given.expires_in,
    });
    let scope = given.scopes.to_string();
    if let (Value::Object(members), false) = (&mut shown, scope.is_empty()) {
        members.insert("scope".to_owned(), scope.into());
    }
    shown
}

fn refused(refusal: GrantRefusal, exchange: &mut Exchange) -> Rejection {
    let sentence = refusal.to_string();
    match refusal {
        GrantRefusal::Client => OauthError::invalid_client(sentence).into(),
        GrantRefusal::Expired(tenant) => {
            exchange.blame(&tenant);
            exchange.explain("secret_expired");
            OauthError::invalid_client(sentence).into()
        }
        GrantRefusal::Scope(tenant) => {
            exchange.blame(&tenant);
            OauthError::invalid_scope(sentence).into()
        }
        GrantRefusal::Address(tenant) | GrantRefusal::Disabled(tenant) => {
            exchange.blame(&tenant);
            OauthError::unauthorized_client(sentence).into()
        }
        GrantRefusal::Failed(error) => Rejection::unavailable(error),
    }
}
