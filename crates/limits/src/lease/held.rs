//! What is held of a lease, and until when: one number, so that requests count it without a lock.

use std::sync::atomic::{AtomicU64, Ordering::AcqRel, Ordering::Acquire};

use super::Micros;

/// The number is its upper bits; the lower ones are the millisecond at which it is void.
const TIME_BITS: u32 = 40;

/// The most that is held.
const MOST: u64 = (1 << (64 - TIME_BITS)) - 1;

/// A number that counts down, until its time is over.
#[derive(Debug, Default)]
pub(super) struct Held(AtomicU64);

impl Held {
    /// Takes one and tells how many are left.
    pub(super) fn take(&self, now: Micros) -> Option<u32> {
        // Whoever counts less than before sees all that happened before this.
        let taken = self.0.fetch_update(AcqRel, Acquire, |packed| {
            let (count, void) = unpack(packed);
            (count > 0 && now / 1000 < void).then(|| pack(count - 1, void))
        });
        taken.ok().map(|before| small(unpack(before).0 - 1))
    }

    /// How many there are.
    pub(super) fn count(&self, now: Micros) -> u32 {
        valid(self.0.load(Acquire), now)
    }

    /// Takes all.
    pub(super) fn take_all(&self, now: Micros) -> u32 {
        valid(self.0.swap(0, AcqRel), now)
    }

    /// Adds some, and lets all be used until then.
    pub(super) fn add(&self, more: u32, until: Micros, now: Micros) {
        // The function always gives a number, so this cannot fail.
        let _ = self.0.fetch_update(AcqRel, Acquire, |packed| {
            Some(pack((u64::from(valid(packed, now)) + u64::from(more)).min(MOST), until / 1000))
        });
    }
}

fn valid(packed: u64, now: Micros) -> u32 {
    let (count, void) = unpack(packed);
    if now / 1000 < void { small(count) } else { 0 }
}

const fn unpack(packed: u64) -> (u64, u64) {
    (packed >> TIME_BITS, packed & ((1 << TIME_BITS) - 1))
}

const fn pack(count: u64, void: u64) -> u64 {
    count << TIME_BITS | void & ((1 << TIME_BITS) - 1)
}

fn small(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_void_is_not_held() {
        let held = Held::default();
        assert_eq!(held.take(0), None);
        held.add(2, 5_000, 0);
        assert_eq!((held.take(4_999), held.count(4_999), held.count(5_000), held.take(5_000)), (Some(1), 1, 0, None));
        held.add(3, 9_000, 5_000);
        assert_eq!((held.take_all(6_000), held.take(6_000)), (3, None));
    }
}
