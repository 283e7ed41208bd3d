#![expect(clippy::needless_pass_by_value, reason = "bodies are written where they are used")]

mod add;
mod clients;
mod elements;
mod laws;
mod members;
mod message;
mod mutability;
mod paths;
mod remove;
mod replace;
mod strict;
mod validator;

use serde_json::{Value, json};

use super::{MemberStep, Patch};
use crate::{Dialect, Quirk, Resource, ResourceKind, ResourceType, Schema, Schemas, ScimError, ScimType};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// An extension whose URN does not end in `User`, as Workato sends them.
const BADGE: &str = "urn:acme:params:scim:badge";

/// User with an extension that has every sort of attribute.
fn schemas() -> std::sync::Arc<Schemas> {
    let badge: Schema = serde_json::from_value(json!({
        "id": BADGE, "name": "Badge", "attributes": [
            {"name": "doorCode", "type": "string"},
            {"name": "valid", "type": "boolean"},
            {"name": "issued", "type": "string", "mutability": "immutable"},
            {"name": "levels", "type": "string", "multiValued": true},
            {"name": "lockers", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "type": "string", "mutability": "immutable"},
                {"name": "note", "type": "string"},
                {"name": "owner", "type": "string", "mutability": "readOnly"},
                {"name": "keys", "type": "string", "multiValued": true},
                {"name": "floor", "type": "integer"}]},
            {"name": "desk", "type": "complex", "subAttributes": [
                {"name": "room", "mutability": "immutable"}, {"name": "floor", "type": "integer"}]},
            {"name": "serial", "type": "string", "mutability": "readOnly"},
        ]
    }))
    .unwrap();
    Schemas::with_extensions(vec![badge]).unwrap()
}

/// A user with something of each kind.
fn mara() -> Value {
    json!({
        "userName": "mara.voss@acme.example", "externalId": "a8d3f0c2", "active": true, "title": "Lead",
        "name": {"givenName": "Mara", "familyName": "Voss", "formatted": "Mara Voss"},
        "emails": [
            {"value": "mara.voss@acme.example", "type": "work", "primary": true},
            {"value": "mv@home.example", "type": "home"}],
        "roles": [{"value": "Editor", "primary": true}],
        (ENTERPRISE): {"department": "Optics", "manager": {"value": "0d9e"}},
        (BADGE): {"levels": ["L1", "L2"]},
    })
}

fn message(operations: Value) -> Value {
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

fn run(user: &Value, body: Value, dialect: &mut Dialect) -> Result<Value, ScimError> {
    let schemas = schemas();
    let of = schemas.of(ResourceKind::User);
    let patch = Patch::parse(body, of, 1_000, dialect)?;
    let current = Resource::from_document(&user.to_string()).unwrap();
    Ok(Value::Object(patch.apply(&current, of, dialect)?.attributes().clone()))
}

/// A user after these operations, in the lenient dialect.
fn patched(user: &Value, operations: Value) -> Value {
    run(user, message(operations), &mut Dialect::lenient()).unwrap()
}

/// The same in the strict dialect.
fn strictly(user: &Value, operations: Value) -> Result<Value, ScimError> {
    run(user, message(operations), &mut Dialect::strict())
}

/// Why these operations are refused even in the lenient dialect.
fn refused(user: &Value, operations: Value) -> ScimError {
    run(user, message(operations), &mut Dialect::lenient()).unwrap_err()
}

fn keyword(error: &ScimError) -> (u16, Option<ScimType>) {
    (error.status, error.scim_type)
}

/// `user` with one attribute changed; `null` removes it.
fn with(mut user: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let holder = user.pointer_mut(parent).unwrap();
    if let (Value::Array(elements), Ok(position)) = (&mut *holder, name.parse::<usize>()) {
        if value.is_null() {
            elements.remove(position);
        } else if position == elements.len() {
            elements.push(value);
        } else {
            elements[position] = value;
        }
    } else if value.is_null() {
        holder.as_object_mut().unwrap().shift_remove(name);
    } else {
        holder[name] = value;
    }
    user
}

/// Patches and says whether exactly these deviations were repaired.
fn repairing(user: &Value, operations: Value, quirks: &[Quirk]) -> Value {
    let mut dialect = Dialect::lenient();
    let result = run(user, message(operations.clone()), &mut dialect).unwrap();
    assert_eq!(dialect.repaired().iter().collect::<Vec<_>>(), quirks, "{operations}");
    let refusal = strictly(user, operations.clone());
    assert_eq!(refusal.is_ok(), quirks.is_empty(), "strict: {operations}");
    result
}

fn group_type() -> ResourceType {
    Schemas::standard().of(ResourceKind::Group).clone()
}

/// The member steps of a group's PATCH, and what is left of it.
fn group_steps(operations: Value, dialect: &mut Dialect) -> Result<(Patch, Vec<MemberStep>), ScimError> {
    Patch::parse(message(operations), &group_type(), 1_000, dialect)?.split_members()
}
