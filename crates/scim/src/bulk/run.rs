//! Running a bulk request, one operation at a time.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use super::defer::split;
use super::plan::{Step, plan, referred_posts};
use super::reference::BulkIds;
use super::response::{Outcome, response};
use super::undo::{Undo, refuse_own_members};
use super::{BulkAction, BulkOperation, BulkRequest};
use crate::{ResourceKind, ScimError};

/// A bulk request on its way: hands out what is to be done next and collects the results. Runs nothing itself.
///
/// ```text
/// let mut run = request.start();
/// while let Some(task) = run.next_task() {
///     let result = directory.run(&task.action).await;
///     run.record(&task, result);
/// }
/// reply(run.finish(base));
/// ```
#[derive(Debug)]
pub struct BulkRun {
    pub(super) operations: Vec<BulkOperation>,
    pub(super) outcomes: Vec<Option<Outcome>>,
    /// What each created resource still lacks: a `PatchOp` message.
    pub(super) missing: Vec<Option<Value>>,
    /// The POSTs that each operation refers to.
    pub(super) referred: Vec<BTreeSet<usize>>,
    /// What was created and has to go again before anything else is done.
    pub(super) undo: VecDeque<Undo>,
    steps: VecDeque<Step>,
    ids: BulkIds,
    errors: u32,
    fail_on_errors: Option<u32>,
    /// What is answered to operations that are not begun any more, once none is.
    pub(super) stopped: Option<ScimError>,
}

/// One thing to do, with every reference filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkTask {
    /// The position of its operation in the request.
    pub operation: usize,
    /// What to do. To complete a resource of a circle it is a patch although the client sent a POST, and a delete if that
    /// failed.
    pub action: BulkAction,
}

/// What a successful operation left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkDone {
    /// The status that the single request would have had, such as 201.
    pub status: u16,
    /// The id of the resource.
    pub id: String,
    /// Its `ETag`; none after a delete.
    pub version: Option<String>,
}

/// An operation that was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkRefusal {
    /// Its position in the request.
    pub operation: usize,
    /// The method in upper case; empty, if it has none.
    pub method: String,
    /// The type of the resource, if it is known.
    pub kind: Option<ResourceKind>,
    /// The id of the resource, if it is there already.
    pub id: Option<String>,
    /// What the client is told.
    pub error: ScimError,
}

impl BulkRun {
    pub(super) fn new(mut request: BulkRequest) -> Self {
        let referred = referred_posts(&mut request.operations);
        refuse_own_members(&mut request.operations, &referred);
        let steps = plan(&request.operations, &referred).into();
        let count = request.operations.len();
        Self {
            operations: request.operations,
            outcomes: (0..count).map(|_| None).collect(),
            missing: vec![None; count],
            referred,
            undo: VecDeque::new(),
            steps,
            ids: BulkIds::default(),
            errors: 0,
            fail_on_errors: request.fail_on_errors,
            stopped: None,
        }
    }

    /// The next thing to do; `None` when all is done, `failOnErrors` is reached (RFC 7644 section 3.7), or it was stopped
    /// and nothing is left to take back. Operations that cannot be run, because they are malformed or refer to something
    /// that was not created, are recorded on the way.
    pub fn next_task(&mut self) -> Option<BulkTask> {
        loop {
            if let Some(task) = self.next_undo() {
                return Some(task);
            }
            if self.stopped.is_some() || self.has_failed_enough() {
                if !self.undo_unfinished() {
                    return None;
                }
                continue;
            }
            let step = self.steps.pop_front()?;
            if let Some(task) = self.task(step) {
                return Some(task);
            }
        }
    }

    fn task(&mut self, step: Step) -> Option<BulkTask> {
        let (operation, action) = match step {
            Step::Run { operation, deferred } => (operation, self.prepare(operation, &deferred)),
            Step::Complete { operation } => (operation, self.prepare_completion(operation)?),
        };
        match action {
            Ok(action) => Some(BulkTask { operation, action }),
            Err(refusal) => {
                self.fail(operation, refusal);
                None
            }
        }
    }

    /// Notes what became of a task.
    pub fn record(&mut self, task: &BulkTask, result: Result<BulkDone, ScimError>) {
        if self.undoes(task) {
            self.record_undo(result.err());
            return;
        }
        match result {
            Ok(done) => self.succeed(task.operation, done),
            Err(refusal) => self.fail(task.operation, refusal),
        }
    }

    /// Begins no further operation: each that is left is answered with `refusal`, so that the client sees which were not
    /// done. What was created in parts is still handed out to be taken back. Where `failOnErrors` has ended the run
    /// already, what is left stays unanswered, as RFC 7644 section 3.7 has it.
    pub fn stop(&mut self, refusal: ScimError) {
        if !self.has_failed_enough() {
            self.stopped.get_or_insert(refusal);
        }
    }

