//! Goes on with conversions of user names: of all servers one with each.

use std::collections::BTreeMap;
use std::time::Duration;

use directory::Directories;
use tenancy::Tenants;
use tokio::task::{Id, JoinSet};

/// How often it is looked for one that nobody goes on with.
const LOOK: Duration = Duration::from_secs(1);
/// So many go on here at once.
const MOST: usize = 2;

/// Goes on until it is dropped; then what is under way ends after the change that it makes.
pub(super) async fn keep_converting(tenants: &Tenants, directories: &Directories, holder: &str) {
    let mut under_way = JoinSet::new();
    let mut ours: BTreeMap<Id, i64> = BTreeMap::new();
    loop {
        while let Some(ended) = under_way.try_join_next_with_id() {
            let id = ended.as_ref().map_or_else(tokio::task::JoinError::id, |(id, ())| *id);
            ours.remove(&id);
        }
        let waiting = directories.waiting_conversions().await.unwrap_or_default();
        for number in waiting {
            if ours.len() >= MOST || ours.values().any(|own| *own == number) {
                continue;
            }
            let found = tenants.list().into_iter().find(|tenant| tenant.id().as_i64() == number);
            let Some(administered) = found.and_then(|tenant| tenants.administer(tenant.name()).ok()) else { continue };
            let (directories, holder) = (directories.clone(), holder.to_owned());
            let task = under_way.spawn(async move {
                if let Err(error) = directories.go_on_converting(&administered, &holder).await {
                    tracing::warn!(tenant.id = administered.tenant().name(), %error, "user names are converted later");
                }
            });
            ours.insert(task.id(), number);
        }
        tokio::time::sleep(LOOK).await;
    }
}
