//! What an operator can set about the data plane.

mod public_url;

use serde::Deserialize;

pub use public_url::PublicUrl;
pub use tenancy::Network;
use tenancy::{AddressLimit, AddressLimits};

/// How clients reach the gateway and what it takes from them.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The origin that clients see when a proxy in front ends TLS, such as `https://scim.example.com`. Tenants with a
    /// host of their own keep it and take only the scheme from here.
    pub public_url: Option<PublicUrl>,
    /// Where administrators read how to connect; announced to clients.
    pub documentation_url: Option<String>,
    /// Proxies whose `Forwarded` and `X-Forwarded-…` headers are believed.
    pub trusted_proxies: Vec<Network>,
    /// Fetches keys of issuers also from private networks and without TLS.
    pub allow_private_jwks: bool,
    /// Threads that serve; one for each core if absent.
    pub workers: Option<usize>,
    /// Bounds on what is taken in.
    pub limits: Limits,
}

impl Settings {
    /// How many threads serve.
    pub(crate) fn threads(&self) -> usize {
        self.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, std::num::NonZero::get))
    }
}

/// Bounds on what is taken in: the section `limits` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of a body that holds a whole group. Okta sends every member in one PUT.
    pub group_body_bytes: usize,
    /// Seconds a client may take to send a body.
    pub body_seconds: u64,
    /// Operations in a PATCH.
    pub patch_operations: usize,
    /// Operations in a Bulk request; announced to clients. authentik also splits a PATCH by this number.
    pub bulk_operations: usize,
    /// Bytes of a Bulk request; announced to clients.
    pub bulk_bytes: usize,
    /// Resources on a page when the client names no count.
    pub page_size: u32,
    /// Resources on a page at most.
    pub page_size_max: u32,
    /// Seconds for which a paging cursor can be used.
    pub cursor_seconds: u32,
    /// Requests of one tenant that run at the same time.
    pub tenant_concurrency: u32,
    /// Bytes of bodies of one tenant that are held at the same time.
    pub tenant_body_bytes: usize,
    /// Bytes of bodies of all tenants that are held at the same time.
    pub total_body_bytes: usize,
    /// Requests that one address may make in a second, whoever it is; 0: as many as it likes.
    pub address_requests_per_second: u32,
    /// The same, at once.
    pub address_requests_burst: u32,
    /// Failed authentications and requests without token that one address may make in a second.
    pub address_per_second: u32,
    /// The same, at once.
    pub address_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            group_body_bytes: 10 << 20,
            body_seconds: 30,
            patch_operations: 1_000,
            bulk_operations: 1_000,
            bulk_bytes: 1 << 20,
            page_size: 100,
            page_size_max: 200,
            cursor_seconds: 600,
            tenant_concurrency: 64,
            tenant_body_bytes: 32 << 20,
            total_body_bytes: 64 << 20,
            address_requests_per_second: 10_000,
            address_requests_burst: 20_000,
            address_per_second: 30,
            address_burst: 300,
        }
    }
}

impl Limits {
    /// Finds a bound that could never be met, and names it.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn check(&self) -> Result<(), String> {
        let positive = [
            ("body_bytes", self.body_bytes),
            ("group_body_bytes", self.group_body_bytes),
            ("patch_operations", self.patch_operations),
            ("bulk_operations", self.bulk_operations),
            ("bulk_bytes", self.bulk_bytes),
            ("page_size", self.page_size as usize),
            ("page_size_max", self.page_size_max as usize),
            ("cursor_seconds", self.cursor_seconds as usize),
            ("body_seconds", usize::try_from(self.body_seconds).unwrap_or(usize::MAX)),
            ("tenant_concurrency", self.tenant_concurrency as usize),
        ];
        if let Some((name, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(format!("limits.{name} must be at least 1"));
        }
        self.check_addresses()?;
        if self.page_size > self.page_size_max {
            return Err("limits.page_size must not exceed limits.page_size_max".to_owned());
        }
        let largest = self.body_bytes.max(self.group_body_bytes).max(self.bulk_bytes);
        let held = [("tenant_body_bytes", self.tenant_body_bytes), ("total_body_bytes", self.total_body_bytes)];
        match held.iter().find(|(_, bytes)| *bytes < largest) {
            Some((name, _)) => Err(format!("limits.{name} must hold the largest body, {largest} bytes")),
            None => Ok(()),
        }
    }

    /// How often one address may ask, unless the operator has set something else at run time.
    #[must_use]
    pub fn of_addresses(&self) -> AddressLimits {
        AddressLimits::each(|limit| match limit {
            AddressLimit::RequestsPerSecond => self.address_requests_per_second,
            AddressLimit::RequestsBurst => self.address_requests_burst,
            AddressLimit::FailuresPerSecond => self.address_per_second,
            AddressLimit::FailuresBurst => self.address_burst,
        })
    }

    fn check_addresses(&self) -> Result<(), String> {
        let (limits, mut all) = (self.of_addresses(), AddressLimit::ALL.into_iter());
        let Some(wrong) = all.find(|limit| !limit.allowed().contains(&limits.get(*limit))) else { return Ok(()) };
        let (name, allowed) = (wrong.name(), wrong.allowed());
        Err(format!("limits.{name} must be from {} to {}", allowed.start(), allowed.end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_possible() {
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn an_impossible_bound_is_named() {
        let limits = Limits { page_size: 0, ..Limits::default() };
        assert_eq!(limits.check(), Err("limits.page_size must be at least 1".to_owned()));
        let limits = Limits { page_size: 300, ..Limits::default() };
        assert_eq!(limits.check(), Err("limits.page_size must not exceed limits.page_size_max".to_owned()));
        let limits = Limits { address_burst: 0, ..Limits::default() };
        assert_eq!(limits.check(), Err("limits.address_burst must be from 1 to 1000000000".to_owned()));
        assert_eq!(Limits { address_requests_per_second: 0, ..Limits::default() }.check(), Ok(()), "no limit");
        let limits = Limits { total_body_bytes: 1 << 20, ..Limits::default() };
        assert_eq!(
            limits.check(),
            Err("limits.total_body_bytes must hold the largest body, 10485760 bytes".to_owned())
        );
    }
}
