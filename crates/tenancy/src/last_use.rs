//! When, from where and by which client a credential was last used: kept in memory, written now and then.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

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

/// The last use of one credential.
#[derive(Debug, Default)]
pub(crate) struct LastUse {
    /// The second of the last use that was noted: what almost every request reads, and one a second writes.
    second: AtomicI64,
    noted: Mutex<Option<(i64, IpAddr, &'static str)>>,
    /// The moment of the last use that is in the database.
    written_ms: AtomicI64,
}

impl LastUse {
    /// Notes a use, if none was noted in this second. Nobody waits here: who meets another thread leaves it to that.
    pub(crate) fn note(&self, now_ms: i64, address: IpAddr, client: &'static str) {
        let second = now_ms / 1000;
        if self.second.load(Relaxed) >= second {
            return;
        }
        if let Ok(mut noted) = self.noted.try_lock() {
            self.second.store(second, Relaxed);
            *noted = Some((now_ms, address, client));
        }
    }

    /// The last use that this process noted.
    pub(crate) fn noted(&self) -> Option<Use> {
        let noted = *self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        noted.map(|(at_ms, address, client)| Use { at_ms, address: address.to_string(), client: client.to_owned() })
    }

    /// The last use, if it is not in the database yet.
    pub(crate) fn unwritten(&self) -> Option<Use> {
        if self.second.load(Relaxed) <= self.written_ms.load(Relaxed) / 1000 {
            return None;
        }
        self.noted()
    }

    /// Remembers that this use is in the database.
    pub(crate) fn written(&self, at_ms: i64) {
        self.written_ms.fetch_max(at_ms, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_use_is_unwritten_until_it_is_written() {
        let last = LastUse::default();
        assert_eq!(last.unwritten(), None);
        last.note(5_500, HOME, "okta");
        let first = Use { at_ms: 5_500, address: "127.0.0.1".to_owned(), client: "okta".to_owned() };
        assert_eq!(last.unwritten(), Some(first.clone()));
        last.written(5_500);
        assert_eq!((last.unwritten(), last.noted()), (None, Some(first)));
        last.note(6_000, HOME, "entra");
        assert_eq!(last.unwritten().map(|used| used.client), Some("entra".to_owned()));
    }

    #[test]
    fn of_a_second_one_use_is_noted() {
        let last = LastUse::default();
        last.note(5_100, HOME, "okta");
        last.note(5_900, HOME, "entra");
        assert_eq!(last.noted().map(|used| used.at_ms), Some(5_100));
    }
}
