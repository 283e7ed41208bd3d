//! What a store compares itself with, and where it tells what it finds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use directory::{Directory, Membership, Record};
use events::normal::{InvitationState, Moments};
use profile::Mapped;
use scim::{Resource, ResourceKind};
use uuid::Uuid;

use super::ours;
use super::report::{Difference, DriftReport, Sort, Unrepaired, What};
use super::scope::Scope;
use super::under_way::UnderWay;
use crate::Failure;

/// The directory of the tenant, and what was found.
#[derive(Debug)]
pub struct Comparison {
    pub(super) directory: Directory,
    pub(super) scope: Scope,
    pub(super) under_way: UnderWay,
    pub(super) aim: Aim,
    /// What is to be brought into line.
    pub(super) found: Vec<Difference>,
    /// How many differences this look has told.
    pub(super) told: u64,
    /// How many of them were brought into line.
    pub(super) repaired: u64,
    pub(super) report: Arc<Mutex<DriftReport>>,
}

/// What a look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// Telling what differs.
    Tell { repairs: bool },
    /// Bringing into line what was not before, and counting it.
    Again,
}

/// A user or group as the directory has it.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    pub(crate) id: Uuid,
    pub(crate) kind: ResourceKind,
    pub(crate) version: i64,
    pub(crate) moments: Moments,
    pub(crate) resource: Resource,
    /// What stores are told of a user in place of what was provisioned.
    pub(crate) mapped: Option<Mapped>,
    /// Where a user stands that was invited.
    pub(crate) invitation: Option<InvitationState>,
}

/// Which memberships are read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Members {
    /// Those of this group, after this member.
    Of(Uuid, Uuid),
    /// All, after this member of this group.
    After(Uuid, Uuid),
}

/// How many are read at once.
pub(crate) const PAGE: u32 = 500;
/// How many are kept to be brought into line; more are found by the next look.
const MOST: usize = 10_000;
/// How many are listed, and of how many it is told that they could not be brought into line.
const LISTED: usize = 1000;
const FAILED: usize = 100;

impl Comparison {
    /// What the store is to have.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// A page of those whose ids come after this one, in the order of ids.
    pub(crate) async fn page(&mut self, kind: ResourceKind, after: Uuid) -> Result<Vec<Here>, Failure> {
        let records = self.directory.after(kind, after, PAGE).await.map_err(|error| ours(&error))?;
        self.all_here(&records).await
    }

    /// These, by id; who is not in the directory is left out.
    pub(crate) async fn some(&mut self, kind: ResourceKind, ids: &[Uuid]) -> Result<HashMap<Uuid, Here>, Failure> {
        let records = self.directory.some(kind, ids).await.map_err(|error| ours(&error))?;
        Ok(self.all_here(&records).await?.into_iter().map(|here| (here.id, here)).collect())
    }

    /// A page of memberships, in the order of groups and members.
    pub(crate) async fn members(&mut self, which: Members) -> Result<Vec<Membership>, Failure> {
        let found = match which {
            Members::Of(group, after) => self.directory.members(group, after, PAGE).await,
            Members::After(group, after) => self.directory.memberships(group, after, PAGE).await,
        };
        let found = found.map_err(|error| ours(&error))?;
        self.under_way.catch_up().await?;
        Ok(found)
    }

    /// So many more users and groups were looked at.
    pub(crate) fn pass(&self, count: usize) {
        if matches!(self.aim, Aim::Tell { .. }) {
            self.report().compared += u64::try_from(count).unwrap_or_default();
        }
    }

    /// Tells one that differs, unless it is nothing that the store should have otherwise, or the event that explains it is on its
    /// way. What the directory has was read before by one of the functions here.
    pub(crate) fn tell(&mut self, difference: Difference) {
        let Some(difference) = self.within_scope(difference) else { return };
        let is_told_first = matches!(self.aim, Aim::Tell { .. });
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        if self.under_way.tells_of(&difference.subject) {
            report.under_way += u64::from(is_told_first);
            return;
        }
        self.told += 1;
        if is_told_first {
            report.count(&difference);
            if report.differences.len() < LISTED {
                report.differences.push(difference.clone());
            }
        }
        if self.repairs() && self.found.len() < MOST {
            self.found.push(difference);
        }
    }

