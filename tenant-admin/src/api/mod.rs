//! Administration over HTTP: the same commands as on the command line, for programs that have an API key.
//!
//! It adds who may ask, and nothing to what happens. A request passes in this order: its key, a bound on how many that key has
//! under way, its tenant and role, its body, a bound on how many run at once, its key once more. No endpoint reaches the
//! operator's hand but through `asked::Permitted`, which only that decision makes.

mod asked;
mod attempts;
mod body;
mod breaker_shapes;
mod conversion_shapes;
mod document;
mod endpoints;
mod failure_shapes;
mod gate;
mod invitation_shapes;
mod page;
mod places;
mod problem;
mod profile_shapes;
mod reply;
mod rule;
mod sender;
mod shapes;
mod state;
mod wishes;

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use tenancy::Network;
use tokio::task::JoinHandle;

use crate::Operator;
use problem::Problem;
use state::State;

/// How long the head of a request may take to arrive, and how long a connection may stay without one.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long requests under way may take when the server ends, in seconds.
const DRAIN_SECONDS: u64 = 10;
/// So many connections may be open.
const CONNECTIONS: usize = 256;

/// The API while it is served.
#[derive(Debug)]
pub struct Api {
    handle: ServerHandle,
    served: JoinHandle<io::Result<()>>,
}

impl Api {
    /// Serves the API on a listener. Must be called within the runtime that commands are done in. `trusted_proxies` are
    /// those whose word on the address of a sender counts.
    ///
    /// # Errors
    /// If the listener fails.
    pub fn serve(operator: Operator, listener: TcpListener, trusted_proxies: Vec<Network>) -> io::Result<Self> {
        let state = web::Data::new(State::new(operator, trusted_proxies));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .wrap(from_fn(gate::gate))
                .service(web::scope(document::BASE).configure(document::serve))
                .default_service(web::to(unknown))
        });
        let server = server.workers(1).max_connections(CONNECTIONS).client_request_timeout(HEAD_TIME);
        let server = server.keep_alive(HEAD_TIME).disable_signals().shutdown_timeout(DRAIN_SECONDS);
        let server = server.listen(listener)?.run();
        Ok(Self { handle: server.handle(), served: tokio::spawn(server) })
    }

    /// Comes back when it is not served any more.
    ///
    /// # Errors
    /// Why.
    pub async fn ended(&mut self) -> io::Result<()> {
        (&mut self.served).await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    /// Answers the requests that have begun, and no others.
    pub async fn stop(self) {
        self.handle.stop(true).await;
    }
}

async fn unknown(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(document::unknown(request.method().as_str(), request.path()))
}
