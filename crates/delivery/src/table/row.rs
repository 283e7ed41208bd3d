//! The row of a store.

use events::deliverable;
use sea_orm::{DbBackend, DbErr, QueryResult};
use uuid::Uuid;

use super::{id_column, now, unreadable};
use crate::record::Replay;
use crate::snapshot::Wish;
use crate::{DeliveryError, StoreId, StoreRecord};

/// The columns of a record, in the order that [`read`] reads.
pub(super) fn columns(backend: DbBackend) -> String {
    format!(
        "s.tenant_id, {}, s.name, s.kind, s.options, s.settings, s.secrets, s.version, s.state, s.position, \
         COALESCE((SELECT {} FROM directories d WHERE d.tenant_id = s.tenant_id), 0), s.snapshot, s.attempts, \
         s.failing_since_ms, s.due_ms, s.error, s.degraded, s.succeeded_ms, \
         (SELECT COUNT(*) FROM dead_letters l WHERE l.tenant_id = s.tenant_id AND l.store_id = s.id), s.created_ms, s.modified_ms, {}, \
         s.replay_to, s.replay_back, s.letters, s.brought, \
         COALESCE((SELECT d.sequence - {} FROM directories d WHERE d.tenant_id = s.tenant_id), 0)",
        id_column(backend),
        deliverable(),
        now(backend),
        deliverable()
    )
}

pub(super) fn read(row: &QueryResult) -> Result<StoreRecord, DeliveryError> {
    let text = |index| row.try_get_by_index::<String>(index);
    let state: String = text(8)?;
    let replay: (Option<i64>, Option<i64>) = (row.try_get_by_index(22)?, row.try_get_by_index(23)?);
    Ok(StoreRecord {
        tenant: row.try_get_by_index(0)?,
        id: StoreId(Uuid::parse_str(&text(1)?).map_err(|error| unreadable(&error))?),
        name: text(2)?,
        kind: text(3)?,
        options: serde_json::from_str(&text(4)?)?,
        settings: serde_json::from_str(&text(5)?)?,
        secrets: row.try_get_by_index(6)?,
        version: row.try_get_by_index(7)?,
        state: state.parse().map_err(|error: String| DbErr::Type(error))?,
        position: row.try_get_by_index(9)?,
        newest: row.try_get_by_index(10)?,
        held: row.try_get_by_index(26)?,
        snapshot: row.try_get_by_index::<Option<String>>(11)?.as_deref().map(Wish::read),
        attempts: u32::try_from(row.try_get_by_index::<i64>(12)?).unwrap_or(u32::MAX),
        failing_since_ms: row.try_get_by_index(13)?,
        due_ms: row.try_get_by_index(14)?,
        error: row.try_get_by_index(15)?,
        is_degraded: row.try_get_by_index(16)?,
        succeeded_ms: row.try_get_by_index(17)?,
        dead_letters: row.try_get_by_index(18)?,
        created_ms: row.try_get_by_index(19)?,
        modified_ms: row.try_get_by_index(20)?,
        read_ms: row.try_get_by_index(21)?,
        replay: replay.0.zip(replay.1).map(|(to, back)| Replay { to, back }),
        letters: row.try_get_by_index(24)?,
        brought: row.try_get_by_index(25)?,
    })
}
