//! How often one address may try keys that are none.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many wrong keys at once.
const BURST: u32 = 10;
/// After each so long, one more.
const PAUSE: Duration = Duration::from_secs(6);
/// Of so many addresses it is remembered; beyond, those that nobody remembers count as one.
const ADDRESSES: usize = 10_000;

/// When each address will have made up for its wrong keys (GCRA, with the failures alone counted).
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<IpAddr, Instant>>);

impl Attempts {
    /// The whole seconds that an address has to wait, if it has tried too often.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<u64> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let paid = known.get(&key(address)).or_else(|| known.get(&STRANGERS).filter(|_| known.len() >= ADDRESSES))?;
        let over = paid.saturating_duration_since(now).checked_sub(PAUSE * (BURST - 1))?;
        (!over.is_zero()).then(|| over.as_secs() + u64::from(over.subsec_nanos() > 0))
    }

    /// Notes a wrong key.
    pub(super) fn note(&self, address: IpAddr, now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ADDRESSES {
            known.retain(|_, paid| *paid > now);
        }
        let has_room = known.len() < ADDRESSES - 1 || known.contains_key(&key(address));
        let paid = known.entry(if has_room { key(address) } else { STRANGERS }).or_insert(now);
        *paid = (*paid).max(now) + PAUSE;
    }
}

/// Stands for all addresses for which there is no room.
const STRANGERS: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// An IPv6 subscriber has a whole /64.
fn key(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn who_tries_too_often_waits_as_long_as_is_said_and_nobody_else() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        for _ in 0..BURST {
            assert_eq!(attempts.wait(numbered(1), start), None);
            attempts.note(numbered(1), start);
        }
        assert_eq!(attempts.wait(numbered(1), start), Some(6));
        assert_eq!(attempts.wait(numbered(2), start), None);
        assert_eq!(attempts.wait(numbered(1), start + Duration::from_secs(6)), None);
    }

    #[test]
    fn an_address_of_a_64_is_as_good_as_the_other() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        let address = |last: u128| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | last));
        (0..BURST).for_each(|last| attempts.note(address(last.into()), start));
        assert!(attempts.wait(address(99), start).is_some());
    }

    #[test]
    fn memory_is_bounded_and_strangers_are_then_counted_together() {
        let (attempts, start) = (Attempts::default(), Instant::now());
        (0..20_000).for_each(|number| attempts.note(numbered(number), start));
        assert!(attempts.0.lock().unwrap().len() <= ADDRESSES);
        assert!(attempts.wait(numbered(30_000), start).is_some());
        assert_eq!(attempts.wait(numbered(30_000), start + PAUSE * 20_000), None);
        attempts.note(numbered(30_000), start + PAUSE * 20_000);
        assert!(attempts.0.lock().unwrap().len() < 10);
    }
}
