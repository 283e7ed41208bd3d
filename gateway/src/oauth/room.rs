//! Who may send a body to the token endpoint at the same time: nothing is known of them yet but their address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::token::TIME;
use crate::pipeline::{Limited, subscriber};

/// Requests of one address. Whoever is slow is so at the cost of their neighbours alone.
const OF_ONE: u32 = 32;
/// Bytes of bodies of all. A body that does not come holds none.
const BYTES: usize = 32 << 20;

/// What is taken in now.
#[derive(Default)]
pub(super) struct Room {
    senders: Mutex<HashMap<IpAddr, u32>>,
    bytes: AtomicUsize,
}

/// One request. Dropping it makes room for the next.
pub(super) struct Place<'a> {
    room: &'a Room,
    sender: IpAddr,
    bytes: usize,
}

impl Room {
    /// A place for one request of this sender.
    pub(super) fn enter(&self, sender: IpAddr) -> Result<Place<'_>, Limited> {
        let sender = subscriber(sender);
        let mut senders = self.senders();
        let running = senders.entry(sender).or_default();
        if *running >= OF_ONE {
            // By then the slowest of them has been answered.
            return Err(Limited { scope: "address", retry_after: TIME.as_secs() });
        }
        *running += 1;
        Ok(Place { room: self, sender, bytes: 0 })
    }

    fn senders(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.senders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Counts bytes that are held until the request is answered.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Limited> {
        self.bytes += bytes;
        let held = self.room.bytes.fetch_add(bytes, Relaxed) + bytes;
        if held > BYTES { Err(Limited { scope: "server", retry_after: 1 }) } else { Ok(()) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.room.bytes.fetch_sub(self.bytes, Relaxed);
        let mut senders = self.room.senders();
        if let Some(running) = senders.get_mut(&self.sender) {
            *running -= 1;
            if *running == 0 {
                senders.remove(&self.sender);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_takes_no_place_of_another() {
        let room = Room::default();
        let mut places: Vec<_> = (0..OF_ONE).map(|_| room.enter(address("192.0.2.1")).ok().unwrap()).collect();
        assert_eq!(room.enter(address("192.0.2.1")).err(), Some(Limited { scope: "address", retry_after: 5 }));
        assert!(room.enter(address("192.0.2.2")).is_ok());
        places.pop();
        assert!(room.enter(address("192.0.2.1")).is_ok());
        drop(places);
        assert!(room.senders().is_empty(), "nothing is remembered of those who are gone");
    }

    #[test]
    fn a_subscriber_has_one_network_of_addresses() {
        let room = Room::default();
        let sender = |n: u32| address(&format!("2001:db8::{n:x}"));
        let places: Vec<_> = (0..OF_ONE).map(|n| room.enter(sender(n)).ok().unwrap()).collect();
        assert!(room.enter(address("2001:db8::ffff")).is_err());
        assert!(room.enter(address("2001:db8:0:1::1")).is_ok());
        drop(places);
    }

    #[test]
    fn the_bytes_of_all_are_bounded_and_given_back() {
        let room = Room::default();
        let mut large = room.enter(address("192.0.2.1")).ok().unwrap();
        assert_eq!(large.hold(BYTES), Ok(()));
        let mut other = room.enter(address("192.0.2.2")).ok().unwrap();
        assert_eq!(other.hold(1), Err(Limited { scope: "server", retry_after: 1 }));
        drop((large, other));
        assert_eq!(room.enter(address("192.0.2.2")).ok().unwrap().hold(BYTES), Ok(()));
    }
}
