//! What answers about stores look like.

use serde_json::Value;
use utoipa::ToSchema;

/// The kinds of stores there are.
#[derive(ToSchema)]
pub(in crate::api) struct StoreKinds {
    kinds: Vec<StoreKind>,
}

/// A kind of store.
#[derive(ToSchema)]
pub(in crate::api) struct StoreKind {
    #[schema(example = "webhook")]
    kind: String,
    /// What it is, in a line.
    about: String,
}

/// Whether a store is fed.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(in crate::api) enum StoreState {
    Active,
    Paused,
    Disabled,
}

/// What happens to an event that a store has not taken for too long.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub(in crate::api) enum Exhausted {
    Park,
    Pause,
}

/// What every store can be told, whatever its kind.
#[derive(ToSchema)]
pub(in crate::api) struct StoreOptions {
    /// The types of events that it gets. None: those of users, groups and snapshots.
    #[schema(example = json!(["user.*"]))]
    types: Vec<String>,
    /// Of updates, only those that change one of these SCIM paths. None: all.
    attributes: Vec<String>,
    /// Whether it gets the Argon2id hashes of passwords.
    password_hash: bool,
    /// The most events that are brought at once.
    batch: u32,
    /// After how many seconds a failed delivery is tried again; the last one repeats.
    retry_seconds: Vec<u32>,
    /// For how many hours an event is tried.
    give_up_hours: u32,
    exhausted: Exhausted,
}

/// A store: what it is, and how far it has come. Secrets are never shown.
#[derive(ToSchema)]
pub(in crate::api) struct Store {
    #[schema(example = "crm")]
    name: String,
    id: String,
    #[schema(example = "webhook")]
    kind: String,
    options: StoreOptions,
    /// Those of its kind, by name.
    #[schema(value_type = Object)]
    settings: Value,
    state: StoreState,
    /// Whether it has not taken an event for as long as one is tried.
    degraded: bool,
    /// The number of the last event that it has.
    position: i64,
    /// The number of the tenant's last event.
    newest: i64,
    /// How many events it is behind.
    lag: i64,
    /// How many events wait until somebody decides about the breaker.
    held: i64,
    /// Whether it gets a snapshot first.
    snapshot: bool,
    /// Users and groups of the snapshot that it has.
    #[schema(required = true)]
    snapshot_done: Option<i64>,
    /// All users and groups of the snapshot; null: they are not counted yet.
    #[schema(required = true)]
    snapshot_total: Option<i64>,
    /// Where a replay ends that is under way.
    #[schema(required = true)]
    replay_to: Option<i64>,
    /// How often it failed in a row.
    attempts: u32,
    #[schema(format = DateTime, required = true)]
    failing_since: Option<String>,
    /// When it is tried next, if it fails.
    #[schema(format = DateTime, required = true)]
    retried: Option<String>,
    /// Why it took nothing the last time.
    #[schema(required = true)]
    error: Option<String>,
    /// When it last took something.
    #[schema(format = DateTime, required = true)]
    succeeded: Option<String>,
    /// How many events are parked.
    dead_letters: i64,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    modified: String,
    /// It rises with each change of its settings; the ETag is made of it.
    version: i64,
}

/// A store that was added, with secrets that were made for it: the only time that they are shown.
#[derive(ToSchema)]
pub(in crate::api) struct AddedStore {
    #[serde(flatten)]
    store: Store,
    /// By the name of the setting.
    #[schema(value_type = Option<Object>)]
    secrets: Option<Value>,
}

/// A store, and which events it gets again.
#[derive(ToSchema)]
pub(in crate::api) struct ReplayedStore {
    #[serde(flatten)]
    store: Store,
    /// Null: there are none.
    #[schema(required = true)]
    replayed: Option<ReplayedEvents>,
}

/// A part of the log.
#[derive(ToSchema)]
pub(in crate::api) struct ReplayedEvents {
    from: i64,
    to: i64,
}

/// A page of stores, by name.
#[derive(ToSchema)]
pub(in crate::api) struct Stores {
    stores: Vec<Store>,
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// Whether a store could take events now.
#[derive(ToSchema)]
pub(in crate::api) struct TestedStore {
    store: String,
    reachable: bool,
    /// Why not.
    #[schema(required = true)]
    error: Option<String>,
}

/// The token of a store that fetches its events, at the one moment at which it can be read.
#[derive(ToSchema)]
pub(in crate::api) struct StoreToken {
    store: String,
    token: String,
}

/// What is left of a deleted store.
#[derive(ToSchema)]
pub(in crate::api) struct DeletedStore {
    deleted: String,
}

/// Events that a store did not take, in order.
#[derive(ToSchema)]
pub(in crate::api) struct DeadLetters {
    store: String,
    dead_letters: Vec<DeadLetter>,
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// An event that a store did not take.
#[derive(ToSchema)]
pub(in crate::api) struct DeadLetter {
    /// The number of the event.
    sequence: i64,
    #[serde(rename = "type")]
    #[schema(example = "user.updated")]
    event_type: String,
    /// What it is about.
    #[schema(required = true)]
    subject: Option<String>,
    #[schema(format = DateTime)]
    parked: String,
    attempts: u32,
    /// Why it was not taken the last time.
    error: String,
    /// Whether it is to be brought again.
    retrying: bool,
}

/// How many dead letters are brought again.
#[derive(ToSchema)]
pub(in crate::api) struct RetriedLetters {
    store: String,
    retried: u64,
}

/// How many dead letters are forgotten.
#[derive(ToSchema)]
pub(in crate::api) struct DiscardedLetters {
    store: String,
    discarded: u64,
}
