//! Leases as a whole: in a simulated network, and against a real Redis.

mod apart;
mod changes;
mod keeper;
mod properties;
mod redis;
mod simulation;
mod slow;
mod turns;
