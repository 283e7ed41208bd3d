//! The authorization server: clients get access tokens here (RFC 6749 section 4.4), and read where (RFC 8414).

mod credentials;
mod error;
mod jwks;
mod keys;
mod metadata;
mod room;
mod token;

use actix_http::{Method, Payload, RequestHead};

pub(crate) use error::{OauthError, answer_to};
use jwks::Jwks;
use room::Room;

use crate::app::Gateway;
use crate::error::Rejection;
use crate::exchange::Exchange;
use crate::pipeline::{Origin, count_refusal};
use crate::reply::Reply;
use crate::routes::{Oauth, Target};
use crate::worker::Worker;

/// What the token endpoint needs beside the tenants.
pub(crate) struct TokenEndpoint {
    jwks: Jwks,
    room: Room,
}

impl TokenEndpoint {
    pub(crate) fn new(allow_private_jwks: bool) -> Self {
        Self { jwks: Jwks::new(allow_private_jwks), room: Room::default() }
    }
}

/// Answers a request that carries no token, because one is asked for, or only asked about. What only reads counts for its address
/// as others without token do. Who asks for a token counts when it is refused: a good secret opens from every address.
pub(crate) async fn answer(
    worker: &Worker,
    (request, payload, origin): (&RequestHead, Payload, Origin<'_>),
    target: &Target<'_>,
    endpoint: Oauth,
    exchange: &mut Exchange,
) -> Result<Reply, Rejection> {
    let gateway = &*worker.gateway;
    let tenant = target.tenant.as_deref();
    if let (Oauth::Token, &Method::POST) = (endpoint, &request.method) {
        let given = token::give(gateway, (request, payload), &origin, tenant, exchange).await;
        return given.map_err(|rejection| refuse(gateway, &origin, rejection, exchange));
    }
    gateway.limits.addresses.admit_anonymous(origin.client, gateway.tenants.address_limits())?;
    match (endpoint, &request.method) {
        (Oauth::Token, _) => Err(Rejection::MethodNotAllowed { allow: "POST" }),
        (Oauth::Metadata { of_base_url }, &(Method::GET | Method::HEAD)) => {
            Ok(metadata::show(gateway, &origin, tenant, of_base_url))
        }
        (Oauth::Keys, &(Method::GET | Method::HEAD)) => keys::show(gateway, &origin, tenant),
        (Oauth::Metadata { .. } | Oauth::Keys, _) => Err(Rejection::MethodNotAllowed { allow: "GET, HEAD" }),
    }
}

/// Who asks in vain counts for its address, as whoever has no valid token. What is not the client's fault does not.
fn refuse(gateway: &Gateway, origin: &Origin<'_>, rejection: Rejection, exchange: &mut Exchange) -> Rejection {
    match rejection {
        Rejection::Limited(_) | Rejection::Unavailable(_) | Rejection::Broken => rejection,
        refused => count_refusal(gateway, origin, refused, exchange),
    }
}
