//! The clock by which leases run.

use crate::protocol::Moment;

/// Now, on a clock that nobody can set. It goes on while the process is stopped, and on Linux also while the machine
/// sleeps: a lease must not outlive its time because its holder was not awake.
#[must_use]
pub fn now() -> Moment {
    Moment::from_nanos(nanos())
}

#[cfg(target_os = "linux")]
fn nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let (seconds, rest) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    seconds.unwrap_or_default().saturating_mul(1_000_000_000).saturating_add(rest.unwrap_or_default())
}

#[cfg(not(target_os = "linux"))]
fn nanos() -> u64 {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    // Zero means never.
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX).saturating_add(1)
}
