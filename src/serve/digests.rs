//! Tells the contacts of tenants what clients did not get done, by mail: soon, and not too often.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use journal::Claimed;
use tenancy::Tenant;

use super::upkeep::Upkeep;

/// How often it is looked whether it is time.
const LOOK: Duration = Duration::from_secs(5);
/// For how long one who was told lately is left alone.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often all tenants are looked at: a server that has written failures may have gone before it told them.
const LOOK_AT_ALL: Duration = Duration::from_secs(60 * 60);

/// Goes on until it is dropped.
pub(super) async fn keep_telling(upkeep: &Upkeep) {
    if upkeep.mail.is_none() {
        return std::future::pending().await;
    }
    let mut due: BTreeMap<i64, Instant> = BTreeMap::new();
    let mut all_at = Instant::now();
    loop {
        let now = Instant::now();
        due.extend(upkeep.journal.untold().into_iter().map(|tenant| (tenant, now)));
        let tells_all = all_at <= now;
        if tells_all {
            all_at = now + LOOK_AT_ALL;
        }
        // Nobody is told of a tenant without contacts.
        let tenants = upkeep.tenants.list();
        let mut told =
            tenants.iter().filter(|tenant| !tenant.settings().failure_contacts.is_empty()).collect::<Vec<_>>();
        told.retain(|tenant| tells_all || due.get(&tenant.id().as_i64()).is_some_and(|due| *due <= now));
        due.retain(|_, due| *due > now);
        for tenant in told {
            if tell(upkeep, tenant).await {
                due.insert(tenant.id().as_i64(), now + PATIENCE);
            }
        }
        // What was written wakes; what waits is looked at again.
        let _ = tokio::time::timeout(LOOK, upkeep.journal.written()).await;
    }
}

/// Whether there is something to tell later.
async fn tell(upkeep: &Upkeep, tenant: &Arc<Tenant>) -> bool {
    match upkeep.journal.claim(tenant).await {
        Ok(Claimed::Nothing) => false,
        Ok(Claimed::Later) => true,
        Ok(Claimed::Ours(digest)) => {
            if let Some(mail) = &upkeep.mail {
                mail.tell_failures(tenant.name(), &digest, &tenant.settings().failure_contacts);
            }
            false
        }
        Err(error) => {
            tracing::debug!(tenant.id = tenant.name(), %error, "failures are told later");
            true
        }
    }
}
