//! What stores fetch themselves, over HTTP: the events of a tenant by long polling (`GET /events?after=…`) or as server-sent
//! events; or security event tokens (`POST /sets`, RFC 8936). And whether a user may still
//! act (`GET /may-act`), for an application in the middle of a session.
//!
//! It promises that a reader gets the events of its store alone, whole and in order, and that a token that was replaced opens nothing
//! any more. It keeps nothing: readers say where they stand.

mod may_act;
mod places;
mod problem;
mod pull;
mod sets;
mod stream;

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use delivery::Stores;
use tokio::task::JoinHandle;

use places::Places;

/// How long the head of a request may take to arrive.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Longer than the longest poll.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long requests under way may take when the server ends, in seconds. Whoever waits for events asks again elsewhere.
const DRAIN_SECONDS: u64 = 2;
/// So many connections may be open.
const CONNECTIONS: usize = 4096;

/// The feed while it is served.
#[derive(Debug)]
pub struct Feed {
    handle: ServerHandle,
    served: JoinHandle<io::Result<()>>,
}

/// What every request needs.
struct State {
    stores: Stores,
    places: Places,
}

impl Feed {
    /// Serves readers on a listener.
    ///
    /// # Errors
    /// If the listener fails.
    pub fn serve(stores: Stores, listener: TcpListener) -> io::Result<Self> {
        let state = web::Data::new(State { stores, places: Places::default() });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .route("/events", web::get().to(pull::events))
                .route("/t/{tenant}/events", web::get().to(pull::events_of_tenant))
                .route("/may-act", web::get().to(may_act::may_act))
                .route("/t/{tenant}/may-act", web::get().to(may_act::may_act_of_tenant))
                .route("/sets", web::post().to(sets::poll))
                .route("/t/{tenant}/sets", web::post().to(sets::poll_of_tenant))
                .route("/t/{tenant}/jwks.json", web::get().to(sets::keys))
                .default_service(web::to(problem::unknown))
        });
        let server = server.workers(1).max_connections(CONNECTIONS).client_request_timeout(HEAD_TIME);
        let server = server.keep_alive(KEEP_ALIVE).disable_signals().shutdown_timeout(DRAIN_SECONDS);
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
