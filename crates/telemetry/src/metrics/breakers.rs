//! The breakers that have tripped at some time.

use std::sync::Arc;

use arc_swap::ArcSwap;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// How many breakers are shown.
const BREAKERS: usize = 1_000;

/// How one breaker does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerNumbers {
    /// The name of its tenant.
    pub tenant: String,
    /// `off`, `armed`, `warned` or `held`.
    pub state: &'static str,
    /// How many events it holds.
    pub held: u64,
    /// How often it has tripped.
    pub trips: u64,
}

/// The breakers that are shown.
#[derive(Debug)]
pub(super) struct Breakers(Shown);

type Shown = Arc<ArcSwap<Vec<BreakerNumbers>>>;

impl Breakers {
    /// Shows none yet.
    pub(super) fn observe(meter: &Meter) -> Self {
        let shown = Shown::default();
        let observed = Arc::clone(&shown);
        meter
            .u64_observable_gauge("tenantry.breaker.state")
            .with_description("1: the breaker of the tenant is in this state")
            .with_callback(move |observer| {
                for breaker in observed.load().iter() {
                    observer.observe(1, &[tenant(breaker), KeyValue::new("state", breaker.state)]);
                }
            })
            .build();
        let observed = Arc::clone(&shown);
        meter
            .u64_observable_gauge("tenantry.breaker.held")
            .with_description("Events that the breaker of the tenant holds")
            .with_callback(move |observer| {
                observed.load().iter().for_each(|breaker| observer.observe(breaker.held, &[tenant(breaker)]));
            })
            .build();
        let observed = Arc::clone(&shown);
        meter
            .u64_observable_counter("tenantry.breaker.trips")
            .with_description("How often the breaker of the tenant has tripped, on all servers together")
            .with_callback(move |observer| {
                observed.load().iter().for_each(|breaker| observer.observe(breaker.trips, &[tenant(breaker)]));
            })
            .build();
        Self(shown)
    }

    /// Shows these from now on; of too many, the first.
    pub(super) fn take(&self, mut breakers: Vec<BreakerNumbers>) {
        breakers.truncate(BREAKERS);
        self.0.store(Arc::new(breakers));
    }
}

fn tenant(breaker: &BreakerNumbers) -> KeyValue {
    KeyValue::new("tenant", breaker.tenant.clone())
}
