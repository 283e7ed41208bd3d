//! The keeper of a bucket as `lease.lua` is, for the simulation.

use std::collections::HashMap;

use crate::Rate;
use crate::lease::{Answer, Ask, LEASE};

/// What Redis knows of one bucket.
#[derive(Default)]
pub(super) struct Keeper {
    tat: Option<f64>,
    holders: HashMap<usize, Holder>,
}

struct Holder {
    count: u32,
    ends: f64,
    number: u64,
}

impl Keeper {
    /// Answers a question as the script does at this moment of Redis's clock.
    pub(super) fn answer(&mut self, rate: Rate, (holder, number): (usize, u64), ask: Ask, now: f64) -> Answer {
        let period = 1e6 / f64::from(rate.per_second);
        let full = f64::from(rate.burst) * period;
        let others: u32 = self.holders.iter().filter(|(own, _)| **own != holder).map(|(_, known)| known.count).sum();
        let mine = self.holders.get(&holder).map_or(0, |known| known.count);
        let overtaken = self.holders.get(&holder).is_some_and(|known| known.number > number);
        self.holders.retain(|own, known| *own == holder || known.ends > now);
        self.holders.values_mut().for_each(|known| known.ends = known.ends.min(now + LEASE as f64));
        let ask = if overtaken { Ask { held: mine, ..Ask::default() } } else { ask };
        let mut tat = self.tat.unwrap_or(now);
        if tat > now + 2.0 * full {
            tat = now + full;
        }
        tat = tat.max(now + f64::from(others + ask.held + ask.back) * period);
        tat = tat.max(now - ask.age as f64 + f64::from(others + mine) * period);
        tat -= f64::from(ask.back) * period;
        if ask.debt > 0 {
            let most = (tat.max(now + full) + f64::from(ask.beyond) * period).min(now + 2.0 * full);
            tat = tat.max((tat + f64::from(ask.debt) * period).min(most));
        }
        let free = ((now + full - tat) / period + 0.0001).floor().max(0.0) as u32;
        let granted = ask.want.min(free);
        tat += f64::from(granted) * period;
        let free = free - granted;
        let wait = if free == 0 { (tat + period - now - full).ceil().max(1.0) as u64 } else { 0 };
        self.tat = Some(tat);
        if !overtaken {
            let ends = now + LEASE as f64;
            self.holders.insert(holder, Holder { count: ask.held + granted, ends, number });
        }
        Answer { granted, free, wait }
    }
}
