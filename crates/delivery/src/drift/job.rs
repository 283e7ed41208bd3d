//! A comparison under way.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use directory::Directory;
use scim::ResourceKind;
use tenancy::Tenant;
use tokio::sync::Notify;

use super::comparison::{Aim, Comparison};
use super::report::DriftReport;
use super::scope::Scope;
use super::turn::Turn;
use super::under_way::UnderWay;
use crate::running::Running;
use crate::store::{Opening, Store, find};
use crate::stores::Environment;
use crate::table::{self, At};
use crate::{DeliveryError, StoreRecord};

/// The comparisons of this process, the last one of each store.
#[derive(Debug, Default)]
pub(crate) struct Jobs(Mutex<HashMap<At, (Instant, Shared)>>);

type Shared = Arc<Mutex<DriftReport>>;

/// A comparison that is to be made.
pub(crate) struct Job {
    pub(crate) environment: Arc<Environment>,
    pub(crate) running: Arc<Running>,
    /// Wakes whoever looks for stores that are to be fed.
    pub(crate) nudge: Arc<Notify>,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) directory: Directory,
    pub(crate) record: StoreRecord,
    /// Whether what differs is brought into line.
    pub(crate) repair: bool,
}

/// For how long it is known what a comparison found that was begun then, at least.
const KEPT: Duration = Duration::from_secs(3600);

fn read(report: &Shared) -> MutexGuard<'_, DriftReport> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Jobs {
    fn all(&self) -> MutexGuard<'_, HashMap<At, (Instant, Shared)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the last comparison of a store is. What it found is told at its end.
    pub(crate) fn report(&self, at: At) -> Option<DriftReport> {
        let jobs = self.all();
        let report = read(&jobs.get(&at)?.1);
        let mut told = DriftReport { differences: Vec::new(), ..DriftReport::default() };
        if report.done {
            told.clone_from(&report);
        } else {
            (told.position, told.total, told.compared) = (report.position, report.total, report.compared);
            (told.users, told.groups, told.memberships) = (report.users, report.groups, report.memberships);
            (told.under_way, told.repaired) = (report.under_way, report.repaired);
        }
        Some(told)
    }

    /// Begins one, unless one is under way.
    pub(crate) fn begin(&self, job: Job) -> Result<(), DeliveryError> {
        let at = job.record.at();
        let mut jobs = self.all();
        if jobs.get(&at).is_some_and(|(_, report)| !read(report).done) {
            return Err(DeliveryError::Conflict("the store is being compared already".to_owned()));
        }
        let report = Arc::new(Mutex::new(DriftReport { repaired: job.repair.then_some(0), ..DriftReport::default() }));
        jobs.retain(|_, (begun, report)| !read(report).done || begun.elapsed() < KEPT);
        jobs.insert(at, (Instant::now(), Arc::clone(&report)));
        let doing = Arc::clone(&report);
        let task = tokio::spawn(async move { Box::pin(job.run(&doing)).await });
        tokio::spawn(async move {
            let ended = task.await;
            let mut report = read(&report);
            report.unavailable = matches!(&ended, Ok(Err(DeliveryError::Store(_) | DeliveryError::Database(_))));
            report.error = match ended {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("the comparison broke off by a fault of Tenantry; see the log".to_owned()),
            };
            report.done = true;
        });
        Ok(())
    }
}

impl Job {
    async fn run(mut self, report: &Shared) -> Result<(), DeliveryError> {
        let at = self.record.at();
        let mut turn = Turn::take(&self.environment, &self.running, (at, self.tenant.name())).await?;
        // Since it was asked for, the store may have got more.
        let found = table::find(&self.environment.database, at).await?;
        self.record = found.ok_or_else(|| DeliveryError::NoStore { name: self.record.name.clone() })?;
        let compared = turn.hold(Box::pin(self.compare(report))).await;
        turn.end().await?;
        self.nudge.notify_one();
        compared
    }

