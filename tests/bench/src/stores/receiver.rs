//! An HTTP server that gets events: it verifies nothing, and notes when each came.

use std::net::SocketAddr;

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, PayloadConfig, to};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context;
use serde::Deserialize;
use uuid::Uuid;

use super::Arrivals;

/// The largest body: larger than a request with many events.
const LARGEST: usize = 16 << 20;

/// A receiver on a thread of its own; it ends with the value.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) arrivals: Arrivals,
    server: ServerHandle,
}

/// What is read of an event.
#[derive(Deserialize)]
struct Event {
    id: Uuid,
    sequence: i64,
}

impl Receiver {
    /// Starts it.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let (arrivals, (send, receive)) = (Arrivals::default(), std::sync::mpsc::channel());
        let noted = arrivals.clone();
        std::thread::spawn(move || {
            let serving = actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    let noted = noted.clone();
                    App::new().app_data(PayloadConfig::new(LARGEST)).default_service(to(move |body: Bytes| {
                        note(&noted, &body);
                        async { HttpResponse::NoContent().finish() }
                    }))
                };
                let bound = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0))?;
                let address = bound.addrs().first().copied();
                let server = bound.run();
                // Who started it may have given up.
                let _ = send.send((address, server.handle()));
                server.await
            });
            drop::<std::io::Result<()>>(serving);
        });
        let (address, server) = receive.recv().context("the receiver of events did not start")?;
        Ok(Self { address: address.context("the receiver of events has no address")?, arrivals, server })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It is asked, and not waited for.
        drop(self.server.stop(false));
    }
}

/// Notes the events of a request: one, or a list of them.
fn note(arrivals: &Arrivals, body: &[u8]) {
    let events = match body.first() {
        Some(b'[') => serde_json::from_slice::<Vec<Event>>(body),
        _ => serde_json::from_slice::<Event>(body).map(|event| vec![event]),
    };
    match events {
        Ok(events) => events.iter().for_each(|event| arrivals.note(event.sequence, event.id)),
        Err(error) => arrivals.note_wrong(format!("no events: {error}")),
    }
}
