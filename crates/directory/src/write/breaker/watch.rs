//! Looking at the users that ended in a batch, before it is written.

use std::collections::{BTreeMap, BTreeSet};

use database::rows::Rows;
use events::EventType;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;
use tenancy::TenantId;

use super::super::Change;
use super::super::load::query;
use super::super::statements::{Statements, TENANT};
use super::super::working::Working;
use super::arrivals;
use super::decide::{Count, Decision, Turn, enough};
use super::tables::{COUNTED, Cause, Ending, SEEN, Tripped};
use crate::read::uuid;
use crate::{BreakerMode, BreakerSettings};

/// What events about a breaker name.
pub(super) const SUBJECT: &str = "Breaker";

/// The breaker of a tenant in whose directory somebody ended or is new.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub(super) settings: BreakerSettings,
    counted_after: i64,
    pub(super) quiet_until_ms: i64,
    pub(super) new_quiet_until_ms: i64,
    pub(super) new_after: i64,
    pub(super) expected_left: i64,
    pub(super) expected_until_ms: i64,
    pub(super) is_held: bool,
}

impl Standing {
    /// Whether ends are counted now.
    fn counts(&self, now_ms: i64) -> bool {
        !self.is_held && self.settings.mode != BreakerMode::Off && now_ms >= self.quiet_until_ms
    }

    pub(super) fn since_ms(&self, now_ms: i64) -> i64 {
        now_ms - i64::from(self.settings.window_seconds) * 1000
    }

    /// When a warning has been told, nobody counts until then.
    pub(super) fn over_ms(&self, now_ms: i64) -> i64 {
        now_ms + i64::from(self.settings.window_seconds) * 1000
    }
}

/// Notes who ended, and trips the breakers for which it was too much: their alarm comes before the change that was too much.
pub(in crate::write) async fn watch(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    changes: &[Change],
    working: &mut Working,
) -> Result<(), DbErr> {
    let ending: BTreeSet<i64> =
        working.turns.iter().filter(|turn| turn.is_end()).map(|turn| turn.tenant.as_i64()).collect();
    let receiving = arrivals::counting(changes, working);
    let tenants: BTreeSet<i64> = ending.union(&receiving).copied().collect();
    if tenants.is_empty() {
        return Ok(());
    }
    let all = load(connection, statements, changes, &tenants).await?;
    let of = |some: &BTreeSet<i64>| -> BTreeMap<i64, Standing> {
        all.iter().filter(|(tenant, _)| some.contains(tenant)).map(|(tenant, of)| (*tenant, of.clone())).collect()
    };
    watch_ends(connection, statements, working, of(&ending)).await?;
    arrivals::watch(connection, statements, working, of(&receiving)).await
}

async fn watch_ends(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    working: &mut Working,
    standings: BTreeMap<i64, Standing>,
) -> Result<(), DbErr> {
    let now_ms = working.now_ms;
    let mut counts = count(connection, statements, working, &standings).await?;
    for (tenant, standing) in &standings {
        let turns: Vec<Turn> = working.turns.iter().filter(|turn| turn.tenant.as_i64() == *tenant).cloned().collect();
        let ends = turns.iter().filter(|turn| turn.is_end());
        if standing.is_held {
            working.endings.extend(ends.map(Ending::of));
            continue;
        }
        if !standing.counts(now_ms) {
            continue;
        }
        let decision = counts.remove(tenant).and_then(|count| count.decide(&standing.settings, turns.iter()));
        let Some(decision) = decision else {
            working.endings.extend(ends.map(Ending::of));
            continue;
        };
        let active = exactly(connection, statements, *tenant).await? + decision.active_shift + decision.ended;
        trip(working, standing, &turns, (decision, active));
    }
    Ok(())
}

