//! How much may be asked: by one network address, before its token is looked at; and stage three, by one tenant, or by one
//! address without a valid token.

mod addresses;
mod pace;
mod permit;
mod quota;
mod senders;
mod share;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use directory::Work;
use foldhash::HashMap;
use governor::clock::{Clock, QuantaClock};
use limits::{Bucket, Buckets};
use replicas::Living;
use tenancy::{SetAddressLimits, Tenant};

pub(crate) use addresses::{Addresses, subscriber};
pub(crate) use pace::BULK_TIME;
pub(crate) use permit::Permit;
pub(crate) use quota::Quota;

use crate::settings::Limits;
use permit::Total;
use share::{Allowance, Share};

/// A request that comes too soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limited {
    /// What there was too much of; a label of the metrics.
    pub(crate) scope: &'static str,
    /// Whole seconds after which the same request is let in, if nothing else is asked meanwhile.
    pub(crate) retry_after: u64,
}

impl Limited {
    /// 503 if it is the server that has too much to do, and not the sender that asks too much (RFC 9110 section 15.6.4).
    pub(crate) fn status(self) -> u16 {
        if matches!(self.scope, "server" | "overload" | "issuer") { 503 } else { 429 }
    }
}

/// The longest that a bulk request sleeps before it looks at the tenant's rates again: they may have been changed.
const LOOK: Duration = Duration::from_millis(500);

/// Counts requests by address and by tenant.
pub(crate) struct Limiter<C: Clock = QuantaClock> {
    buckets: Buckets<C>,
    /// Read without a lock; copied when a tenant comes or goes.
    tenants: ArcSwap<HashMap<i64, Arc<Share<C>>>>,
    turn: Mutex<()>,
    pub(crate) addresses: Addresses<C>,
    concurrency: u32,
    /// Those that share what runs at once.
    living: Living,
    body_bytes: usize,
    total: Arc<Total>,
}

impl<C: Clock + Clone> Limiter<C> {
    /// Nobody has asked yet.
    pub(crate) fn new(limits: &Limits, clock: C, buckets: Buckets<C>, living: Living) -> Self {
        Self {
            addresses: Addresses::new(limits.of_addresses(), clock, living.clone()),
            buckets,
            tenants: ArcSwap::from_pointee(HashMap::default()),
            turn: Mutex::default(),
            concurrency: limits.tenant_concurrency,
            living,
            body_bytes: limits.tenant_body_bytes,
            total: Arc::new(Total { most: limits.total_body_bytes, held: AtomicUsize::new(0) }),
        }
    }

    /// Counts one request of a tenant, by the settings the tenant has now, and notes what is left.
    pub(crate) async fn admit(
        &self,
        tenant: &Tenant,
        work: Work,
        told: &mut Option<Quota>,
    ) -> Result<Permit<C>, Limited> {
        let settings = tenant.settings();
        let concurrency = settings.concurrency.unwrap_or(self.concurrency);
        self.admit_by(tenant.id().as_i64(), (Allowance::of(settings), concurrency), work, told).await
    }

    async fn admit_by(
        &self,
        tenant: i64,
        (allowance, concurrency): (Allowance, u32),
        work: Work,
        told: &mut Option<Quota>,
    ) -> Result<Permit<C>, Limited> {
        let share = self.share(tenant, allowance);
        let quota = told.insert(Quota::new(allowance));
        let refuse = |bucket, refused| share.behind_bulks(bucket, refused);
        quota.requests = take(&share.requests, "tenant").await.map_err(|refused| refuse(&share.requests, refused))?;
        if let Some(bucket) = share.writes.as_ref().filter(|_| work == Work::Write) {
            quota.writes = Some(0);
            quota.writes = Some(take(bucket, "writes").await.map_err(|refused| refuse(bucket, refused))?);
        }
        let permit = Permit { share, most_body_bytes: self.body_bytes, body_bytes: 0, bulk: None };
        // The permit counts from here on and stops counting when it is dropped, also when it is refused.
        let running = permit.share.usage.requests.fetch_add(1, Ordering::Relaxed);
        if running >= self.living.part_of(concurrency) {
            let wait = permit.share.until_one_ends(running);
            return Err(Limited { scope: "concurrency", retry_after: whole_seconds(wait) });
        }
        Ok(permit)
    }

    /// Waits until the rates that a tenant has by then allow one change more: the operations of a bulk request go as fast
    /// as the same requests one by one. `newest` gives the tenant as it is known now.
    pub(crate) async fn wait_for_turn(&self, newest: impl Fn() -> Arc<Tenant>) {
        let allowed = || {
            let tenant = newest();
            (tenant.id().as_i64(), Allowance::of(tenant.settings()))
        };
        self.wait_for_turn_by(allowed).await;
    }

    async fn wait_for_turn_by(&self, allowed: impl Fn() -> (i64, Allowance)) {
        let share = || {
            let (tenant, allowance) = allowed();
            self.share(tenant, allowance)
        };
        loop {
            let share = share();
            share.note_turns();
            let Err(wait) = share.requests.take().await else { break };
            share.requests.tell_turns();
            tokio::time::sleep(wait.min(LOOK)).await;
        }
        loop {
            let share = share();
            let Some(writes) = &share.writes else { break };
            let Err(wait) = writes.take().await else { break };
            writes.tell_turns();
            tokio::time::sleep(wait.min(LOOK)).await;
        }
    }

    /// Forgets those who have asked nothing for so long that it makes no difference. To be called every `interval`.
    pub(crate) fn forget_idle(&self, interval: Duration, set: SetAddressLimits) {
        self.addresses.forget_idle(set);
        self.change(|tenants| tenants.retain(|_, share| !share.sweep(interval)));
    }

    /// The tenant's share; a new one when its settings have changed, with what is taken and in use taken over.
    fn share(&self, tenant: i64, allowance: Allowance) -> Arc<Share<C>> {
        let fits = |share: &&Arc<Share<C>>| share.allowance == allowance;
        if let Some(share) = self.tenants.load().get(&tenant).filter(fits) {
            share.touch();
            return Arc::clone(share);
        }
        self.change(|tenants| {
            let known = tenants.get(&tenant);
            if let Some(share) = known.filter(fits) {
                return Arc::clone(share);
            }
            let before = (known.map(|share| &**share), Arc::clone(&self.total));
            let share = Share::new(tenant, allowance, before, &self.buckets);
            let share = Arc::new(share);
            tenants.insert(tenant, Arc::clone(&share));
            share
        })
    }

    /// Changes wait for each other, requests for none of them.
    fn change<R>(&self, change: impl FnOnce(&mut HashMap<i64, Arc<Share<C>>>) -> R) -> R {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tenants = HashMap::clone(&self.tenants.load());
        let result = change(&mut tenants);
        self.tenants.store(Arc::new(tenants));
        result
    }
}

async fn take<C: Clock>(bucket: &Bucket<C>, scope: &'static str) -> Result<u32, Limited> {
    bucket.take().await.map_err(|wait| Limited { scope, retry_after: whole_seconds(wait + bucket.delay()) })
}

/// Rounded up, so that who waits so long is let in (Okta takes nothing but whole seconds).
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests;
