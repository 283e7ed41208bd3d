//! How the stores of tenants do.

use std::sync::Arc;

use arc_swap::ArcSwap;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// How many stores are shown.
const STORES: usize = 1_000;
/// Label sets of a metric that has two for each.
pub(super) const SETS: usize = 2 * STORES + 1;
/// The name of that metric.
pub(super) const DELIVERIES: &str = "tenantry.store.deliveries";

/// How one store does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreNumbers {
    /// The name of its tenant.
    pub tenant: String,
    /// Its name.
    pub store: String,
    /// `active`, `held`, `failing`, `degraded`, `paused` or `disabled`.
    pub state: &'static str,
    /// How many events it has not got.
    pub lag: u64,
    /// How many of its events are parked.
    pub dead_letters: u64,
    /// How many events it has taken.
    pub taken: u64,
    /// How often it took something not.
    pub failed: u64,
}

/// The stores that are shown.
#[derive(Debug)]
pub(super) struct Stores(Shown);

type Shown = Arc<ArcSwap<Vec<StoreNumbers>>>;

impl Stores {
    /// Shows none yet.
    pub(super) fn observe(meter: &Meter) -> Self {
        let shown = Shown::default();
        let lag = "Events that a store has not got";
        gauge(meter, &shown, "tenantry.store.lag", lag, |store| (store.lag, Vec::new()));
        let letters = "Events that a store did not take and that were given up";
        gauge(meter, &shown, "tenantry.store.dead_letters", letters, |store| (store.dead_letters, Vec::new()));
        let state = "1: the store is in this state";
        gauge(meter, &shown, "tenantry.store.state", state, |store| (1, vec![KeyValue::new("state", store.state)]));
        let observed = Arc::clone(&shown);
        meter
            .u64_observable_counter(DELIVERIES)
            .with_description("Events that a store has taken, and attempts in which it did not")
            .with_callback(move |observer| {
                for store in observed.load().iter() {
                    observer.observe(store.taken, &labels(store, vec![KeyValue::new("outcome", "taken")]));
                    observer.observe(store.failed, &labels(store, vec![KeyValue::new("outcome", "failed")]));
                }
            })
            .build();
        Self(shown)
    }

    /// Shows these from now on; of too many, the first.
    pub(super) fn take(&self, mut stores: Vec<StoreNumbers>) {
        stores.truncate(STORES);
        self.0.store(Arc::new(stores));
    }
}

fn gauge(
    meter: &Meter,
    shown: &Shown,
    name: &'static str,
    description: &'static str,
    value: impl Fn(&StoreNumbers) -> (u64, Vec<KeyValue>) + Send + Sync + 'static,
) {
    let observed = Arc::clone(shown);
    meter
        .u64_observable_gauge(name)
        .with_description(description)
        .with_callback(move |observer| {
            for store in observed.load().iter() {
                let (value, more) = value(store);
                observer.observe(value, &labels(store, more));
            }
        })
        .build();
}

fn labels(store: &StoreNumbers, mut more: Vec<KeyValue>) -> Vec<KeyValue> {
    more.push(KeyValue::new("tenant", store.tenant.clone()));
    more.push(KeyValue::new("store", store.store.clone()));
    more
}
