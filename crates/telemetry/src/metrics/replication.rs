//! How replicas keep in step.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;

/// What has happened since the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplicationNumbers {
    /// Whether what is remembered of tenants is trusted now.
    pub is_trusted: bool,
    /// How many replicas live, this one included.
    pub living: u32,
    /// How many of the others go by their share of the rates.
    pub by_share: u32,
    /// Questions to the database that it answered.
    pub renewals: u64,
    /// Questions that it did not answer.
    pub renewals_failed: u64,
    /// Changes that every replica acknowledged.
    pub acknowledged: u64,
    /// Changes for which a lease was waited for.
    pub waited: u64,
    /// How long changes have waited for other replicas, all together.
    pub agreeing: Duration,
    /// Messages that could not be sent.
    pub messages_lost: u64,
}

type Numbers = Arc<dyn Fn() -> ReplicationNumbers + Send + Sync>;

pub(super) fn observe(meter: &Meter, numbers: impl Fn() -> ReplicationNumbers + Send + Sync + 'static) {
    let numbers: Numbers = Arc::new(numbers);
    let own = Arc::clone(&numbers);
    meter
        .u64_observable_gauge("tenantry.replication.trusted")
        .with_description("1 while what is remembered of tenants is trusted; otherwise each request asks the database")
        .with_callback(move |observer| observer.observe(own().is_trusted.into(), &[]))
        .build();
    let own = Arc::clone(&numbers);
    meter
        .u64_observable_gauge("tenantry.replication.living")
        .with_description("Replicas that live, as far as this one knows, itself included")
        .with_callback(move |observer| observer.observe(own().living.into(), &[]))
        .build();
    let own = Arc::clone(&numbers);
    meter
        .u64_observable_gauge("tenantry.replication.by_share")
        .with_description("Other replicas that go by their share of every rate, as far as this one knows")
        .with_callback(move |observer| observer.observe(own().by_share.into(), &[]))
        .build();
    let own = Arc::clone(&numbers);
    meter
        .f64_observable_counter("tenantry.replication.agreeing")
        .with_description("Time that changes have waited for other replicas")
        .with_unit("s")
        .with_callback(move |observer| observer.observe(own().agreeing.as_secs_f64(), &[]))
        .build();
    counter(
        meter,
        &numbers,
        "tenantry.replication.renewals",
        "Questions whether what is remembered is the newest",
        |numbers| vec![("outcome", "answered", numbers.renewals), ("outcome", "failed", numbers.renewals_failed)],
    );
    counter(
        meter,
        &numbers,
        "tenantry.replication.changes",
        "Changes, by what put them in force everywhere",
        |numbers| vec![("by", "acknowledged", numbers.acknowledged), ("by", "waited", numbers.waited)],
    );
    let own = numbers;
    meter
        .u64_observable_counter("tenantry.replication.messages_lost")
        .with_description("Messages to other replicas that could not be sent")
        .with_callback(move |observer| observer.observe(own().messages_lost, &[]))
        .build();
}

/// A counter of several label sets: the label, its value and the count.
fn counter(
    meter: &Meter,
    numbers: &Numbers,
    name: &'static str,
    description: &'static str,
    counts: impl Fn(&ReplicationNumbers) -> Vec<(&'static str, &'static str, u64)> + Send + Sync + 'static,
) {
    let numbers = Arc::clone(numbers);
    meter
        .u64_observable_counter(name)
        .with_description(description)
        .with_callback(move |observer| {
            for (label, value, count) in counts(&numbers()) {
                observer.observe(count, &[KeyValue::new(label, value)]);
            }
        })
        .build();
}
