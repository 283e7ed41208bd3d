//! Resource types that a tenant does not have: groups, where its application's profile has them off.

use actix_http::Method;
use scim::{BulkAction, ListHead, ListWriter, ResourceKind, ScimError};

use crate::caller::Caller;
use crate::error::Rejection;
use crate::reply::Reply;
use crate::routes::Route;

/// The answer, if a path is of a resource type that the tenant does not have: there are none of it, and none can be made.
pub(crate) fn answer(caller: &Caller<'_>, route: &Route<'_>) -> Option<Result<Reply, Rejection>> {
    let (Route::Resources(kind) | Route::Resource(kind, _) | Route::Search(Some(kind))) = route else { return None };
    if caller.tenant().schemas().serves(*kind) {
        return None;
    }
    Some(match (caller.method(), route) {
        (&Method::GET, Route::Resources(_)) | (&Method::POST, Route::Search(_)) => Ok(nothing()),
        (&Method::GET, Route::Resource(_, id)) => {
            let shown: String = id.chars().take(64).collect();
            Err(ScimError::new(404, format!("{kind} \"{shown}\" does not exist")).into())
        }
        (&Method::POST, Route::Resources(_))
        | (&Method::PUT | &Method::PATCH | &Method::DELETE, Route::Resource(..)) => Err(off(*kind)),
        _ => return None,
    })
}

/// Refuses an operation of a bulk request on a resource type that the tenant does not have.
pub(crate) fn check_operation(caller: &Caller<'_>, action: &BulkAction) -> Result<(), Rejection> {
    let (BulkAction::Create { kind, .. }
    | BulkAction::Replace { kind, .. }
    | BulkAction::Patch { kind, .. }
    | BulkAction::Delete { kind, .. }) = action;
    if caller.tenant().schemas().serves(*kind) { Ok(()) } else { Err(off(*kind)) }
}

fn nothing() -> Reply {
    let head = ListHead { total: Some(0), start: Some(1), items: 0, next: None, previous: None };
    let mut out = Vec::with_capacity(128);
    ListWriter::begin(&head, &mut out).end();
    Reply::ok(out)
}

fn off(kind: ResourceKind) -> Rejection {
    let sentence = format!(
        "{}s are not provisioned into this application; switch them off in the identity provider's mappings, or have them \
         switched on here",
        kind.name()
    );
    ScimError::new(403, sentence).into()
}
