//! Several servers on one PostgreSQL and one Redis: what one changes is in force on all of them when it has returned.

mod changes;
mod concurrency;
mod flood;
mod limits;
mod clocks;
mod first_use;
mod keys;
mod knocking;
mod load;
mod modes;
mod outages;
mod restarts;
mod retries;
mod rotation;
mod starts;