async fn load(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    changes: &[Change],
    tenants: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, Standing>, DbErr> {
    let of_profile = |change: &Change| {
        let settings = change.tenant.profile().breaker().clone();
        (change.tenant_number(), Standing { settings, ..Standing::default() })
    };
    let mut standings: BTreeMap<i64, Standing> =
        changes.iter().filter(|change| tenants.contains(&change.tenant_number())).map(of_profile).collect();
    let rows = Rows::collect(&TENANT, tenants.iter().map(|tenant| [(*tenant).into()]));
    for row in query(connection, statements, &statements.breaker.breakers, rows).await? {
        let Some(standing) = standings.get_mut(&row.try_get_by_index(0)?) else { continue };
        *standing = Standing {
            settings: settings_of(&standing.settings, &row.try_get_by_index::<String>(1)?)?,
            counted_after: row.try_get_by_index(2)?,
            quiet_until_ms: row.try_get_by_index(3)?,
            is_held: row.try_get_by_index::<Option<i64>>(4)?.is_some(),
            new_after: row.try_get_by_index(5)?,
            new_quiet_until_ms: row.try_get_by_index(6)?,
            expected_left: row.try_get_by_index(7)?,
            expected_until_ms: row.try_get_by_index(8)?,
        };
    }
    Ok(standings)
}

/// The settings of a tenant whose profile has these and who has set those.
fn settings_of(profile: &BreakerSettings, own: &str) -> Result<BreakerSettings, DbErr> {
    let own = serde_json::from_str(own).and_then(|own| profile.with_own(&own));
    own.map_err(|error| DbErr::Json(error.to_string()))
}

/// What is known before the batch, of the tenants for which it matters.
async fn count(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    working: &Working,
    standings: &BTreeMap<i64, Standing>,
) -> Result<BTreeMap<i64, Count>, DbErr> {
    let now_ms = working.now_ms;
    let since = |tenant: i64, standing: &Standing| {
        [tenant.into(), standing.counted_after.into(), standing.since_ms(now_ms).into()]
    };
    let counting = standings.iter().filter(|(_, standing)| standing.counts(now_ms));
    let rows = Rows::collect(&COUNTED, counting.map(|(tenant, standing)| since(*tenant, standing)));
    let mut counts = BTreeMap::new();
    for row in query(connection, statements, &statements.breaker.counted, rows).await? {
        let (tenant, ended): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        counts.insert(tenant, Count { ended, ..Count::default() });
    }
    let ends = working.turns.iter().filter(|turn| turn.is_end());
    let known = ends.filter(|turn| counts.get(&turn.tenant.as_i64()).is_some_and(|count| count.ended > 0));
    let rows = known.filter_map(|turn| {
        let tenant = turn.tenant.as_i64();
        let [tenant, after, from] = since(tenant, standings.get(&tenant)?);
        Some([tenant, after, from, turn.user.into()])
    });
    let rows = Rows::collect(&SEEN, rows.collect::<Vec<_>>());
    for row in query(connection, statements, &statements.breaker.seen, rows).await? {
        if let Some(count) = counts.get_mut(&row.try_get_by_index::<i64>(0)?) {
            count.seen.insert(uuid(&row, 1)?);
        }
    }
    count_active(connection, statements, working, (standings, &mut counts)).await?;
    Ok(counts)
}

/// Counts active users where their share may matter, and no further than it does.
async fn count_active(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    working: &Working,
    (standings, counts): (&BTreeMap<i64, Standing>, &mut BTreeMap<i64, Count>),
) -> Result<(), DbErr> {
    let turns = i64::try_from(working.turns.len()).unwrap_or(i64::MAX);
    let mut limit = 0;
    let mut tenants = Vec::new();
    for (tenant, count) in counts.iter_mut() {
        let settings = standings.get(tenant).map(|standing| &standing.settings);
        match settings.and_then(|settings| enough(settings, count.ended + turns)) {
            Some(enough) => {
                limit = limit.max(enough + turns);
                tenants.push([(*tenant).into()]);
            }
            // So many that no share of them ended.
            None => count.active = i64::MAX / 1000,
        }
    }
    let rows = Rows::collect(&TENANT, tenants);
    for row in query(connection, statements, &statements.breaker.active(limit), rows).await? {
        if let Some(count) = counts.get_mut(&row.try_get_by_index::<i64>(0)?) {
            count.active = row.try_get_by_index(1)?;
        }
    }
    Ok(())
}

/// How many users are active before the batch: for the alarm, so once a trip.
async fn exactly(connection: &impl ConnectionTrait, statements: &Statements, tenant: i64) -> Result<i64, DbErr> {
    let rows = Rows::collect(&TENANT, [[tenant.into()]]);
    let found = query(connection, statements, &statements.breaker.all_active(), rows).await?;
    found.first().map_or(Ok(0), |row| row.try_get_by_index(1))
}

fn trip(working: &mut Working, standing: &Standing, turns: &[Turn], (decision, active): (Decision, i64)) {
    let Decision { turn: place, ended, exceeded, .. } = decision;
    let Some(turn) = turns.get(place) else { return };
    let BreakerSettings { mode, share, number, window_seconds, minimum_users, .. } = standing.settings;
    let is_held = mode == BreakerMode::Hold;
    let data = json!({
        "mode": mode, "held": is_held, "exceeded": exceeded, "ended": ended, "active": active, "share": share,
        "number": number, "windowSeconds": window_seconds, "minimumUsers": minimum_users,
        "client": turn.client, "requestId": turn.request_id,
    });
    let alarm = turn.first;
    let tenant: TenantId = turn.tenant;
    working.tell_before(tenant, alarm, (EventType::BreakerTripped, SUBJECT.to_owned(), data.to_string()));
    // After a warning nobody counts until the window is over; what is held is noted, so that it can be discarded.
    let noted = if is_held { turns } else { turns.get(..=place).unwrap_or_default() };
    let moved = noted.iter().filter(|turn| turn.is_end()).map(|turn| Ending::of(turn).after(alarm));
    working.endings.extend(moved);
    working.trips.push(Tripped {
        tenant: tenant.as_i64(),
        alarm,
        is_held,
        quiet_until_ms: if is_held { 0 } else { standing.over_ms(working.now_ms) },
        new_quiet_until_ms: standing.new_quiet_until_ms,
        allowance: standing.allowance(tenant.as_i64()),
        cause: Cause::Ends { ended, active },
    });
}

impl Ending {
    fn of(turn: &Turn) -> Self {
        Self { tenant: turn.tenant.as_i64(), sequence: turn.sequence, first: turn.first, user: turn.user }
    }

    /// With the numbers that its events have after an alarm was put before the event with this number.
    pub(super) fn after(self, alarm: i64) -> Self {
        let shift = |number: i64| number + i64::from(number >= alarm);
        Self { sequence: shift(self.sequence), first: shift(self.first), ..self }
    }
}

/// Tells the log of the server which breakers have tripped, once that is durable.
pub(in crate::write) fn tell_trips(changes: &[Change], working: &Working) {
    for trip in &working.trips {
        let tenant = changes.iter().find(|change| change.tenant_number() == trip.tenant);
        let tenant = tenant.map(|change| change.tenant.name()).unwrap_or_default();
        match trip.cause {
            Cause::Ends { ended, active } => tracing::warn!(
                tenant.id = tenant,
                sequence = trip.alarm,
                ended,
                active,
                held = trip.is_held,
                "the breaker of a tenant has tripped: its client deactivates or deletes many users"
            ),
            Cause::Arrivals { new, before } => tracing::warn!(
                tenant.id = tenant,
                sequence = trip.alarm,
                new,
                before,
                held = trip.is_held,
                "the breaker of a tenant has tripped: its client makes many new users"
            ),
        }
    }
}
