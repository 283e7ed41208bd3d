//! Several servers on one PostgreSQL and one Redis: what one changes is in force on all of them when it has returned.

mod changes;
mod load;
mod outages;
mod rotation;
mod starts;
