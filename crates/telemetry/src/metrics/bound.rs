//! Instruments whose label sets are found once, not in every request.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, BoundHistogram, Counter, Histogram};

use crate::Answered;
use crate::answered::{CLASSES, Method};

/// One instrument for each class of statuses.
type ByClass<I> = [OnceLock<I>; CLASSES.len()];

/// The templates of paths that are remembered; more than there are.
const ROUTES: usize = 32;

/// Tenants whose counters are found at once; those beyond are counted all the same.
const TENANTS: usize = 10_000;

/// Durations by method, route and class of status.
pub(super) struct ByRoute {
    histogram: Histogram<f64>,
    routes: [OnceLock<Route>; ROUTES],
}

/// The durations of one route.
struct Route {
    template: &'static str,
    methods: [ByClass<BoundHistogram<f64>>; Method::COUNT],
}

impl ByRoute {
    pub(super) fn new(histogram: Histogram<f64>) -> Self {
        Self { histogram, routes: std::array::from_fn(|_| OnceLock::new()) }
    }

    pub(super) fn record(&self, answered: &Answered<'_>) {
        let seconds = answered.duration.as_secs_f64();
        match self.bound(answered) {
            Some(bound) => bound.get_or_init(|| self.histogram.bind(&labels(answered))).record(seconds),
            None => self.histogram.record(seconds, &labels(answered)),
        }
    }

    /// Templates are few and constant, so a search from the start is short.
    fn bound(&self, answered: &Answered<'_>) -> Option<&OnceLock<BoundHistogram<f64>>> {
        let known = self.routes.iter().map(|route| route.get_or_init(|| Route::new(answered.route)));
        let route = known.into_iter().find(|route| route.template == answered.route)?;
        route.methods.get(answered.method as usize)?.get(answered.class())
    }
}

impl Route {
    fn new(template: &'static str) -> Self {
        Self { template, methods: std::array::from_fn(|_| unbound()) }
    }
}

impl fmt::Debug for ByRoute {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ByRoute").finish_non_exhaustive()
    }
}

fn labels(answered: &Answered<'_>) -> [KeyValue; 3] {
    [
        KeyValue::new("http.request.method", answered.method.as_str()),
        KeyValue::new("http.route", answered.route),
        class(answered),
    ]
}

fn class(answered: &Answered<'_>) -> KeyValue {
    KeyValue::new("status_class", CLASSES.get(answered.class()).copied().unwrap_or_default())
}

fn unbound<I>() -> ByClass<I> {
    std::array::from_fn(|_| OnceLock::new())
}

/// Requests by tenant and class of status.
#[derive(Debug)]
pub(super) struct ByTenant {
    counter: Counter<u64>,
    tenants: ArcSwap<HashMap<String, Arc<ByClass<BoundCounter<u64>>>>>,
}

impl ByTenant {
    pub(super) fn new(counter: Counter<u64>) -> Self {
        Self { counter, tenants: ArcSwap::default() }
    }

    pub(super) fn count(&self, tenant: &str, answered: &Answered<'_>) {
        let tenants = self.tenants.load();
        match tenants.get(tenant).and_then(|classes| classes.get(answered.class())) {
            Some(bound) => bound
                .get_or_init(|| self.counter.bind(&[KeyValue::new("tenant", tenant.to_owned()), class(answered)]))
                .add(1),
            None => {
                self.counter.add(1, &[KeyValue::new("tenant", tenant.to_owned()), class(answered)]);
                self.remember(tenant);
            }
        }
    }

    fn remember(&self, tenant: &str) {
        if self.tenants.load().len() >= TENANTS {
            return;
        }
        self.tenants.rcu(|tenants| {
            let mut tenants = HashMap::clone(tenants);
            tenants.entry(tenant.to_owned()).or_insert_with(|| Arc::new(unbound()));
            tenants
        });
    }
}
