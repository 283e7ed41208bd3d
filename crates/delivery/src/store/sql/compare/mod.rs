//! What the tables have beside what the directory has: both are read in the order of ids, a page of each at a time.

mod mend;
mod page;
mod paths;

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use directory::Membership;
use scim::ResourceKind;
use uuid::Uuid;

use self::page::{Member, There};
use super::SqlStore;
use crate::Failure;
use crate::drift::{Comparable, Comparison, Difference, Here, Members, PAGE, What};

/// So many are brought into line with one transaction, at least.
const MENDED: usize = 500;

#[async_trait]
impl Comparable for SqlStore {
    async fn compare(&mut self, with: &mut Comparison) -> Result<(), Failure> {
        self.prepared().await?;
        for kind in [ResourceKind::User, ResourceKind::Group] {
            if with.scope().has(kind) {
                self.compare_all(kind, with).await?;
            }
        }
        if with.scope().has_members() {
            self.compare_members(with).await?;
        }
        Ok(())
    }
}

/// What is read ahead of one side.
struct Ahead<T> {
    items: VecDeque<T>,
    is_over: bool,
}

impl<T> Ahead<T> {
    fn new() -> Self {
        Self { items: VecDeque::new(), is_over: false }
    }

    fn is_wanted(&self) -> bool {
        self.items.is_empty() && !self.is_over
    }

    fn fill(&mut self, page: Vec<T>) {
        self.is_over = page.is_empty();
        self.items = page.into();
    }
}

/// On which side the next one is, or on both; none if both are over.
fn next<K: Ord>(here: Option<K>, there: Option<K>) -> Option<Ordering> {
    match (here, there) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some(here), Some(there)) => Some(here.cmp(&there)),
    }
}

impl SqlStore {
    async fn compare_all(&mut self, kind: ResourceKind, with: &mut Comparison) -> Result<(), Failure> {
        let (mut here, mut there) = (Ahead::<Here>::new(), Ahead::<There>::new());
        let (mut last_here, mut last_there) = (Uuid::nil(), None);
        loop {
            if here.is_wanted() {
                here.fill(with.page(kind, last_here).await?);
                last_here = here.items.back().map_or(last_here, |last| last.id);
            }
            if there.is_wanted() {
                there.fill(self.in_time(self.page(kind, last_there.as_deref())).await?);
                last_there = there.items.back().map(|last| last.id.clone()).or(last_there);
            }
            let keys =
                (here.items.front().map(|own| own.id.to_string()), there.items.front().map(|one| one.id.clone()));
            let Some(side) = next(keys.0, keys.1) else { break };
            let own = if side == Ordering::Greater { None } else { here.items.pop_front() };
            let other = if side == Ordering::Less { None } else { there.items.pop_front() };
            with.pass(1);
            match (own, other) {
                (Some(own), Some(other)) => {
                    let paths = self.differing(&own, &other)?;
                    with.tell(Difference::of(kind, &own.id, What::Different).with(paths));
                }
                (Some(own), None) => with.tell(Difference::of(kind, &own.id, What::Missing)),
                (None, Some(other)) => with.tell(Difference::of(kind, &other.id, What::Extra)),
                (None, None) => break,
            }
            if with.has_found(MENDED) {
                self.mend(with).await?;
            }
        }
        self.mend(with).await
    }

    async fn compare_members(&mut self, with: &mut Comparison) -> Result<(), Failure> {
        let (mut here, mut there) = (Ahead::<Membership>::new(), Ahead::<Member>::new());
        let (mut last_here, mut last_there) = ((Uuid::nil(), Uuid::nil()), None);
        loop {
            if here.is_wanted() {
                here.fill(with.members(Members::After(last_here.0, last_here.1)).await?);
                last_here = here.items.back().map_or(last_here, |last| (last.group, last.member));
            }
            if there.is_wanted() {
                there.fill(self.in_time(self.members(last_there.as_ref())).await?);
                last_there = there.items.back().cloned().or(last_there);
            }
            let first_here = here.items.front().map(|own| (own.group.to_string(), own.member.to_string()));
            let first_there = there.items.front().map(|one| (one.group.clone(), one.member.clone()));
            let Some(side) = next(first_here, first_there) else { break };
            let own = if side == Ordering::Greater { None } else { here.items.pop_front() };
            let other = if side == Ordering::Less { None } else { there.items.pop_front() };
            match (own, other) {
                (Some(own), Some(other)) if other.is(own.kind) => {}
                (Some(own), Some(_)) => {
                    let paths = vec!["members.type".to_owned()];
                    with.tell(Difference::of_member(&own.group, &own.member, What::Different).with(paths));
                }
                (Some(own), None) => with.tell(Difference::of_member(&own.group, &own.member, What::Missing)),
                (None, Some(other)) => with.tell(Difference::of_member(&other.group, &other.member, What::Extra)),
                (None, None) => break,
            }
            if with.has_found(MENDED) {
                self.mend(with).await?;
            }
        }
        self.mend(with).await
    }

    /// Waits no longer for the database than a batch may take.
    async fn in_time<T>(&self, doing: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let timeout: Duration = self.settings.timeout();
        tokio::time::timeout(timeout, doing).await.unwrap_or_else(|_| Err(self.late()))
    }
}

/// How many rows are read at once.
const ROWS: u32 = PAGE;
