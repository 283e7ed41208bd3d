//! `/Users`, `/Groups` and what is below, the same for both.

use directory::{Include, Members};
use scim::{Projection, ResourceKind};

use crate::caller::Caller;
use crate::error::Rejection;
use crate::reply::Reply;

/// Shows a resource, unless the client has this version already (RFC 7644 section 3.4.1).
pub(crate) async fn get(caller: &mut Caller<'_>, kind: ResourceKind, id: &str) -> Result<Reply, Rejection> {
    let view = caller.view()?;
    let record = caller.directory().get(kind, id, caller.include(kind, &view)).await?;
    if caller.has_already(record.stored().tag()) {
        return Ok(Reply::not_modified().tag(record.stored().tag()));
    }
    caller.ok(&record, &view)
}

/// Creates a resource (RFC 7644 section 3.3).
pub(crate) async fn create(caller: &mut Caller<'_>, kind: ResourceKind) -> Result<Reply, Rejection> {
    let view = caller.view()?;
    let draft = caller.draft(kind).await?;
    let view = draft.reveal(view, caller.of(kind));
    let record = caller.directory().create(kind, draft, caller.include(kind, &view)).await?;
    caller.created(&record, &view)
}

/// Replaces a resource (RFC 7644 section 3.5.1).
pub(crate) async fn replace(caller: &mut Caller<'_>, kind: ResourceKind, id: &str) -> Result<Reply, Rejection> {
    let view = caller.view()?;
    let draft = caller.draft(kind).await?;
    let view = draft.reveal(view, caller.of(kind));
    let include = caller.include(kind, &view);
    caller.refuse_present(kind, id).await?;
    let record = caller.directory().replace(kind, id, draft, caller.condition(), include).await?;
    caller.ok(&record, &view)
}

/// Changes some attributes of a resource (RFC 7644 section 3.5.2).
pub(crate) async fn patch(caller: &mut Caller<'_>, kind: ResourceKind, id: &str) -> Result<Reply, Rejection> {
    let view = caller.view()?;
    let patch = caller.patch(kind).await?;
    let view = patch.reveal(view);
    let include = include_after_patch(caller, kind, &view);
    caller.refuse_present(kind, id).await?;
    let patched = caller.directory().patch(kind, id, patch, caller.condition(), include).await?;
    caller.dialect.absorb(patched.dialect);
    let record = patched.record;
    if caller.prefers_minimal() {
        return Ok(Reply::no_content().tag(record.stored().tag()).applied("return=minimal"));
    }
    if matches!(include.members, Members::UpTo(_)) && record.members.is_none() {
        return Ok(Reply::no_content().tag(record.stored().tag()));
    }
    caller.ok(&record, &view)
}

/// Deletes a resource (RFC 7644 section 3.6).
pub(crate) async fn delete(caller: &mut Caller<'_>, kind: ResourceKind, id: &str) -> Result<Reply, Rejection> {
    caller.refuse_present(kind, id).await?;
    caller.directory().delete(kind, id, caller.condition()).await?;
    Ok(Reply::no_content())
}

/// Members are not read back after a patch of a large group, so that adding one costs the same in every group. Who names
/// attributes wants to see them.
fn include_after_patch(caller: &Caller<'_>, kind: ResourceKind, view: &Projection) -> Include {
    if caller.prefers_minimal() {
        return Include::NOTHING;
    }
    match caller.include(kind, view) {
        Include { groups, members: Members::All } if !view.names_attributes() => {
            Include { groups, members: Members::UpTo(caller.tenant().settings().group_answer_members) }
        }
        include => include,
    }
}
