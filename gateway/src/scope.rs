//! What a token may do: the one place that decides it, for every route and every operation of a bulk request.

use actix_http::Method;
use scim::{BulkAction, ResourceKind};
use tenancy::Scopes;

use crate::error::Rejection;
use crate::routes::Route;

const READS_ONLY: Rejection =
    Rejection::OutOfScope("the provisioning token is read-only; nothing can be changed with it");
const NO_USERS: Rejection =
    Rejection::OutOfScope("the provisioning token is not for users; use one with the scope users, or with none");
const NO_GROUPS: Rejection =
    Rejection::OutOfScope("the provisioning token is not for groups; use one with the scope groups, or with none");

/// Refuses a request that is out of scope, before its body is read. Lists of all resource types are narrowed instead,
/// and the operations of a bulk request are looked at one by one.
pub(crate) fn check(scopes: Scopes, method: &Method, route: &Route<'_>) -> Result<(), Rejection> {
    match route {
        Route::Resources(kind) | Route::Resource(kind, _) => {
            check_kind(scopes, *kind)?;
            check_write(scopes, *method != Method::GET)
        }
        Route::Search(Some(kind)) => check_kind(scopes, *kind),
        Route::Bulk => check_write(scopes, true),
        // Nothing of the directory is changed by these, and nothing of it is shown but what is in scope.
        Route::Root
        | Route::Search(None)
        | Route::Me
        | Route::Oauth(_)
        | Route::Token
        | Route::Invitation(_)
        | Route::Discovery(_)
        | Route::Version
        | Route::Unknown => Ok(()),
    }
}

/// Refuses one operation of a bulk request: all of them change something.
pub(crate) fn check_operation(scopes: Scopes, action: &BulkAction) -> Result<(), Rejection> {
    let (BulkAction::Create { kind, .. }
    | BulkAction::Replace { kind, .. }
    | BulkAction::Patch { kind, .. }
    | BulkAction::Delete { kind, .. }) = action;
    check_write(scopes, true)?;
    check_kind(scopes, *kind)
}

fn check_write(scopes: Scopes, writes: bool) -> Result<(), Rejection> {
    if writes && !scopes.may_write() { Err(READS_ONLY) } else { Ok(()) }
}

fn check_kind(scopes: Scopes, kind: ResourceKind) -> Result<(), Rejection> {
    match kind {
        _ if scopes.may_reach(kind) => Ok(()),
        ResourceKind::User => Err(NO_USERS),
        ResourceKind::Group => Err(NO_GROUPS),
    }
}
