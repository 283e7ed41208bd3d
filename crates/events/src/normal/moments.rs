//! When something was created and changed.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// When a user or group was created and last changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moments {
    /// When it was created, RFC 3339 in UTC.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub created: Option<OffsetDateTime>,
    /// When it was last changed, RFC 3339 in UTC; of one that is deleted, before that.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<OffsetDateTime>,
}

impl Moments {
    /// From milliseconds since 1970 UTC, as tables and the log have them.
    #[must_use]
    pub fn of_ms(created: Option<i64>, last_modified: Option<i64>) -> Self {
        Self { created: created.and_then(moment), last_modified: last_modified.and_then(moment) }
    }
}

fn moment(milliseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).ok()
}
