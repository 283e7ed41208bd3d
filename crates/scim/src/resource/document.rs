//! Resources as stored text.

use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::Resource;
use crate::ResourceType;

impl Resource {
    /// Reads stored text; `schemas` and `id` are not part of the resource.
    ///
    /// # Errors
    /// If the text is not a JSON object.
    pub fn from_document(text: &str) -> Result<Self, serde_json::Error> {
        let mut attributes: Map<String, Value> = serde_json::from_str(text)?;
        attributes.shift_remove("schemas");
        attributes.shift_remove("id");
        Ok(Self { attributes })
    }

    /// The text that is stored, and that answers are spliced from: one JSON object without white space around it,
    /// `schemas` (those in use, RFC 7643 section 3) and `id` first, then the attributes in order.
    #[must_use]
    pub fn to_document(&self, of: &ResourceType, id: &str) -> String {
        #[expect(clippy::expect_used, reason = "strings as keys and JSON values always serialise")]
        serde_json::to_string(&Document { resource: self, of, id }).expect("a resource serialises")
    }
}

struct Document<'a> {
    resource: &'a Resource,
    of: &'a ResourceType,
    id: &'a str,
}

impl serde::Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let attributes = &self.resource.attributes;
        let in_use = |schema: &str| attributes.contains_key(schema);
        let extensions = self.of.extensions.iter().map(|schema| schema.id.as_ref()).filter(|urn| in_use(urn));
        let schemas: Vec<&str> = std::iter::once(self.of.schema.id.as_ref()).chain(extensions).collect();
        let mut map = serializer.serialize_map(Some(attributes.len() + 2))?;
        map.serialize_entry("schemas", &schemas)?;
        map.serialize_entry("id", self.id)?;
        for (name, value) in attributes {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
