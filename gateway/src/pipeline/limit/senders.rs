//! How much each network address has asked of late: exact for each, and bounded however many there are.
//!
//! Like `governor`, each has a bucket that is emptied by requests and fills at a rate. Other than there, the rate is told with
//! each request, because an operator may change it, and no more than [`SHELVES`] times [`PLACES`] addresses are remembered.
//! Where more come, the one with the fullest bucket is forgotten, which loses least: who floods is remembered longest.

use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::HashMap;
use foldhash::quality::RandomState;
use limits::Rate;

use super::addresses::subscriber;

/// Threads that count addresses of different shelves do not wait for each other.
const SHELVES: usize = 1024;
/// Addresses on a shelf.
const PLACES: usize = 64;
/// One request, in the unit in which they are counted.
const ONE: u64 = 1_000_000_000;

/// The addresses that have asked.
pub(super) struct Senders {
    /// Nobody knows the seed, so nobody can crowd a shelf on purpose.
    seed: RandomState,
    shelves: Box<[Mutex<Shelf>]>,
}

type Shelf = HashMap<u64, Taken>;

/// What one address has taken out of its bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    /// In billionths of a request.
    amount: u64,
    /// When that was so, in nanoseconds since the start.
    at: u64,
}

/// What is a process's own of a rate that several share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) rate: Rate,
    /// How many processes share it.
    pub(super) of: u32,
}

impl Senders {
    /// Nobody has asked yet.
    pub(super) fn new() -> Self {
        Self { seed: RandomState::default(), shelves: (0..SHELVES).map(|_| Mutex::default()).collect() }
    }

    /// Takes one out of the bucket of an address, or tells how long to wait for one. `now` is in nanoseconds.
    pub(super) fn take(&self, address: IpAddr, part: Part, now: u64) -> Result<(), Duration> {
        let key = key(address);
        // There is a shelf of each number below their count.
        let Some(mut shelf) = self.shelf(key) else { return Ok(()) };
        if let Some(taken) = shelf.get_mut(&key) {
            return taken.take(part, now);
        }
        if shelf.len() >= PLACES {
            make_room(&mut shelf, part, now);
        }
        shelf.entry(key).or_default().take(part, now)
    }

    /// Forgets whose bucket is full, and everybody if there is no limit.
    pub(super) fn forget_idle(&self, part: Option<Part>, now: u64) {
        for shelf in &self.shelves {
            let mut shelf = lock(shelf);
            shelf.retain(|_, taken| part.is_some_and(|part| taken.left_at(part, now) > 0));
            shelf.shrink_to_fit();
        }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.shelves.iter().map(|shelf| lock(shelf).len()).sum()
    }

    fn shelf(&self, key: u64) -> Option<MutexGuard<'_, Shelf>> {
        let number = usize::try_from(self.seed.hash_one(key) % SHELVES as u64).ok()?;
        self.shelves.get(number).map(lock)
    }
}

impl Taken {
    fn take(&mut self, part: Part, now: u64) -> Result<(), Duration> {
        let (amount, burst) = (self.left_at(part, now), part.burst());
        *self = Self { amount, at: self.at.max(now) };
        let missing = (amount + ONE).saturating_sub(burst);
        if missing > 0 {
            return Err(Duration::from_nanos(part.time_for(missing)));
        }
        self.amount += ONE;
        Ok(())
    }

    /// How much is still taken later, by the rate of then.
    fn left_at(&self, part: Part, now: u64) -> u64 {
        self.amount.min(part.burst()).saturating_sub(part.yielded(now.saturating_sub(self.at)))
    }
}

impl Part {
    /// What the bucket holds: one request at least.
    fn burst(self) -> u64 {
        u64::from((self.rate.burst / self.of.max(1)).max(1)) * ONE
    }

    /// What comes back in so many nanoseconds.
    fn yielded(self, nanoseconds: u64) -> u64 {
        nanoseconds.saturating_mul(u64::from(self.rate.per_second)) / u64::from(self.of.max(1))
    }

    /// In how many nanoseconds so much comes back.
    fn time_for(self, amount: u64) -> u64 {
        amount.saturating_mul(u64::from(self.of.max(1))).div_ceil(u64::from(self.rate.per_second.max(1)))
    }
}

/// Forgets those whose bucket is full, or if there is none, the one whose bucket is fullest.
fn make_room(shelf: &mut Shelf, part: Part, now: u64) {
    shelf.retain(|_, taken| taken.left_at(part, now) > 0);
    if shelf.len() >= PLACES
        && let Some(fullest) = shelf.iter().min_by_key(|(_, taken)| taken.left_at(part, now)).map(|(key, _)| *key)
    {
        shelf.remove(&fullest);
    }
}

