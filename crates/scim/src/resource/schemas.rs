//! The `schemas` of a body (RFC 7643 section 3). What is stored is worked out from what is in use, so nothing of it is
//! kept; a strict tenant's client is told what is wrong with it.

use std::sync::Arc;

use serde_json::Value;

use super::Resource;
use crate::schema::modern;
use crate::{Dialect, Quirk, ResourceType, ScimError};

/// Entra lists URNs that are not known here and leaves out some that it uses; OneLogin lists SCIM 1.1 URNs.
pub(super) fn check(
    sent: Option<Value>,
    resource: &Resource,
    of: &ResourceType,
    dialect: &mut Dialect,
) -> Result<(), ScimError> {
    let mut known: Vec<Arc<str>> = Vec::new();
    for urn in listed(sent, dialect)? {
        let urn = current(urn, of, dialect)?;
        match of.schema(&urn) {
            Some(schema) if !known.contains(&schema.id) => known.push(Arc::clone(&schema.id)),
            Some(_) => mismatch(dialect, &format!("schemas lists {urn} twice"))?,
            None => mismatch(dialect, &format!("schemas lists {urn}, which is no schema of a {}", of.kind))?,
        }
    }
    let in_use = |urn: &Arc<str>| *urn == of.schema.id || resource.attributes().contains_key(urn.as_ref());
    let missing = of.schemas().map(|schema| &schema.id).find(|urn| in_use(urn) && !known.contains(urn));
    missing.map_or(Ok(()), |urn| mismatch(dialect, &format!("schemas does not list {urn}")))
}

fn listed(sent: Option<Value>, dialect: &mut Dialect) -> Result<Vec<String>, ScimError> {
    let refusal = || ScimError::invalid_value("schemas must be an array of URNs");
    let values = match sent {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values,
        Some(single) => {
            dialect.repair(Quirk::SingleForArray, refusal)?;
            vec![single]
        }
    };
    let text = |value| match value {
        Value::String(text) => Ok(text),
        _ => Err(refusal()),
    };
    values.into_iter().map(text).collect()
}

fn current(urn: String, of: &ResourceType, dialect: &mut Dialect) -> Result<String, ScimError> {
    let Some(modern) = modern(&urn, of.kind) else { return Ok(urn) };
    dialect.repair(Quirk::CoreOne, || ScimError::invalid_value(format!("schemas lists {urn}; write {modern}")))?;
    Ok(modern)
}

fn mismatch(dialect: &mut Dialect, sentence: &str) -> Result<(), ScimError> {
    dialect.repair(Quirk::SchemasMismatch, || ScimError::invalid_value(sentence))
}
