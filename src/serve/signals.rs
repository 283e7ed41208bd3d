//! The signals that end the server.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Done when the process is told to stop: SIGTERM from a supervisor, SIGINT from a terminal. Whoever sends a second one
/// does not want to wait for requests under way.
pub(super) fn stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("stopping after the requests under way");
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            std::process::exit(1);
        });
    })
}
