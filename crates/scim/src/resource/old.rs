//! SCIM 1.1 URNs, which old OneLogin templates still carry.

use super::ENTERPRISE;
use crate::ResourceKind;

/// The SCIM 2.0 URN that a SCIM 1.1 URN stands for.
pub(super) fn modern(urn: &str, kind: ResourceKind) -> Option<&'static str> {
    let is = |old: &str| urn.eq_ignore_ascii_case(old);
    if is("urn:scim:schemas:core:1.0") {
        return Some(match kind {
            ResourceKind::User => "urn:ietf:params:scim:schemas:core:2.0:User",
            ResourceKind::Group => "urn:ietf:params:scim:schemas:core:2.0:Group",
        });
    }
    let enterprise = is("urn:scim:schemas:extension:enterprise:1.0");
    (enterprise || is("urn:scim:schemas:extension:enterprise:1.0:User")).then_some(ENTERPRISE)
}
