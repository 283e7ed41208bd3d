//! `/ResourceTypes` and `/Schemas`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::form::{assigned, whole};
use crate::{ResourceType, Schema, Schemas};

const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// The answer to `/ResourceTypes`.
#[must_use]
pub fn resource_types(schemas: &Schemas, base: &str) -> Value {
    whole(schemas.kinds().map(|kind| describe(schemas.of(kind), base)))
}

/// The answer to `/ResourceTypes/{name}`; `None` if there is no such type.
#[must_use]
pub fn resource_type(schemas: &Schemas, name: &str, base: &str) -> Option<Value> {
    let kind = schemas.kinds().find(|kind| kind.name().eq_ignore_ascii_case(name))?;
    Some(describe(schemas.of(kind), base))
}

/// The answer to `/Schemas`: the tenant's own extensions included.
#[must_use]
pub fn schemas(schemas: &Schemas, base: &str) -> Value {
    whole(schemas.all().map(|schema| publish(schema, base)))
}

/// The answer to `/Schemas/{urn}`, in any letter case; `None` if there is no such schema.
#[must_use]
pub fn schema(schemas: &Schemas, urn: &str, base: &str) -> Option<Value> {
    let schema = schemas.all().find(|schema| schema.id.eq_ignore_ascii_case(urn))?;
    Some(publish(schema, base))
}

/// One resource type (RFC 7643 section 6). No extension is required: clients leave them out.
fn describe(of: &ResourceType, base: &str) -> Value {
    let name = of.kind.name();
    let extension = |schema: &Arc<Schema>| json!({ "schema": schema.id, "required": false });
    assigned(json!({
        "schemas": [RESOURCE_TYPE],
        "id": name,
        "name": name,
        "description": of.schema.description,
        "endpoint": of.kind.endpoint(),
        "schema": of.schema.id,
        "schemaExtensions": of.extensions.iter().map(extension).collect::<Vec<_>>(),
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}") },
    }))
}

/// One schema (RFC 7643 section 7).
fn publish(schema: &Schema, base: &str) -> Value {
    assigned(json!({
        "schemas": [SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes,
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id) },
    }))
}
