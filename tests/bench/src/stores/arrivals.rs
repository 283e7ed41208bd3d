//! What has reached a store, and how long after it was committed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::bail;
use uuid::Uuid;

use crate::load::Times;

/// How long nothing may come before the server counts as hung.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often one looks whether all has come.
const LOOK: Duration = Duration::from_millis(20);

/// What has come, shared by who notes it and who asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    /// Microseconds from the commit, of each event since the last time they were taken.
    lags: Vec<f64>,
    /// The number of the last event.
    last: Option<i64>,
    count: u64,
    /// The first thing that was wrong.
    wrong: Option<String>,
}

impl Arrivals {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An event has come. Its id was made right before the statement that committed it.
    pub(crate) fn note(&self, sequence: i64, id: Uuid) {
        let mut noted = self.noted();
        if let Some(last) = noted.last.filter(|last| *last >= sequence) {
            noted.wrong.get_or_insert_with(|| format!("event {sequence} came after event {last}"));
        }
        let lag = since(id);
        noted.lags.push(lag);
        noted.count += 1;
        noted.last = Some(sequence);
    }

    /// Something else has come than events.
    pub(crate) fn note_wrong(&self, what: String) {
        self.noted().wrong.get_or_insert(what);
    }

    /// How many have come.
    pub(crate) fn count(&self) -> anyhow::Result<u64> {
        let noted = self.noted();
        match &noted.wrong {
            Some(wrong) => bail!("a store got something wrong: {wrong}"),
            None => Ok(noted.count),
        }
    }

    /// Waits until so many have come.
    pub(crate) fn wait(&self, limit: u64) -> anyhow::Result<()> {
        let (mut known, mut moved) = (self.count()?, Instant::now());
        while known < limit {
            std::thread::sleep(LOOK);
            let count = self.count()?;
            if count > known {
                (known, moved) = (count, Instant::now());
            }
            anyhow::ensure!(moved.elapsed() < PATIENCE, "of {limit} events {known} have come, and no more come");
        }
        Ok(())
    }

    /// How long those took that have come since the last time one asked.
    pub(crate) fn take_lags(&self) -> Times {
        Times::of_microseconds(std::mem::take(&mut self.noted().lags).into_iter())
    }
}

/// Microseconds since an id was made. It tells whole milliseconds, rounded down: what comes out is never too short.
fn since(id: Uuid) -> f64 {
    let made = id.get_timestamp().map_or(0, |timestamp| {
        let (seconds, nanoseconds) = timestamp.to_unix();
        seconds * 1_000_000 + u64::from(nanoseconds / 1_000)
    });
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    now.as_secs_f64().mul_add(1e6, -(made as f64)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_order_is_counted_and_timed() {
        let arrivals = Arrivals::default();
        for sequence in 7..9 {
            arrivals.note(sequence, Uuid::now_v7());
        }
        assert_eq!(arrivals.count().unwrap(), 2);
        assert!(arrivals.take_lags().quantile(1.0) < 60e6);
    }

    #[test]
    fn what_comes_again_is_an_error() {
        let arrivals = Arrivals::default();
        arrivals.note(3, Uuid::now_v7());
        arrivals.note(3, Uuid::now_v7());
        assert!(arrivals.count().is_err());
    }
}
