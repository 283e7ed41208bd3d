//! Who lives, of those who are on the list.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Member, Moment};

/// The list of replicas, as it was read again and again.
///
/// Who was killed stays on the list until a change has waited for it. But who lives registers four times in its lease, and
/// its beat grows. So whoever has been silent for a whole lease is not counted, until it is heard again. Who is read for
/// the first time counts: it is better to share with one who is gone than to leave out one who is there.
#[derive(Clone, Debug)]
pub struct Roll<I> {
    own: I,
    read: Moment,
    others: BTreeMap<I, Seen>,
}

/// What was seen of one of them.
#[derive(Clone, Copy, Debug)]
struct Seen {
    beat: i64,
    silent: Duration,
    lives: bool,
}

impl<I: Copy + Ord> Roll<I> {
    /// Of a replica that has not read the list yet.
    #[must_use]
    pub const fn new(own: I) -> Self {
        Self { own, read: Moment::NEVER, others: BTreeMap::new() }
    }

    /// Takes the list as it was read now, and gives the number of those who live, this one included.
    pub fn read(&mut self, members: &[Member<I>], now: Moment) -> u32 {
        let passed = now.since(std::mem::replace(&mut self.read, now));
        let before = std::mem::take(&mut self.others);
        let mut living = 1;
        for member in members.iter().filter(|member| member.id != self.own) {
            let silent = match before.get(&member.id) {
                // When the list could not be read for long, the others could not register either: they get the time to
                // do so after that.
                Some(seen) if seen.beat == member.beat => seen.silent + passed.min(member.lease / 2),
                _ => Duration::ZERO,
            };
            let lives = silent <= member.lease;
            living += u32::from(lives);
            self.others.insert(member.id, Seen { beat: member.beat, silent, lives });
        }
        living
    }

    /// Whether another one lives, by the last reading.
    #[must_use]
    pub fn lives(&self, other: I) -> bool {
        self.others.get(&other).is_some_and(|seen| seen.lives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_millis(2_000);

    fn member(id: u32, beat: i64) -> Member<u32> {
        Member { id, beat, acknowledged: 0, lease: LEASE }
    }

    fn at(milliseconds: u64) -> Moment {
        Moment::from_nanos(1).plus(Duration::from_millis(milliseconds))
    }

    #[test]
    fn who_is_on_the_list_counts_from_the_first_reading_on() {
        let mut roll = Roll::new(1);
        assert_eq!(roll.read(&[member(1, 1), member(2, 9), member(3, 1)], at(0)), 3);
        assert_eq!(roll.read(&[member(2, 10), member(3, 2), member(4, 1)], at(500)), 4, "this one counts in any case");
        assert_eq!(roll.read(&[member(1, 2)], at(1_000)), 1, "who has left counts no more");
    }

    #[test]
    fn who_is_silent_for_a_lease_counts_no_more_until_it_is_heard_again() {
        let mut roll = Roll::new(1);
        let counts: Vec<_> = (0..7).map(|look| roll.read(&[member(2, 5)], at(look * 500))).collect();
        assert_eq!(counts, [2, 2, 2, 2, 2, 1, 1]);
        assert!(!roll.lives(2));
        assert_eq!(roll.read(&[member(2, 6)], at(3_500)), 2);
        assert!(roll.lives(2) && !roll.lives(1) && !roll.lives(3), "this one is no other, and nobody knows of a third");
    }

    #[test]
    fn nobody_is_given_up_for_what_happened_while_the_list_could_not_be_read() {
        let mut roll = Roll::new(1);
        roll.read(&[member(2, 5), member(3, 5)], at(0));
        // An hour later the first one has registered again, the second not yet.
        let hour = 3_600_000;
        assert_eq!(roll.read(&[member(2, 6), member(3, 5)], at(hour)), 3);
        assert_eq!(roll.read(&[member(2, 7), member(3, 6)], at(hour + 500)), 3);
    }
}
