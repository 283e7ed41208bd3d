//! Chooses how a list is answered.

use std::ops::ControlFlow;

use database::Database;

use super::page::{slice, total};
use super::scan::{Scan, Wanted};
use super::{List, Listing, PageRequest, Search};
use crate::read::{Loader, MemberReader};
use crate::{DirectoryError, Record};

/// Answers lists.
#[derive(Clone, Debug)]
pub(crate) struct Lister {
    database: Database,
    loader: Loader,
    members: MemberReader,
    wanted: Wanted,
}

impl Lister {
    pub(crate) fn new(database: &Database, loader: Loader, members: MemberReader) -> Self {
        Self { database: database.clone(), loader, members, wanted: Wanted::default() }
    }

    /// The same for somebody who may go.
    pub(super) fn wanted_by(&self, wanted: &Wanted) -> Self {
        Self { wanted: wanted.clone(), ..self.clone() }
    }

    pub(crate) async fn list(&self, tenant: i64, list: &List) -> Result<Listing, DirectoryError> {
        if list.searches.iter().any(|search| search.sort.is_some()) {
            return self.sorted(tenant, list).await;
        }
        match &list.page {
            PageRequest::Index { start, count } => {
                self.numbered(tenant, list, start.saturating_sub(1), *count as usize).await
            }
            PageRequest::Cursor { after, count } => self.after(tenant, list, after.as_ref(), *count as usize).await,
        }
    }

    /// The searches one after the other: each takes its part of what is skipped and of what is wanted.
    async fn numbered(&self, tenant: i64, list: &List, skip: u64, take: usize) -> Result<Listing, DirectoryError> {
        let (mut sum, mut records) = (0, Vec::new());
        for search in &list.searches {
            let wanted = (skip.saturating_sub(sum), take.saturating_sub(records.len()));
            sum += match search.filter {
                None => self.everything(tenant, search, list, wanted, &mut records).await?,
                Some(_) => self.matching(tenant, search, list, wanted, &mut records).await?,
            };
        }
        Ok(Listing { total: Some(sum), records, next: None })
    }

    async fn everything(
        &self,
        tenant: i64,
        search: &Search,
        list: &List,
        (skip, take): (u64, usize),
        records: &mut Vec<Record>,
    ) -> Result<u64, DirectoryError> {
        let total = total(&self.database, tenant, search.kind).await?;
        if take > 0 && skip < total {
            records.extend(slice(&self.database, tenant, search.kind, (skip, take), list).await?);
        }
        Ok(total)
    }

    /// Every candidate is looked at: the total is part of the answer.
    async fn matching(
        &self,
        tenant: i64,
        search: &Search,
        list: &List,
        (skip, take): (u64, usize),
        records: &mut Vec<Record>,
    ) -> Result<u64, DirectoryError> {
        let (mut matched, mut taken) = (0, 0);
        let visit = |record| {
            if matched >= skip && taken < take {
                records.push(record);
                taken += 1;
            }
            matched += 1;
            Ok(ControlFlow::Continue(()))
        };
        self.scan(tenant, search, list).visit(-1, visit).await?;
        Ok(matched)
    }

    pub(super) fn scan<'a>(&'a self, tenant: i64, search: &'a Search, list: &'a List) -> Scan<'a> {
        let Self { database, loader, members, wanted } = self;
        Scan { database, loader, members, wanted, tenant, search, list }
    }

    pub(super) fn loader(&self) -> &Loader {
        &self.loader
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }
}