    fn within_scope(&self, mut difference: Difference) -> Option<Difference> {
        let kind = match difference.subject.kind {
            Sort::User => ResourceKind::User,
            Sort::Group => ResourceKind::Group,
            Sort::Membership => return self.scope.counts_member(difference.what).then_some(difference),
        };
        difference.attributes.retain(|path| self.scope.is_told(kind, path));
        let is_nothing = difference.what == What::Different && difference.attributes.is_empty();
        (!is_nothing && self.scope.counts(kind, difference.what)).then_some(difference)
    }

    /// Whether what differs is brought into line.
    fn repairs(&self) -> bool {
        matches!(self.aim, Aim::Tell { repairs: true } | Aim::Again)
    }

    /// Whether so many are to be brought into line that it is time.
    pub(crate) fn has_found(&self, count: usize) -> bool {
        self.found.len() >= count
    }

    /// What is to be brought into line, in the order in which that is done: what only the store has goes first, because it may
    /// have the names that others are to get. Nothing if nothing is to be changed.
    pub(crate) fn take_found(&mut self) -> Vec<Difference> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(|difference| difference.what != What::Extra);
        found
    }

    /// Of these, those that are still so: about which nothing has come meanwhile. To be asked after the directory was read for
    /// what is brought.
    pub(crate) fn without_those_under_way(&self, found: Vec<Difference>) -> Vec<Difference> {
        found.into_iter().filter(|difference| !self.under_way.tells_of(&difference.subject)).collect()
    }

    /// So many were brought into line.
    pub(crate) fn repaired(&mut self, count: usize) {
        let count = u64::try_from(count).unwrap_or_default();
        self.repaired += count;
        *self.report().repaired.get_or_insert_default() += count;
    }

    /// The store refuses to have one brought into line.
    ///
    /// # Errors
    /// If that is not what it said, but that it does not answer at all.
    pub(crate) fn refused(&mut self, difference: &Difference, failure: Failure) -> Result<(), Failure> {
        let Failure::Refused { why } = failure else { return Err(failure) };
        let mut report = self.report();
        let is_known = report.failed.iter().any(|failed| failed.subject == difference.subject);
        if report.failed.len() < FAILED && !is_known {
            report.failed.push(Unrepaired { subject: difference.subject.clone(), error: why });
        }
        Ok(())
    }

    /// These as stores are told of them. What has come meanwhile is under way.
    async fn all_here(&mut self, records: &[Record]) -> Result<Vec<Here>, Failure> {
        let users = records.iter().filter(|record| record.kind == ResourceKind::User);
        let users: Vec<Uuid> = users.filter_map(|user| Uuid::parse_str(&user.id).ok()).collect();
        let invited = self.directory.invitation_states(&users).await.map_err(|error| ours(&error))?;
        self.under_way.catch_up().await?;
        let here = |record| self.here(record).map(|here| Here { invitation: invited.get(&here.id).copied(), ..here });
        records.iter().map(here).collect()
    }

    fn here(&self, record: &Record) -> Result<Here, Failure> {
        let unreadable = || Failure::unavailable("a resource of the directory cannot be read");
        let resource = Resource::from_document(&record.document).map_err(|_| unreadable())?;
        let profile = self.directory.tenant().profile();
        Ok(Here {
            id: Uuid::parse_str(&record.id).map_err(|_| unreadable())?,
            kind: record.kind,
            version: record.version,
            moments: Moments::of_ms(Some(record.created_ms), Some(record.modified_ms)),
            mapped: (record.kind == ResourceKind::User).then(|| profile.map(&resource, &record.groups)).flatten(),
            resource,
            invitation: None,
        })
    }

    pub(super) fn report(&self) -> MutexGuard<'_, DriftReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
