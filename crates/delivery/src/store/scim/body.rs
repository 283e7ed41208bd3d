//! What is sent: a whole resource, or what changed of it.

use events::Changed;
use scim::{Resource, ResourceKind};
use serde_json::{Map, Value, json};
use uuid::Uuid;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A resource as the service is to have it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) kind: ResourceKind,
    /// Our id.
    pub(super) id: Uuid,
    pub(super) resource: &'a Resource,
    /// What the service calls the manager, if that is one of ours.
    pub(super) manager: Option<&'a str>,
}

impl Wanted<'_> {
    /// The `externalId` that it has there: the one that our client gave, or else our id.
    pub(super) fn external_id(&self) -> String {
        self.resource.external_id().map_or_else(|| self.id.to_string(), str::to_owned)
    }

    /// The whole resource; a group without its members.
    pub(super) fn body(&self) -> Map<String, Value> {
        let mut body = Map::new();
        let own = self.resource.attributes();
        let extensions = own.keys().filter(|name| name.contains(':')).map(String::as_str);
        let schemas: Vec<&str> = std::iter::once(core(self.kind)).chain(extensions).collect();
        body.insert("schemas".to_owned(), json!(schemas));
        body.insert("externalId".to_owned(), self.external_id().into());
        if self.kind == ResourceKind::User {
            body.insert("active".to_owned(), self.resource.active().into());
        }
        for (name, value) in own.iter().filter(|(name, _)| !matches!(name.as_str(), "externalId" | "active")) {
            body.insert(name.clone(), value.clone());
        }
        if let (Some(manager), Some(Value::Object(work))) = (self.manager, body.get_mut(ENTERPRISE))
            && let Some(Value::Object(own)) = work.get_mut("manager")
        {
            own.insert("value".to_owned(), manager.into());
        }
        body
    }

    /// Operations that bring all attributes there, and leave those alone that only the service has.
    pub(super) fn everything(&self) -> Vec<Value> {
        let mut body = self.body();
        body.shift_remove("schemas");
        let mut operations = Vec::new();
        for (name, value) in body {
            match value {
                Value::Object(parts) if name.contains(':') => {
                    operations.extend(parts.into_iter().map(|(part, value)| replace(&format!("{name}:{part}"), value)));
                }
                value => operations.push(replace(&name, value)),
            }
        }
        operations
    }

    /// Operations that change what changed.
    pub(super) fn changes(&self, changed: &[Changed]) -> Vec<Value> {
        let body = self.body();
        let mut operations: Vec<Value> = Vec::new();
        for change in changed.iter().filter(|change| change.path != "password") {
            let operation = self.change(&body, change);
            if !operations.contains(&operation) {
                operations.push(operation);
            }
        }
        operations
    }

    fn change(&self, body: &Map<String, Value>, change: &Changed) -> Value {
        let (urn, rest) = match change.path.rsplit_once(':') {
            Some((urn, rest)) => (Some(urn), rest),
            None => (None, change.path.as_str()),
        };
        let holder = urn.map_or(Some(body), |urn| body.get(urn).and_then(Value::as_object));
        let name = rest.split('.').next().unwrap_or(rest);
        let prefix = urn.map(|urn| format!("{urn}:")).unwrap_or_default();
        let Some(value) = holder.and_then(|holder| holder.get(name)) else {
            // Of what has no value at all, no part is left either.
            return json!({ "op": "remove", "path": format!("{prefix}{name}") });
        };
        match rest.split_once('.').map(|(_, part)| value.get(part)) {
            // A manager is one value: services know it by its id, in one piece.
            _ if urn == Some(ENTERPRISE) && name == "manager" => replace(&format!("{prefix}{name}"), value.clone()),
            None => replace(&change.path, value.clone()),
            Some(Some(part)) => replace(&change.path, part.clone()),
            Some(None) => json!({ "op": "remove", "path": change.path }),
        }
    }
}

