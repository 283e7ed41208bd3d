//! Under which URLs clients reach the tenants.

use tenancy::Tenant;

/// Scheme, host and port that clients use, and the base domain of tenant hosts if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    url: String,
    base_domain: Option<String>,
}

impl Origin {
    /// An origin such as `https://scim.example.com`.
    #[must_use]
    pub fn new(url: &str, base_domain: Option<String>) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), base_domain }
    }

    /// The Tenant URL to enter at an identity provider: it works whatever the names of hosts.
    #[must_use]
    pub fn base_url(&self, tenant: &Tenant) -> String {
        format!("{}/scim/v2", self.tenant_url(tenant))
    }

    /// What is above it.
    #[must_use]
    pub fn tenant_url(&self, tenant: &Tenant) -> String {
        format!("{}/t/{}", self.url, tenant.name())
    }

    /// The URLs that the tenant's application promises to its administrators: on its own hosts, or on the one that all tenants
    /// share. There the token alone tells the tenant, if the path does not.
    pub(crate) fn application_urls(&self, tenant: &Tenant) -> Vec<String> {
        let scheme = self.url.split("://").next().unwrap_or("https");
        let hosts = tenant.hosts().iter().map(|host| format!("{scheme}://{host}{}", self.port()));
        let origins: Vec<String> = std::iter::once(self.url.clone()).chain(hosts).collect();
        let paths = tenant.profile().profile().base_paths();
        let named = |path: &String| path.replace("{tenant}", tenant.name());
        paths.iter().flat_map(|path| origins.iter().map(move |origin| format!("{origin}{}", named(path)))).collect()
    }

    /// The URLs by host: the tenant's own, and its name under the base domain.
    pub(crate) fn host_urls(&self, tenant: &Tenant) -> Vec<String> {
        let scheme = self.url.split("://").next().unwrap_or("https");
        let under_base = self.base_domain.iter().map(|base| format!("{}.{base}", tenant.name()));
        let hosts = tenant.hosts().iter().cloned().chain(under_base);
        hosts.map(|host| format!("{scheme}://{host}{}/scim/v2", self.port())).collect()
    }

    /// `:8080`, if the origin has a port.
    fn port(&self) -> String {
        let host = self.url.split("://").nth(1).unwrap_or_default();
        match host.rsplit_once(':') {
            Some((_, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => format!(":{port}"),
            _ => String::new(),
        }
    }
}
