//! Every metric, with its labels and how many label sets it can have.
//!
//! | metric | labels | bound |
//! |---|---|---|
//! | `http_server_request_duration_seconds` (histogram) | `http_request_method`, `http_route`, `status_class` | 7 methods × 16 routes × 5 |
//! | `tenantry_requests_total` | `tenant`, `status_class` | 50,000, then one set for all others |
//! | `tenantry_refused_total` | `reason` | 16 |
//! | `tenantry_rate_limited_total` | `scope`: `tenant`, `writes`, `address`, `address_requests`, `concurrency`, `memory`, `server`, `overload`, `issuer` | 9 |
//! | `tenantry_limits_by_share` | none | 1 |
//! | `tenantry_quirks_total` | `client`, `quirk` | 14 × 64 |
//! | `tenantry_token_expiry_seconds` (gauge) | `tenant` | 1,000: the tokens of the next 30 days that end first |
//! | `tenantry_oauth_secret_expiry_seconds` (gauge) | `tenant`, `oauth_client` | 1,000: the same of secrets; of a client's the first |
//! | `tenantry_store_lag` (gauge) | `tenant`, `store` | 1,000 stores: those not as they should be, then those that wait for most |
//! | `tenantry_store_state` (gauge: 1) | `tenant`, `store`, `state` | the same |
//! | `tenantry_store_dead_letters` (gauge) | `tenant`, `store` | the same |
//! | `tenantry_store_deliveries_total` | `tenant`, `store`, `outcome`: `taken`, `failed` | twice that |
//! | `tenantry_breaker_state` (gauge: 1) | `tenant`, `state`: `off`, `armed`, `warned`, `held` | 1,000 tenants whose breaker has tripped |
//! | `tenantry_breaker_held` (gauge) | `tenant` | the same |
//! | `tenantry_breaker_trips_total` | `tenant` | the same |
//! | `tenantry_replication_trusted` (gauge: 1 while a lease lives) | none | 1 |
//! | `tenantry_replication_living` (gauge) | none | 1 |
//! | `tenantry_replication_by_share` (gauge) | none | 1 |
//! | `tenantry_replication_renewals_total` | `outcome`: `answered`, `failed` | 2 |
//! | `tenantry_replication_changes_total` | `by`: `acknowledged`, `waited` | 2 |
//! | `tenantry_replication_agreeing_seconds_total` | none | 1 |
//! | `tenantry_replication_messages_lost_total` | none | 1 |
//! | `tenantry_failures_dropped_total` | none | 1 |
//! | `tenantry_log_lines_dropped_total` | none | 1 |
//! | `tenantry_resident_memory_bytes` (Linux) | none | 1 |

mod bound;
mod breakers;
mod ends;
mod replication;
mod stores;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, MeterProvider as _};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::metrics::{Instrument, SdkMeterProvider, Stream};
use prometheus::{Registry, TextEncoder};

use crate::Answered;
use bound::{ByRoute, ByTenant};
pub use breakers::BreakerNumbers;
use breakers::Breakers;
pub use ends::CredentialEnd;
use ends::Ends;
pub use replication::ReplicationNumbers;
pub use stores::StoreNumbers;
use stores::Stores;

/// Label sets of a metric by tenant: 10,000 tenants with each status class. The SDK stops at 2,000 by itself.
const TENANT_SETS: usize = 50_000;

/// Seconds. The conventions of OpenTelemetry for HTTP servers, with finer steps below 5 ms, where most answers are.
const DURATIONS: [f64; 16] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0];

