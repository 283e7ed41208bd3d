//! Several servers on one PostgreSQL and one Redis: what one changes is in force on all of them when it has returned.

mod changes;
mod concurrency;
mod flood;
mod limits;
mod load;
mod outages;
mod rotation;
mod starts;
