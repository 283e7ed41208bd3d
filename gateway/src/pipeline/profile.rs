//! What the profile of a tenant's application demands of a request, before its body is read.

use profile::UntilMet;
use tenancy::Tenant;

use crate::error::Rejection;
use crate::routes::Target;

/// Refuses a request at a base URL that is another application's, and one of a tenant whose prerequisites are not met.
pub(super) fn check(tenant: &Tenant, target: &Target<'_>) -> Result<(), Rejection> {
    let applied = tenant.profile();
    if let Some(reason) = applied.unserved() {
        return Err(Rejection::unavailable(std::io::Error::other(reason.to_owned())));
    }
    if let Some(base) = &target.base
        && !applied.profile().base_paths().iter().any(|path| **path == *base.path)
    {
        return Err(Rejection::unknown_base());
    }
    let is_nobody = tenant.settings().administrator.is_none();
    let unnamed =
        applied.administrator().filter(|rule| rule.is_required && is_nobody).map(|rule| (&rule.title, "named"));
    let missing = applied.missing(UntilMet::Refuse).map(|missing| (&missing.title, "in place"));
    match missing.or(unnamed) {
        Some((title, is)) => Err(Rejection::NotReady(format!(
            "provisioning is not available yet: {title} is not {is}; ask the administrator of the application for it"
        ))),
        None => Ok(()),
    }
}
