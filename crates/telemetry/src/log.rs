//! The log of the process: events of `tracing`, and the line of each request.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::settings::{Format, LogSettings, Requests};
use crate::sink::Sink;
use crate::{Answered, TelemetryError, line};

/// Where lines go, and in which form.
pub(crate) struct Log {
    sink: Sink,
    format: Format,
    requests: Requests,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Log").field("format", &self.format).field("requests", &self.requests).finish_non_exhaustive()
    }
}

impl Log {
    /// Starts the writer and makes this the log of the process. A log that was installed before stays, which is what
    /// tests that start several servers in one process want.
    pub(crate) fn start(settings: &LogSettings) -> Result<Self, TelemetryError> {
        let filter = filter(&settings.level)?;
        let (sink, _thread) = Sink::start(io::stderr())?;
        install(filter, settings.format, sink.clone());
        tell_of_panics(sink.clone());
        Ok(Self { sink, format: settings.format, requests: settings.requests })
    }

    /// How many lines were dropped.
    pub(crate) fn dropped(&self) -> Arc<AtomicU64> {
        self.sink.dropped()
    }

    /// Writes the line of one request, if requests like it get one.
    pub(crate) fn answered(&self, answered: &Answered<'_>) {
        if self.requests.covers(answered.status) {
            line::write(answered, self.format, |line| self.sink.push(line));
        }
    }

    /// Waits until everything is written.
    pub(crate) fn flush(&self) {
        self.sink.flush();
    }
}

/// Our crates. The level is theirs; libraries would write down what they read and send (headers, statements), so they
/// warn, and no more unless they are named.
const OURS: [&str; 14] = [
    "tenantry",
    "gateway",
    "directory",
    "delivery",
    "events",
    "feed",
    "journal",
    "limits",
    "outbound",
    "replicas",
    "tenancy",
    "database",
    "tenant_admin",
    "telemetry",
];

/// What says nothing to an operator: notices about migrations that are there already, and connections that break off or
/// send no HTTP, which are counted.
const QUIET: &str = "sqlx::postgres::notice=off,actix_http::h1=off";

fn filter(level: &str) -> Result<EnvFilter, TelemetryError> {
    let (named, levels): (Vec<_>, Vec<_>) =
        level.split(',').map(str::trim).filter(|directive| !directive.is_empty()).partition(|part| part.contains('='));
    let refused = || TelemetryError::Level { level: level.to_owned() };
    let general = match levels.as_slice() {
        [] => LevelFilter::INFO,
        [general] => general.parse().map_err(|_| refused())?,
        _ => return Err(refused()),
    };
    let ours = OURS.map(|name| format!("{name}={general}")).join(",");
    let libraries = general.min(LevelFilter::WARN);
    let directives = format!("{libraries},{ours},{QUIET},{}", named.join(","));
    EnvFilter::builder().parse(directives).map_err(|_| refused())
}

fn install(filter: EnvFilter, format: Format, sink: Sink) {
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Lines(sink));
    // An error means that a log is installed already; it goes on.
    let _installed = match format {
        Format::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
        Format::Text => builder.try_init(),
    };
}

/// A panic is told by its place alone: its message may quote what a client sent.
fn tell_of_panics(sink: Sink) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panic");
        if std::thread::current().name() == Some("main") {
            // The process ends with it.
            sink.flush();
        }
    }));
}

/// Hands the sink to `tracing`, which writes one whole line at a time.
struct Lines(Sink);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Sink;

    fn make_writer(&'a self) -> Sink {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_that_is_none_is_refused_by_name() {
        assert_eq!(
            filter("loud=very").unwrap_err().to_string(),
            "log.level \"loud=very\" is not a level such as info, or a list such as info,directory=debug"
        );
        assert!(filter("info,debug").is_err());
        assert!(filter("info,directory=debug").is_ok());
    }

    #[test]
    fn the_most_talkative_level_makes_no_library_talk() {
        let text = filter("trace,sqlx=info").unwrap().to_string();
        for directive in ["warn", "gateway=trace", "sqlx=info", "actix_http::h1=off"] {
            assert!(text.split(',').any(|part| part == directive), "{directive} is not in {text}");
        }
        assert!(filter("off").unwrap().to_string().contains("gateway=off"));
    }
}
