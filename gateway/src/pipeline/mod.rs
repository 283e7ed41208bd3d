//! The stages every request passes, in this order and before a byte of its body is read: from where it comes and whether so
//! much may come from there, whose address it is, who asks, and whether they may ask so much.

mod address;
mod bearer;
mod limit;
mod origin;
mod profile;

use actix_http::{Method, Payload, RequestHead};
use directory::Work;
use tenancy::{Authenticated, Denied, Visit};
use time::OffsetDateTime;

pub(crate) use limit::{BULK_TIME, Limited, Limiter, Permit, Quota, subscriber};

use crate::app::Gateway;
use crate::caller::Caller;
use crate::error::Rejection;
use crate::exchange::Exchange;
use crate::routes::{Discovery, Route, Target};
use crate::worker::Worker;
pub(crate) use address::{Named, base_url};
pub(crate) use origin::Origin;
use origin::Seen;

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

/// Counts a request by the network address that it comes from, whatever it wants, and tells its origin. It asks nobody and waits
/// for nothing, so that what is too much costs next to nothing.
pub(crate) fn meet<'a>(gateway: &Gateway, request: &'a RequestHead) -> Result<Origin<'a>, Rejection> {
    let seen = Seen::of(request, &gateway.settings.trusted_proxies);
    gateway.limits.addresses.admit(seen.client(), gateway.tenants.address_limits())?;
    seen.check()
}

/// Makes sure that a request that has arrived is judged by the newest tokens, and tells by which moment. [`admit`] follows
/// at once: nothing is awaited in between.
pub(crate) async fn settle(worker: &Worker) -> Result<OffsetDateTime, Rejection> {
    let tenants = &worker.gateway.tenants;
    if !tenants.is_settled() {
        Box::pin(tenants.settle()).await.map_err(Rejection::unavailable)?;
    }
    Ok(tenants.now())
}

/// Lets a request in, or refuses it.
pub(crate) async fn admit<'a, 't>(
    worker: &'a Worker,
    (request, payload, origin): (&'a RequestHead, Payload, Origin<'a>),
    target: &'t Target<'t>,
    exchange: &mut Exchange,
    now: OffsetDateTime,
) -> Result<Admitted<'a, 't>, Rejection> {
    let gateway = &*worker.gateway;
    let tenant = target.tenant.as_deref();
    let named = Named::by(&origin, tenant, &gateway.tenants);
    let base = base_url(&origin, target.base_path(), named, gateway.settings.public_url.as_ref());
    if let Route::Discovery(document) = &target.route
        && named.is_one()
        && !bearer::is_sent(request)
    {
        admit_reader(gateway, &origin, &request.method)?;
        return Ok(Admitted::Anonymous { base, document });
    }
    let authenticated = authenticate(gateway, (&origin, tenant, request), exchange, now).await?;
    let tenant = authenticated.tenant();
    let work = work(&request.method, &target.route);
    let admitted = gateway.limits.admit(tenant, work, &mut exchange.quota).await;
    let permit = admitted.inspect_err(|_| exchange.blame(tenant))?;
    profile::check(tenant, target).inspect_err(|_| exchange.blame(tenant))?;
    if target.route.is_about_resources() {
        // Before the body: a refusal must cost little.
        gateway.directories.check_room(tenant, work).inspect_err(|_| exchange.blame(tenant))?;
    }
    Ok(Admitted::Caller(Box::new(Caller::new(worker, (request, payload), exchange, (authenticated, permit), base))))
}

/// A search is a POST and changes nothing.
fn work(method: &Method, route: &Route<'_>) -> Work {
    match (method, route) {
        (_, Route::Search(_)) => Work::Read,
        (&Method::POST | &Method::PUT | &Method::PATCH | &Method::DELETE, _) => Work::Write,
        _ => Work::Read,
    }
}

async fn authenticate(
    gateway: &Gateway,
    (origin, path_tenant, request): (&Origin<'_>, Option<&str>, &RequestHead),
    exchange: &mut Exchange,
    now: OffsetDateTime,
) -> Result<Authenticated, Rejection> {
    let address = origin.address(path_tenant);
    let (sender, client) = (origin.client, exchange.client);
    let visit = Visit { authorization: None, sender, client, now, arrived: exchange.started() };
    let authenticated = bearer::authenticate(&gateway.tenants, &address, request, visit).await;
    authenticated.map_err(|denied| refuse(gateway, origin, denied, exchange))
}

/// Whose token it is stands in the log, if it is a genuine one.
fn refuse(gateway: &Gateway, origin: &Origin<'_>, denied: Denied, exchange: &mut Exchange) -> Rejection {
    let (refusal, tenant) = match denied {
        Denied::Refused { refusal, tenant } => (refusal, tenant),
        failure @ Denied::Unavailable(_) => return Rejection::unavailable(failure),
    };
    if let Some(tenant) = &tenant {
        exchange.blame(tenant);
    }
    count_refusal(gateway, origin, Rejection::Unauthenticated(refusal), exchange)
}

/// Too many refusals of one address are refused for that. Why this one is refused stands in the log, if it is known whose it is.
pub(crate) fn count_refusal(
    gateway: &Gateway,
    origin: &Origin<'_>,
    refused: Rejection,
    exchange: &mut Exchange,
) -> Rejection {
    match gateway.limits.addresses.admit_anonymous(origin.client, gateway.tenants.address_limits()) {
        Ok(()) => refused,
        Err(limited) => {
            // Behind one address are many: the tenant's own administrator finds what is wrong with its token all the same.
            exchange.hide(&refused);
            limited.into()
        }
    }
}

fn admit_reader(gateway: &Gateway, origin: &Origin<'_>, method: &Method) -> Result<(), Rejection> {
    gateway.limits.addresses.admit_anonymous(origin.client, gateway.tenants.address_limits())?;
    match *method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(Rejection::MethodNotAllowed { allow: "GET, HEAD" }),
    }
}
