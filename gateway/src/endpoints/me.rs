//! `/Me`

use scim::ScimError;

use crate::error::Rejection;
use crate::reply::Reply;

/// A provisioning token stands for a tenant, not for a person, so there is no "me" (RFC 7644 section 3.11).
pub(crate) fn refuse() -> Result<Reply, Rejection> {
    Err(ScimError::new(501, "/Me is not served: a provisioning token belongs to no user; use /Users/{id}").into())
}
