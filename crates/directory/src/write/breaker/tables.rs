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
/// New users since: a tenant, and after which position and moment.
pub(super) const ARRIVED: [Named; 3] = [("tenant_id", Integer), ("new_after", Integer), ("from_ms", Integer)];
const ALLOWANCE: [Named; 3] = [("tenant_id", Integer), ("new_after", Integer), ("expected_left", Integer)];
const TRIP: [Named; 8] = [
    ("tenant_id", Integer),
    ("tripped_ms", Integer),
    ("quiet_until_ms", Integer),
    ("alarm", Integer),
    ("held_after", Integer),
    ("new_quiet_until_ms", Integer),
    ("new_after", Integer),
    ("expected_left", Integer),
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
    pub(super) new_quiet_until_ms: i64,
    /// What stays of the allowance for new users.
    pub(super) allowance: Allowance,
    pub(super) cause: Cause,
}

/// Why a breaker trips, for the log.
#[derive(Clone, Copy, Debug)]
pub(in crate::write) enum Cause {
    /// So many users ended of so many that were active.
    Ends { ended: i64, active: i64 },
    /// So many are new beside so many that there were.
    Arrivals { new: i64, before: i64 },
}

/// How many new users may still come uncounted, and from which position on they count.
#[derive(Clone, Copy, Debug)]
pub(in crate::write) struct Allowance {
    pub(super) tenant: i64,
    pub(super) new_after: i64,
    pub(super) expected_left: i64,
}

/// The statements. Each takes its rows as one parameter.
#[derive(Debug)]
pub(in crate::write) struct Sql {
    pub(super) breakers: String,
    pub(super) counted: String,
    pub(super) seen: String,
    pub(in crate::write) insert_endings: String,
    pub(in crate::write) delete_outdated: String,
    pub(in crate::write) allow: String,
    pub(in crate::write) trip: String,
    pub(super) users: String,
    arrived: String,
    tenants: String,
}

impl Sql {
    pub(in crate::write) fn new(backend: DbBackend) -> Self {
        let rows = |columns: &[Named]| source(backend, 1, "k", columns);
        let since = "e.tenant_id = k.tenant_id AND e.sequence > k.counted_after AND e.time_ms > k.from_ms";
        Self {
            breakers: format!(
                "SELECT b.tenant_id, b.settings, b.counted_after, b.quiet_until_ms, b.held_after, b.new_after, \
                 b.new_quiet_until_ms, b.expected_left, b.expected_until_ms \
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
                "INSERT INTO breakers (tenant_id, trips, tripped_ms, quiet_until_ms, alarm, held_after, new_quiet_until_ms, \
                 new_after, expected_left) \
                 SELECT k.tenant_id, 1, k.tripped_ms, k.quiet_until_ms, k.alarm, NULLIF(k.held_after, {NOT_HELD}), \
                 k.new_quiet_until_ms, k.new_after, k.expected_left FROM {} \
                 WHERE true ON CONFLICT (tenant_id) DO UPDATE SET trips = breakers.trips + 1, \
                 tripped_ms = excluded.tripped_ms, quiet_until_ms = excluded.quiet_until_ms, alarm = excluded.alarm, \
                 held_after = excluded.held_after, new_quiet_until_ms = excluded.new_quiet_until_ms, \
                 new_after = excluded.new_after, expected_left = excluded.expected_left",
                rows(&TRIP)
            ),
            allow: format!(
                "UPDATE breakers AS b SET new_after = k.new_after, expected_left = k.expected_left FROM {} \
                 WHERE b.tenant_id = k.tenant_id",
                rows(&ALLOWANCE)
            ),
            users: format!(
                "SELECT k.tenant_id, (SELECT CAST(COALESCE(SUM(b.live), 0) AS bigint) FROM blocks b \
                 WHERE b.tenant_id = k.tenant_id AND b.kind = 1) FROM {}",
                rows(&TENANT)
            ),
            arrived: rows(&ARRIVED),
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

    /// How many users of tenants are new, counted up to a limit at least: of the newest, those that are new.
    pub(super) fn arrived(&self, limit: i64) -> String {
        let limit = u64::try_from(limit).unwrap_or_default().max(64).next_power_of_two();
        format!(
            "SELECT k.tenant_id, (SELECT COUNT(*) FROM (SELECT r.created FROM resources r WHERE r.tenant_id = k.tenant_id \
             AND r.kind = 1 AND r.position >= k.new_after ORDER BY r.position DESC LIMIT {limit}) AS newest \
             WHERE newest.created > k.from_ms) FROM {}",
            self.arrived
        )
    }

    /// How many are active, without a limit.
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

pub(in crate::write) fn allowances(allowances: &[Allowance]) -> Rows {
    let row = |allowance: &Allowance| {
        let Allowance { tenant, new_after, expected_left } = *allowance;
        [tenant.into(), new_after.into(), expected_left.into()]
    };
    Rows::collect(&ALLOWANCE, allowances.iter().map(row))
}

pub(in crate::write) fn trips(now_ms: i64, trips: &[Tripped]) -> Rows {
    let row = |trip: &Tripped| {
        let held_after = if trip.is_held { trip.alarm } else { NOT_HELD };
        let Allowance { new_after, expected_left, .. } = trip.allowance;
        let (quiet, new_quiet) = (trip.quiet_until_ms, trip.new_quiet_until_ms);
        [
            trip.tenant.into(),
            now_ms.into(),
            quiet.into(),
            trip.alarm.into(),
            held_after.into(),
            new_quiet.into(),
            new_after.into(),
            expected_left.into(),
        ]
    };
    Rows::collect(&TRIP, trips.iter().map(row))
}
