//! Stage three: how much one tenant, or one address without a token, may ask.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use governor::clock::{Clock, QuantaClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed, keyed::DefaultKeyedStateStore};
use governor::{NotUntil, Quota, RateLimiter};
use scim::ScimError;
use tenancy::Tenant;

use crate::settings::Limits;

/// Okta gives up after 60 seconds.
const LONGEST_BULK: Duration = Duration::from_secs(50);

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
        if self.scope == "server" { 503 } else { 429 }
    }
}

type Rate<C> = RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;
type Addresses<C> = RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Counts requests by tenant, and by address what comes without a valid token.
pub(crate) struct Limiter<C: Clock = QuantaClock> {
    clock: C,
    /// Read without a lock; copied when a tenant comes or goes.
    tenants: ArcSwap<HashMap<i64, Arc<Share<C>>>>,
    turn: Mutex<()>,
    addresses: Addresses<C>,
    concurrency: u32,
    body_bytes: usize,
    total: Arc<Total>,
}

/// The bytes of bodies that all tenants may hold together, and those they do.
struct Total {
    most: usize,
    held: AtomicUsize,
}

/// What one tenant may use, and what of it is in use.
struct Share<C: Clock> {
    per_second: u32,
    burst: u32,
    rate: Rate<C>,
    clock: C,
    usage: Arc<Usage>,
}

#[derive(Default)]
struct Usage {
    requests: AtomicU32,
    body_bytes: AtomicUsize,
}

