//! What ends soon.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// Label sets of each metric.
const SETS: usize = 1_000;

/// When a token or a secret ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialEnd {
    /// The tenant's name.
    pub tenant: String,
    /// The id of the OAuth client whose secret it is; none if it is a token.
    pub oauth_client: Option<String>,
    /// The moment.
    pub at: SystemTime,
}

/// The ends that are shown.
#[derive(Debug)]
pub(super) struct Ends {
    tokens: Shown,
    secrets: Shown,
}

type Shown = Arc<ArcSwap<Vec<CredentialEnd>>>;

impl Ends {
    /// Shows none yet.
    pub(super) fn observe(meter: &Meter) -> Self {
        let tokens = "Time to the end of a tenant's token, for tokens that end soon";
        let secrets = "Time to the end of a secret of an OAuth client, for secrets that end soon";
        Self {
            tokens: observe(meter, "tenantry.token.expiry", tokens),
            secrets: observe(meter, "tenantry.oauth_secret.expiry", secrets),
        }
    }

    /// Shows these from now on, which are in the order in which they end.
    pub(super) fn take(&self, ends: Vec<CredentialEnd>) {
        let (secrets, tokens) = ends.into_iter().partition(|end| end.oauth_client.is_some());
        self.tokens.store(Arc::new(first_of_each(tokens)));
        self.secrets.store(Arc::new(first_of_each(secrets)));
    }
}

/// Of those with the same labels the first; the others would overwrite it.
fn first_of_each(mut ends: Vec<CredentialEnd>) -> Vec<CredentialEnd> {
    let mut seen = HashSet::new();
    ends.retain(|end| seen.insert((end.tenant.clone(), end.oauth_client.clone())));
    ends.truncate(SETS);
    ends
}

fn observe(meter: &Meter, name: &'static str, description: &'static str) -> Shown {
    let shown = Shown::default();
    let observed = Arc::clone(&shown);
    meter
        .f64_observable_gauge(name)
        .with_description(description)
        .with_unit("s")
        .with_callback(move |observer| {
            let now = SystemTime::now();
            for end in observed.load().iter() {
                let left = end.at.duration_since(now).unwrap_or_default().as_secs_f64();
                observer.observe(left, &labels(end));
            }
        })
        .build();
    shown
}

fn labels(end: &CredentialEnd) -> Vec<KeyValue> {
    let client = end.oauth_client.iter().map(|client| KeyValue::new("oauth_client", client.clone()));
    std::iter::once(KeyValue::new("tenant", end.tenant.clone())).chain(client).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn end(tenant: &str, oauth_client: Option<&str>, days: u64) -> CredentialEnd {
        let at = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * days);
        CredentialEnd { tenant: tenant.to_owned(), oauth_client: oauth_client.map(str::to_owned), at }
    }

    #[test]
    fn of_several_with_one_label_the_first_end_is_shown() {
        let shown =
            first_of_each(vec![end("acme", Some("a"), 1), end("acme", Some("b"), 2), end("acme", Some("a"), 3)]);
        assert_eq!(shown, [end("acme", Some("a"), 1), end("acme", Some("b"), 2)]);
    }
}