    async fn compare(&self, report: &Shared) -> Result<(), DeliveryError> {
        check(&self.record, self.repair)?;
        let mut store = self.open().await?;
        let position = self.position(store.as_mut()).await?;
        let parked = table::parked(&self.environment.database, self.record.at(), position).await?;
        let scope = Scope::of(&self.record.options);
        read(report).position = position;
        read(report).total = self.total(&scope).await?;
        let under_way = UnderWay {
            events: self.environment.events.clone(),
            tenant: Arc::clone(&self.tenant),
            options: self.record.options.clone(),
            parked,
            until: position,
            subjects: HashSet::new(),
        };
        let mut comparison = Comparison {
            directory: self.directory.clone(),
            scope,
            under_way,
            aim: Aim::Tell { repairs: self.repair },
            found: Vec::new(),
            told: 0,
            repaired: 0,
            report: Arc::clone(report),
        };
        look(store.as_mut(), &mut comparison).await?;
        if self.repair {
            repair(store.as_mut(), &mut comparison).await?;
        }
        Ok(())
    }

    async fn open(&self) -> Result<Box<dyn Store>, DeliveryError> {
        let none = || DeliveryError::Invalid(format!("\"{}\" is no kind of store", self.record.kind));
        let kind = find(&self.record.kind).ok_or_else(none)?;
        let settings = self.environment.settings_of(&self.record)?;
        let place = self.environment.place(self.tenant.name(), &self.record);
        Ok((kind.open)(Opening { settings, place }).await?)
    }

    /// The number of the last event that the store has.
    async fn position(&self, store: &mut dyn Store) -> Result<i64, DeliveryError> {
        let own = store.position().await?;
        let position = match own {
            // It has what it was brought: what is between that and the position was left out, parked or discarded.
            Some(own) if (self.record.brought..=self.record.position).contains(&own) => self.record.position,
            Some(own) => own,
            None => self.record.position,
        };
        let newest = table::newest(&self.environment.database, self.record.tenant).await?;
        let oldest = self.environment.events.oldest(&self.tenant).await?.unwrap_or(newest + 1);
        let name = &self.record.name;
        if position > newest {
            return Err(DeliveryError::Conflict(format!(
                "the store \"{name}\" has event {position}, and the log ends with {newest}: it gets a snapshot when it is fed next"
            )));
        }
        if position + 1 < oldest && position < newest {
            return Err(DeliveryError::Conflict(format!(
                "events that the store \"{name}\" has not got are no longer in the log: it gets a snapshot when it is fed next"
            )));
        }
        Ok(position)
    }

    async fn total(&self, scope: &Scope) -> Result<u64, DeliveryError> {
        let mut total = 0;
        for kind in [ResourceKind::User, ResourceKind::Group] {
            if scope.has(kind) {
                total += u64::try_from(self.directory.count(kind).await?).unwrap_or_default();
            }
        }
        Ok(total)
    }
}

/// Refuses to compare what is about to be made anew, and to bring into line while events are held.
pub(crate) fn check(record: &StoreRecord, repairs: bool) -> Result<(), DeliveryError> {
    let name = &record.name;
    if repairs && record.held > 0 {
        return Err(DeliveryError::Conflict(format!(
            "the breaker of the tenant holds events of the store \"{name}\"; bring it into line after: tenantry breaker release or \
             discard"
        )));
    }
    if record.snapshot.is_some() {
        return Err(DeliveryError::Conflict(format!(
            "the store \"{name}\" gets a snapshot first, and then has what the directory has; see: tenantry store show"
        )));
    }
    if record.replay.is_some() {
        return Err(DeliveryError::Conflict(format!(
            "the store \"{name}\" gets events again that it had; compare it afterwards; see: tenantry store show"
        )));
    }
    Ok(())
}

async fn look(store: &mut dyn Store, comparison: &mut Comparison) -> Result<(), DeliveryError> {
    let Some(comparable) = store.comparable() else { return Err(incomparable()) };
    (comparison.told, comparison.repaired) = (0, 0);
    Ok(comparable.compare(comparison).await?)
}

/// Looks again until nothing is left that can be brought into line: more than are kept at once, and what others were in the way of.
async fn repair(store: &mut dyn Store, comparison: &mut Comparison) -> Result<(), DeliveryError> {
    comparison.aim = Aim::Again;
    let mut before = u64::MAX;
    // What the store takes and then has otherwise all the same is left.
    while comparison.repaired > 0 && comparison.told < before {
        before = comparison.told;
        look(store, comparison).await?;
    }
    let mut report = comparison.report();
    report.remaining = Some(comparison.told);
    report.repaired = Some(report.differing().saturating_sub(comparison.told));
    Ok(())
}

pub(crate) fn incomparable() -> DeliveryError {
    DeliveryError::Invalid(
        "a store of this kind cannot be compared with the directory: it keeps events, and not what is; stores of the \
         kinds sql and scim can"
            .to_owned(),
    )
}
