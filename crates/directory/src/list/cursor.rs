//! Pages by place, in the order of creation: each costs the same, however deep it is (RFC 9865).

use std::ops::ControlFlow;

use super::lister::Lister;
use super::page::total;
use super::{CursorPosition, List, Listing};
use crate::{DirectoryError, Record};

impl Lister {
    pub(super) async fn after(
        &self,
        tenant: i64,
        list: &List,
        after: Option<&CursorPosition>,
        count: usize,
    ) -> Result<Listing, DirectoryError> {
        let (first, mut position) = after.map_or((0, -1), |after| (after.search, after.position));
        let mut found: Vec<(usize, Record)> = Vec::with_capacity(count.saturating_add(1).min(1024));
        for (search, of) in list.searches.iter().enumerate().skip(first) {
            // One more than the page tells whether there is a next one.
            let visit = |record| {
                found.push((search, record));
                Ok(if found.len() > count { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            };
            self.scan(tenant, of, list).visit(position, visit).await?;
            if found.len() > count {
                break;
            }
            position = -1;
        }
        let more = found.len() > count;
        found.truncate(count);
        let next = found.last().filter(|_| more).map(|(search, record)| CursorPosition {
            search: *search,
            position: record.position,
            key: None,
        });
        let records = found.into_iter().map(|(_, record)| record).collect();
        Ok(Listing { total: self.cheap_total(tenant, list).await?, records, next })
    }

    /// The total, where it is known without looking at the resources.
    async fn cheap_total(&self, tenant: i64, list: &List) -> Result<Option<u64>, DirectoryError> {
        let mut sum = 0;
        for search in &list.searches {
            if search.filter.is_some() {
                return Ok(None);
            }
            sum += total(self.database(), tenant, search.kind).await?;
        }
        Ok(Some(sum))
    }
}
