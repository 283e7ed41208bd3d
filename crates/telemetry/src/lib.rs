//! What an operator sees of a running server: log lines and metrics.
//!
//! One line for each answered request, lines for what went wrong, and the numbers behind both. Nothing here holds up a
//! request: lines go into a bounded buffer that a thread of its own writes out, and lines that find it full are counted
//! instead. Tokens, headers, query strings, filters, bodies, names and e-mail addresses have no way in: the line of a
//! request is the value [`Answered`], which has no field for them.

mod answered;
mod line;
mod log;
mod metrics;
mod order;
mod settings;
mod sink;

use std::sync::Arc;

pub use answered::{Answered, Method};
pub use metrics::{BreakerNumbers, CredentialEnd, Metrics, MetricsError, ReplicationNumbers, StoreNumbers};
pub use settings::{Format, LogSettings, Requests};

/// Why logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The level is not one that the filter understands.
    #[error("log.level \"{level}\" is not a level such as info, or a list such as info,directory=debug")]
    Level {
        /// What was set.
        level: String,
    },
    /// The thread that writes the log could not be started.
    #[error("the log cannot be written")]
    Writer(#[from] std::io::Error),
    /// The metrics could not be registered.
    #[error("the metrics cannot be registered")]
    Metrics(#[from] MetricsError),
}

/// Log and metrics of one process. Clones share both.
#[derive(Clone, Debug)]
pub struct Telemetry {
    metrics: Arc<Metrics>,
    log: Option<Arc<log::Log>>,
}

impl Telemetry {
    /// Starts writing the log to standard error, and counting. The log of the whole process comes here from now on.
    ///
    /// # Errors
    /// If the level is not understood or the writer cannot be started.
    pub fn start(settings: &LogSettings) -> Result<Self, TelemetryError> {
        let log = log::Log::start(settings)?;
        let metrics = Metrics::new(log.dropped())?;
        Ok(Self { metrics: Arc::new(metrics), log: Some(Arc::new(log)) })
    }

    /// Counts, but writes no log: for tests and for commands that print their own answers.
    ///
    /// # Errors
    /// If the metrics cannot be registered.
    pub fn silent() -> Result<Self, TelemetryError> {
        Ok(Self { metrics: Arc::new(Metrics::new(Arc::default())?), log: None })
    }

    /// The numbers.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Counts one answered request and writes its line.
    pub fn answered(&self, answered: &Answered<'_>) {
        self.metrics.answered(answered);
        if let Some(log) = &self.log {
            log.answered(answered);
        }
    }

    /// Writes out what is still in the buffer. Called last, before the process ends.
    pub fn flush(&self) {
        if let Some(log) = &self.log {
            log.flush();
        }
    }
}