/// The URN of a kind of resource.
pub(super) const fn core(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "urn:ietf:params:scim:schemas:core:2.0:User",
        ResourceKind::Group => "urn:ietf:params:scim:schemas:core:2.0:Group",
    }
}

pub(super) fn replace(path: &str, value: impl Into<Value>) -> Value {
    json!({ "op": "replace", "path": path, "value": value.into() })
}

/// The body of a PATCH (RFC 7644 section 3.5.2).
pub(super) fn patch(operations: &[Value]) -> Value {
    json!({ "schemas": [PATCH], "Operations": operations })
}

/// Operations that add members.
pub(super) fn joined(members: &[String]) -> Vec<Value> {
    let values: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
    vec![json!({ "op": "add", "path": "members", "value": values })]
}

/// Operations that remove members (RFC 7644 section 3.5.2.2).
pub(super) fn left(members: &[String]) -> Vec<Value> {
    members
        .iter()
        .map(|member| json!({ "op": "remove", "path": format!("members[value eq {}]", quoted(member)) }))
        .collect()
}

/// The same in the words of Entra and authentik, which some services know alone.
pub(super) fn left_by_value(members: &[String]) -> Vec<Value> {
    let values: Vec<Value> = members.iter().map(|member| json!({ "value": member })).collect();
    vec![json!({ "op": "remove", "path": "members", "value": values })]
}

/// A text in a filter: as in JSON (RFC 7644 section 3.4.2.2).
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"schemas":[],"id":"x","userName":"ada","name":{"givenName":"Ada"},"active":true,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"D","manager":{"value":"m"}}}"#;

    fn changed(path: &str) -> Changed {
        Changed { path: path.to_owned(), old: None, new: None }
    }

    fn told(paths: &[&str]) -> Value {
        let resource = Resource::from_document(DOCUMENT).unwrap();
        let wanted = Wanted { kind: ResourceKind::User, id: Uuid::nil(), resource: &resource, manager: Some("theirs") };
        let paths: Vec<Changed> = paths.iter().map(|path| changed(path)).collect();
        Value::Array(wanted.changes(&paths))
    }

    #[test]
    fn a_whole_user_has_an_external_id_its_schemas_and_the_manager_of_the_service() {
        let resource = Resource::from_document(DOCUMENT).unwrap();
        let wanted = Wanted { kind: ResourceKind::User, id: Uuid::nil(), resource: &resource, manager: Some("theirs") };
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "externalId": Uuid::nil().to_string(),
            "active": true,
            "userName": "ada",
            "name": { "givenName": "Ada" },
            ENTERPRISE: { "department": "D", "manager": { "value": "theirs" } },
        });
        assert_eq!(Value::Object(wanted.body()), expected);
    }

    #[test]
    fn what_changed_is_replaced_with_what_is_now() {
        let expected = json!([
            { "op": "replace", "path": "name.givenName", "value": "Ada" },
            { "op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "D" },
            { "op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": { "value": "theirs" } },
        ]);
        let paths = ["name.givenName", &format!("{ENTERPRISE}:department"), &format!("{ENTERPRISE}:manager.value")];
        assert_eq!(told(&paths), expected);
    }

    #[test]
    fn what_is_gone_is_removed_and_an_external_id_falls_back_to_ours() {
        let expected = json!([
            { "op": "remove", "path": "title" },
            { "op": "remove", "path": "name.familyName" },
            { "op": "remove", "path": "urn:example:More:shoe" },
            { "op": "replace", "path": "externalId", "value": Uuid::nil().to_string() },
        ]);
        let paths = [
            "title",
            "name.familyName",
            "urn:example:More:shoe.size",
            "urn:example:More:shoe",
            "externalId",
            "password",
        ];
        assert_eq!(told(&paths), expected);
    }

    #[test]
    fn texts_in_filters_are_quoted() {
        assert_eq!(quoted(r#"a"b\c"#), r#""a\"b\\c""#);
        assert_eq!(left(&["x".to_owned()]), [json!({ "op": "remove", "path": "members[value eq \"x\"]" })]);
    }
}
