//! The message of a bulk request.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{BulkOperation, BulkRun};
use crate::message::{check_schemas, take_member};
use crate::{Dialect, Quirk, ScimError};

const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// A bulk request. A fault in one operation is that operation's alone, so each carries its own refusal.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkRequest {
    /// After how many errors to stop; without it everything is tried (RFC 7644 section 3.7).
    pub fail_on_errors: Option<u32>,
    /// The operations in the client's order.
    pub operations: Vec<BulkOperation>,
}

impl BulkRequest {
    /// Checks the message and reads each operation.
    ///
    /// # Errors
    /// 413 with the limit named if there are more than `max_operations` (RFC 7644 section 3.7.4); 400 if the message is
    /// malformed or two operations have the same `bulkId`.
    pub fn parse(body: Value, max_operations: usize, dialect: &mut Dialect) -> Result<Self, ScimError> {
        let Value::Object(mut body) = body else {
            return Err(ScimError::invalid_syntax("a bulk request is a JSON object"));
        };
        check_schemas(&mut body, BULK_REQUEST, dialect)?;
        let fail_on_errors = parse_fail_on_errors(&mut body, dialect)?;
        let operations = take_operations(&mut body, max_operations, dialect)?;
        let operations: Vec<_> =
            operations.into_iter().map(|operation| BulkOperation::parse(operation, dialect)).collect();
        refuse_repeated_bulk_ids(&operations)?;
        Ok(Self { fail_on_errors, operations })
    }

    /// Decides the order and starts.
    #[must_use]
    pub fn start(self) -> BulkRun {
        BulkRun::new(self)
    }
}

fn take_operations(
    body: &mut Map<String, Value>,
    max_operations: usize,
    dialect: &mut Dialect,
) -> Result<Vec<Value>, ScimError> {
    let Some(Value::Array(operations)) = take_member(body, "Operations", dialect)? else {
        return Err(ScimError::invalid_syntax("a bulk request has an array Operations"));
    };
    if operations.len() > max_operations {
        let sent = operations.len();
        return Err(ScimError::new(
            413,
            format!(
                "the request has {sent} operations, more than maxOperations ({max_operations}); send several requests"
            ),
        ));
    }
    Ok(operations)
}

fn parse_fail_on_errors(body: &mut Map<String, Value>, dialect: &mut Dialect) -> Result<Option<u32>, ScimError> {
    let refusal = || ScimError::invalid_value("failOnErrors is a whole number, 1 or more");
    let count = match take_member(body, "failOnErrors", dialect)? {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => {
            dialect.repair(Quirk::Coerced, refusal)?;
            text.parse().ok()
        }
        Some(value) => value.as_u64(),
    };
    match count.and_then(|count| u32::try_from(count).ok()) {
        None => Err(refusal()),
        // 0 would stop before the first operation; every client that sends it means "no limit".
        Some(0) => dialect.repair(Quirk::Coerced, refusal).map(|()| None),
        some => Ok(some),
    }
}

/// A reference to a name that two resources have could be filled in either way.
fn refuse_repeated_bulk_ids(operations: &[BulkOperation]) -> Result<(), ScimError> {
    let mut seen = HashSet::new();
    let mut names = operations
        .iter()
        .filter(|operation| operation.method == "POST")
        .filter_map(|operation| operation.bulk_id.as_deref());
    match names.find(|name| !seen.insert(*name)) {
        Some(name) => Err(ScimError::invalid_value(format!("two operations have the bulkId \"{name}\""))),
        None => Ok(()),
    }
}
