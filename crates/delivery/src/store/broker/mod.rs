//! What the stores that are message brokers have in common: where they are, a bounded connection to them, and how an event is
//! written.

mod address;
mod line;
mod message;
mod tls;

use std::time::Duration;

pub(super) use address::{Address, Schemes};
pub(super) use line::Line;
pub(super) use message::Message;
pub(super) use tls::Trust;

use super::Failure;

/// How long signing in and looking around may take, after there is a connection.
pub(super) const GREETING: Duration = Duration::from_secs(3);
/// How long an answer may take, unless set.
pub(super) const USUAL_SECONDS: u32 = 10;
const MOST_SECONDS: u32 = 60;

/// Refuses a time for answers that is none.
pub(super) fn check_seconds(seconds: u32) -> Result<(), String> {
    if (1..=MOST_SECONDS).contains(&seconds) {
        return Ok(());
    }
    Err(format!("timeout_seconds is between 1 and {MOST_SECONDS}, not {seconds}"))
}

/// Does something within a time.
pub(super) async fn within<T>(
    time: Duration,
    who: &str,
    what: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let late = |_| Failure::unavailable(format!("{who} did not answer within {} s", time.as_secs()));
    tokio::time::timeout(time, what).await.map_err(late)?
}
