//! Where the keys come from that are in force at a moment.

use std::fmt;
use std::sync::Arc;

use tenancy::{SigningKeys, Tenants};

/// The keys of a deployment, which may be rotated while a store is fed.
#[derive(Clone)]
pub(crate) struct Keys(Arc<dyn Fn() -> Arc<SigningKeys> + Send + Sync>);

impl Keys {
    /// Those that sign the tokens of tenants.
    pub(crate) fn of(tenants: Tenants) -> Self {
        Self(Arc::new(move || tenants.signing_keys()))
    }

    /// Those in force now.
    pub(crate) fn now(&self) -> Arc<SigningKeys> {
        (self.0)()
    }

    /// A key of nobody.
    #[cfg(test)]
    pub(crate) fn random() -> Self {
        let keys = Arc::new(SigningKeys::parse(&base64_of_random()).unwrap());
        Self(Arc::new(move || Arc::clone(&keys)))
    }
}

#[cfg(test)]
fn base64_of_random() -> String {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Keys")
    }
}
