//! Where a tenant is reached: a path, a host of its own, its name under a base domain, or a shared endpoint.

use std::sync::Arc;

use crate::{TenancyError, Tenant};

/// The longest domain name as text (RFC 1035 section 2.3.4).
const LONGEST_HOST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// The parts of a request's address that may name a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address<'a> {
    /// The host in lower case, without port.
    pub host: &'a str,
    /// `acme` of `/t/acme/scim/v2/Users`.
    pub path_tenant: Option<&'a str>,
}

/// Whom an address belongs to.
#[derive(Clone, Debug)]
pub enum Resolution {
    /// One tenant.
    Tenant(Arc<Tenant>),
    /// Nobody in particular: the token alone says who it is.
    Shared,
    /// A tenant that does not exist, or two different ones at once.
    Unknown,
}

/// How hosts name tenants in this deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressSettings {
    /// With `scim.example.com`, the host `acme.scim.example.com` names tenant `acme`.
    pub base_domain: Option<String>,
}

impl AddressSettings {
    /// The label before the base domain, if the host ends in it.
    pub(crate) fn label<'a>(&self, host: &'a str) -> Option<&'a str> {
        host.strip_suffix(self.base_domain.as_deref()?)?.strip_suffix('.')
    }
}

/// A host as it is stored and compared: lower case, without the dot of the root.
///
/// # Errors
/// If it is no domain name: has a port, a scheme, a wildcard, letters beyond ASCII.
pub(crate) fn parse_host(text: &str) -> Result<String, TenancyError> {
    let host = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if host.len() > LONGEST_HOST || !host.split('.').all(is_label) {
        return Err(TenancyError::Invalid(format!(
            "\"{text}\" is not a domain name such as scim.acme.example (no scheme, no port, no wildcard, other scripts \
             in their xn-- form)"
        )));
    }
    Ok(host)
}

fn is_label(label: &str) -> bool {
    let well_formed = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    !label.is_empty() && label.len() <= LONGEST_LABEL && well_formed && !label.starts_with('-') && !label.ends_with('-')
}
