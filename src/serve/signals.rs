//! The signals that end the server, and the one that makes it read its signing keys again.

use std::io;

use tenant_admin::{Command, Operator};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears SIGHUP from now on. One that comes before anybody looks is not lost, and ends nothing.
pub(super) fn hangup() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

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

/// Reads the signing keys again at every SIGHUP, as after the change of a mounted secret. It goes on until it is dropped.
pub(super) async fn reload(mut hangup: Signal, operator: Operator) {
    while hangup.recv().await.is_some() {
        match operator.run(Command::ReloadKeys).await {
            Ok(_) => tracing::info!("the signing keys are read again"),
            Err(failure) => tracing::error!(%failure, "the signing keys could not be read; those of before go on"),
        }
    }
    std::future::pending::<()>().await;
}
