//! What one tenant may use, and what of it is in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use governor::clock::Clock;
use limits::{Bucket, Buckets, Rate};
use tenancy::Settings;

use super::Limited;
use super::pace::Pace;
use super::permit::Total;

/// What a tenant may do, by its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// All its requests.
    pub(super) requests: Rate,
    /// Those that change something, if they are limited apart.
    pub(super) writes: Option<Rate>,
}

impl Allowance {
    pub(super) fn of(settings: &Settings) -> Self {
        let rate = |(per_second, burst)| Rate { per_second, burst };
        Self {
            requests: rate((settings.rate_per_second, settings.rate_burst)),
            writes: settings.write_rate().map(rate),
        }
    }

    /// Both rates that a change is counted by.
    pub(super) fn rates(self) -> impl Iterator<Item = Rate> {
        [Some(self.requests), self.writes].into_iter().flatten()
    }
}

/// The buckets of one tenant, and what it has in flight.
pub(super) struct Share<C: Clock> {
    pub(super) allowance: Allowance,
    pub(super) requests: Bucket<C>,
    pub(super) writes: Option<Bucket<C>>,
    pub(super) usage: Arc<Usage>,
    /// What all tenants have in flight. Here, because a permit counts references to one thing only: threads that count
    /// those to the same thing wait for each other.
    pub(super) total: Arc<Total>,
    /// How many sweeps in a row have found that nothing was asked.
    quiet_sweeps: AtomicU32,
}

/// What is in flight; it outlives a change of the settings.
#[derive(Default)]
pub(super) struct Usage {
    pub(super) requests: AtomicU32,
    pub(super) body_bytes: AtomicUsize,
    pub(super) pace: Pace,
}

impl<C: Clock + Clone> Share<C> {
    /// Full buckets; where others were there by other rates, what was taken of them stays taken.
    pub(super) fn new(
        tenant: i64,
        allowance: Allowance,
        (before, total): (Option<&Self>, Arc<Total>),
        buckets: &Buckets<C>,
    ) -> Self {
        let bucket = |what: &str, rate, before: Option<&Bucket<C>>| {
            let name = format!("{tenant}:{what}");
            before.map_or_else(|| buckets.bucket(&name, rate), |before| buckets.changed(&name, rate, before))
        };
        Self {
            allowance,
            requests: bucket("requests", allowance.requests, before.map(|before| &before.requests)),
            writes: allowance
                .writes
                .map(|rate| bucket("writes", rate, before.and_then(|before| before.writes.as_ref()))),
            usage: before.map(|before| Arc::clone(&before.usage)).unwrap_or_default(),
            total,
            quiet_sweeps: AtomicU32::new(0),
        }
    }
}

impl<C: Clock> Share<C> {
    /// Notes that something is asked. Reading first costs threads less than writing what is there.
    pub(super) fn touch(&self) {
        if self.quiet_sweeps.load(Relaxed) != 0 {
            self.quiet_sweeps.store(0, Relaxed);
        }
    }

    /// Notes how many operations wait for their turn, so that other processes know of it.
    pub(super) fn note_turns(&self) {
        let left = self.usage.pace.left();
        self.requests.note_turns(left);
        if let Some(writes) = &self.writes {
            writes.note_turns(left);
        }
    }

    /// How long until one of so many others that run has ended.
    pub(super) fn until_one_ends(&self, running: u32) -> Duration {
        let running = usize::try_from(running).unwrap_or(usize::MAX);
        let writes = self.writes.as_ref().map(|bucket| (bucket.rate(), bucket.turns_elsewhere()));
        let rates = [Some((self.requests.rate(), self.requests.turns_elsewhere())), writes];
        self.usage.pace.until_one_ends(running, rates.into_iter().flatten()) + self.requests.delay()
    }

    /// What is told to whoever was refused by this bucket. While bulk requests wait for its rate, each turn that comes is
    /// theirs: whoever comes back when they are done is let in.
    pub(super) fn behind_bulks(&self, bucket: &Bucket<C>, refused: Limited) -> Limited {
        let rate = bucket.rate();
        if self.allowance.rates().any(|other| other.per_second < rate.per_second) {
            // They wait for the other one.
            return refused;
        }
        let bulks = self.usage.pace.until_bulks_end(rate, bucket.turns_elsewhere());
        let seconds = bulks.as_secs() + u64::from(bulks.subsec_nanos() > 0);
        Limited { retry_after: refused.retry_after + seconds, ..refused }
    }

    /// Whether it can be forgotten: nothing runs, and nothing was asked for so long that new buckets would be as full.
    /// A sweep comes every `interval`. Nothing is taken to find out.
    pub(super) fn sweep(&self, interval: Duration) -> bool {
        // The first sweep may come at once after a request; so it does not count.
        let quiet = interval * self.quiet_sweeps.fetch_add(1, Relaxed);
        let buckets = [Some(&self.requests), self.writes.as_ref()];
        self.usage.requests.load(Relaxed) == 0
            && buckets.into_iter().flatten().all(|bucket| quiet >= bucket.rate().time_to_fill() && bucket.is_settled())
    }
}
