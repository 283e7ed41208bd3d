use governor::clock::FakeRelativeClock;

use super::*;

const ACME: i64 = 1;
const OTHER: i64 = 2;

fn limiter(limits: &Limits) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Limiter::new(limits, clock.clone()), clock)
}

fn refused(result: Result<Permit<FakeRelativeClock>, Limited>) -> Limited {
    result.err().unwrap()
}

#[test]
fn a_tenant_may_spend_its_burst_and_then_its_rate() {
    let (limiter, clock) = limiter(&Limits::default());
    for _ in 0..20 {
        limiter.admit_by(ACME, 10, 20).unwrap();
    }
    assert_eq!(refused(limiter.admit_by(ACME, 10, 20)), Limited { scope: "tenant", retry_after: 1 });
    clock.advance(Duration::from_millis(100));
    limiter.admit_by(ACME, 10, 20).unwrap();
    refused(limiter.admit_by(ACME, 10, 20));
}

#[test]
fn q32_who_obeys_retry_after_is_let_in() {
    let (limiter, clock) = limiter(&Limits::default());
    limiter.admit_anonymous("192.0.2.1".parse().unwrap()).unwrap();
    for (per_second, burst) in [(1, 1), (3, 7), (7, 1)] {
        let tenant = i64::from(per_second);
        while limiter.admit_by(tenant, per_second, burst).is_ok() {}
        let limited = refused(limiter.admit_by(tenant, per_second, burst));
        clock.advance(Duration::from_secs(limited.retry_after));
        limiter.admit_by(tenant, per_second, burst).unwrap();
    }
}

#[test]
fn the_flood_of_one_tenant_takes_nothing_from_another() {
    let (limiter, _clock) = limiter(&Limits::default());
    while limiter.admit_by(ACME, 10, 20).is_ok() {}
    limiter.admit_by(OTHER, 10, 20).unwrap();
}

#[test]
fn a_changed_setting_counts_from_the_next_request_on() {
    let (limiter, _clock) = limiter(&Limits::default());
    while limiter.admit_by(ACME, 1, 1).is_ok() {}
    limiter.admit_by(ACME, 1, 2).unwrap();
}

#[test]
fn only_so_many_requests_of_a_tenant_run_at_once() {
    let (limiter, _clock) = limiter(&Limits { tenant_concurrency: 2, ..Limits::default() });
    let first = limiter.admit_by(ACME, 100, 100).unwrap();
    let _second = limiter.admit_by(ACME, 100, 100).unwrap();
    assert_eq!(refused(limiter.admit_by(ACME, 100, 100)), Limited { scope: "concurrency", retry_after: 1 });
    refused(limiter.admit_by(ACME, 50, 50));
    drop(first);
    limiter.admit_by(ACME, 100, 100).unwrap();
}

#[test]
fn only_so_many_bytes_of_a_tenant_are_held_at_once() {
    let (limiter, _clock) = limiter(&Limits { tenant_body_bytes: 100, ..Limits::default() });
    let mut first = limiter.admit_by(ACME, 100, 100).unwrap();
    let mut second = limiter.admit_by(ACME, 100, 100).unwrap();
    first.hold(60).unwrap();
    assert_eq!(second.hold(60), Err(Limited { scope: "memory", retry_after: 1 }));
    drop((first, second));
    limiter.admit_by(ACME, 100, 100).unwrap().hold(100).unwrap();
}

#[test]
fn only_so_many_bytes_of_all_tenants_are_held_at_once() {
    let (limiter, _clock) = limiter(&Limits { total_body_bytes: 100, ..Limits::default() });
    let mut first = limiter.admit_by(ACME, 100, 100).unwrap();
    let mut second = limiter.admit_by(OTHER, 100, 100).unwrap();
    first.hold(60).unwrap();
    let limited = second.hold(60).unwrap_err();
    assert_eq!((limited, limited.status()), (Limited { scope: "server", retry_after: 1 }, 503));
    drop((first, second));
    limiter.admit_by(OTHER, 100, 100).unwrap().hold(100).unwrap();
}

#[test]
fn an_ipv6_subscriber_counts_as_one_address() {
    let (limiter, _clock) = limiter(&Limits { address_per_second: 1, address_burst: 1, ..Limits::default() });
    limiter.admit_anonymous("2001:db8::1".parse().unwrap()).unwrap();
    assert!(limiter.admit_anonymous("2001:db8::2".parse().unwrap()).is_err());
    limiter.admit_anonymous("2001:db8:0:1::1".parse().unwrap()).unwrap();
}

#[test]
fn who_has_been_idle_is_forgotten() {
    let (limiter, clock) = limiter(&Limits::default());
    limiter.admit_anonymous("192.0.2.1".parse().unwrap()).unwrap();
    let running = limiter.admit_by(ACME, 10, 20).unwrap();
    clock.advance(Duration::from_secs(60));
    limiter.forget_idle();
    assert_eq!((limiter.tenants.load().len(), limiter.addresses.len()), (1, 0));
    drop(running);
    limiter.forget_idle();
    assert_eq!(limiter.tenants.load().len(), 0);
}

#[test]
fn r150_many_operations_take_as_long_as_many_requests() {
    let (limiter, _clock) = limiter(&Limits::default());
    let permit = limiter.admit_by(ACME, 100, 200).unwrap();
    assert_eq!(permit.time_for(200), Duration::ZERO);
    assert_eq!(permit.time_for(1_000), Duration::from_secs(8));
    assert_eq!(permit.most_operations(), 5_200);
    assert_eq!(permit.check_time_for(5_200), Ok(()));
    assert_eq!(permit.check_time_for(5_201).unwrap_err().status, 413);
}
