//! Keeps the provisioning logs short.

use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::Journal;
use tenancy::{Tenant, Tenants};

/// How often the logs that have grown are shortened.
const LOOK: Duration = Duration::from_secs(60);
/// How often all are: in those that do not grow, too, something grows old.
const LOOK_AT_ALL: Duration = Duration::from_secs(60 * 60);
/// Between two steps, so that nobody notices them.
const REST: Duration = Duration::from_millis(50);

/// Goes on until it is dropped.
pub(super) async fn keep_pruning(journal: &Journal, tenants: &Tenants) {
    let mut all_since: Option<Instant> = None;
    loop {
        let grown = journal.grown(tenants.list());
        let is_time = all_since.is_none_or(|since| since.elapsed() >= LOOK_AT_ALL);
        let due = if is_time { tenants.list() } else { grown };
        if is_time {
            all_since = Some(Instant::now());
        }
        for tenant in due {
            prune(journal, &tenant).await;
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn prune(journal: &Journal, tenant: &Arc<Tenant>) {
    loop {
        match journal.prune(tenant).await {
            Ok(0) => return,
            Ok(_) => tokio::time::sleep(REST).await,
            Err(error) => {
                tracing::debug!(tenant.id = tenant.name(), %error, "the provisioning log is shortened later");
                return;
            }
        }
    }
}
