//! Pages in an order that the client chose.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use scim::{ResourceKind, SortKey};

use super::lister::Lister;
use super::{CursorPosition, List, Listing, PageRequest};
use crate::DirectoryError;
use crate::key;
use crate::read::{Key, Lookup};

/// One match and its place in the order; the matches themselves are read only for the page.
#[derive(Debug)]
struct Place {
    key: SortKey,
    search: usize,
    position: i64,
    kind: ResourceKind,
    id: String,
}

impl Place {
    /// Equal keys stay in the order of creation, also when the order is reversed.
    fn compare(&self, key: &SortKey, search: usize, position: i64, descending: bool) -> Ordering {
        let by_key = if descending { key.cmp(&self.key) } else { self.key.cmp(key) };
        by_key.then(self.search.cmp(&search)).then(self.position.cmp(&position))
    }
}

impl Lister {
    /// Finds all matches, keeps their places only, and reads the page.
    pub(super) async fn sorted(&self, tenant: i64, list: &List) -> Result<Listing, DirectoryError> {
        let mut places = self.places(tenant, list).await?;
        places.sort_unstable_by(|a, b| a.compare(&b.key, b.search, b.position, list.descending));
        let (start, count, by_cursor) = match &list.page {
            PageRequest::Index { start, count } => {
                (usize::try_from(start.saturating_sub(1)).unwrap_or(usize::MAX), *count, false)
            }
            PageRequest::Cursor { after, count } => (start_after(&places, after.as_ref(), list), *count, true),
        };
        let page: Vec<&Place> = places.iter().skip(start).take(count as usize).collect();
        let lookups = page.iter().filter_map(|place| lookup(tenant, place, list)).collect();
        let more = by_cursor && start.saturating_add(page.len()) < places.len();
        let next = page.last().filter(|_| more).map(|place| CursorPosition {
            search: place.search,
            position: place.position,
            key: Some(place.key.clone()),
        });
        Ok(Listing { total: Some(places.len() as u64), records: self.loader().load_all(lookups).await?, next })
    }

    async fn places(&self, tenant: i64, list: &List) -> Result<Vec<Place>, DirectoryError> {
        let mut places = Vec::new();
        for (search, of) in list.searches.iter().enumerate() {
            let visit = |record: crate::Record| {
                let tree = scim::to_tree(&record.stored(), &list.base)?;
                let key = of.sort.as_ref().map_or(SortKey::Missing, |sort| sort.key(&tree));
                places.push(Place { key, search, position: record.position, kind: of.kind, id: record.id });
                Ok(ControlFlow::Continue(()))
            };
            self.scan(tenant, of, list).visit(-1, visit).await?;
        }
        Ok(places)
    }
}

fn start_after(places: &[Place], after: Option<&CursorPosition>, list: &List) -> usize {
    let Some(after) = after else { return 0 };
    let key = after.key.as_ref().unwrap_or(&SortKey::Missing);
    places
        .partition_point(|place| place.compare(key, after.search, after.position, list.descending) != Ordering::Greater)
}

fn lookup(tenant: i64, place: &Place, list: &List) -> Option<Lookup> {
    let groups = list.include.groups && place.kind == ResourceKind::User;
    Some(Lookup { tenant, kind: place.kind, key: Key::Id(key::id(&place.id)?), groups })
}
