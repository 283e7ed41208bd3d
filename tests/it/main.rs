//! End-to-end tests: the real program, from the outside, over HTTP and its command line, on both databases.
//!
//! `tests/run` starts the databases and runs everything; each test makes its own tenants and stands alone.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what went wrong by stopping; these also stand in its helpers"
)]
// Tests that are written once for several brokers nest deeply.
#![recursion_limit = "256"]

#[macro_use]
mod support;

mod address_limits;
mod addresses;
mod api;
mod applications;
mod architecture;
mod at_rest;
mod bad_input;
mod bulk;
mod bulk_stops;
mod cli;
mod conditions;
mod conformance;
mod conversion;
mod cursors;
mod differential;
mod durability;
mod event_form;
mod events;
mod failure_mail;
mod failures;
mod fixtures;
mod isolation;
mod limits;
mod mail;
mod oauth;
mod oauth_federation;
mod oauth_life;
mod oauth_refusals;
mod operations;
mod outage;
mod paging;
mod protocol;
mod races;
mod readme;
mod redaction;
mod refusals;
mod replicas;
mod requirements;
mod rotation;
mod rotation_modes;
mod scopes;
mod shared_limits;
mod signing_keys;
mod slow_database;
mod start_and_stop;
mod stores;
mod token_life;
mod token_networks;
mod under_way;
mod warnings;