fn lock(shelf: &Mutex<Shelf>) -> MutexGuard<'_, Shelf> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What stands for a sender. IPv4 addresses are put where no IPv6 subscriber is: nobody has a network of `::/8` (RFC 4291
/// section 2.4).
fn key(address: IpAddr) -> u64 {
    match subscriber(address) {
        IpAddr::V4(address) => (1 << 32) | u64::from(address.to_bits()),
        IpAddr::V6(address) => u64::try_from(address.to_bits() >> 64).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn part(per_second: u32, burst: u32) -> Part {
        Part { rate: Rate { per_second, burst }, of: 1 }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn number(number: usize) -> IpAddr {
        Ipv4Addr::from_bits(u32::try_from(number).unwrap()).into()
    }

    /// How many are let through at once.
    fn count(senders: &Senders, address: IpAddr, part: Part, now: u64) -> u32 {
        (0..).take_while(|_| senders.take(address, part, now).is_ok()).fold(0, |count, _| count + 1)
    }

    #[test]
    fn an_address_has_its_burst_and_then_its_rate_and_takes_nothing_of_another() {
        let (senders, one) = (Senders::new(), address("192.0.2.1"));
        assert_eq!(count(&senders, one, part(4, 10), 0), 10);
        assert_eq!(senders.take(one, part(4, 10), 0), Err(Duration::from_millis(250)));
        assert_eq!(senders.take(one, part(4, 10), SECOND / 4 - 1), Err(Duration::from_nanos(1)));
        assert_eq!(count(&senders, one, part(4, 10), SECOND / 4), 1, "who has waited is let in");
        assert_eq!(count(&senders, one, part(4, 10), 2 * SECOND), 7);
        assert_eq!(count(&senders, one, part(4, 10), 100 * SECOND), 10);
        assert_eq!(count(&senders, address("192.0.2.2"), part(4, 10), 100 * SECOND), 10);
    }

    #[test]
    fn a_changed_rate_counts_at_once_and_refills_nothing() {
        let (senders, one) = (Senders::new(), address("192.0.2.1"));
        assert_eq!(count(&senders, one, part(1, 1_000), 0), 1_000);
        assert_eq!(
            senders.take(one, part(1, 5), 0),
            Err(Duration::from_secs(1)),
            "nobody waits for what was allowed before"
        );
        assert_eq!(count(&senders, one, part(1, 8), 0), 3);
        assert_eq!(count(&senders, one, part(100, 8), SECOND / 20), 5);
    }

    #[test]
    fn parts_add_up_to_the_rate() {
        let (senders, one) = (Senders::new(), address("192.0.2.1"));
        let third = Part { of: 3, ..part(10, 20) };
        assert_eq!(count(&senders, one, third, 0), 6);
        let mut served = 0;
        for tenth in 1..=300 {
            served += count(&senders, one, third, tenth * SECOND / 10);
        }
        assert!(
            (99..=100).contains(&served),
            "{served}: ten a second for thirty seconds are a hundred for each of three"
        );
        let many = Part { of: 50, ..part(1, 1) };
        assert_eq!(count(&senders, address("192.0.2.2"), many, 0), 1, "nobody is shut out");
    }

    #[test]
    fn an_ipv6_subscriber_counts_as_one_and_is_no_ipv4_address() {
        let senders = Senders::new();
        let take = |text| senders.take(address(text), part(1, 1), 0).is_ok();
        assert!(take("2001:db8::1") && !take("2001:db8::2") && take("2001:db8:0:1::1"));
        assert!(take("0.0.0.0") && take("::") && take("1.2.3.4") && take("1::"));
        assert!(!take("1.2.3.4"));
    }

    #[test]
    fn however_many_addresses_come_memory_is_bounded_and_who_floods_stays_known() {
        let (senders, flood) = (Senders::new(), address("2001:db8::1"));
        count(&senders, flood, part(1, 100), 0);
        let all = SHELVES * PLACES;
        for other in 0..3 * all {
            senders.take(number(other), part(1, 100), 0).unwrap();
        }
        assert!(senders.count() <= all, "{}", senders.count());
        assert!(senders.take(flood, part(1, 100), 0).is_err(), "who asked most is forgotten last");
        senders.take(number(7), part(1, 100), 200 * SECOND).unwrap();
        senders.forget_idle(Some(part(1, 100)), 200 * SECOND);
        assert_eq!(senders.count(), 1, "the others may ask as if they never had");
        senders.forget_idle(None, 200 * SECOND);
        assert_eq!(senders.count(), 0);
    }

    #[test]
    fn the_largest_numbers_have_room() {
        let (senders, one, most) = (Senders::new(), address("192.0.2.1"), part(1_000_000_000, 1_000_000_000));
        for now in [0, 1, SECOND, u64::MAX / 2, u64::MAX] {
            senders.take(one, most, now).unwrap();
        }
        assert_eq!(count(&senders, one, Part { of: u32::MAX, ..most }, u64::MAX), 0, "one of its own is taken");
    }

    #[test]
    fn threads_together_let_no_more_through_than_one() {
        let (senders, one) = (Senders::new(), address("192.0.2.1"));
        let served: u32 = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| count(&senders, one, part(1, 10_000), 0))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(served, 10_000);
    }
}
