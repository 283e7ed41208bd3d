//! The `PatchOp` message and its operations, before their paths are understood.

use serde_json::{Map, Value};

use super::step::Action;
use crate::message::{PATCH_OP, check_schemas, refuse_foreign, take_member, take_text};
use crate::{Dialect, Quirk, ScimError};

/// One operation as sent.
pub(super) struct Operation {
    pub(super) action: Action,
    /// The path; empty and `null` count as none.
    pub(super) path: Option<String>,
    /// The value; `None` if there is no such member, which is something else than `null`.
    pub(super) value: Option<Value>,
}

impl Operation {
    /// Reads the message.
    pub(super) fn parse_all(body: Value, limit: usize, dialect: &mut Dialect) -> Result<Vec<Self>, ScimError> {
        let Value::Object(mut body) = body else {
            return Err(ScimError::invalid_syntax("a PATCH is a JSON object with schemas and Operations"));
        };
        check_schemas(&mut body, PATCH_OP, dialect)?;
        let Some(Value::Array(operations)) = take_member(&mut body, "Operations", dialect)? else {
            return Err(ScimError::invalid_syntax("a PATCH has an array Operations"));
        };
        if operations.len() > limit {
            let sent = operations.len();
            let refusal =
                format!("the PATCH has {sent} operations, more than the limit of {limit}; send several requests");
            return Err(ScimError::invalid_value(refusal));
        }
        if operations.is_empty() {
            let refusal = || ScimError::invalid_syntax("Operations is empty");
            dialect.repair(Quirk::NoOperations, refusal)?;
        }
        operations.into_iter().map(|operation| Self::parse(operation, dialect)).collect()
    }

    fn parse(value: Value, dialect: &mut Dialect) -> Result<Self, ScimError> {
        let Value::Object(mut members) = value else {
            return Err(ScimError::invalid_syntax("a PATCH operation is a JSON object with op, path and value"));
        };
        let action = parse_action(&mut members, dialect)?;
        let path = parse_path(&mut members, dialect)?;
        let value = take_member(&mut members, "value", dialect)?;
        refuse_foreign(&members, "a PATCH operation has op, path and value", dialect)?;
        Ok(Self { action, path, value })
    }
}

fn parse_action(members: &mut Map<String, Value>, dialect: &mut Dialect) -> Result<Action, ScimError> {
    let sent = take_text(members, "op", dialect)?
        .ok_or_else(|| ScimError::invalid_syntax("a PATCH operation has an op: add, replace or remove"))?;
    let wrong = || ScimError::invalid_syntax(format!("op \"{sent}\" is unknown; it is add, replace or remove"));
    let action = Action::parse(&sent).ok_or_else(wrong)?;
    if sent != action.as_str() {
        dialect.repair(Quirk::OperationCase, wrong)?;
    }
    Ok(action)
}

fn parse_path(members: &mut Map<String, Value>, dialect: &mut Dialect) -> Result<Option<String>, ScimError> {
    let path = take_text(members, "path", dialect)?;
    if path.as_deref().is_some_and(|path| path.trim().is_empty()) {
        dialect.repair(Quirk::ForeignMember, || ScimError::invalid_path("path is empty; leave it out"))?;
        return Ok(None);
    }
    Ok(path)
}
