//! How often one network address may ask: everybody, before anything else is looked at, and apart who has no valid token.

use std::net::{IpAddr, Ipv6Addr};

use governor::clock::{Clock, QuantaClock, Reference as _};
use limits::Rate;
use replicas::Living;
use tenancy::{AddressLimit, AddressLimits, SetAddressLimits};

use super::senders::{Part, Senders};
use super::{Limited, whole_seconds};

/// Counts requests by the address of their sender. What the operator has set at run time is told with each.
pub(crate) struct Addresses<C: Clock = QuantaClock> {
    clock: C,
    began: C::Instant,
    requests: Senders,
    failures: Senders,
    /// What counts where nothing was set.
    settings: AddressLimits,
    /// Those that share what an address may.
    living: Living,
}

impl<C: Clock> Addresses<C> {
    /// Nobody has asked yet.
    pub(super) fn new(settings: AddressLimits, clock: C, living: Living) -> Self {
        let (requests, failures) = (Senders::new(), Senders::new());
        Self { began: clock.now(), clock, requests, failures, settings, living }
    }

    /// Counts one request, whoever it is from.
    pub(crate) fn admit(&self, address: IpAddr, set: SetAddressLimits) -> Result<(), Limited> {
        let Some(part) = self.of_requests(set) else { return Ok(()) };
        let taken = self.requests.take(address, part, self.now());
        taken.map_err(|wait| Limited { scope: "address_requests", retry_after: whole_seconds(wait) })
    }

    /// Counts one request without a valid token.
    pub(crate) fn admit_anonymous(&self, address: IpAddr, set: SetAddressLimits) -> Result<(), Limited> {
        let taken = self.failures.take(address, self.of_failures(set), self.now());
        taken.map_err(|wait| Limited { scope: "address", retry_after: whole_seconds(wait) })
    }

    /// Forgets those who have asked nothing for so long that it makes no difference.
    pub(super) fn forget_idle(&self, set: SetAddressLimits) {
        let now = self.now();
        self.requests.forget_idle(self.of_requests(set), now);
        self.failures.forget_idle(Some(self.of_failures(set)), now);
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.requests.count() + self.failures.count()
    }

    /// Of all requests, if they are limited.
    fn of_requests(&self, set: SetAddressLimits) -> Option<Part> {
        let part = self.part(set, AddressLimit::RequestsPerSecond, AddressLimit::RequestsBurst);
        Some(part).filter(|part| part.rate.per_second > 0)
    }

    fn of_failures(&self, set: SetAddressLimits) -> Part {
        self.part(set, AddressLimit::FailuresPerSecond, AddressLimit::FailuresBurst)
    }

    fn part(&self, set: SetAddressLimits, per_second: AddressLimit, burst: AddressLimit) -> Part {
        let limits = set.over(self.settings);
        Part { rate: Rate { per_second: limits.get(per_second), burst: limits.get(burst) }, of: self.living.count() }
    }

    /// In nanoseconds since the start, by a clock that nobody sets.
    fn now(&self) -> u64 {
        self.clock.now().duration_since(self.began).as_u64()
    }
}

/// What stands for all addresses of one sender: an IPv6 subscriber has a whole /64.
pub(crate) fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}
