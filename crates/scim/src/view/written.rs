//! What a client wrote itself is shown to it in the answer, even if it is otherwise returned on request only (RFC 7643
//! section 7).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{Attribute, Resource, ResourceType, Returned};

/// The paths of what a body says, as far as it is returned on request.
pub(crate) fn written(resource: &Resource, of: &ResourceType) -> Vec<String> {
    let mut paths = Vec::new();
    if !of.hides {
        return paths;
    }
    for schema in of.schemas() {
        let is_core = Arc::ptr_eq(schema, &of.schema);
        let extension = || resource.attributes().get(schema.id.as_ref()).and_then(Value::as_object);
        let holder = if is_core { Some(resource.attributes()) } else { extension() };
        let prefix = if is_core { String::new() } else { format!("{}:", schema.id) };
        if let Some(holder) = holder {
            paths.extend(schema.attributes.iter().flat_map(|attribute| in_holder(attribute, holder, &prefix)));
        }
    }
    paths
}

fn in_holder(attribute: &Attribute, holder: &Map<String, Value>, prefix: &str) -> Vec<String> {
    match holder.get(&attribute.name) {
        Some(value) => on_request(attribute, &format!("{prefix}{}", attribute.name), |sub| has_part(value, sub)),
        None => Vec::new(),
    }
}

/// The path of an attribute and of those of its parts that are written, as far as they are returned on request.
pub(crate) fn on_request(attribute: &Attribute, path: &str, is_written: impl Fn(&str) -> bool) -> Vec<String> {
    let hidden = |attribute: &Attribute| attribute.returned == Returned::Request;
    let parts = attribute.sub_attributes.iter().filter(|sub| hidden(sub) && is_written(&sub.name));
    let parts = parts.map(|sub| format!("{path}.{}", sub.name));
    parts.chain(hidden(attribute).then(|| path.to_owned())).collect()
}

