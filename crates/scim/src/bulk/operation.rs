//! Reading one operation of a bulk request.

use serde_json::{Map, Value, json};

use super::BulkAction;
use crate::message::{PATCH_OP, refuse_foreign, take_member, take_text};
use crate::{Dialect, Quirk, ResourceKind, ScimError};

/// One operation as the client sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkOperation {
    /// The method in upper case, as the answer repeats it.
    pub method: String,
    /// The client's name for it.
    pub bulk_id: Option<String>,
    /// What it asks for, or why it cannot be run.
    pub action: Result<BulkAction, ScimError>,
}

impl BulkOperation {
    pub(super) fn parse(value: Value, dialect: &mut Dialect) -> Self {
        let mut operation = Self { method: String::new(), bulk_id: None, action: Err(ScimError::invalid_syntax("")) };
        operation.action = operation.read(value, dialect);
        operation
    }

    /// Fills in method and bulkId as soon as they are known: the answer repeats them even beside a refusal.
    fn read(&mut self, value: Value, dialect: &mut Dialect) -> Result<BulkAction, ScimError> {
        let Value::Object(mut members) = value else {
            return Err(ScimError::invalid_syntax("a bulk operation is a JSON object"));
        };
        self.method = read_method(&mut members, dialect)?;
        self.bulk_id = take_text(&mut members, "bulkId", dialect)?.filter(|name| !name.is_empty());
        let path = take_text(&mut members, "path", dialect)?
            .ok_or_else(|| ScimError::invalid_value("a bulk operation has a path, such as /Users"))?;
        let version = take_text(&mut members, "version", dialect)?;
        let data = take_member(&mut members, "data", dialect)?.filter(|data| !data.is_null());
        refuse_foreign(&members, "a bulk operation has method, bulkId, version, path and data", dialect)?;
        let (kind, id) = parse_path(&path)?;
        match self.method.as_str() {
            "POST" => self.create(kind, id.is_some(), data),
            "DELETE" => Ok(BulkAction::Delete { kind, id: existing(id)?, version }),
            "PUT" => Ok(BulkAction::Replace { kind, id: existing(id)?, version, data: required(data)? }),
            "PATCH" => {
                let data = wrap_operations(required(data)?, dialect)?;
                Ok(BulkAction::Patch { kind, id: existing(id)?, version, data })
            }
            other => Err(ScimError::invalid_value(format!(
                "method \"{other}\" is not possible in a bulk request; it is POST, PUT, PATCH or DELETE"
            ))),
        }
    }

    fn create(&self, kind: ResourceKind, has_id: bool, data: Option<Value>) -> Result<BulkAction, ScimError> {
        if has_id {
            return Err(ScimError::invalid_value(format!("POST goes to {}, without an id", kind.endpoint())));
        }
        if self.bulk_id.is_none() {
            return Err(ScimError::invalid_value("a POST in a bulk request has a bulkId (RFC 7644 section 3.7)"));
        }
        Ok(BulkAction::Create { kind, data: required(data)? })
    }
}

fn read_method(members: &mut Map<String, Value>, dialect: &mut Dialect) -> Result<String, ScimError> {
    let method = take_text(members, "method", dialect)?
        .ok_or_else(|| ScimError::invalid_syntax("a bulk operation has a method: POST, PUT, PATCH or DELETE"))?;
    let upper = method.to_ascii_uppercase();
    if upper != method {
        dialect.repair(Quirk::OperationCase, || {
            ScimError::invalid_syntax(format!("method \"{method}\" is spelt {upper}"))
        })?;
    }
    Ok(upper)
}

/// `/Users` or `/Users/{id}`; the id may be `bulkId:x`. Slashes are forgiven as they are in URLs.
fn parse_path(path: &str) -> Result<(ResourceKind, Option<String>), ScimError> {
    if path.contains(['?', '#']) {
        return Err(ScimError::invalid_value(format!(
            "path \"{path}\" names a resource and nothing more; leave out what follows it"
        )));
    }
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let endpoint = segments.next().unwrap_or_default();
    let kind = ResourceKind::ALL.into_iter().find(|kind| kind.endpoint().trim_start_matches('/') == endpoint);
    let id = segments.next().map(str::to_owned);
    match (kind, segments.next()) {
        (Some(kind), None) => Ok((kind, id)),
        _ => Err(ScimError::invalid_value(format!(
            "path \"{path}\" cannot be used in a bulk request; it is /Users, /Groups, /Users/{{id}} or /Groups/{{id}}"
        ))),
    }
}

fn existing(id: Option<String>) -> Result<String, ScimError> {
    id.ok_or_else(|| ScimError::invalid_value("PUT, PATCH and DELETE name one resource, such as /Users/{id}"))
}

fn required(data: Option<Value>) -> Result<Value, ScimError> {
    data.ok_or_else(|| ScimError::invalid_value("data is required for POST, PUT and PATCH"))
}

/// RFC 7644 section 3.7.3 shows the operations of a PATCH bare, in JSON that does not parse; erratum 5050 corrects it.
fn wrap_operations(data: Value, dialect: &mut Dialect) -> Result<Value, ScimError> {
    if !data.is_array() {
        return Ok(data);
    }
    dialect.repair(Quirk::BareOperations, || ScimError::invalid_syntax("the data of a PATCH is a JSON object"))?;
    Ok(json!({ "schemas": [PATCH_OP], "Operations": data }))
}
