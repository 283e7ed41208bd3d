//! Looking at the users that are new in a batch, where the breaker counts them.

use std::collections::{BTreeMap, BTreeSet};

use database::rows::Rows;
use events::EventType;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

use super::super::Change;
use super::super::load::query;
use super::super::statements::{Statements, TENANT};
use super::super::working::Working;
use super::decide::Turn;
use super::tables::{ARRIVED, Allowance, Cause, Tripped};
use super::watch::{SUBJECT, Standing};
use crate::{BreakerMode, BreakerSettings};

impl Standing {
    pub(super) fn allowance(&self, tenant: i64) -> Allowance {
        Allowance { tenant, new_after: self.new_after, expected_left: self.expected_left }
    }

    fn counts_new(&self, now_ms: i64) -> bool {
        !self.is_held && self.settings.new_mode != BreakerMode::Off && now_ms >= self.new_quiet_until_ms
    }
}

/// The tenants with new users in the batch whose breakers count them: known without asking.
pub(super) fn counting(changes: &[Change], working: &Working) -> BTreeSet<i64> {
    let new = working.turns.iter().filter(|turn| turn.new_at.is_some()).map(|turn| turn.tenant.as_i64());
    let counts = |tenant: &i64| {
        let change = changes.iter().find(|change| change.tenant_number() == *tenant);
        let counters = working.counters.get(tenant);
        counters.zip(change).is_some_and(|(counters, change)| counters.counts_new(change.tenant.profile()))
    };
    new.collect::<BTreeSet<_>>().into_iter().filter(counts).collect()
}

/// Trips the breakers for which too many are new. Of one that trips in this batch for the users that end, nothing is said here: what is
/// new counts with the next that comes, without those that were expected.
pub(super) async fn watch(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    working: &mut Working,
    mut standings: BTreeMap<i64, Standing>,
) -> Result<(), DbErr> {
    let now_ms = working.now_ms;
    standings.retain(|_, standing| standing.counts_new(now_ms));
    let tripped: Vec<i64> = working.trips.iter().map(|trip| trip.tenant).collect();
    for tenant in tripped {
        let Some(mut standing) = standings.remove(&tenant) else { continue };
        standing.allow(now_ms, &new_of(tenant, working));
        let allowance = standing.allowance(tenant);
        working.trips.iter_mut().filter(|trip| trip.tenant == tenant).for_each(|trip| trip.allowance = allowance);
    }
    let before = count(connection, statements, now_ms, &standings).await?;
    for (tenant, mut standing) in standings {
        let turns = new_of(tenant, working);
        let allowed = standing.allow(now_ms, &turns);
        let before = before.get(&tenant).copied().unwrap_or_default();
        match decide(&standing.settings, before, turns.get(allowed..).unwrap_or_default()) {
            Some(decision) => trip(working, &standing, before, &decision),
            None if allowed > 0 => working.allowances.push(standing.allowance(tenant)),
            None => {}
        }
    }
    Ok(())
}

/// The new users of a tenant in the batch.
fn new_of(tenant: i64, working: &Working) -> Vec<Turn> {
    let of_tenant = working.turns.iter().filter(|turn| turn.tenant.as_i64() == tenant && turn.new_at.is_some());
    of_tenant.cloned().collect()
}

impl Standing {
    /// Takes as many of the new users as are expected: they count neither now nor later. How many these are.
    fn allow(&mut self, now_ms: i64, turns: &[Turn]) -> usize {
        if now_ms >= self.expected_until_ms {
            return 0;
        }
        let allowed = turns.len().min(usize::try_from(self.expected_left).unwrap_or_default());
        self.expected_left -= i64::try_from(allowed).unwrap_or_default();
        if let Some(last) = turns.get(..allowed).and_then(<[Turn]>::last).and_then(|turn| turn.new_at) {
            self.new_after = self.new_after.max(last + 1);
        }
        allowed
    }
}

/// What is known before the batch: how many users there are, and how many of them are new.
#[derive(Clone, Copy, Debug, Default)]
struct Before {
    users: i64,
    new: i64,
}

/// That too many are new.
struct Decision {
    turn: Turn,
    new: i64,
    exceeded: &'static str,
}

fn decide(settings: &BreakerSettings, before: Before, turns: &[Turn]) -> Option<Decision> {
    let mut new = before.new;
    for turn in turns {
        new += 1;
        if let Some(exceeded) = settings.is_too_many_new(new, before.users - before.new) {
            return Some(Decision { turn: turn.clone(), new, exceeded });
        }
    }
    None
}

async fn count(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    now_ms: i64,
    standings: &BTreeMap<i64, Standing>,
) -> Result<BTreeMap<i64, Before>, DbErr> {
    let mut counts: BTreeMap<i64, Before> = BTreeMap::new();
    let tenants = Rows::collect(&TENANT, standings.keys().map(|tenant| [(*tenant).into()]));
    for row in query(connection, statements, &statements.breaker.users, tenants).await? {
        counts.insert(row.try_get_by_index(0)?, Before { users: row.try_get_by_index(1)?, new: 0 });
    }
    let since = |(tenant, standing): (&i64, &Standing)| {
        [(*tenant).into(), standing.new_after.into(), standing.since_ms(now_ms).into()]
    };
    let rows = Rows::collect(&ARRIVED, standings.iter().map(since));
    let most = standings.values().map(|standing| i64::from(standing.settings.new_number)).max().unwrap_or_default();
    for row in query(connection, statements, &statements.breaker.arrived(most + 1), rows).await? {
        if let Some(count) = counts.get_mut(&row.try_get_by_index::<i64>(0)?) {
            count.new = row.try_get_by_index(1)?;
        }
    }
    Ok(counts)
}

fn trip(working: &mut Working, standing: &Standing, before: Before, decision: &Decision) {
    let Decision { turn, new, exceeded } = decision;
    let BreakerSettings { new_mode, new_share, new_number, window_seconds, minimum_users, .. } = standing.settings;
    let is_held = new_mode == BreakerMode::Hold;
    let there = before.users - before.new;
    let data = json!({
        "mode": new_mode, "held": is_held, "exceeded": exceeded, "new": new, "before": there, "share": new_share,
        "number": new_number, "windowSeconds": window_seconds, "minimumUsers": minimum_users,
        "client": turn.client, "requestId": turn.request_id,
    });
    let (tenant, alarm) = (turn.tenant, turn.first);
    working.tell_before(tenant, alarm, (EventType::BreakerFlooded, SUBJECT.to_owned(), data.to_string()));
    let endings = working.endings.iter_mut().filter(|ending| ending.tenant == tenant.as_i64());
    endings.for_each(|ending| *ending = ending.after(alarm));
    working.trips.push(Tripped {
        tenant: tenant.as_i64(),
        alarm,
        is_held,
        quiet_until_ms: standing.quiet_until_ms,
        new_quiet_until_ms: if is_held { 0 } else { standing.over_ms(working.now_ms) },
        allowance: standing.allowance(tenant.as_i64()),
        cause: Cause::Arrivals { new: *new, before: there },
    });
}
