//! Taking back what was created in parts and could not be completed: a failed POST has no location, so it must leave
//! nothing behind (RFC 7644 section 3.7).

use std::collections::BTreeSet;

use super::{BulkAction, BulkOperation, BulkRun, BulkTask};
use crate::{ResourceKind, ScimError};

/// A created resource that has to go again.
#[derive(Debug)]
pub(super) struct Undo {
    operation: usize,
    /// Why.
    refusal: ScimError,
}

impl BulkRun {
    /// Decides that a created resource goes again, and with it those that were created with a reference to it.
    pub(super) fn undo(&mut self, operation: usize, refusal: ScimError) {
        let name = self.operations.get(operation).and_then(|sent| sent.bulk_id.clone()).unwrap_or_default();
        // What could not be done for now alone can be sent again, and so can what refers to it.
        let status = if refusal.status == 503 { 503 } else { 409 };
        self.name(operation, None);
        self.forget_missing(operation);
        self.undo.push_front(Undo { operation, refusal });
        for other in 0..self.operations.len() {
            if self.refers(other, operation) && self.created(other).is_some() && !self.is_undone(other) {
                self.undo(
                    other,
                    ScimError::new(status, format!("the resource with bulkId \"{name}\" was not created")),
                );
            }
        }
    }

    /// Undoes what still lacks a part when the run stops early; whether there was something.
    pub(super) fn undo_unfinished(&mut self) -> bool {
        let Some(operation) = self.missing.iter().position(Option::is_some) else { return false };
        let early = "failOnErrors was reached before what refers to other resources could be added; it was not created";
        let refusal = self.stopped.clone().unwrap_or_else(|| ScimError::new(409, early));
        self.forget_missing(operation);
        if self.created(operation).is_some() {
            self.undo(operation, refusal);
        }
        true
    }

    /// The delete that undoes one.
    pub(super) fn next_undo(&self) -> Option<BulkTask> {
        let operation = self.undo.front()?.operation;
        let kind = self.operations.get(operation)?.action.as_ref().ok()?.kind();
        let id = self.created(operation)?.to_owned();
        Some(BulkTask { operation, action: BulkAction::Delete { kind, id, version: None } })
    }

    pub(super) fn undoes(&self, task: &BulkTask) -> bool {
        let sent = self.operations.get(task.operation).map(|sent| &sent.action);
        matches!((sent, &task.action), (Some(Ok(BulkAction::Create { .. })), BulkAction::Delete { .. }))
    }

    /// Reports the operation as failed. What could not be deleted still has its location.
    pub(super) fn record_undo(&mut self, fault: Option<ScimError>) {
        let Some(Undo { operation, mut refusal }) = self.undo.pop_front() else { return };
        let mut left = None;
        if let Some(fault) = fault.filter(|fault| fault.status != 404) {
            left = self.created(operation).map(str::to_owned);
            refusal.detail =
                format!("{}; what was created could not be deleted again: {}", refusal.detail, fault.detail);
        }
        self.refuse(operation, left, refusal);
    }

    fn refers(&self, operation: usize, post: usize) -> bool {
        self.referred.get(operation).is_some_and(|posts| posts.contains(&post))
    }

    fn is_undone(&self, operation: usize) -> bool {
        self.undo.iter().any(|undo| undo.operation == operation)
    }
}

/// A group cannot be its own member, which is known before anything is created.
pub(super) fn refuse_own_members(operations: &mut [BulkOperation], referred: &[BTreeSet<usize>]) {
    for (node, (operation, posts)) in operations.iter_mut().zip(referred).enumerate() {
        if posts.contains(&node) && operation.action.as_ref().is_ok_and(|sent| sent.kind() == ResourceKind::Group) {
            operation.action = Err(ScimError::invalid_value("a group cannot be a member of itself"));
        }
    }
}
