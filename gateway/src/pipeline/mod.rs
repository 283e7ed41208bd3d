//! The stages every request passes, in this order and before a byte of its body is read: whose address it is, who asks,
//! and whether they may ask so much.

mod address;
mod bearer;
mod limit;
mod origin;

use actix_http::{Method, Payload, RequestHead};
use tenancy::{Authenticated, Refusal};
use time::OffsetDateTime;

pub(crate) use limit::{Limited, Limiter, Permit};

use crate::app::Gateway;
use crate::caller::Caller;
use crate::error::Rejection;
use crate::exchange::Exchange;
use crate::routes::{Discovery, Route, Target};
use crate::worker::Worker;
use address::{Named, base_url};
use origin::Origin;

/// Somebody who may go on.
pub(crate) enum Admitted<'a, 't> {
    /// A tenant's client.
    Caller(Box<Caller<'a>>),
    /// Nobody in particular, at an address that names a tenant: may read what is served (RFC 7644 section 4).
    Anonymous {
        /// The base URL they used.
        base: String,
        /// What they read.
        document: &'t Discovery<'t>,
    },
}

/// Makes sure that a request that has arrived is judged by the newest tokens. [`admit`] follows at once: nothing is
/// awaited in between.
pub(crate) async fn settle(worker: &Worker) -> Result<(), Rejection> {
    let tenants = &worker.gateway.tenants;
    if tenants.is_settled() {
        return Ok(());
    }
    Box::pin(tenants.settle()).await.map_err(Rejection::unavailable)
}

/// Lets a request in, or refuses it.
pub(crate) fn admit<'a, 't>(
    worker: &'a Worker,
    (request, payload): (&'a RequestHead, Payload),
    target: &'t Target<'t>,
    exchange: &mut Exchange,
) -> Result<Admitted<'a, 't>, Rejection> {
    let gateway = &*worker.gateway;
    let origin = Origin::of(request, &gateway.settings.trusted_proxies)?;
    let tenant = target.tenant.as_deref();
    let named = Named::by(&origin, tenant, &gateway.tenants);
    let base = base_url(&origin, tenant, named, gateway.settings.public_url.as_ref());
    if let Route::Discovery(document) = &target.route
        && named.is_one()
        && !bearer::is_sent(request)
    {
        admit_reader(gateway, &origin, &request.method)?;
        return Ok(Admitted::Anonymous { base, document });
    }
    let authenticated = authenticate(gateway, &origin, tenant, request, exchange.now())?;
    let tenant = authenticated.tenant();
    let permit = gateway.limits.admit(tenant).inspect_err(|_| exchange.blame(tenant))?;
    Ok(Admitted::Caller(Box::new(Caller::new(worker, (request, payload), exchange, (authenticated, permit), base))))
}

fn authenticate(
    gateway: &Gateway,
    origin: &Origin<'_>,
    path_tenant: Option<&str>,
    request: &RequestHead,
    now: OffsetDateTime,
) -> Result<Authenticated, Rejection> {
    let address = origin.address(path_tenant);
    bearer::authenticate(&gateway.tenants, &address, request, now).map_err(|refusal| refuse(gateway, origin, refusal))
}

/// Too many refusals of one address are refused for that.
fn refuse(gateway: &Gateway, origin: &Origin<'_>, refusal: Refusal) -> Rejection {
    match gateway.limits.admit_anonymous(origin.client) {
        Ok(()) => Rejection::Unauthenticated(refusal),
        Err(limited) => limited.into(),
    }
}

fn admit_reader(gateway: &Gateway, origin: &Origin<'_>, method: &Method) -> Result<(), Rejection> {
    gateway.limits.admit_anonymous(origin.client)?;
    match *method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(Rejection::MethodNotAllowed { allow: "GET, HEAD" }),
    }
}
