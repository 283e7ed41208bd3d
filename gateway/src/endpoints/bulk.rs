//! `/Bulk`

use directory::{Include, Record};
use scim::{BulkAction, BulkDone};

use crate::caller::Caller;
use crate::error::Rejection;
use crate::precondition::if_match;
use crate::reply::Reply;
use crate::scope;

/// Runs many operations, each as if it were a request of its own (RFC 7644 section 3.7): once their token has ended, those
/// that are left are refused.
pub(crate) async fn bulk(caller: &mut Caller<'_>) -> Result<Reply, Rejection> {
    let mut run = caller.bulk_request().await?.start();
    let mut next = run.next_task();
    while let Some(task) = next {
        let confirmed = caller.confirm().await;
        let may_go_on = confirmed.is_ok();
        let outcome = match confirmed {
            Ok(()) => perform(caller, &task.action).await,
            Err(refused) => Err(refused),
        };
        run.record(&task, outcome.map_err(|rejection| caller.explain(&rejection)));
        caller.note_operation();
        next = run.next_task();
        if next.is_some() && may_go_on {
            // The first was counted when the request was let in.
            caller.wait_for_turn().await;
        }
    }
    Ok(Reply::ok(run.finish(caller.base()).to_string()))
}

async fn perform(caller: &mut Caller<'_>, action: &BulkAction) -> Result<BulkDone, Rejection> {
    scope::check_operation(caller.authenticated().scopes(), action)?;
    let directory = caller.directory();
    match action {
        BulkAction::Create { kind, data } => {
            let draft = caller.draft_of(*kind, data.clone())?;
            Ok(done(201, &directory.create(*kind, draft, Include::NOTHING).await?))
        }
        BulkAction::Replace { kind, id, version, data } => {
            let draft = caller.draft_of(*kind, data.clone())?;
            let condition = if_match(version.as_deref());
            Ok(done(200, &directory.replace(*kind, id, draft, condition, Include::NOTHING).await?))
        }
        BulkAction::Patch { kind, id, version, data } => {
            let patch = caller.patch_of(*kind, data.clone())?;
            let condition = if_match(version.as_deref());
            let patched = directory.patch(*kind, id, patch, condition, Include::NOTHING).await?;
            caller.dialect.absorb(patched.dialect);
            Ok(done(200, &patched.record))
        }
        BulkAction::Delete { kind, id, version } => {
            directory.delete(*kind, id, if_match(version.as_deref())).await?;
            Ok(BulkDone { status: 204, id: id.clone(), version: None })
        }
    }
}

fn done(status: u16, record: &Record) -> BulkDone {
    BulkDone { status, id: record.id.clone(), version: Some(format!("W/\"{}\"", record.stored().tag())) }
}
