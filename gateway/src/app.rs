//! The gateway as a whole: made from its parts, then served until it is told to stop.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::rt::time;
use directory::Directories;
use futures::future::join;
use governor::clock::QuantaClock;
use journal::Journal;
use limits::Buckets;
use replicas::Redis;
use scim::discovery::Capabilities;
use telemetry::Telemetry;
use tenancy::{TenancyError, Tenants};

use crate::cursor::Cursors;
use crate::oauth::TokenEndpoint;
use crate::pipeline::Limiter;
use crate::server::{serve_clients, serve_operations};
use crate::{Limits, Settings};

/// How often idle counters are forgotten.
const SWEEP: Duration = Duration::from_secs(60);

/// Why the gateway cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A setting that no request could be served with.
    #[error("{0}")]
    Setting(String),
}

/// How long the database may take to show that it is there.
const READY_TIME: Duration = Duration::from_secs(2);

/// The gateway, ready to be served.
pub struct App(Arc<Gateway>);

/// What every request needs.
pub(crate) struct Gateway {
    pub(crate) settings: Settings,
    pub(crate) tenants: Tenants,
    pub(crate) directories: Directories,
    pub(crate) telemetry: Telemetry,
    /// Where failures are noted.
    pub(crate) journal: Journal,
    pub(crate) limits: Limiter,
    pub(crate) cursors: Cursors,
    pub(crate) capabilities: Capabilities,
    pub(crate) token_endpoint: TokenEndpoint,
    is_draining: AtomicBool,
}

impl App {
    /// Puts the parts together. With a Redis, limits are counted together with the other replicas. Must be called within
    /// a runtime that outlives all requests.
    ///
    /// # Errors
    /// If a setting makes no sense.
    pub fn build(
        settings: Settings,
        (tenants, directories): (Tenants, Directories),
        (telemetry, journal): (Telemetry, Journal),
        redis: Option<Redis>,
    ) -> Result<Self, GatewayError> {
        settings.limits.check().map_err(GatewayError::Setting)?;
        Ok(Self(Arc::new(Gateway {
            limits: limiter(&settings, redis, &tenants, &telemetry),
            cursors: Cursors::new(settings.limits.cursor_seconds),
            capabilities: capabilities(&settings),
            token_endpoint: TokenEndpoint::new(settings.allow_private_jwks),
            settings,
            tenants,
            directories,
            telemetry,
            journal,
            is_draining: AtomicBool::new(false),
        })))
    }

    /// Serves clients on one listener and operators on the other until `shutdown` is done and every request that had
    /// begun is answered.
    ///
    /// # Errors
    /// If a listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        operations_listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let gateway = self.0;
        let operations = serve_operations(&gateway, operations_listener)?;
        let clients = serve_clients(&gateway, listener, stopping(&gateway, shutdown))?;
        // Operators see the draining until its end.
        let handle = operations.handle();
        let draining = async {
            let ended = clients.await;
            handle.stop(false).await;
            ended
        };
        tokio::select! {
            (clients, operations) = join(draining, operations) => clients.and(operations),
            () = sweep(&gateway) => Ok(()),
        }
    }
}

/// From the signal on, load balancers are told to send nothing more.
fn stopping(
    gateway: &Arc<Gateway>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let gateway = Arc::clone(gateway);
    async move {
        shutdown.await;
        gateway.is_draining.store(true, Ordering::Relaxed);
    }
}

async fn sweep(gateway: &Gateway) {
    loop {
        time::sleep(SWEEP).await;
        gateway.limits.forget_idle(SWEEP, gateway.tenants.address_limits());
    }
}

impl Gateway {
    /// Whether requests may be sent here.
    pub(crate) async fn check_ready(&self) -> Result<(), &'static str> {
        if self.is_draining.load(Ordering::Relaxed) {
            return Err("the process is about to end");
        }
        // The smallest question to the database; without a tenant there is nothing to serve, and nothing to ask.
        let Some(tenant) = self.tenants.list().into_iter().next() else { return Ok(()) };
        match tokio::time::timeout(READY_TIME, self.tenants.list_tokens(tenant.name())).await {
            Ok(Ok(_) | Err(TenancyError::NoTenant { .. })) => Ok(()),
            _ => Err("the database does not answer"),
        }
    }
}

/// Counts by itself, or together with the other replicas.
fn limiter(settings: &Settings, redis: Option<Redis>, tenants: &Tenants, telemetry: &Telemetry) -> Limiter {
    let (clock, living) = (QuantaClock::default(), tenants.living());
    let buckets = match redis {
        Some(redis) => {
            let telemetry = telemetry.clone();
            Buckets::shared(redis, living.clone(), move |alone| telemetry.metrics().limits_by_share(alone))
        }
        None => Buckets::of_one_process(clock.clone()),
    };
    Limiter::new(&settings.limits, clock, buckets, living)
}

fn capabilities(settings: &Settings) -> Capabilities {
    let Limits { bulk_operations, bulk_bytes, page_size, page_size_max, cursor_seconds, .. } = settings.limits;
    Capabilities {
        documentation_uri: settings.documentation_url.clone(),
        max_operations: u32::try_from(bulk_operations).unwrap_or(u32::MAX),
        max_payload_size: bulk_bytes as u64,
        max_results: page_size_max,
        default_page_size: page_size,
        cursor_timeout_seconds: cursor_seconds.into(),
        security_events: Vec::new(),
    }
}