/// Why the metrics could not be set up or shown.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The exporter refused its registry.
    #[error("the exporter could not be registered")]
    Exporter(#[from] OTelSdkError),
    /// The text could not be written.
    #[error("the metrics could not be written")]
    Text(#[from] prometheus::Error),
}

/// The instruments of one process.
#[derive(Debug)]
pub struct Metrics {
    durations: ByRoute,
    requests: ByTenant,
    refused: Counter<u64>,
    rate_limited: Counter<u64>,
    quirks: Counter<u64>,
    limits_by_share: Gauge<u64>,
    ends: Ends,
    stores: Stores,
    breakers: Breakers,
    registry: Registry,
    meter: Meter,
    // The instruments stop counting when their provider goes.
    _provider: SdkMeterProvider,
}

impl Metrics {
    /// Sets up every instrument; `dropped` counts the lines that the log had to drop.
    pub(crate) fn new(dropped: Arc<AtomicU64>) -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_target_info()
            .scope_info_enabled(false)
            .build()?;
        let provider = SdkMeterProvider::builder().with_reader(exporter).with_view(by_tenant).build();
        let meter = provider.meter("tenantry");
        observe_process(&meter, dropped);
        let (ends, stores) = (Ends::observe(&meter), Stores::observe(&meter));
        let breakers = Breakers::observe(&meter);
        Ok(Self {
            durations: ByRoute::new(durations(&meter)),
            requests: ByTenant::new(counter(&meter, "tenantry.requests", "Answered requests of each tenant")),
            refused: counter(&meter, "tenantry.refused", "Requests refused before the protocol was looked at"),
            rate_limited: counter(&meter, "tenantry.rate_limited", "Requests refused because there were too many"),
            quirks: counter(&meter, "tenantry.quirks", "Requests in which a deviation of a client was repaired"),
            limits_by_share: by_share(&meter),
            ends,
            stores,
            breakers,
            registry,
            meter,
            _provider: provider,
        })
    }

    /// Counts one answered request.
    pub(crate) fn answered(&self, answered: &Answered<'_>) {
        self.durations.record(answered);
        if let Some(tenant) = answered.tenant {
            self.requests.count(tenant, answered);
        }
        if let Some(reason) = answered.refused {
            self.refused.add(1, &[KeyValue::new("reason", reason)]);
        }
        for quirk in answered.quirks {
            self.quirks.add(1, &[KeyValue::new("client", answered.client), KeyValue::new("quirk", *quirk)]);
        }
    }

    /// Counts a request refused for its number: by its tenant's rates, by its address, by what runs at once.
    pub fn rate_limited(&self, scope: &'static str) {
        self.rate_limited.add(1, &[KeyValue::new("scope", scope)]);
    }

    /// Notes whether this replica goes by its share of every rate because Redis is gone.
    pub fn limits_by_share(&self, by_share: bool) {
        self.limits_by_share.record(by_share.into(), &[]);
    }

    /// Takes the ends of the tokens and secrets that end soon, the first to end first.
    pub fn credentials_end(&self, ends: Vec<CredentialEnd>) {
        self.ends.take(ends);
    }

    /// Takes how the stores do, those first that matter most.
    pub fn stores(&self, stores: Vec<StoreNumbers>) {
        self.stores.take(stores);
    }

    /// Takes how the breakers do that have tripped at some time, those first that matter most.
    pub fn breakers(&self, breakers: Vec<BreakerNumbers>) {
        self.breakers.take(breakers);
    }

    /// Shows how keeping in step with other replicas goes. To be called once, where there may be others.
    pub fn observe_replication(&self, numbers: impl Fn() -> ReplicationNumbers + Send + Sync + 'static) {
        replication::observe(&self.meter, numbers);
    }

    /// Shows how many failures found no room in the provisioning log. To be called once.
    pub fn observe_failures(&self, dropped: impl Fn() -> u64 + Send + Sync + 'static) {
        self.meter
            .u64_observable_counter("tenantry.failures.dropped")
            .with_description("Failures of requests that are in no provisioning log: too many at once, or no database")
            .with_callback(move |observer| observer.observe(dropped(), &[]))
            .build();
    }

    /// All numbers in the text format of Prometheus.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn to_text(&self) -> Result<String, MetricsError> {
        Ok(TextEncoder::new().encode_to_string(&self.registry.gather())?)
    }
}

fn by_tenant(instrument: &Instrument) -> Option<Stream> {
    let sets = match instrument.name() {
        "tenantry.requests" => TENANT_SETS,
        stores::DELIVERIES => stores::SETS,
        _ => return None,
    };
    Stream::builder().with_cardinality_limit(sets).build().ok()
}

