//! The link of an invitation, opened by a person in a browser: GET shows a page with a button, POST accepts.
//!
//! Programs that look for harm in mails follow every link, so a GET accepts nothing. Whatever is wrong with a link, the page says
//! what to do and nothing about anybody.

mod page;

use actix_http::{Method, RequestHead};
use directory::{Actor, LinkState};
use profile::Applied;
use tenancy::Tenant;
use time::OffsetDateTime;

pub(crate) use page::answer_to;

use crate::error::Rejection;
use crate::exchange::Exchange;
use crate::pipeline::Origin;
use crate::reply::Answer;
use crate::routes::Target;
use crate::worker::Worker;

/// What events and the provisioning log call whoever opens a link.
const BROWSER: &str = "browser";

/// Shows or accepts the invitation that a link names. Nobody has a token here, so it counts for its address as others without one do.
pub(crate) async fn answer(
    worker: &Worker,
    (request, origin): (&RequestHead, &Origin<'_>),
    (target, link): (&Target<'_>, &str),
    (exchange, now): (&mut Exchange, OffsetDateTime),
) -> Result<Answer, Rejection> {
    let gateway = &*worker.gateway;
    gateway.limits.addresses.admit_anonymous(origin.client, gateway.tenants.address_limits())?;
    let accepts = match request.method {
        Method::GET | Method::HEAD => false,
        Method::POST => true,
        _ => return Err(Rejection::MethodNotAllowed { allow: "GET, HEAD, POST" }),
    };
    let Some(invited) = gateway.tenants.invited(&origin.address(target.tenant.as_deref()), link) else {
        return Ok(page::void());
    };
    let tenant = invited.tenant();
    exchange.blame(tenant);
    if tenant.profile().invitation().is_none() {
        return Ok(page::off(&Shown::of(tenant)));
    }
    let actor = Actor { client: BROWSER, credential: None, request_id: exchange.id.as_str().to_owned() };
    let invitee = worker.directories.invited(&invited, actor);
    let now_ms = now.unix_timestamp() * 1000;
    let state = if accepts { invitee.accept(origin.client, now_ms).await? } else { invitee.look(now_ms).await? };
    let shown = Shown::of(tenant);
    Ok(match state {
        LinkState::Void => page::void(),
        LinkState::Expired => page::expired(&shown),
        LinkState::Open => page::ask(&shown),
        LinkState::Accepted => match &shown.landing {
            Some(landing) if accepts => page::go_on(landing),
            _ => page::accepted(&shown),
        },
    })
}

/// What a page tells: no more than the mail did.
struct Shown<'a> {
    product: &'a str,
    workspace: &'a str,
    landing: Option<String>,
}

impl<'a> Shown<'a> {
    fn of(tenant: &'a Tenant) -> Self {
        let applied: &Applied = tenant.profile();
        let invitation = applied.invitation();
        Self {
            product: applied.profile().title(),
            workspace: invitation.and_then(|invitation| invitation.workspace.as_deref()).unwrap_or(tenant.name()),
            landing: invitation.and_then(|invitation| invitation.landing(tenant.name())),
        }
    }
}
