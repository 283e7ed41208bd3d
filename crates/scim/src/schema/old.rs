//! SCIM 1.1 URNs, which old OneLogin templates still carry.

use super::lookup::after_urn;
use crate::ResourceKind;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The same with the SCIM 2.0 URN, if a text is a SCIM 1.1 URN or starts with one.
pub(crate) fn modern(text: &str, kind: ResourceKind) -> Option<String> {
    let core = match kind {
        ResourceKind::User => "urn:ietf:params:scim:schemas:core:2.0:User",
        ResourceKind::Group => "urn:ietf:params:scim:schemas:core:2.0:Group",
    };
    let known = [
        ("urn:scim:schemas:core:1.0", core),
        ("urn:scim:schemas:extension:enterprise:1.0:User", ENTERPRISE),
        ("urn:scim:schemas:extension:enterprise:1.0", ENTERPRISE),
    ];
    let (urn, rest) = known.into_iter().find_map(|(old, new)| Some((new, after_urn(old, text)?)))?;
    Some(if rest.is_empty() { urn.to_owned() } else { format!("{urn}:{rest}") })
}
