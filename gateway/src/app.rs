//! The gateway as a whole: made from its parts, then served until it is told to stop.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::{Server, ServiceRequest, ServiceResponse, fn_service};
use actix_web::{HttpServer, rt::time};
use directory::Directories;
use futures::future::join;
use governor::clock::QuantaClock;
use scim::discovery::Capabilities;
use telemetry::Telemetry;
use tenancy::Tenants;

use crate::cursor::Cursors;
use crate::endpoints::discovery::Documents;
use crate::pipeline::Limiter;
use crate::{Limits, Settings, exchange, operations};

/// Longer than the idle time of common load balancers, so that they close connections and not this side.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a client may take for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// How long what a client still sends is read after a refusal, so that it sees the refusal and no reset.
const LINGER_TIME: Duration = Duration::from_secs(5);

/// How long running requests may take after the signal to stop, in seconds.
const DRAIN_SECONDS: u64 = 30;

/// How often idle counters are forgotten.
const SWEEP: Duration = Duration::from_secs(60);

/// Why the gateway cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A setting that no request could be served with.
    #[error("{0}")]
    Setting(String),
    /// The system gives no random bytes for the key of the cursors, or refuses the one that is set.
    #[error("the key of the paging cursors cannot be made")]
    CursorKey,
}

/// The gateway, ready to be served.
pub struct App(Arc<Gateway>);

/// What every request needs.
pub(crate) struct Gateway {
    pub(crate) settings: Settings,
    pub(crate) tenants: Tenants,
    pub(crate) directories: Directories,
    pub(crate) telemetry: Telemetry,
    pub(crate) limits: Limiter,
    pub(crate) cursors: Cursors,
    pub(crate) documents: Documents,
    pub(crate) capabilities: Capabilities,
    is_draining: AtomicBool,
}

impl App {
    /// Puts the parts together.
    ///
    /// # Errors
    /// If a setting makes no sense.
    pub fn build(
        settings: Settings,
        tenants: Tenants,
        directories: Directories,
        telemetry: Telemetry,
    ) -> Result<Self, GatewayError> {
        settings.limits.check().map_err(GatewayError::Setting)?;
        let key = settings.cursor_key.map_or_else(random_key, Ok)?;
        Ok(Self(Arc::new(Gateway {
            limits: Limiter::new(&settings.limits, QuantaClock::default()),
            cursors: Cursors::new(&key, settings.limits.cursor_seconds).map_err(|_| GatewayError::CursorKey)?,
            documents: Documents::default(),
            capabilities: capabilities(&settings),
            settings,
            tenants,
            directories,
            telemetry,
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
        let clients = serve_clients(&gateway, listener, shutdown)?;
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

fn serve_clients(
    gateway: &Arc<Gateway>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Server> {
    let (serving, draining) = (Arc::clone(gateway), Arc::clone(gateway));
    let server = HttpServer::new(move || {
        let gateway = Arc::clone(&serving);
        let answer = fn_service(move |request: ServiceRequest| answer(Arc::clone(&gateway), request));
        actix_web::App::new().default_service(answer)
    });
    let server = match gateway.settings.workers {
        Some(workers) => server.workers(workers),
        None => server,
    };
    let shutdown = async move {
        shutdown.await;
        draining.is_draining.store(true, Ordering::Relaxed);
    };
    Ok(server
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIME)
        .client_disconnect_timeout(LINGER_TIME)
        .shutdown_timeout(DRAIN_SECONDS)
        .shutdown_signal(shutdown)
        .listen(listener)?
        .run())
}

/// The only service there is: tolerant paths and a short way to the answer come from having no router in between.
async fn answer(gateway: Arc<Gateway>, request: ServiceRequest) -> Result<ServiceResponse, actix_web::Error> {
    let (request, payload) = request.into_parts();
    let response = exchange::answer(&gateway, &request, payload).await;
    Ok(ServiceResponse::new(request, response))
}

fn serve_operations(gateway: &Arc<Gateway>, listener: TcpListener) -> io::Result<Server> {
    let gateway = Arc::clone(gateway);
    let server = HttpServer::new(move || actix_web::App::new().configure(operations::routes(Arc::clone(&gateway))));
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

async fn sweep(gateway: &Gateway) {
    loop {
        time::sleep(SWEEP).await;
        gateway.limits.forget_idle();
    }
}

impl Gateway {
    /// Whether requests may be sent here.
    pub(crate) fn check_ready(&self) -> Result<(), &'static str> {
        if self.is_draining.load(Ordering::Relaxed) { Err("the process is about to end") } else { Ok(()) }
    }
}

fn random_key() -> Result<[u8; 32], GatewayError> {
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| GatewayError::CursorKey)?;
    Ok(key)
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
    }
}
