//! Queues at a door, by a clock of their own.

use super::*;

const ACME: i64 = 1;

fn enters(door: &Door, tenant: i64, now: u64) -> bool {
    door.enter(tenant, now) != Entry::Refused
}

/// Lets so many in at once and answers them one after the other, each `each` microseconds after the one before.
fn queue(door: &Door, start: u64, size: u32, each: u64) -> (u32, u64) {
    let let_in = (0..size).filter(|_| enters(door, ACME, start)).count();
    let let_in = u32::try_from(let_in).unwrap();
    for number in 1..=u64::from(let_in) {
        door.leave(None, start, start + number * each);
    }
    (let_in, start + u64::from(let_in) * each)
}

#[test]
fn a_short_queue_lets_everybody_in() {
    let door = Door::default();
    let mut now = 0;
    for _ in 0..100 {
        let (let_in, end) = queue(&door, now, 2_000, 100);
        assert_eq!(let_in, 2_000);
        now = end;
    }
}

#[test]
fn a_queue_that_stays_is_cut_to_what_is_answered_in_time() {
    let door = Door::default();
    let mut inside = std::collections::VecDeque::new();
    let (mut let_in, mut longest) = (Vec::new(), 0);
    // Ten times as much comes as is answered: 1,000 in a second.
    for now in (0..20_000_000).step_by(100) {
        let entered = enters(&door, ACME, now);
        let_in.extend(entered.then_some(now));
        inside.extend(entered.then_some(now));
        if now % 1_000 == 0
            && let Some(since) = inside.pop_front()
        {
            door.leave(None, since, now);
            longest = if now > 15_000_000 { longest.max(now - since) } else { 0 };
        }
    }
    assert!((100_000..1_000_000).contains(&longest), "in the end they wait {longest} µs");
    let late = let_in.iter().filter(|at| **at > 15_000_000).count();
    assert!((4_500..=5_500).contains(&late), "{late} in five seconds");
}

#[test]
fn answers_that_come_many_at_a_time_let_in_no_more_than_is_answered_in_time() {
    let door = Door::default();
    let mut inside = std::collections::VecDeque::new();
    let mut longest = 0;
    // 100 every 300 ms, while ten times as many come.
    for now in (0..20_000_000).step_by(300) {
        if enters(&door, ACME, now) {
            inside.push_back(now);
        }
        if now % 300_000 == 0 {
            for since in inside.drain(..inside.len().min(100)) {
                door.leave(None, since, now);
                longest = if now > 15_000_000 { longest.max(now - since) } else { 0 };
            }
        }
    }
    assert!((200_000..1_200_000).contains(&longest), "in the end they wait {longest} µs");
}

#[test]
fn a_database_that_stands_still_lets_few_in_and_afterwards_all() {
    let door = Door::default();
    assert!((0..1_000).all(|_| enters(&door, ACME, 0)));
    assert!(!door.has_room(ACME, WAIT + WINDOW), "nobody was answered for so long");
    for _ in 0..1_000 {
        door.leave(None, 0, 3 * WAIT);
    }
    let mut now = 4 * WAIT;
    for _ in 0..50 {
        now = queue(&door, now, 1_000, 100).1;
    }
    assert_eq!(queue(&door, now, 1_000, 100).0, 1_000);
}

/// The attack: a tenant floods with what takes the database long. Another one that asks for little is let in, and the flood
/// gets what is left.
#[test]
fn one_tenants_flood_shuts_no_door_for_another() {
    let other = 2;
    let door = Door::default();
    let mut inside = std::collections::VecDeque::new();
    let (mut served, mut refused, mut flooded) = (0, 0, 0);
    // 200 are answered in a second, the flood asks for ten times as many, and the other for ten.
    for now in (0..30_000_000).step_by(500) {
        let tenant = if now % 100_000 == 0 { other } else { ACME };
        let entry = door.enter(tenant, now);
        let late = now > 10_000_000;
        match (tenant == other, entry) {
            (true, Entry::Refused) => refused += u32::from(late),
            (true, _) => served += u32::from(late),
            (false, Entry::Refused) => {}
            (false, _) => flooded += u32::from(late),
        }
        if entry != Entry::Refused {
            inside.push_back((now, (entry == Entry::Counted).then_some(tenant)));
        }
        if now % 5_000 == 0
            && let Some((since, guest)) = inside.pop_front()
        {
            door.leave(guest, since, now);
        }
    }
    assert_eq!((served, refused), (199, 0), "it is always let in");
    let all = served + flooded;
    assert!((3_600..=4_200).contains(&all), "nothing of the database is lost: {all} in twenty seconds");
}

#[test]
fn who_asks_alone_has_the_whole_room_and_afterwards_nobody_is_counted() {
    let door = Door::default();
    door.most.store(LEAST, Relaxed);
    let mut entries: Vec<_> = (0..LEAST).map(|_| door.enter(ACME, 1)).collect();
    assert!(entries.iter().all(|entry| *entry == Entry::One), "nobody was refused so far");
    assert_eq!(door.enter(ACME, 2), Entry::Refused);
    entries.iter().for_each(|_| door.leave(None, 1, 3));
    entries = (0..LEAST).map(|_| door.enter(ACME, 4)).collect();
    assert!(entries.iter().all(|entry| *entry == Entry::Counted), "and has it whole all the same");
    entries.iter().for_each(|_| door.leave(Some(ACME), 4, 5));
    assert_eq!(door.enter(ACME, 2 * SHUT), Entry::One);
}