impl<C: Clock + Clone> Limiter<C> {
    /// Nobody has asked yet.
    pub(crate) fn new(limits: &Limits, clock: C) -> Self {
        let quota = quota(limits.address_per_second, limits.address_burst);
        Self {
            addresses: RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock.clone()),
            clock,
            tenants: ArcSwap::from_pointee(HashMap::new()),
            turn: Mutex::default(),
            concurrency: limits.tenant_concurrency,
            body_bytes: limits.tenant_body_bytes,
            total: Arc::new(Total { most: limits.total_body_bytes, held: AtomicUsize::new(0) }),
        }
    }

    /// Counts one request of a tenant, by the settings the tenant has now.
    pub(crate) fn admit(&self, tenant: &Tenant) -> Result<Permit<C>, Limited> {
        let settings = tenant.settings();
        self.admit_by(tenant.id().as_i64(), settings.rate_per_second, settings.rate_burst)
    }

    fn admit_by(&self, tenant: i64, per_second: u32, burst: u32) -> Result<Permit<C>, Limited> {
        let share = self.share(tenant, per_second, burst);
        share.rate.check().map_err(|until| self.too_soon("tenant", &until))?;
        let permit = Permit { share, total: Arc::clone(&self.total), most_body_bytes: self.body_bytes, body_bytes: 0 };
        // The permit counts from here on and stops counting when it is dropped, also when it is refused.
        if permit.share.usage.requests.fetch_add(1, Ordering::Relaxed) >= self.concurrency {
            return Err(Limited { scope: "concurrency", retry_after: 1 });
        }
        Ok(permit)
    }

    /// Counts one request without valid token by its address. An IPv6 subscriber has a whole /64.
    pub(crate) fn admit_anonymous(&self, address: IpAddr) -> Result<(), Limited> {
        let address = match address {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            v4 @ IpAddr::V4(_) => v4,
        };
        self.addresses.check_key(&address).map_err(|until| self.too_soon("address", &until))
    }

    /// Forgets those who have asked nothing for so long that it makes no difference.
    pub(crate) fn forget_idle(&self) {
        self.addresses.retain_recent();
        self.addresses.shrink_to_fit();
        self.change(|tenants| tenants.retain(|_, share| !share.is_idle()));
    }

    /// The tenant's share; a new one when its settings have changed, with what is in use taken over.
    fn share(&self, tenant: i64, per_second: u32, burst: u32) -> Arc<Share<C>> {
        let fits = |share: &&Arc<Share<C>>| (share.per_second, share.burst) == (per_second, burst);
        if let Some(share) = self.tenants.load().get(&tenant).filter(fits) {
            return Arc::clone(share);
        }
        self.change(|tenants| {
            let known = tenants.get(&tenant);
            if let Some(share) = known.filter(fits) {
                return Arc::clone(share);
            }
            let usage = known.map(|share| Arc::clone(&share.usage)).unwrap_or_default();
            let rate = RateLimiter::direct_with_clock(quota(per_second, burst), self.clock.clone());
            let share = Arc::new(Share { per_second, burst, rate, clock: self.clock.clone(), usage });
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

    fn too_soon(&self, scope: &'static str, until: &NotUntil<C::Instant>) -> Limited {
        Limited { scope, retry_after: whole_seconds(until.wait_time_from(self.clock.now())) }
    }
}

impl<C: Clock> Share<C> {
    /// Nothing runs and the whole burst is there again. Taking it to find out does no harm: the share is dropped then.
    fn is_idle(&self) -> bool {
        let all = NonZeroU32::new(self.burst).unwrap_or(NonZeroU32::MIN);
        self.usage.requests.load(Ordering::Relaxed) == 0 && matches!(self.rate.check_n(all), Ok(Ok(())))
    }
}

/// One request that may run. Dropping it makes room for the next.
pub(crate) struct Permit<C: Clock = QuantaClock> {
    share: Arc<Share<C>>,
    total: Arc<Total>,
    most_body_bytes: usize,
    body_bytes: usize,
}

impl<C: Clock> Permit<C> {
    /// Waits until the tenant's rate allows one request more: the operations of a bulk request go as fast as the same
    /// requests one by one.
    pub(crate) async fn wait_for_turn(&self) {
        while let Err(until) = self.share.rate.check() {
            tokio::time::sleep(until.wait_time_from(self.share.clock.now())).await;
        }
    }

    /// Refuses more operations than the tenant's rate lets through while a client waits.
    pub(crate) fn check_time_for(&self, operations: u32) -> Result<(), ScimError> {
        if self.time_for(operations) <= LONGEST_BULK {
            return Ok(());
        }
        let (per_second, burst) = (self.share.per_second, self.share.burst);
        Err(ScimError::new(
            413,
            format!(
                "{operations} operations take too long at this tenant's rate of {per_second} a second and {burst} at once; \
                 send fewer in one request"
            ),
        ))
    }

    /// The most operations that [`Self::check_time_for`] lets through.
    pub(crate) fn most_operations(&self) -> u32 {
        let waiting = u64::from(self.share.per_second) * LONGEST_BULK.as_secs();
        u32::try_from(u64::from(self.share.burst) + waiting).unwrap_or(u32::MAX)
    }

    fn time_for(&self, operations: u32) -> Duration {
        let waiting = operations.saturating_sub(self.share.burst);
        Duration::from_secs_f64(f64::from(waiting) / f64::from(self.share.per_second))
    }

    /// Counts bytes of a body that are held until the request ends.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Limited> {
        self.body_bytes += bytes;
        let of_tenant = self.share.usage.body_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let of_all = self.total.held.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if of_tenant > self.most_body_bytes {
            return Err(Limited { scope: "memory", retry_after: 1 });
        }
        if of_all > self.total.most {
            return Err(Limited { scope: "server", retry_after: 1 });
        }
        Ok(())
    }
}

impl<C: Clock> Drop for Permit<C> {
    fn drop(&mut self) {
        self.share.usage.requests.fetch_sub(1, Ordering::Relaxed);
        if self.body_bytes > 0 {
            self.share.usage.body_bytes.fetch_sub(self.body_bytes, Ordering::Relaxed);
            self.total.held.fetch_sub(self.body_bytes, Ordering::Relaxed);
        }
    }
}

fn quota(per_second: u32, burst: u32) -> Quota {
    let positive = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(positive(per_second)).allow_burst(positive(burst))
}

/// Rounded up, so that who waits so long is let in (Okta takes nothing but whole seconds).
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests;
