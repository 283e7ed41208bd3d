//! Whose requests are inside, while the room is divided: each tenant that asks has an equal part.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Room;

/// How long somebody who asks nothing counts for one of those who divide, in microseconds.
const REMEMBERED: u64 = 1_000_000;

/// How often it is looked who does not any more.
const LOOK: u64 = 100_000;

/// The tenants that ask.
#[derive(Debug, Default)]
pub(super) struct Guests(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    tenants: HashMap<i64, Guest>,
    looked: u64,
}

/// One tenant.
#[derive(Debug, Default)]
struct Guest {
    /// Its requests that entered since the room is divided.
    inside: u32,
    asked: u64,
}

impl Guests {
    /// Whether there is room for one more of this tenant.
    pub(super) fn have_room(&self, tenant: i64, now: u64, room: Room) -> bool {
        self.list().guest(tenant, now, room).1
    }

    /// The same, and counts it.
    pub(super) fn enter(&self, tenant: i64, now: u64, room: Room) -> bool {
        let mut list = self.list();
        let (guest, has_room) = list.guest(tenant, now, room);
        guest.inside += u32::from(has_room);
        has_room
    }

    /// One of its requests that was counted is answered.
    pub(super) fn leave(&self, tenant: i64) {
        if let Some(guest) = self.list().tenants.get_mut(&tenant) {
            guest.inside = guest.inside.saturating_sub(1);
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    fn guest(&mut self, tenant: i64, now: u64, room: Room) -> (&mut Guest, bool) {
        if now.saturating_sub(self.looked) >= LOOK {
            self.looked = now;
            self.tenants.retain(|_, guest| guest.inside > 0 || now.saturating_sub(guest.asked) < REMEMBERED);
        }
        self.tenants.entry(tenant).or_default().asked = now;
        let asking = u32::try_from(self.tenants.len()).unwrap_or(u32::MAX);
        let part = room.most / asking.max(1);
        let guest = self.tenants.entry(tenant).or_default();
        // Who is alone has what is left. Among several nobody takes more than its part, and that is there for each, also if
        // others came before it was divided. Where there are more of them than places, they have to be quick.
        let has_room = match asking {
            1 => room.is_left(),
            _ if part == 0 => room.is_left() && guest.inside == 0,
            _ => guest.inside < part,
        };
        (guest, has_room)
    }
}
