//! An event as a broker carries it.

use events::{Event, EventType};

use crate::store::Failure;

/// An event as a broker carries it: its whole envelope as JSON, and what a broker looks at without reading that.
#[derive(Clone, Debug)]
pub(in crate::store) struct Message {
    /// By which a receiver knows it again.
    pub(in crate::store) id: String,
    /// The type of the event.
    pub(in crate::store) kind: &'static str,
    /// Its number.
    pub(in crate::store) sequence: i64,
    /// When it happened, in milliseconds since 1970 UTC.
    pub(in crate::store) time_ms: i64,
    /// Whether it is part of a snapshot, whose parts all have the same number.
    pub(in crate::store) is_snapshot: bool,
    /// The event in JSON.
    pub(in crate::store) body: Vec<u8>,
}

impl Message {
    /// The media type of the body: `CloudEvents` in structured mode (its JSON format, section 3).
    pub(in crate::store) const MEDIA_TYPE: &str = "application/cloudevents+json";

    /// Writes an event.
    pub(in crate::store) fn of(event: &Event) -> Result<Self, Failure> {
        let body = serde_json::to_vec(event);
        let time_ms = event.time.unix_timestamp_nanos() / 1_000_000;
        Ok(Self {
            id: event.id.to_string(),
            kind: event.event_type.as_str(),
            sequence: event.sequence,
            time_ms: i64::try_from(time_ms).unwrap_or_default(),
            is_snapshot: is_snapshot(event.event_type),
            body: body.map_err(|error| Failure::refused(format!("the event cannot be written: {error}")))?,
        })
    }
}

fn is_snapshot(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::SnapshotStarted | EventType::UserSnapshot | EventType::GroupSnapshot | EventType::SnapshotCompleted
    )
}
