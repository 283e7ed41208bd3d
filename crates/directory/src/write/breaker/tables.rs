//! The tables `breakers` and `endings` in a batch.

use database::rows::Column::{Integer, Uuid as UuidColumn};
use database::rows::{Named, Rows, source};
use sea_orm::DbBackend;
use uuid::Uuid;

use super::super::statements::TENANT;
use crate::breaker::LONGEST_WINDOW_SECONDS;

/// Users that ended since: a tenant, and after which number and moment.
pub(super) const COUNTED: [Named; 3] = [("tenant_id", Integer), ("counted_after", Integer), ("from_ms", Integer)];
/// The same of one user.
pub(super) const SEEN: [Named; 4] = [COUNTED[0], COUNTED[1], COUNTED[2], ("user_id", UuidColumn)];
const ENDING: [Named; 5] =
    [("tenant_id", Integer), ("sequence", Integer), ("first", Integer), ("user_id", UuidColumn), ("time_ms", Integer)];
const OUTDATED: [Named; 2] = [("tenant_id", Integer), ("before_ms", Integer)];
const TRIP: [Named; 5] = [
    ("tenant_id", Integer),
    ("tripped_ms", Integer),
    ("quiet_until_ms", Integer),
    ("alarm", Integer),
    ("held_after", Integer),
];

/// Nothing is held.
const NOT_HELD: i64 = -1;

/// A user that ended, as it is written.
#[derive(Clone, Copy, Debug)]
pub(in crate::write) struct Ending {
    pub(super) tenant: i64,
    pub(super) sequence: i64,
    pub(super) first: i64,
    pub(super) user: Uuid,
}

/// A trip, as it is written and told.
#[derive(Clone, Copy, Debug)]
pub(in crate::write) struct Tripped {
    pub(super) tenant: i64,
    /// The number of the event that tells it.
    pub(super) alarm: i64,
    pub(super) is_held: bool,
    pub(super) quiet_until_ms: i64,
    pub(super) ended: i64,
    pub(super) active: i64,
}

/// The statements. Each takes its rows as one parameter.
#[derive(Debug)]
pub(in crate::write) struct Sql {
    pub(super) breakers: String,
    pub(super) counted: String,
    pub(super) seen: String,
    pub(in crate::write) insert_endings: String,
    pub(in crate::write) delete_outdated: String,
    pub(in crate::write) trip: String,
    tenants: String,
}

impl Sql {
    pub(in crate::write) fn new(backend: DbBackend) -> Self {
        let rows = |columns: &[Named]| source(backend, 1, "k", columns);
        let since = "e.tenant_id = k.tenant_id AND e.sequence > k.counted_after AND e.time_ms > k.from_ms";
        Self {
            breakers: format!(
                "SELECT b.tenant_id, b.settings, b.counted_after, b.quiet_until_ms, b.held_after \
                 FROM {} CROSS JOIN breakers b WHERE b.tenant_id = k.tenant_id",
                rows(&TENANT)
            ),
            counted: format!(
                "SELECT k.tenant_id, (SELECT COUNT(DISTINCT e.user_id) FROM endings e WHERE {since}) FROM {}",
                rows(&COUNTED)
            ),
            seen: format!(
                "SELECT k.tenant_id, CAST(k.user_id AS text) FROM {} WHERE EXISTS (\
                 SELECT 1 FROM endings e WHERE {since} AND e.user_id = k.user_id)",
                rows(&SEEN)
            ),
            insert_endings: format!(
                "INSERT INTO endings (tenant_id, sequence, first, user_id, time_ms) \
                 SELECT k.tenant_id, k.sequence, k.first, k.user_id, k.time_ms FROM {}",
                rows(&ENDING)
            ),
            delete_outdated: format!(
                "DELETE FROM endings WHERE (tenant_id, sequence) IN (SELECT e.tenant_id, e.sequence FROM {} \
                 CROSS JOIN endings e LEFT JOIN breakers b ON b.tenant_id = e.tenant_id \
                 WHERE e.tenant_id = k.tenant_id AND e.time_ms < k.before_ms \
                 AND (b.held_after IS NULL OR e.sequence <= b.held_after))",
                rows(&OUTDATED)
            ),
            trip: format!(
                "INSERT INTO breakers (tenant_id, trips, tripped_ms, quiet_until_ms, alarm, held_after) \
                 SELECT k.tenant_id, 1, k.tripped_ms, k.quiet_until_ms, k.alarm, NULLIF(k.held_after, {NOT_HELD}) FROM {} \
                 WHERE true ON CONFLICT (tenant_id) DO UPDATE SET trips = breakers.trips + 1, \
                 tripped_ms = excluded.tripped_ms, quiet_until_ms = excluded.quiet_until_ms, alarm = excluded.alarm, \
                 held_after = excluded.held_after",
                rows(&TRIP)
            ),
            tenants: rows(&TENANT),
        }
    }

    /// How many users of tenants are active, counted up to a limit at least.
    pub(super) fn active(&self, limit: i64) -> String {
        // There are few texts, so that each is prepared once.
        let limit = u64::try_from(limit).unwrap_or_default().max(64).next_power_of_two();
        format!(
            "SELECT k.tenant_id, (SELECT COUNT(*) FROM (SELECT 1 AS one FROM resources r WHERE r.tenant_id = k.tenant_id \
             AND r.kind = 1 AND r.active LIMIT {limit}) AS few) FROM {}",
            self.tenants
        )
    }

    /// The same without a limit.
    pub(super) fn all_active(&self) -> String {
        format!(
            "SELECT k.tenant_id, (SELECT COUNT(*) FROM resources r WHERE r.tenant_id = k.tenant_id AND r.kind = 1 \
             AND r.active) FROM {}",
            self.tenants
        )
    }
}

pub(in crate::write) fn endings(now_ms: i64, endings: &[Ending]) -> Rows {
    let row = |ending: &Ending| {
        let Ending { tenant, sequence, first, user } = *ending;
        [tenant.into(), sequence.into(), first.into(), user.into(), now_ms.into()]
    };
    Rows::collect(&ENDING, endings.iter().map(row))
}

/// What is too old to be counted by any settings goes with the next that comes.
pub(in crate::write) fn outdated(now_ms: i64, endings: &[Ending]) -> Rows {
    let tenants: std::collections::BTreeSet<i64> = endings.iter().map(|ending| ending.tenant).collect();
    let before = now_ms - i64::from(LONGEST_WINDOW_SECONDS) * 1000;
    Rows::collect(&OUTDATED, tenants.into_iter().map(|tenant| [tenant.into(), before.into()]))
}

pub(in crate::write) fn trips(now_ms: i64, trips: &[Tripped]) -> Rows {
    let row = |trip: &Tripped| {
        let held_after = if trip.is_held { trip.alarm } else { NOT_HELD };
        [trip.tenant.into(), now_ms.into(), trip.quiet_until_ms.into(), trip.alarm.into(), held_after.into()]
    };
    Rows::collect(&TRIP, trips.iter().map(row))
}
