//! One tenant and its way in.

use super::Client;

/// A tenant as its administrator knows it: a URL and a token.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) name: String,
    pub(crate) base_url: String,
    pub(crate) token: String,
}

impl Tenant {
    /// A client of this tenant.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.base_url.as_str()).with_token(&self.token)
    }
}
