//! Up to which event stores get the log of a tenant: to its end, unless its breaker holds what comes after a number.
//!
//! The number is read by the very statement that reads the events. It is written in the transaction that appends the first
//! event after it, so nobody reads the one and not the other.

/// More than any number of an event.
pub(crate) const WHOLE: &str = "9223372036854775807";

/// The number of the last event that stores get, as an expression. `tenant` is one for the tenant's number.
pub(crate) fn end_of_delivery(tenant: &str) -> String {
    format!("COALESCE((SELECT b.held_after FROM breakers b WHERE b.tenant_id = {tenant}), {WHOLE})")
}

/// The number of the newest event that stores get of the directory `d`, as an expression.
#[must_use]
pub const fn deliverable() -> &'static str {
    "COALESCE((SELECT b.held_after FROM breakers b WHERE b.tenant_id = d.tenant_id), d.sequence)"
}
