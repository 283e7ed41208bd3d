//! The event log: read on, or wait for what comes.

use std::time::Duration;

use serde_json::json;

use super::Operator;
use crate::{Answer, Code, Failure};

/// The longest time one request waits; who follows the log asks again.
const LONGEST_WAIT_MS: u64 = 60_000;

/// The most events of one answer.
const MOST: u32 = 1000;

impl Operator {
    pub(super) async fn read_events(
        &self,
        tenant: &str,
        after: i64,
        limit: u32,
        wait_ms: u64,
    ) -> Result<Answer, Failure> {
        let administered = self.tenants.administer(tenant)?;
        let patience = Duration::from_millis(wait_ms.min(LONGEST_WAIT_MS));
        let events = self.events.wait(&administered, after, limit.clamp(1, MOST), patience).await;
        let events = events.map_err(|error| Failure::caused(Code::Unavailable, &error))?;
        Ok(json!({ "tenant": tenant, "events": serde_json::to_value(events)? }))
    }
}