    /// The `BulkResponse` (RFC 7644 section 3.7.3): every operation that was tried, in the client's order, and after
    /// [`Self::stop`] the others too. `base` is the URL that `/Users` is appended to.
    #[must_use]
    pub fn finish(mut self, base: &str) -> Value {
        self.refuse_the_rest();
        response(&self.operations, &self.outcomes, base)
    }

    /// The operations that were not done, in the client's order. To be asked for when nothing is handed out any more.
    pub fn refusals(&mut self) -> Vec<BulkRefusal> {
        self.refuse_the_rest();
        let all = self.operations.iter().zip(&self.outcomes).enumerate();
        let refusals = all.filter_map(|(operation, (sent, outcome))| {
            let outcome = outcome.as_ref()?;
            Some(BulkRefusal {
                operation,
                method: sent.method.clone(),
                kind: sent.action.as_ref().ok().map(BulkAction::kind),
                id: outcome.id.clone(),
                error: outcome.refusal.clone()?,
            })
        });
        refusals.collect()
    }

    fn refuse_the_rest(&mut self) {
        let Some(refusal) = self.stopped.take() else { return };
        for operation in 0..self.operations.len() {
            if self.outcome(operation).is_none() {
                self.refuse(operation, self.target(operation), refusal.clone());
            }
        }
    }

    fn has_failed_enough(&self) -> bool {
        self.fail_on_errors.is_some_and(|limit| self.errors >= limit)
    }

    fn prepare(&mut self, operation: usize, deferred: &[String]) -> Result<BulkAction, ScimError> {
        let Some(sent) = self.operations.get_mut(operation) else {
            return Err(ScimError::new(500, "the operation does not exist"));
        };
        let mut action = sent.action.as_mut().map_err(|refusal| refusal.clone())?.take();
        let kind = action.kind();
        if !deferred.is_empty()
            && let Some(data) = action.data_mut()
            && let Some(missing) = self.missing.get_mut(operation)
        {
            *missing = Some(split(kind, data, deferred));
        }
        self.fill(action)
    }

    /// The patch that completes a resource; `None` if it was never created.
    fn prepare_completion(&mut self, operation: usize) -> Option<Result<BulkAction, ScimError>> {
        let data = self.missing.get_mut(operation)?.take()?;
        let kind = self.operations.get(operation)?.action.as_ref().ok()?.kind();
        let id = self.outcomes.get(operation)?.as_ref()?.id.clone()?;
        Some(self.fill(BulkAction::Patch { kind, id, version: None, data }))
    }

    fn fill(&self, mut action: BulkAction) -> Result<BulkAction, ScimError> {
        self.ids.fill(&mut action)?;
        Ok(action)
    }

    fn succeed(&mut self, operation: usize, done: BulkDone) {
        let created = self.outcome(operation).is_none();
        if created {
            self.name(operation, Some(done.id.clone()));
        }
        if let Some(slot) = self.outcomes.get_mut(operation) {
            // A completion changes the version of what was created, nothing else.
            let status = slot.as_ref().map_or(done.status, |first| first.status);
            *slot = Some(Outcome { status, id: Some(done.id), version: done.version, refusal: None });
        }
    }

    fn fail(&mut self, operation: usize, refusal: ScimError) {
        if self.created(operation).is_some() {
            self.undo(operation, refusal);
            return;
        }
        self.name(operation, None);
        self.forget_missing(operation);
        let id = self.target(operation);
        self.refuse(operation, id, refusal);
    }

    pub(super) fn refuse(&mut self, operation: usize, id: Option<String>, refusal: ScimError) {
        self.errors = self.errors.saturating_add(1);
        if let Some(slot) = self.outcomes.get_mut(operation) {
            *slot = Some(Outcome { status: refusal.status, id, version: None, refusal: Some(refusal) });
        }
    }

    /// The id of the resource that a POST has created.
    pub(super) fn created(&self, operation: usize) -> Option<&str> {
        let is_post = matches!(self.operations.get(operation)?.action, Ok(BulkAction::Create { .. }));
        self.outcome(operation).filter(|outcome| is_post && outcome.refusal.is_none())?.id.as_deref()
    }

    fn outcome(&self, operation: usize) -> Option<&Outcome> {
        self.outcomes.get(operation)?.as_ref()
    }

    /// Tells later operations what the bulkId of a POST means.
    pub(super) fn name(&mut self, operation: usize, id: Option<String>) {
        let Some(sent) = self.operations.get(operation).filter(|sent| sent.method == "POST") else { return };
        if let Some(name) = &sent.bulk_id {
            self.ids.0.insert(name.clone(), id);
        }
    }

    pub(super) fn forget_missing(&mut self, operation: usize) {
        if let Some(missing) = self.missing.get_mut(operation) {
            *missing = None;
        }
    }

    /// The id of the resource an operation is about, if it exists already.
    fn target(&self, operation: usize) -> Option<String> {
        let mut id = self.operations.get(operation)?.action.as_ref().ok()?.id()?.to_owned();
        self.ids.fill_text(&mut id).ok().map(|()| id)
    }
}
