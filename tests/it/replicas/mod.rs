//! Several servers on one PostgreSQL and one Redis: what one changes is in force on all of them when it has returned.

mod address_limits;
mod breaker;
mod changes;
mod clocks;
mod concurrency;
mod first_use;
mod flood;
mod keys;
mod knocking;
mod limits;
mod load;
mod memory;
mod modes;
mod outages;
mod redis_line;
mod replays;
mod restarts;
mod retries;
mod rotation;
mod starts;
mod undecided;
