//! One bucket, wherever it is counted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, QuantaClock};
use replicas::{Living, Redis};

use crate::local::Local;
use crate::shared::{Leased, Shared};
use crate::{PATIENCE, Rate};

/// Makes buckets.
#[derive(Clone, Debug)]
pub struct Buckets<C: Clock = QuantaClock> {
    clock: C,
    shared: Option<Arc<Shared>>,
}

/// A number of requests that may be made at once, and comes back at a rate.
pub struct Bucket<C: Clock = QuantaClock> {
    rate: Rate,
    place: Place<C>,
}

enum Place<C: Clock> {
    Here(Local<C>),
    Shared(Arc<Leased>),
}

impl<C: Clock + Clone> Buckets<C> {
    /// Those of one process.
    pub fn of_one_process(clock: C) -> Self {
        Self { clock, shared: None }
    }

    /// A full bucket. In a deployment all buckets of one name are the same.
    #[must_use]
    pub fn bucket(&self, name: &str, rate: Rate) -> Bucket<C> {
        let place = match &self.shared {
            Some(shared) => Place::Shared(Leased::new(shared, name, rate)),
            None => Place::Here(Local::new(rate, self.clock.clone())),
        };
        Bucket { rate, place }
    }

    /// The bucket of this name at another rate than before: what was taken stays taken, and more than it holds now is not owed.
    #[must_use]
    pub fn changed(&self, name: &str, rate: Rate, before: &Bucket<C>) -> Bucket<C> {
        let place = match &before.place {
            Place::Shared(leased) => Place::Shared(leased.changed(name, rate)),
            Place::Here(local) => {
                let left = rate.burst_of(1).saturating_sub(local.taken(before.rate.burst_of(1)));
                Place::Here(Local::part(rate, (1, Some(left)), self.clock.clone()))
            }
        };
        Bucket { rate, place }
    }
}

impl Buckets {
    /// Those that the replicas of a deployment share: `living` so many. `told` learns each time whether this process has
    /// to go by its share of every rate, because Redis is gone. Must be called within a runtime that outlives all
    /// requests.
    pub fn shared(redis: Redis, living: Living, told: impl Fn(bool) + Send + Sync + 'static) -> Self {
        Self { clock: QuantaClock::default(), shared: Some(Shared::start(redis, living, told)) }
    }
}

impl<C: Clock> Bucket<C> {
    /// What it holds and how fast it fills.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// How much later than told there may be one: what other processes do is known a little late.
    #[must_use]
    pub fn delay(&self) -> Duration {
        match &self.place {
            Place::Here(_) => Duration::ZERO,
            Place::Shared(_) => PATIENCE,
        }
    }

    /// Takes one and tells about how many are left, or how long to wait for one. Waits for nothing in one process, and
    /// for Redis only if what is leased does not tell, and then not longer than [`PATIENCE`].
    ///
    /// # Errors
    /// The time after which there is one, if nobody else takes it.
    pub async fn take(&self) -> Result<u32, Duration> {
        match &self.place {
            Place::Here(local) => local.take(),
            Place::Shared(leased) => match leased.take() {
                Some(taken) => taken,
                // Seldom; so whoever takes is not made larger by it.
                None => Box::pin(leased.ask()).await,
            },
        }
    }

    /// Notes how many requests wait here for their turn, one after the other.
    pub fn note_turns(&self, waiting: u32) {
        if let Place::Shared(leased) = &self.place {
            leased.note_turns(waiting);
        }
    }

    /// Tells the other processes of them. To be called about twice a second while they wait.
    pub fn tell_turns(&self) {
        if let Place::Shared(leased) = &self.place {
            leased.tell_turns();
        }
    }

    /// How many wait for their turn at other processes, as far as is known.
    #[must_use]
    pub fn turns_elsewhere(&self) -> u32 {
        match &self.place {
            Place::Here(_) => 0,
            Place::Shared(leased) => leased.turns_elsewhere(),
        }
    }

    /// Whether the other processes know all that was taken here. Until then it must not be forgotten.
    pub fn is_settled(&self) -> bool {
        match &self.place {
            Place::Here(_) => true,
            Place::Shared(leased) => leased.is_idle(),
        }
    }
}

impl<C: Clock> fmt::Debug for Bucket<C> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Bucket").field("rate", &self.rate).finish_non_exhaustive()
    }
}
