//! When, from where and by which client a credential was last used: kept in memory, written now and then.

pub(crate) mod store;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// By how much the clocks of servers may differ, in milliseconds. A use that is further ahead of the clock than this was
/// noted by a clock that has been set back since.
pub(crate) const APART_MS: i64 = 60_000;

/// One use of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The address of the sender.
    pub address: String,
    /// The short name of the client.
    pub client: String,
}

/// A use as it was noted in this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noted {
    /// How many had been noted before it: clocks are set, this only grows.
    number: u64,
    at_ms: i64,
    address: IpAddr,
    client: &'static str,
}

/// From when on the seconds are counted in which uses are noted.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The last use of one credential.
#[derive(Debug, Default)]
pub(crate) struct LastUse {
    /// The second since [`START`] in which the last use was noted: what almost every request reads, and one a second writes.
    second: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    noted: Option<Noted>,
    /// The number of the last use that is in the database.
    written: Option<u64>,
}

impl LastUse {
    /// Notes a use, if none was noted in this second. Nobody waits here: who meets another thread leaves it to that. The
    /// pace is that of a clock that nobody sets.
    pub(crate) fn note(&self, arrived: Instant, (at_ms, address, client): (i64, IpAddr, &'static str)) {
        let second = 1 + arrived.saturating_duration_since(*START).as_secs();
        if self.second.load(Relaxed) >= second {
            return;
        }
        if let Ok(mut state) = self.state.try_lock() {
            self.second.store(second, Relaxed);
            let number = state.noted.map_or(0, |before| before.number + 1);
            state.noted = Some(Noted { number, at_ms, address, client });
        }
    }

    /// The last use that this process noted.
    pub(crate) fn noted(&self) -> Option<Use> {
        self.state().noted.map(Noted::into)
    }

    /// The last use, if it is not in the database yet.
    pub(crate) fn unwritten(&self) -> Option<Noted> {
        let state = self.state();
        state.noted.filter(|noted| state.written != Some(noted.number))
    }

    /// Remembers that this use is in the database, or has no place there any more.
    pub(crate) fn written(&self, noted: &Noted) {
        self.state().written = Some(noted.number);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Noted> for Use {
    fn from(Noted { at_ms, address, client, .. }: Noted) -> Self {
        Self { at_ms, address: address.to_string(), client: client.to_owned() }
    }
}

/// The later of what is stored and what was noted here; the rule by which uses are written.
pub(crate) fn later(stored: Option<Use>, noted: Option<Use>, now_ms: i64) -> Option<Use> {
    match (stored, noted) {
        (Some(stored), Some(noted)) if stored.at_ms >= noted.at_ms && stored.at_ms <= now_ms + APART_MS => Some(stored),
        (stored, noted) => noted.or(stored),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn at(at_ms: i64) -> Use {
        Use { at_ms, address: "127.0.0.1".to_owned(), client: "okta".to_owned() }
    }

    #[test]
    fn a_use_is_unwritten_until_it_is_written() {
        let last = LastUse::default();
        assert!(last.unwritten().is_none());
        last.note(*START, (5_500, HOME, "okta"));
        let first = last.unwritten().unwrap();
        assert_eq!(Use::from(first), at(5_500));
        last.note(*START + Duration::from_secs(1), (6_000, HOME, "okta"));
        last.written(&first);
        let second = last.unwritten().unwrap();
        assert_eq!(Use::from(second), at(6_000), "what came while the first was written");
        last.written(&second);
        assert!(last.unwritten().is_none());
        assert_eq!(last.noted(), Some(at(6_000)));
    }

    #[test]
    fn of_a_second_one_use_is_noted() {
        let last = LastUse::default();
        last.note(*START + Duration::from_millis(100), (5_100, HOME, "okta"));
        last.note(*START + Duration::from_millis(900), (5_900, HOME, "entra"));
        assert_eq!(last.noted(), Some(at(5_100)));
    }

    /// The attack: an hour is taken back between two requests.
    #[test]
    fn a_clock_that_is_set_back_hides_no_use() {
        const HOUR: i64 = 3_600_000;
        let last = LastUse::default();
        last.note(*START, (2 * HOUR, HOME, "okta"));
        last.written(&last.unwritten().unwrap());
        last.note(*START + Duration::from_secs(1), (HOUR + 1_000, HOME, "okta"));
        assert_eq!(last.unwritten().map(Use::from), Some(at(HOUR + 1_000)));
        let shown = later(Some(at(2 * HOUR)), last.noted(), HOUR + 1_000);
        assert_eq!(shown, Some(at(HOUR + 1_000)), "nobody has used it in an hour from now");
    }

    #[test]
    fn the_later_of_two_servers_uses_counts() {
        assert_eq!(later(Some(at(7)), Some(at(5)), 8), Some(at(7)));
        assert_eq!(later(Some(at(5)), Some(at(7)), 8), Some(at(7)));
        assert_eq!(later(None, Some(at(7)), 8), Some(at(7)));
        assert_eq!(later(Some(at(5)), None, 8), Some(at(5)));
    }
}
