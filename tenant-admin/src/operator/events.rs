//! The event log: read on, or wait for what comes.

use std::time::Duration;

use serde_json::json;
use tenancy::Administered;

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
        let events = self.events.follow(&administered, after, limit.clamp(1, MOST), patience).await;
        let events = events.map_err(|error| Failure::caused(Code::Unavailable, &error))?;
        let gone = self.gone(&administered, after, events.first().map(|event| event.sequence)).await?;
        Ok(json!({ "tenant": tenant, "events": serde_json::to_value(events)?, "gone_to": gone }))
    }

    /// The number of the last event after `after` that is no longer in the log. Where there is none, nothing is missing.
    async fn gone(&self, tenant: &Administered, after: i64, first: Option<i64>) -> Result<Option<i64>, Failure> {
        if first == Some(after + 1) {
            return Ok(None);
        }
        let oldest = self.events.oldest(tenant.tenant()).await;
        let oldest = oldest.map_err(|error| Failure::caused(Code::Unavailable, &error))?.or(first);
        Ok(oldest.map(|oldest| oldest - 1).filter(|gone| *gone > after))
    }
}
