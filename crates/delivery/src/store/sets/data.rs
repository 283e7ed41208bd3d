//! Values and names of attributes in the events of SCIM (RFC 9967 section 2.2). A password has no value here, and its name is
//! among the names of what changed.

use events::normal::Moments;
use events::{Change, Member, Moves};
use scim::{Resource, ResourceKind};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The schema of a PATCH (RFC 7644 section 3.5.2).
pub(super) const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const PASSWORD: &str = "password";

/// What is told of a user or group.
pub(super) struct Told<'a> {
    pub(super) kind: ResourceKind,
    pub(super) id: &'a str,
    pub(super) resource: &'a Resource,
    pub(super) change: &'a Change,
    pub(super) moves: Option<&'a Moves>,
    pub(super) moments: Moments,
}

/// Exactly one of the two is told.
pub(super) enum Payload {
    Attributes(Vec<String>),
    Data(Value),
}

impl Payload {
    pub(super) fn written(self, version: i64) -> Value {
        let version = tag(version);
        match self {
            Self::Attributes(names) => json!({ "attributes": names, "version": version }),
            Self::Data(data) => json!({ "version": version, "data": data }),
        }
    }
}

/// The `ETag` of a version (RFC 7644 section 3.14).
fn tag(version: i64) -> String {
    format!("W/\"{version}\"")
}

fn core(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "urn:ietf:params:scim:schemas:core:2.0:User",
        ResourceKind::Group => "urn:ietf:params:scim:schemas:core:2.0:Group",
    }
}

impl Told<'_> {
    /// The attributes that the client gave, without those of which only the name may be told.
    fn attributes(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.resource.attributes().iter().filter(|(name, _)| !matches!(name.as_str(), PASSWORD | "meta"))
    }

    fn joined(&self) -> &[Member] {
        self.moves.map(|moves| moves.added.as_slice()).unwrap_or_default()
    }

    fn left(&self) -> &[Member] {
        self.moves.map(|moves| moves.removed.as_slice()).unwrap_or_default()
    }

    /// The resource as an answer of the protocol would have it.
    pub(super) fn whole(&self) -> Value {
        let extensions = self.attributes().map(|(name, _)| name.as_str()).filter(|name| name.contains(':'));
        let schemas: Vec<&str> = std::iter::once(core(self.kind)).chain(extensions).collect();
        let mut whole = Map::new();
        whole.insert("schemas".to_owned(), json!(schemas));
        whole.insert("id".to_owned(), self.id.into());
        whole.extend(self.attributes().map(|(name, value)| (name.clone(), value.clone())));
        if self.kind == ResourceKind::User {
            whole.insert("active".to_owned(), self.resource.active().into());
        }
        if !self.joined().is_empty() {
            whole.insert("members".to_owned(), self.joined().iter().map(member).collect());
        }
        whole.insert("meta".to_owned(), self.meta());
        Value::Object(whole)
    }

    fn meta(&self) -> Value {
        let mut meta = Map::from_iter([("resourceType".to_owned(), self.kind.name().into())]);
        let moment = |at: OffsetDateTime| at.format(&Rfc3339).ok().map(Value::from);
        for (name, at) in [("created", self.moments.created), ("lastModified", self.moments.last_modified)] {
            if let Some(text) = at.and_then(moment) {
                meta.insert(name.to_owned(), text);
            }
        }
        meta.insert("version".to_owned(), tag(self.change.version).into());
        Value::Object(meta)
    }

    /// The names of all attributes that have a value.
    pub(super) fn all_names(&self) -> Vec<String> {
        let mut names = vec!["id".to_owned()];
        for (name, value) in self.attributes() {
            match value {
                Value::Object(parts) if name.contains(':') => {
                    names.extend(parts.keys().map(|part| format!("{name}:{part}")));
                }
                _ => names.push(name.clone()),
            }
        }
        if self.kind == ResourceKind::User && !names.iter().any(|name| name == "active") {
            names.push("active".to_owned());
        }
        let more = self.changed_names();
        names.extend(more);
        names
    }

    /// The paths of what changed.
    pub(super) fn changed_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.change.provisioned().iter().map(|changed| changed.path.clone()).collect();
        if !self.joined().is_empty() || !self.left().is_empty() {
            names.push("members".to_owned());
        }
        names
    }

    /// The changes as operations of a PATCH. None, if only a password changed.
    pub(super) fn operations(&self) -> Vec<Value> {
        let changed = self.change.provisioned().iter().filter(|changed| changed.path != PASSWORD);
        let attributes = changed.map(|changed| match &changed.new {
            Some(value) => json!({ "op": "replace", "path": changed.path, "value": value }),
            None => json!({ "op": "remove", "path": changed.path }),
        });
        attributes.chain(self.operations_on_members()).collect()
    }

    /// All attributes, and the members that are told, as operations of a PATCH.
    pub(super) fn everything(&self) -> Vec<Value> {
        let attributes =
            self.attributes().map(|(name, value)| json!({ "op": "replace", "path": name, "value": value }));
        attributes.chain(self.operations_on_members()).collect()
    }

    fn operations_on_members(&self) -> impl Iterator<Item = Value> {
        let joined: Vec<Value> = self.joined().iter().map(member).collect();
        let joined = (!joined.is_empty()).then(|| json!({ "op": "add", "path": "members", "value": joined }));
        let left = self.left().iter();
        let left = left.map(|member| json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", member.id) }));
        joined.into_iter().chain(left)
    }
}

/// A member, as in figure 6 of RFC 9967.
fn member(member: &Member) -> Value {
    let endpoint = if member.kind.as_deref() == Some(ResourceKind::Group.name()) {
        ResourceKind::Group.endpoint()
    } else {
        ResourceKind::User.endpoint()
    };
    let mut told = Map::new();
    if let Some(name) = &member.display_name {
        told.insert("display".to_owned(), name.as_str().into());
    }
    told.insert("$ref".to_owned(), format!("{endpoint}/{}", member.id).into());
    told.insert("value".to_owned(), member.id.to_string().into());
    if let Some(kind) = &member.kind {
        told.insert("type".to_owned(), kind.as_str().into());
    }
    Value::Object(told)
}
