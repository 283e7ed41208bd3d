//! Who may send a body to the token endpoint at the same time: nothing is known of them yet but their address.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::pipeline::{Limited, subscriber};

/// Bodies of one address that are on their way at the same time. Behind one address are many tenants, and a body comes with its
/// head: so whoever finds no place takes that of the one whose body has been on its way the longest.
const OF_ONE: usize = 64;
/// Bytes of bodies of all. A body that does not come holds none.
const BYTES: usize = 32 << 20;

/// What is taken in now.
#[derive(Default)]
pub(super) struct Room {
    /// The first is the oldest.
    senders: Mutex<HashMap<IpAddr, VecDeque<Arc<Notify>>>>,
    bytes: AtomicUsize,
}

/// One body on its way. Dropping it makes room for the next.
pub(super) struct Place<'a> {
    room: &'a Room,
    sender: IpAddr,
    displaced: Arc<Notify>,
}

/// The bytes of one body, until its request is answered.
pub(super) struct Held<'a> {
    room: &'a Room,
    bytes: usize,
}

impl Room {
    /// A place for one body of this sender.
    pub(super) fn enter(&self, sender: IpAddr) -> Place<'_> {
        let (sender, displaced) = (subscriber(sender), Arc::new(Notify::new()));
        let mut senders = self.senders();
        let places = senders.entry(sender).or_default();
        if places.len() >= OF_ONE
            && let Some(oldest) = places.pop_front()
        {
            oldest.notify_one();
        }
        places.push_back(Arc::clone(&displaced));
        Place { room: self, sender, displaced }
    }

    /// Holds nothing yet.
    pub(super) fn held(&self) -> Held<'_> {
        Held { room: self, bytes: 0 }
    }

    fn senders(&self) -> MutexGuard<'_, HashMap<IpAddr, VecDeque<Arc<Notify>>>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Waits for the body, unless another one takes its place. One that is there is never given up.
    pub(super) async fn unless_displaced<T>(self, body: impl Future<Output = T>) -> Result<T, Limited> {
        tokio::select! {
            biased;
            body = body => Ok(body),
            () = self.displaced.notified() => Err(Limited { scope: "address", retry_after: 1 }),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut senders = self.room.senders();
        if let Some(places) = senders.get_mut(&self.sender) {
            places.retain(|place| !Arc::ptr_eq(place, &self.displaced));
            if places.is_empty() {
                senders.remove(&self.sender);
            }
        }
    }
}

impl Held<'_> {
    /// Counts more bytes.
    pub(super) fn add(&mut self, bytes: usize) -> Result<(), Limited> {
        self.bytes += bytes;
        let held = self.room.bytes.fetch_add(bytes, Relaxed) + bytes;
        if held > BYTES { Err(Limited { scope: "server", retry_after: 1 }) } else { Ok(()) }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.room.bytes.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;
    use std::future::{pending, ready};

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn who_finds_no_place_takes_that_of_the_oldest_of_its_own_address() {
        let room = Room::default();
        let mut places = VecDeque::from_iter((0..OF_ONE).map(|_| room.enter(address("192.0.2.1"))));
        places.push_back(room.enter(address("192.0.2.2")));
        places.push_back(room.enter(address("192.0.2.1")));
        let displaced = Err(Limited { scope: "address", retry_after: 1 });
        assert_eq!(places.pop_front().unwrap().unless_displaced(pending::<()>()).now_or_never(), Some(displaced));
        for place in places {
            assert_eq!(place.unless_displaced(pending::<()>()).now_or_never(), None, "it has its place");
        }
        assert!(room.senders().is_empty(), "nothing is remembered of those who are gone");
    }

    #[test]
    fn a_body_that_is_there_is_taken_whoever_comes() {
        let room = Room::default();
        let first = room.enter(address("192.0.2.1"));
        let others: Vec<_> = (0..OF_ONE).map(|_| room.enter(address("192.0.2.1"))).collect();
        assert_eq!(first.unless_displaced(ready(7)).now_or_never(), Some(Ok(7)));
        drop(others);
    }

    #[test]
    fn a_subscriber_has_one_network_of_addresses() {
        let room = Room::default();
        let sender = |n: usize| address(&format!("2001:db8::{n:x}"));
        let first = room.enter(sender(0));
        let others: Vec<_> = (1..=OF_ONE).map(|n| room.enter(sender(n))).collect();
        assert!(first.unless_displaced(pending::<()>()).now_or_never().is_some());
        drop(others);
    }

    #[test]
    fn the_bytes_of_all_are_bounded_and_given_back() {
        let room = Room::default();
        let (mut large, mut other) = (room.held(), room.held());
        assert_eq!(large.add(BYTES), Ok(()));
        assert_eq!(other.add(1), Err(Limited { scope: "server", retry_after: 1 }));
        drop((large, other));
        assert_eq!(room.held().add(BYTES), Ok(()));
    }
}
