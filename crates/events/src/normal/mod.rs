//! The normalized form of what clients provision: the same members for every client and dialect.
//!
//! Members have the names that RFC 7643 gives them where it has one. Lists and `custom` are always there; of what else is
//! unassigned, nothing is. Nothing that a client provisioned is left out, but a password. The schema is in `docs/events`.

mod entry;
mod group;
mod invitation;
mod moments;
mod user;

use scim::Resource;
use serde::Serialize;
use serde_json::{Map, Value};

pub use entry::Entry;
use entry::entries;
pub use group::Group;
pub use invitation::InvitationState;
pub use moments::Moments;
pub use user::{Address, GroupReference, Manager, Name, User};

/// URN of the enterprise extension (RFC 7643 section 4.3), whose attributes are members of the normalized user.
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Attributes of extensions, by the extension's URN.
pub type Custom = Map<String, Value>;

/// The extensions of a resource, apart from the enterprise extension.
fn custom(resource: &Resource) -> Custom {
    // Only the URN of an extension has a colon.
    let extensions = resource.attributes().iter().filter(|(name, _)| name.contains(':') && *name != ENTERPRISE);
    extensions.map(|(urn, values)| (urn.clone(), values.clone())).collect()
}

/// Reads texts out of an object of JSON.
#[derive(Clone, Copy)]
struct Reader<'a>(Option<&'a Value>);

impl<'a> Reader<'a> {
    fn text(self, name: &str) -> Option<String> {
        self.0?.get(name)?.as_str().map(str::to_owned)
    }

    fn flag(self, name: &str) -> bool {
        self.0.and_then(|value| value.get(name)).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The elements of a list.
    fn list(self, name: &str) -> impl Iterator<Item = Reader<'a>> {
        let list = self.0.and_then(|value| value.get(name)).and_then(Value::as_array);
        list.into_iter().flatten().map(|value| Reader(Some(value)))
    }
}

/// Whether a value has no member that would be written.
fn is_empty<T: Serialize + Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
