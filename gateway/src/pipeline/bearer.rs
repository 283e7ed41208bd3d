//! Stage two: who asks.

use actix_http::RequestHead;
use actix_web::http::header::AUTHORIZATION;
use tenancy::{Address, Authenticated, Denied, Refusal, Tenants, Visit};

/// Whether the sender claims to be somebody.
pub(crate) fn is_sent(request: &RequestHead) -> bool {
    request.headers().contains_key(AUTHORIZATION)
}

/// Verifies the token of the request, as far as `visit` knows its sender. Only the header counts: a token in the query
/// would be in every log on its way (RFC 6750 section 5.3).
pub(crate) async fn authenticate(
    tenants: &Tenants,
    address: &Address<'_>,
    request: &RequestHead,
    visit: Visit<'_>,
) -> Result<Authenticated, Denied> {
    let mut sent = request.headers().get_all(AUTHORIZATION);
    let authorization = match (sent.next(), sent.next()) {
        (None, _) => None,
        (Some(one), None) => Some(std::str::from_utf8(one.as_bytes()).map_err(|_| Refusal::NotBearer)?),
        (Some(_), Some(_)) => return Err(Refusal::NotBearer.into()),
    };
    tenants.authenticate(address, &Visit { authorization, ..visit }).await
}