fn counter(meter: &Meter, name: &'static str, description: &'static str) -> Counter<u64> {
    meter.u64_counter(name).with_description(description).build()
}

/// It is there from the start, so that an alert can tell 0 from nothing.
fn by_share(meter: &Meter) -> Gauge<u64> {
    let description = "1 while Redis is gone and this replica goes by its share of every rate";
    let gauge = meter.u64_gauge("tenantry.limits.by_share").with_description(description).build();
    gauge.record(0, &[]);
    gauge
}

fn durations(meter: &Meter) -> Histogram<f64> {
    meter
        .f64_histogram("http.server.request.duration")
        .with_description("Time from the head of a request to its answer")
        .with_unit("s")
        .with_boundaries(DURATIONS.to_vec())
        .build()
}

fn observe_process(meter: &Meter, dropped: Arc<AtomicU64>) {
    meter
        .u64_observable_counter("tenantry.log.lines_dropped")
        .with_description("Log lines that found the buffer full")
        .with_callback(move |observer| observer.observe(dropped.load(Ordering::Relaxed), &[]))
        .build();
    meter
        .u64_observable_gauge("tenantry.resident_memory")
        .with_description("Memory that the process holds")
        .with_unit("By")
        .with_callback(|observer| {
            if let Some(bytes) = resident_memory() {
                observer.observe(bytes, &[]);
            }
        })
        .build();
}

/// The second field of `/proc/self/statm`, in pages; only Linux has it.
fn resident_memory() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_answer_is_counted_by_route_by_tenant_and_by_quirk() {
        let metrics = Metrics::new(Arc::default()).unwrap();
        metrics.answered(&Answered {
            at: std::time::SystemTime::UNIX_EPOCH,
            request_id: "1",
            tenant: Some("acme"),
            credential: None,
            method: crate::Method::Get,
            route: "/Users",
            status: 200,
            duration: Duration::from_millis(3),
            client: "entra",
            scim_type: None,
            refused: None,
            quirks: &["string_boolean"],
        });
        metrics.rate_limited("tenant");
        let text = metrics.to_text().unwrap();
        for sample in [
            "http_server_request_duration_seconds_bucket{http_request_method=\"GET\",http_route=\"/Users\",\
             status_class=\"2xx\",le=\"0.005\"} 1",
            "tenantry_requests_total{status_class=\"2xx\",tenant=\"acme\"} 1",
            "tenantry_quirks_total{client=\"entra\",quirk=\"string_boolean\"} 1",
            "tenantry_rate_limited_total{scope=\"tenant\"} 1",
            "tenantry_log_lines_dropped_total 0",
        ] {
            assert!(text.contains(sample), "{sample} is not in\n{text}");
        }
    }

    #[test]
    fn keeping_in_step_is_shown_where_there_are_replicas() {
        let metrics = Metrics::new(Arc::default()).unwrap();
        assert!(!metrics.to_text().unwrap().contains("replication"));
        metrics.observe_replication(|| ReplicationNumbers {
            is_trusted: true,
            living: 3,
            by_share: 1,
            renewals: 5,
            renewals_failed: 1,
            acknowledged: 3,
            waited: 2,
            agreeing: Duration::from_millis(1500),
            messages_lost: 4,
        });
        let text = metrics.to_text().unwrap();
        for sample in [
            "tenantry_replication_trusted 1",
            "tenantry_replication_living 3",
            "tenantry_replication_by_share 1",
            "tenantry_replication_renewals_total{outcome=\"failed\"} 1",
            "tenantry_replication_changes_total{by=\"acknowledged\"} 3",
            "tenantry_replication_changes_total{by=\"waited\"} 2",
            "tenantry_replication_agreeing_seconds_total 1.5",
            "tenantry_replication_messages_lost_total 4",
        ] {
            assert!(text.contains(sample), "{sample} is not in\n{text}");
        }
    }
}
