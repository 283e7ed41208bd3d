//! Arrays whose elements were changed one by one, brought to the form in which they are kept.

use serde_json::{Map, Value};

use crate::resource::merge_same;
use crate::{Attribute, AttributePath};

/// A multi-valued attribute of which single elements were changed.
pub(super) struct Touched {
    pub(super) path: AttributePath,
    /// Whether elements lost a part.
    pub(super) thinned: bool,
}

impl Touched {
    /// Whether it is the same attribute.
    pub(super) fn is(&self, path: &AttributePath) -> bool {
        self.path.extension == path.extension && self.path.attribute.name == path.attribute.name
    }

    /// Drops elements that say nothing any more, and joins those that became the same (RFC 7643 section 2.4). This is
    /// done after the last step, because a later step may fill them again.
    pub(super) fn tidy(&self, holder: &mut Map<String, Value>) {
        let attribute: &Attribute = &self.path.attribute;
        let Some(Value::Array(elements)) = holder.get_mut(&attribute.name) else { return };
        if self.thinned {
            elements.retain(|element| !is_husk(element));
        }
        merge_same(elements);
        if elements.is_empty() {
            holder.shift_remove(&attribute.name);
        }
    }
}

/// An element of which only `type` and `primary` are left: Entra clears a mail address by clearing
/// `emails[type eq "work"].value`.
fn is_husk(element: &Value) -> bool {
    element.as_object().is_some_and(|parts| parts.keys().all(|name| matches!(name.as_str(), "type" | "primary")))
}
