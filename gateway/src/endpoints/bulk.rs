//! `/Bulk`

use std::time::{Duration, Instant};

use directory::{Include, Record};
use scim::{BulkAction, BulkDone, BulkTask, ScimError};

use crate::caller::Caller;
use crate::endpoints::unserved;
use crate::error::Rejection;
use crate::failures;
use crate::pipeline::BULK_TIME;
use crate::precondition::if_match;
use crate::reply::Reply;
use crate::scope;

/// What was begun in [`BULK_TIME`], and what takes back what was made in parts, is waited for until so long after it arrived.
const ANSWERING: Duration = Duration::from_secs(58);

/// Runs many operations, each as if it were a request of its own (RFC 7644 section 3.7): once their token has ended, those
/// that are left are refused. When one is answered 503, or the time is over, no other is begun: each that was not is
/// answered 503 too.
pub(crate) async fn bulk(caller: &mut Caller<'_>) -> Result<Reply, Rejection> {
    let mut run = caller.bulk_request().await?.start();
    let mut course = Course { arrived: caller.arrived(), stage: Stage::First };
    while let Some(task) = run.next_task() {
        let outcome = course.attempt(caller, &task).await.map_err(|rejection| caller.explain(&rejection));
        let is_away = matches!(&outcome, Err(refusal) if refusal.status == 503);
        run.record(&task, outcome);
        if is_away {
            course.stop(caller);
            run.stop(not_begun());
        }
        caller.note_operation();
    }
    failures::note_operations(caller, run.refusals());
    Ok(Reply::ok(run.finish(caller.base()).to_string()))
}

/// How far a bulk request has come.
struct Course {
    arrived: Instant,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing is done. The first operation was counted when the request was let in.
    First,
    /// Each operation waits for its turn.
    Further,
    /// Whoever asks would not be let in now: what is left is refused without waiting.
    Refused,
    /// Nothing is begun any more. What was made in parts is taken back without waiting: it was counted when it was made.
    Stopped,
    /// Nor can that be done.
    Away,
}

impl Course {
    async fn attempt(&mut self, caller: &mut Caller<'_>, task: &BulkTask) -> Result<BulkDone, Rejection> {
        match self.stage {
            Stage::First => self.check_time()?,
            Stage::Further => self.wait_for_turn(caller).await?,
            Stage::Refused | Stage::Stopped => {}
            Stage::Away => return Err(not_begun().into()),
        }
        let end = self.arrived + ANSWERING;
        let doing = self.confirm_and_perform(caller, &task.action);
        tokio::time::timeout_at(end.into(), doing).await.unwrap_or_else(|_| Err(unknown().into()))
    }

    async fn confirm_and_perform(
        &mut self,
        caller: &mut Caller<'_>,
        action: &BulkAction,
    ) -> Result<BulkDone, Rejection> {
        let confirmed = caller.confirm().await;
        if self.stage != Stage::Stopped {
            self.stage = if confirmed.is_ok() { Stage::Further } else { Stage::Refused };
        }
        confirmed?;
        perform(caller, action).await
    }

    async fn wait_for_turn(&self, caller: &Caller<'_>) -> Result<(), Rejection> {
        let end = self.arrived + BULK_TIME;
        let turn = tokio::time::timeout_at(end.into(), caller.wait_for_turn()).await;
        turn.map_err(|_| not_begun())?;
        self.check_time()
    }

    fn check_time(&self) -> Result<(), Rejection> {
        if self.arrived.elapsed() < BULK_TIME { Ok(()) } else { Err(not_begun().into()) }
    }

    fn stop(&mut self, caller: &Caller<'_>) {
        if matches!(self.stage, Stage::Stopped | Stage::Away) {
            self.stage = Stage::Away;
            return;
        }
        self.stage = Stage::Stopped;
        caller.log_stop();
    }
}

fn not_begun() -> ScimError {
    let sentence = "the operation was not begun: one before it could not be served, or the time of the request was over; \
                    send it again in 5 seconds";
    ScimError::new(503, sentence)
}

fn unknown() -> ScimError {
    let sentence = "the operation was not done in the time of the request, and may still be; look at the resource before you \
                    send it again";
    ScimError::new(503, sentence)
}

async fn perform(caller: &mut Caller<'_>, action: &BulkAction) -> Result<BulkDone, Rejection> {
    scope::check_operation(caller.authenticated().scopes(), action)?;
    unserved::check_operation(caller, action)?;
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
