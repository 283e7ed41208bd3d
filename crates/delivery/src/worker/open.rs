//! Connecting to a store, and finding out where to go on.

use std::time::Duration;

use super::hold::Course;
use super::{Flow, Worker};
use crate::store::{Failure, Opening, Store, find};
use crate::{DeliveryError, table};

/// How long a store may take to be opened.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store that is open, and the position that it keeps itself.
type Standing = (Box<dyn Store>, Option<i64>);

impl Worker {
    /// Connects, and finds out where to go on. `None` if nothing is to be brought: what failed is noted.
    pub(super) async fn open(&mut self, course: &mut Course) -> Result<Option<Box<dyn Store>>, DeliveryError> {
        let opening = self.opening()?;
        let opened = tokio::time::timeout(PATIENCE, opening);
        let (store, own) = match self.keeping(course, opened).await? {
            None => return Ok(None),
            Some(Ok(Ok(opened))) => opened,
            Some(Ok(Err(failure))) => return self.fail(course, None, failure).await.map(|()| None),
            Some(Err(_)) => {
                let failure = Failure::unavailable("the store did not answer in time");
                return self.fail(course, None, failure).await.map(|()| None);
            }
        };
        course.own = own;
        let Some(own) = own.filter(|own| *own != course.position) else { return Ok(Some(store)) };
        // It has what it was brought: what is between that and the position was left out, parked or discarded.
        let has_all = (self.record.brought..=course.position).contains(&own);
        if self.record.snapshot.is_some() || has_all {
            return Ok(Some(store));
        }
        Ok((self.go_on_at(own, course).await? == Flow::On).then_some(store))
    }

    /// The store itself knows what it has.
    async fn go_on_at(&mut self, own: i64, course: &mut Course) -> Result<Flow, DeliveryError> {
        // It may have got newer events since the record was read, from a worker that did not know that its lease was over.
        if own > self.record.newest {
            self.record.newest = table::newest(&self.environment.database, self.record.tenant).await?;
        }
        if own > self.record.newest {
            let newest = self.record.newest;
            let why =
                format!("the store has event {own}, and the log ends with {newest}: it was restored from a backup");
            return self.start_over(why, newest, course).await;
        }
        (course.position, course.brought_to) = (own, own);
        course.parked = table::parked(&self.environment.database, self.lease.at, own).await?;
        Ok(Flow::On)
    }

    /// Opens it and asks it where it stands.
    fn opening(&self) -> Result<impl Future<Output = Result<Standing, Failure>> + use<>, DeliveryError> {
        let kind = find(&self.record.kind)
            .ok_or_else(|| DeliveryError::Invalid(format!("\"{}\" is no kind of store", self.record.kind)))?;
        let settings = self.environment.settings_of(&self.record)?;
        let place = self.environment.place(self.tenant.name(), &self.record);
        Ok(async move {
            let mut store = (kind.open)(Opening { settings, place }).await?;
            let position = store.position().await?;
            Ok((store, position))
        })
    }
}