/// Whether an object, or one of an array, has this member.
pub(crate) fn has_part(value: &Value, name: &str) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|element| has_part(element, name)),
        Value::Object(parts) => parts.contains_key(name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use crate::{Dialect, Draft, Patch, Projection, Resource, ResourceKind, Schema, Schemas, Stored, render};

    const BADGE: &str = "urn:acme:badge";

    fn schemas() -> Arc<Schemas> {
        let subs = json!([{ "name": "floor" }, { "name": "code", "returned": "request" }]);
        let badge: Schema = serde_json::from_value(json!({ "id": BADGE, "name": "Badge", "attributes": [
            { "name": "color", "returned": "request" },
            { "name": "pin", "returned": "never" },
            { "name": "shape" },
            { "name": "desk", "type": "complex", "subAttributes": subs },
            { "name": "doors", "type": "complex", "multiValued": true, "returned": "request", "subAttributes": subs },
        ] }))
        .unwrap();
        Schemas::unchecked(vec![badge])
    }

    fn body(badge: &Value) -> Value {
        json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", BADGE], "userName": "m", BADGE: badge })
    }

    fn shown(resource: &Resource, view: &Projection) -> Value {
        let schemas = schemas();
        let of = schemas.of(ResourceKind::User);
        let document = resource.to_document(of, "1");
        let (kind, groups, members) = (ResourceKind::User, &[][..], None);
        let stored =
            Stored { kind, id: "1", document: &document, version: 1, created_ms: 0, modified_ms: 0, groups, members };
        let mut out = Vec::new();
        render(&stored, "https://x", of, view, &mut out).unwrap();
        serde_json::from_slice::<Value>(&out).unwrap()[BADGE].take()
    }

    fn full() -> Value {
        json!({
            "color": "red", "pin": "1", "shape": "round", "desk": { "floor": "3", "code": "x" },
            "doors": [{ "floor": "1", "code": "a" }, { "floor": "2" }],
        })
    }

    /// The badge in the answer to a POST.
    fn posted(badge: &Value, view: Projection) -> Value {
        let schemas = schemas();
        let of = schemas.of(ResourceKind::User);
        let draft = Draft::parse(body(badge), of, &mut Dialect::strict()).unwrap();
        let view = draft.reveal(view, of);
        shown(&draft.resource, &view)
    }

    /// The badge in the answer to a PATCH of someone who has everything.
    fn patched(operations: &Value, view: Projection) -> Value {
        let schemas = schemas();
        let of = schemas.of(ResourceKind::User);
        let message = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        let current = Draft::parse(body(&full()), of, &mut Dialect::strict()).unwrap().resource;
        let patch = Patch::parse(message, of, 9, &mut Dialect::strict()).unwrap();
        let after = patch.apply(&current, of, &mut Dialect::strict()).unwrap();
        shown(&after, &patch.reveal(view))
    }

    fn only(names: &str) -> Projection {
        Projection::parse(Some(names), None).unwrap()
    }

    #[test]
    fn r117_a_query_shows_what_is_returned_on_request_only_if_it_is_named() {
        let schemas = schemas();
        let draft = Draft::parse(body(&full()), schemas.of(ResourceKind::User), &mut Dialect::strict()).unwrap();
        let expected = json!({ "shape": "round", "desk": { "floor": "3" } });
        assert_eq!(shown(&draft.resource, &Projection::default()), expected);
        let named = shown(&draft.resource, &only("urn:acme:badge:color,urn:acme:badge:desk.code"));
        assert_eq!(named, json!({ "color": "red", "desk": { "code": "x" } }));
    }

    #[test]
    fn r117_the_answer_to_a_post_shows_what_the_client_wrote() {
        let all = json!({
            "color": "red", "shape": "round", "desk": { "floor": "3", "code": "x" },
            "doors": [{ "floor": "1", "code": "a" }, { "floor": "2" }],
        });
        assert_eq!(posted(&full(), Projection::default()), all);
        assert_eq!(posted(&json!({ "color": "red" }), Projection::default()), json!({ "color": "red" }));
        let without_codes = json!({ "desk": { "floor": "3" }, "doors": [{ "floor": "1" }] });
        assert_eq!(posted(&without_codes, Projection::default()), without_codes);
        let excluded = Projection::parse(None, Some("urn:acme:badge:color,urn:acme:badge:desk.code")).unwrap();
        assert_eq!(
            posted(&json!({ "color": "red", "shape": "s", "desk": { "code": "x" } }), excluded),
            json!({ "shape": "s" })
        );
        assert_eq!(posted(&full(), only("urn:acme:badge:shape")), json!({ "shape": "round" }), "the client said so");
    }

    #[test]
    fn r064_r118_a_view_applies_to_answers_of_changes() {
        let color = json!([{ "op": "replace", "path": "urn:acme:badge:color", "value": "blue" }]);
        assert_eq!(patched(&color, only("urn:acme:badge:shape")), json!({ "shape": "round" }));
        assert_eq!(patched(&color, only("urn:acme:badge:color")), json!({ "color": "blue" }));
        let excluded = Projection::parse(None, Some("urn:acme:badge:shape,urn:acme:badge:desk")).unwrap();
        assert_eq!(patched(&color, excluded.clone()), json!({ "color": "blue" }));
        assert_eq!(posted(&json!({ "color": "red", "shape": "s" }), excluded), json!({ "color": "red" }));
    }

    #[test]
    fn r117_the_answer_to_a_patch_shows_what_the_client_touched() {
        let color = json!([{ "op": "replace", "path": "urn:acme:badge:color", "value": "blue" }]);
        let expected = json!({ "color": "blue", "shape": "round", "desk": { "floor": "3" } });
        assert_eq!(patched(&color, Projection::default()), expected);
        let desk = json!([{ "op": "add", "value": { BADGE: { "desk": { "code": "y" } } } }]);
        let expected = json!({ "shape": "round", "desk": { "floor": "3", "code": "y" } });
        assert_eq!(patched(&desk, Projection::default()), expected);
        let door = json!([{ "op": "replace", "path": "urn:acme:badge:doors[floor eq \"2\"].floor", "value": "4" }]);
        let doors = json!([{ "floor": "1" }, { "floor": "4" }]);
        let expected = json!({ "shape": "round", "desk": { "floor": "3" }, "doors": doors });
        assert_eq!(patched(&door, Projection::default()), expected);
        let added = json!([{ "op": "add", "path": "urn:acme:badge:doors", "value": [{ "code": "b" }] }]);
        let doors = json!([{ "floor": "1", "code": "a" }, { "floor": "2" }, { "code": "b" }]);
        let expected = json!({ "shape": "round", "desk": { "floor": "3" }, "doors": doors });
        assert_eq!(patched(&added, Projection::default()), expected);
        let title = json!([{ "op": "add", "path": "title", "value": "x" }]);
        assert_eq!(patched(&title, Projection::default()), json!({ "shape": "round", "desk": { "floor": "3" } }));
        let unset = json!([{ "op": "remove", "path": "urn:acme:badge:pin" }]);
        assert_eq!(patched(&unset, Projection::default()), json!({ "shape": "round", "desk": { "floor": "3" } }));
    }
}
