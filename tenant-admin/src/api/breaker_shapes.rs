//! What answers about breakers look like, for the document.
#![expect(dead_code, reason = "these are read by the document alone")]

use utoipa::ToSchema;

/// What happens when too many users end, or are new.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(super) enum BreakerMode {
    Off,
    Warn,
    Hold,
}

/// What a breaker does now.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
pub(super) enum BreakerState {
    Off,
    Armed,
    Warned,
    Held,
}

/// What trips a breaker.
#[derive(ToSchema)]
pub(super) struct BreakerSettings {
    mode: BreakerMode,
    /// More than so many percent of the active users are too many.
    #[schema(minimum = 1, maximum = 100)]
    share: u32,
    /// More than so many users are too many.
    #[schema(minimum = 1, maximum = 1_000_000)]
    number: u32,
    #[schema(minimum = 1, maximum = 604_800)]
    window_seconds: u32,
    /// The shares count from so many users on.
    #[schema(minimum = 1, maximum = 1_000_000)]
    minimum_users: u32,
    new_mode: BreakerMode,
    /// More new users than so many percent of those there were are too many.
    #[schema(minimum = 1, maximum = 1_000)]
    new_share: u32,
    /// More new users than so many are too many.
    #[schema(minimum = 1, maximum = 10_000)]
    new_number: u32,
}

/// The breaker of a tenant.
#[derive(ToSchema)]
pub(super) struct Breaker {
    tenant: String,
    settings: BreakerSettings,
    state: BreakerState,
    /// How many users ended within the window and count.
    counted: i64,
    /// How many users are new within the window and count.
    new_counted: i64,
    /// New users that may come uncounted.
    #[schema(required = true)]
    expected: Option<BreakerExpectation>,
    held_events: i64,
    /// How many users end in them.
    held_users: i64,
    /// How many new users are in them.
    held_new_users: i64,
    /// How often it has tripped.
    trips: i64,
    #[schema(required = true)]
    last_trip: Option<BreakerTrip>,
}

/// How many new users may come uncounted, and until when.
#[derive(ToSchema)]
pub(super) struct BreakerExpectation {
    users: i64,
    #[schema(format = DateTime)]
    until: String,
}

/// A trip: the number of its event, and when.
#[derive(ToSchema)]
pub(super) struct BreakerTrip {
    sequence: i64,
    #[schema(format = DateTime)]
    time: String,
}

/// What the breaker of a tenant does now.
#[derive(ToSchema)]
pub(super) struct BreakerInShort {
    state: BreakerState,
    held_events: i64,
    held_users: i64,
    held_new_users: i64,
}

/// What was held.
#[derive(ToSchema)]
pub(super) struct BreakerDone {
    events: i64,
    /// How many users end in them.
    users: i64,
    /// How many new users were in them.
    new_users: i64,
    /// How many of the events no store gets.
    discarded_events: i64,
}

/// A breaker that has let go what it held.
#[derive(ToSchema)]
pub(super) struct ReleasedBreaker {
    #[serde(flatten)]
    breaker: Breaker,
    released: BreakerDone,
}

/// A breaker that has let go what it held, without the ends of users.
#[derive(ToSchema)]
pub(super) struct DiscardedBreaker {
    #[serde(flatten)]
    breaker: Breaker,
    discarded: BreakerDone,
}
