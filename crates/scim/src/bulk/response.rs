//! The answer to a bulk request (RFC 7644 section 3.7.3).

use serde_json::{Map, Value, json};

use super::{BulkAction, BulkOperation};
use crate::ScimError;

const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// What became of one operation.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: u16,
    /// The resource it is about; none if a POST failed.
    pub(super) id: Option<String>,
    pub(super) version: Option<String>,
    pub(super) refusal: Option<ScimError>,
}

/// Writes the message. Operations without outcome were not reached and are left out.
pub(super) fn response(operations: &[BulkOperation], outcomes: &[Option<Outcome>], base: &str) -> Value {
    let results: Vec<_> = operations
        .iter()
        .zip(outcomes)
        .filter_map(|(operation, outcome)| Some(result(operation, outcome.as_ref()?, base)))
        .collect();
    json!({ "schemas": [BULK_RESPONSE], "Operations": results })
}

fn result(operation: &BulkOperation, outcome: &Outcome, base: &str) -> Value {
    let mut result = Map::new();
    let kind = operation.action.as_ref().ok().map(BulkAction::kind);
    if let (Some(kind), Some(id)) = (kind, &outcome.id) {
        result.insert("location".to_owned(), format!("{base}{}/{id}", kind.endpoint()).into());
    }
    if !operation.method.is_empty() {
        result.insert("method".to_owned(), operation.method.as_str().into());
    }
    if let Some(bulk_id) = &operation.bulk_id {
        result.insert("bulkId".to_owned(), bulk_id.as_str().into());
    }
    if let Some(version) = &outcome.version {
        result.insert("version".to_owned(), version.as_str().into());
    }
    // A string, although one sample of the RFC shows an object with `code`.
    result.insert("status".to_owned(), outcome.status.to_string().into());
    if let Some(refusal) = &outcome.refusal {
        result.insert("response".to_owned(), refusal.to_json());
    }
    Value::Object(result)
}
