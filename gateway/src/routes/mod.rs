//! Every path and method, and what answers it.

mod base;
mod path;

use std::borrow::Cow;

use actix_http::Method;
use scim::ResourceKind;

pub(crate) use base::{Base, standard_path};
pub(crate) use path::Target;

use crate::caller::Caller;
use crate::endpoints::{bulk, discovery, me, resources, search, unserved};
use crate::error::Rejection;
use crate::reply::Reply;
use crate::scope;

/// What a path names, below the part that says whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// The base URL itself: all resources.
    Root,
    /// `/Users`, `/Groups`
    Resources(ResourceKind),
    /// `/Users/{id}`, `/Groups/{id}`
    Resource(ResourceKind, Cow<'a, str>),
    /// `/.search`, `/Users/.search`, `/Groups/.search`
    Search(Option<ResourceKind>),
    /// `/Bulk`
    Bulk,
    /// `/Me` and what is below
    Me,
    /// `…/Token`: an administrator gets a provisioning token.
    Token,
    /// `/invitations/{link}`: who was invited accepts.
    Invitation(Cow<'a, str>),
    /// How clients get access tokens.
    Oauth(Oauth),
    /// What is served here, readable without token.
    Discovery(Discovery<'a>),
    /// `/v1/…`: a version of the protocol that is not served.
    Version,
    /// Nothing.
    Unknown,
}

/// The endpoints of the authorization server (RFC 6749, RFC 8414).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oauth {
    /// `/oauth2/token`
    Token,
    /// `/.well-known/oauth-authorization-server`, of the address without or with `/scim/v2`
    Metadata {
        /// With it.
        of_base_url: bool,
    },
    /// `/jwks.json`: the keys that verify what streams of events tell.
    Keys,
}

/// The endpoints that describe the server (RFC 7644 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Discovery<'a> {
    /// `/ServiceProviderConfig`
    ServiceProviderConfig,
    /// `/ResourceTypes`
    ResourceTypes,
    /// `/ResourceTypes/{name}`
    ResourceType(Cow<'a, str>),
    /// `/Schemas`
    Schemas,
    /// `/Schemas/{urn}`
    Schema(Cow<'a, str>),
}

/// Answers a request that has passed every stage. The large ones are boxed so that the small ones stay small.
pub(crate) async fn answer(caller: &mut Caller<'_>, route: &Route<'_>) -> Result<Reply, Rejection> {
    scope::check(caller.authenticated().scopes(), caller.method(), route)?;
    if let Some(answer) = unserved::answer(caller, route) {
        return answer;
    }
    match (caller.method(), route) {
        (&Method::GET, Route::Root) => Box::pin(search::list(caller, None)).await,
        (&Method::GET, Route::Resources(kind)) => Box::pin(search::list(caller, Some(*kind))).await,
        (&Method::POST, Route::Search(kind)) => Box::pin(search::search(caller, *kind)).await,
        (&Method::POST, Route::Resources(kind)) => Box::pin(resources::create(caller, *kind)).await,
        (&Method::GET, Route::Resource(kind, id)) => Box::pin(resources::get(caller, *kind, id)).await,
        (&Method::PUT, Route::Resource(kind, id)) => Box::pin(resources::replace(caller, *kind, id)).await,
        (&Method::PATCH, Route::Resource(kind, id)) => Box::pin(resources::patch(caller, *kind, id)).await,
        (&Method::DELETE, Route::Resource(kind, id)) => Box::pin(resources::delete(caller, *kind, id)).await,
        (&Method::POST, Route::Bulk) => Box::pin(bulk::bulk(caller)).await,
        (&Method::GET, Route::Discovery(document)) => discovery::tell(caller, document),
        (_, Route::Me) => me::refuse(),
        (_, Route::Version) => Err(Rejection::unserved_version()),
        (_, Route::Unknown) => Err(Rejection::unknown_endpoint()),
        _ => Err(Rejection::MethodNotAllowed { allow: route.allow() }),
    }
}

impl Route<'_> {
    /// Whether it is answered out of the directory.
    pub(crate) fn is_about_resources(&self) -> bool {
        matches!(self, Route::Root | Route::Resources(_) | Route::Resource(..) | Route::Search(_) | Route::Bulk)
    }

    /// The methods that [`answer`] knows for this path; HEAD is a GET without body.
    fn allow(&self) -> &'static str {
        match self {
            Route::Resources(_) => "GET, HEAD, POST",
            Route::Resource(..) => "GET, HEAD, PUT, PATCH, DELETE",
            Route::Search(_) | Route::Bulk | Route::Oauth(Oauth::Token) => "POST",
            _ => "GET, HEAD",
        }
    }

    /// The path with names for its parts, for logs and metrics.
    pub(crate) fn template(&self) -> &'static str {
        match self {
            Route::Root => "/",
            Route::Resources(ResourceKind::User) => "/Users",
            Route::Resources(ResourceKind::Group) => "/Groups",
            Route::Resource(ResourceKind::User, _) => "/Users/{id}",
            Route::Resource(ResourceKind::Group, _) => "/Groups/{id}",
            Route::Search(None) => "/.search",
            Route::Search(Some(ResourceKind::User)) => "/Users/.search",
            Route::Search(Some(ResourceKind::Group)) => "/Groups/.search",
            Route::Bulk => "/Bulk",
            Route::Me => "/Me",
            Route::Token => "/Token",
            Route::Invitation(_) => "/invitations/{link}",
            Route::Oauth(Oauth::Token) => "/oauth2/token",
            Route::Oauth(Oauth::Metadata { .. }) => "/.well-known/oauth-authorization-server",
            Route::Oauth(Oauth::Keys) => "/jwks.json",
            Route::Discovery(Discovery::ServiceProviderConfig) => "/ServiceProviderConfig",
            Route::Discovery(Discovery::ResourceTypes) => "/ResourceTypes",
            Route::Discovery(Discovery::ResourceType(_)) => "/ResourceTypes/{name}",
            Route::Discovery(Discovery::Schemas) => "/Schemas",
            Route::Discovery(Discovery::Schema(_)) => "/Schemas/{urn}",
            Route::Version | Route::Unknown => "unknown",
        }
    }
}
