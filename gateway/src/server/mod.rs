//! The listeners: one for clients, one for operators.

mod wire;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Protocol, Request};
use actix_server::Server;
use actix_service::{ServiceFactory, ServiceFactoryExt as _, fn_factory, fn_service};
use actix_web::rt::net::TcpStream;
use actix_web::{App, HttpServer};

use crate::app::Gateway;
use crate::reply::Answer;
use crate::worker::Worker;
use crate::{exchange, operations};
use wire::Wire;

/// Longer than the idle time of common load balancers, so that they close connections and not this side.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a client may take for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);

/// How long what a client still sends is read after a refusal, so that it sees the refusal and no reset.
const LINGER_TIME: Duration = Duration::from_secs(5);

/// How long running requests may take after the signal to stop, in seconds.
const DRAIN_SECONDS: u64 = 30;

/// Serves clients until `shutdown` is done and every request that had begun is answered.
///
/// This is `actix_web::HttpServer` without its router, with every connection in a [`Wire`].
pub(crate) fn serve_clients(
    gateway: &Arc<Gateway>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let builder = Server::build().shutdown_timeout(DRAIN_SECONDS).shutdown_signal(shutdown);
    let builder = builder.workers(gateway.settings.threads());
    let draining = builder.graceful_shutdown_signal();
    let gateway = Arc::clone(gateway);
    let server = builder.listen("clients", listener, move || {
        let draining = draining.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let draining = draining.clone();
                async move { draining.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIME)
            .client_disconnect_timeout(LINGER_TIME)
            .local_addr(address)
            .finish(answer_with(&gateway));
        let telemetry = gateway.telemetry.clone();
        fn_service(move |stream: TcpStream| {
            let telemetry = telemetry.clone();
            async move {
                let _best_effort = stream.set_nodelay(true);
                let peer = stream.peer_addr().ok();
                Ok((Wire::new(stream, telemetry), Protocol::Http1, peer))
            }
        })
        .and_then(http)
    })?;
    Ok(server.run())
}

/// The only service there is. With no router in between, every path is ours to read, and the way to the answer is short.
fn answer_with(
    gateway: &Arc<Gateway>,
) -> impl ServiceFactory<Request, Config = (), Response = Answer, Error = Infallible, InitError = ()> + use<> {
    let gateway = Arc::clone(gateway);
    fn_factory(move || {
        let gateway = Arc::clone(&gateway);
        async move {
            let worker =
                Worker::start(&gateway).await.map_err(|error| tracing::error!(%error, "a thread cannot serve"))?;
            Ok(fn_service(move |request: Request| {
                let worker = Rc::clone(&worker);
                async move {
                    let (head, payload) = request.into_parts();
                    Ok(exchange::answer(&worker, &head, payload).await)
                }
            }))
        }
    })
}

/// Serves operators until it is stopped by its handle.
pub(crate) fn serve_operations(gateway: &Arc<Gateway>, listener: TcpListener) -> io::Result<Server> {
    let gateway = Arc::clone(gateway);
    let server = HttpServer::new(move || App::new().configure(operations::routes(Arc::clone(&gateway))));
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}
