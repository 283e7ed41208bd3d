//! What brings events to stores, and what serves those that fetch them, where the settings want it.

use std::io;
use std::net::TcpListener;

use delivery::{Dispatcher, Stores};
use feed::Feed;
use tenant_admin::Failure;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::listen;
use crate::settings::Settings;

/// Both, while the server runs.
pub(super) struct Feeding {
    /// Gone when the dispatcher is to end.
    running: oneshot::Sender<()>,
    dispatching: JoinHandle<()>,
    feed: Option<Feed>,
}

/// Takes the port. If it is the usual one and another program has it, nothing is served there, and a sentence says so.
pub(super) fn listener(settings: &Settings) -> Result<(Option<TcpListener>, Option<String>), Failure> {
    let Some(address) = settings.stores.listen else { return Ok((None, None)) };
    match listen(address, "stores.listen") {
        Ok(listener) => Ok((Some(listener), None)),
        Err(failure) if settings.stores.is_usual() => {
            Ok((None, Some(format!("stores cannot fetch their events: {}", failure.message))))
        }
        Err(failure) => Err(failure),
    }
}

impl Feeding {
    pub(super) fn start(stores: &Stores, listener: Option<TcpListener>) -> io::Result<Self> {
        let (running, ended) = oneshot::channel::<()>();
        let feed = listener.map(|listener| Feed::serve(stores.clone(), listener)).transpose()?;
        let dispatching = tokio::spawn(Dispatcher::new(stores).run(async { drop(ended.await) }));
        Ok(Self { running, dispatching, feed })
    }

    /// Comes back only if it fails.
    pub(super) async fn ended(&mut self) -> io::Result<()> {
        match &mut self.feed {
            Some(feed) => feed.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Lets what is under way end.
    pub(super) async fn finish(self) {
        drop(self.running);
        if let Some(feed) = self.feed {
            feed.stop().await;
        }
        if self.dispatching.await.is_err() {
            tracing::error!("bringing events to stores was broken off");
        }
    }
}
