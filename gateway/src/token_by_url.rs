//! A provisioning token by a URL in a browser, where an application promises that: `…/Token?duration=90`.
//!
//! A GET that changes something is a danger, so it asks for more than others do: TLS, the API key of an operator or of the
//! tenant's administrator as the password of Basic authentication, and a person who typed or followed the URL at this site.
//! The answer is kept nowhere. Programs send a POST with the key as a bearer.

use actix_http::{Method, RequestHead};
use actix_web::http::header::{AUTHORIZATION, HeaderName, ORIGIN, REFERER};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scim::ScimError;
use secrecy::ExposeSecret;
use serde_json::json;
use tenancy::{ApiKey, NewToken, Resolution, Role, TenancyError, Tenant};

use crate::app::Gateway;
use crate::error::Rejection;
use crate::exchange::Exchange;
use crate::pipeline::Origin;
use crate::reply::Reply;
use crate::routes::Target;
use crate::worker::Worker;

/// For how many days a token is valid if nothing is said, or as many as the tenant allows.
const USUAL_DAYS: u32 = 90;

/// Issues a token that takes the place of the one before at once.
pub(crate) async fn answer(
    worker: &Worker,
    (request, origin): (&RequestHead, &Origin<'_>),
    target: &Target<'_>,
    exchange: &mut Exchange,
) -> Result<Reply, Rejection> {
    let gateway = &*worker.gateway;
    if !matches!(request.method, Method::GET | Method::POST) {
        return Err(Rejection::MethodNotAllowed { allow: "GET, POST" });
    }
    check_way(request, origin)?;
    let key = sender(gateway, request, origin).await?;
    let tenant = tenant(gateway, origin, target, &key)?;
    exchange.blame(&tenant);
    let days = days(request.uri.query().unwrap_or_default(), &tenant)?;
    let tenants = gateway.tenants.on_behalf_of(&key, Some(tenant.id()));
    let issue = tenants.issue(tenant.name(), &NewToken::of_days(days)).await.map_err(refused)?;
    let Some(token) = issue.token else { return Err(Rejection::Broken) };
    let told = json!({ "token": token.expose_secret(), "days": days, "tenant": tenant.name() });
    Ok(Reply::secret(told.to_string()))
}

/// Refuses what is sent in clear over a network, and what another site had a browser send.
fn check_way(request: &RequestHead, origin: &Origin<'_>) -> Result<(), Rejection> {
    let refuse = |sentence: &str| Err(ScimError::new(403, sentence).into());
    if !origin.is_secure && !origin.client.is_loopback() {
        return refuse("a token is given out over TLS alone; use https");
    }
    let text = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let site = text(&HeaderName::from_static("sec-fetch-site"));
    let is_own = |from: &str| {
        let authority = from.split("://").nth(1).and_then(|rest| rest.split('/').next());
        authority.is_some_and(|from| from.eq_ignore_ascii_case(&origin.authority))
    };
    let is_ahead = ahead(request);
    let referer = text(&REFERER).filter(|_| site.is_none());
    if is_ahead
        || referer.is_some_and(|from| !is_own(from))
        || site.is_some_and(|site| !matches!(site, "none" | "same-origin"))
        || text(&ORIGIN).is_some_and(|from| !is_own(from))
    {
        return refuse("no person at this site sent this request; open the URL yourself");
    }
    Ok(())
}

/// Whether a browser asks ahead, in case somebody will want it.
fn ahead(request: &RequestHead) -> bool {
    ["sec-purpose", "purpose", "x-moz"].into_iter().any(|name| request.headers().contains_key(name))
}

/// Whose request it is: a browser asks a person for the key, a program sends it as a bearer.
async fn sender(gateway: &Gateway, request: &RequestHead, origin: &Origin<'_>) -> Result<ApiKey, Rejection> {
    // A guess counts whether or not a key comes with it.
    gateway.limits.addresses.admit_anonymous(origin.client, gateway.tenants.address_limits())?;
    let sent = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(key_of);
    let Some(sent) = sent else { return Err(Rejection::NoAdministrator) };
    let known = gateway.tenants.find_api_key(&sent, gateway.tenants.now()).await.map_err(Rejection::unavailable)?;
    known.filter(|key| matches!(key.role, Role::Operator | Role::TenantAdmin)).ok_or(Rejection::NoAdministrator)
}

/// The password of Basic authentication (RFC 7617), with any name before it, or the bearer.
fn key_of(authorization: &str) -> Option<String> {
    let (scheme, rest) = authorization.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(_, key)| key.to_owned())
}

/// The tenant of the address; at one that all share, that of the key. One that is not of the key is like one that is not there.
fn tenant(
    gateway: &Gateway,
    origin: &Origin<'_>,
    target: &Target<'_>,
    key: &ApiKey,
) -> Result<std::sync::Arc<Tenant>, Rejection> {
    let found = match gateway.tenants.resolve(&origin.address(target.tenant.as_deref())) {
        Resolution::Tenant(tenant) => Some(tenant),
        Resolution::Shared => key.tenant.as_deref().and_then(|name| gateway.tenants.find(name).ok()),
        Resolution::Unknown => None,
    };
    let path = target.base.as_ref().map(|base| format!("{}/token", base.path));
    let is_served = |tenant: &Tenant| tenant.profile().profile().token_path() == path.as_deref();
    let is_own = |tenant: &Tenant| key.tenant.as_deref().is_none_or(|own| own == tenant.name());
    found.filter(|tenant| is_own(tenant) && is_served(tenant)).ok_or_else(Rejection::unknown_endpoint)
}

/// The value of `duration`.
fn days(query: &str, tenant: &Tenant) -> Result<u32, Rejection> {
    let most = tenant.settings().token_max_days;
    let given: Vec<_> =
        form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name.eq_ignore_ascii_case("duration")).collect();
    let days = match given.as_slice() {
        [] => Some(USUAL_DAYS.min(most)),
        [(_, text)] => text.parse().ok().filter(|days| (1..=most).contains(days)),
        _ => None,
    };
    days.ok_or_else(|| {
        let sentence =
            format!("duration is a number of days from 1 to {most}, once; the token there is stays as it is");
        ScimError::invalid_value(sentence).into()
    })
}

fn refused(error: TenancyError) -> Rejection {
    match error {
        TenancyError::KeyEnded => Rejection::NoAdministrator,
        TenancyError::Invalid(_) | TenancyError::Rotation(_) | TenancyError::TooManyTokens { .. } => {
            ScimError::invalid_value(error.to_string()).into()
        }
        failure => Rejection::unavailable(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_password_or_the_bearer() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(key_of(&basic("admin:key")).as_deref(), Some("key"));
        assert_eq!(key_of(&basic(":a:b")).as_deref(), Some("a:b"));
        assert_eq!(key_of("bearer key").as_deref(), Some("key"));
        for wrong in ["Basic %%%", "Digest key", "key", &basic("key")] {
            assert_eq!(key_of(wrong), None, "{wrong}");
        }
    }
}
