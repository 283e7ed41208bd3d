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
    match applied.missing(UntilMet::Refuse) {
        Some(missing) => Err(Rejection::NotReady(format!(
            "provisioning is not available yet: {} is not in place; ask the administrator of the application for it",
            missing.title
        ))),
        None => Ok(()),
    }
}
