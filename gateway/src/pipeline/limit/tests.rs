use std::cell::Cell;

use governor::clock::FakeRelativeClock;
use limits::Rate;

use super::*;

const ACME: i64 = 1;
const OTHER: i64 = 2;

struct System {
    limiter: Limiter<FakeRelativeClock>,
    living: Living,
    clock: FakeRelativeClock,
}

fn system(limits: &Limits) -> System {
    let clock = FakeRelativeClock::default();
    let (buckets, living) = (Buckets::of_one_process(clock.clone()), Living::of(1));
    System { limiter: Limiter::new(limits, clock.clone(), buckets, living.clone()), living, clock }
}

fn allowance(per_second: u32, burst: u32) -> Allowance {
    Allowance { requests: Rate { per_second, burst }, writes: None }
}

impl System {
    async fn admit(&self, tenant: i64, per_second: u32, burst: u32) -> Result<Permit<FakeRelativeClock>, Limited> {
        self.work(tenant, allowance(per_second, burst), Work::Read).await
    }

    async fn work(&self, tenant: i64, allowance: Allowance, work: Work) -> Result<Permit<FakeRelativeClock>, Limited> {
        self.limiter.admit_by(tenant, (allowance, self.limiter.concurrency), work, &mut None).await
    }

    async fn refusal(&self, tenant: i64, per_second: u32, burst: u32) -> Limited {
        self.admit(tenant, per_second, burst).await.err().unwrap()
    }
}

#[tokio::test]
async fn a_tenant_may_spend_its_burst_and_then_its_rate() {
    let system = system(&Limits::default());
    for _ in 0..20 {
        system.admit(ACME, 10, 20).await.unwrap();
    }
    assert_eq!(system.refusal(ACME, 10, 20).await, Limited { scope: "tenant", retry_after: 1 });
    system.clock.advance(Duration::from_millis(100));
    system.admit(ACME, 10, 20).await.unwrap();
    system.refusal(ACME, 10, 20).await;
}

#[tokio::test]
async fn changes_are_limited_apart_and_count_as_requests_too() {
    let system = system(&Limits::default());
    let allowed = Allowance { writes: Some(Rate { per_second: 1, burst: 2 }), ..allowance(10, 20) };
    for _ in 0..2 {
        system.work(ACME, allowed, Work::Write).await.unwrap();
    }
    let mut told = None;
    let refused = system.limiter.admit_by(ACME, (allowed, 64), Work::Write, &mut told).await.err().unwrap();
    assert_eq!(refused, Limited { scope: "writes", retry_after: 1 });
    let quota = told.unwrap();
    assert_eq!((quota.requests, quota.writes), (17, Some(0)));
    system.work(ACME, allowed, Work::Read).await.unwrap();
    system.clock.advance(Duration::from_secs(1));
    system.work(ACME, allowed, Work::Write).await.unwrap();
}

#[tokio::test]
async fn q32_who_obeys_retry_after_is_let_in() {
    let system = system(&Limits::default());
    system.limiter.addresses.admit_anonymous("192.0.2.1".parse().unwrap(), SetAddressLimits::default()).unwrap();
    for (per_second, burst) in [(1, 1), (3, 7), (7, 1)] {
        let tenant = i64::from(per_second);
        while system.admit(tenant, per_second, burst).await.is_ok() {}
        let limited = system.refusal(tenant, per_second, burst).await;
        system.clock.advance(Duration::from_secs(limited.retry_after));
        system.admit(tenant, per_second, burst).await.unwrap();
    }
}

#[tokio::test]
async fn the_flood_of_one_tenant_takes_nothing_from_another() {
    let system = system(&Limits::default());
    while system.admit(ACME, 10, 20).await.is_ok() {}
    system.admit(OTHER, 10, 20).await.unwrap();
}

#[tokio::test]
async fn a_changed_setting_counts_from_the_next_request_on() {
    let system = system(&Limits::default());
    while system.admit(ACME, 1, 1).await.is_ok() {}
    system.admit(ACME, 1, 2).await.unwrap();
    system.refusal(ACME, 1, 2).await;
}

/// The attack: a tenant's administrator changes its rate to and fro.
#[tokio::test]
async fn a_changed_rate_refills_nothing() {
    let system = system(&Limits::default());
    let mut admitted = 0;
    for burst in [20, 21, 20, 21, 20, 21] {
        while system.admit(ACME, 10, burst).await.is_ok() {
            admitted += 1;
        }
    }
    // One each time that it became larger, when twenty were owed.
    assert_eq!(admitted, 23);
}

#[tokio::test]
async fn only_so_many_requests_of_a_tenant_run_at_once() {
    let system = system(&Limits { tenant_concurrency: 2, ..Limits::default() });
    let first = system.admit(ACME, 100, 100).await.unwrap();
    let _second = system.admit(ACME, 100, 100).await.unwrap();
    assert_eq!(system.refusal(ACME, 100, 100).await, Limited { scope: "concurrency", retry_after: 1 });
    system.refusal(ACME, 50, 50).await;
    drop(first);
    system.admit(ACME, 100, 100).await.unwrap();
}

#[tokio::test]
async fn replicas_divide_what_may_run_at_once() {
    let system = system(&Limits { tenant_concurrency: 7, ..Limits::default() });
    let fill = async || {
        let mut running = Vec::new();
        while let Ok(permit) = system.admit(ACME, 100, 100).await {
            running.push(permit);
        }
        running
    };
    let running = fill().await;
    assert_eq!(running.len(), 7);
    system.living.set(3, 0);
    assert!(fill().await.is_empty(), "what runs already counts");
    drop(running);
    assert_eq!(fill().await.len(), 2);
    system.living.set(100, 0);
    assert_eq!(fill().await.len(), 1, "nobody is shut out");
}

#[tokio::test]
async fn who_is_refused_because_of_slow_requests_is_told_how_long_they_take() {
    let system = system(&Limits { tenant_concurrency: 1, ..Limits::default() });
    let running = system.admit(ACME, 100, 100).await.unwrap();
    running.note_duration(Duration::from_millis(6_500));
    assert_eq!(system.refusal(ACME, 100, 100).await, Limited { scope: "concurrency", retry_after: 7 });
    drop(running);
    let mut running = system.admit(ACME, 2, 40).await.unwrap();
    running.begin_bulk(7);
    running.note_operation();
    running.note_duration(Duration::from_secs(30));
    // Six at two a second, and the one that comes back.
    assert_eq!(system.refusal(ACME, 2, 40).await, Limited { scope: "concurrency", retry_after: 4 });
    drop(running);
    let _quick = system.admit(ACME, 2, 40).await.unwrap();
    assert_eq!(
        system.refusal(ACME, 2, 40).await,
        Limited { scope: "concurrency", retry_after: 7 },
        "as it was of late"
    );
}

/// The attack: the only place is taken by somebody whose body comes as slowly as it may.
#[tokio::test]
async fn who_is_refused_because_of_a_body_that_has_not_come_is_told_when_it_has_to_be_there() {
    let system = system(&Limits { tenant_concurrency: 1, ..Limits::default() });
    let running = system.admit(ACME, 100, 100).await.unwrap();
    let mut body = running.awaited_body();
    assert_eq!(system.refusal(ACME, 100, 100).await.retry_after, 1, "it came with its request");
    body.wait(Duration::from_secs(30));
    let refused = system.refusal(ACME, 100, 100).await;
    assert!(refused.scope == "concurrency" && (2..=31).contains(&refused.retry_after), "{refused:?}");
    drop(body);
    assert_eq!(system.refusal(ACME, 100, 100).await.retry_after, 1, "it is there");
    drop(running);
    system.admit(ACME, 100, 100).await.unwrap();
}

#[tokio::test]
async fn who_is_refused_beside_a_bulk_request_is_told_when_that_is_done() {
    let system = system(&Limits::default());
    let mut running = system.admit(ACME, 2, 2).await.unwrap();
    running.begin_bulk(9);
    running.note_operation();
    system.admit(ACME, 2, 2).await.unwrap();
    // Eight at two a second, and the one that comes back.
    assert_eq!(system.refusal(ACME, 2, 2).await, Limited { scope: "tenant", retry_after: 5 });
    for _ in 0..8 {
        system.clock.advance(Duration::from_millis(500));
        system.limiter.wait_for_turn_by(|| (ACME, allowance(2, 2))).await;
        running.note_operation();
    }
    system.clock.advance(Duration::from_secs(1));
    system.admit(ACME, 2, 2).await.unwrap();
    system.admit(ACME, 2, 2).await.unwrap();
    assert_eq!(system.refusal(ACME, 2, 2).await, Limited { scope: "tenant", retry_after: 1 });
    running.begin_bulk(1_000_000);
    assert_eq!(system.refusal(ACME, 2, 2).await.retry_after, 56, "then it is stopped");
}

#[tokio::test]
async fn a_bulk_request_that_waits_for_the_rate_of_changes_holds_up_no_reader() {
    let system = system(&Limits::default());
    let allowed = Allowance { writes: Some(Rate { per_second: 1, burst: 1 }), ..allowance(10, 2) };
    let mut running = system.work(ACME, allowed, Work::Write).await.unwrap();
    running.begin_bulk(20);
    running.note_operation();
    let refused = async |work| system.work(ACME, allowed, work).await.err().unwrap();
    assert_eq!(refused(Work::Write).await, Limited { scope: "writes", retry_after: 20 });
    assert_eq!(refused(Work::Read).await, Limited { scope: "tenant", retry_after: 1 });
}

#[tokio::test]
async fn a_bulk_request_goes_by_the_limits_of_now() {
    let system = system(&Limits::default());
    let _running = system.admit(ACME, 1, 1).await.unwrap();
    let limits = Cell::new(allowance(1, 1));
    let changed = async {
        // The clock of limits stands still, so this waits for more than time.
        tokio::task::yield_now().await;
        limits.set(allowance(50, 3));
    };
    tokio::join!(system.limiter.wait_for_turn_by(|| (ACME, limits.get())), changed);
    let mut left = 0;
    while system.work(ACME, limits.get(), Work::Write).await.is_ok() {
        left += 1;
    }
    assert_eq!(left, 1, "of three one was taken before, and one by the operation");
}

#[tokio::test]
async fn only_so_many_bytes_of_a_tenant_are_held_at_once() {
    let system = system(&Limits { tenant_body_bytes: 100, ..Limits::default() });
    let mut first = system.admit(ACME, 100, 100).await.unwrap();
    let mut second = system.admit(ACME, 100, 100).await.unwrap();
    first.hold(60).unwrap();
    assert_eq!(second.hold(60), Err(Limited { scope: "memory", retry_after: 1 }));
    drop((first, second));
    system.admit(ACME, 100, 100).await.unwrap().hold(100).unwrap();
}

#[tokio::test]
async fn only_so_many_bytes_of_all_tenants_are_held_at_once() {
    let system = system(&Limits { total_body_bytes: 100, ..Limits::default() });
    let mut first = system.admit(ACME, 100, 100).await.unwrap();
    let mut second = system.admit(OTHER, 100, 100).await.unwrap();
    first.hold(60).unwrap();
    let limited = second.hold(60).unwrap_err();
    assert_eq!((limited, limited.status()), (Limited { scope: "server", retry_after: 1 }, 503));
    drop((first, second));
    system.admit(OTHER, 100, 100).await.unwrap().hold(100).unwrap();
}

#[test]
fn an_ipv6_subscriber_counts_as_one_address() {
    let System { limiter, .. } = system(&Limits { address_per_second: 1, address_burst: 1, ..Limits::default() });
    limiter.addresses.admit_anonymous("2001:db8::1".parse().unwrap(), SetAddressLimits::default()).unwrap();
    assert!(limiter.addresses.admit_anonymous("2001:db8::2".parse().unwrap(), SetAddressLimits::default()).is_err());
    limiter.addresses.admit_anonymous("2001:db8:0:1::1".parse().unwrap(), SetAddressLimits::default()).unwrap();
}

#[tokio::test]
async fn who_has_been_idle_is_forgotten() {
    let system = system(&Limits::default());
    system.limiter.addresses.admit_anonymous("192.0.2.1".parse().unwrap(), SetAddressLimits::default()).unwrap();
    let running = system.admit(ACME, 10, 20).await.unwrap();
    let sweep = || {
        system.clock.advance(Duration::from_secs(60));
        system.limiter.forget_idle(Duration::from_secs(60), SetAddressLimits::default());
        (system.limiter.tenants.load().len(), system.limiter.addresses.count())
    };
    assert_eq!((sweep(), sweep()), ((1, 0), (1, 0)), "one runs");
    drop(running);
    assert_eq!(sweep(), (0, 0));
}

#[tokio::test]
async fn to_look_for_the_idle_takes_nothing_from_anybody() {
    let system = system(&Limits::default());
    let allowed = Allowance { writes: Some(Rate { per_second: 1, burst: 4 }), ..allowance(100, 200) };
    while system.work(ACME, allowed, Work::Write).await.is_ok() {}
    system.clock.advance(Duration::from_secs(1));
    system.limiter.forget_idle(Duration::from_secs(60), SetAddressLimits::default());
    system.work(ACME, allowed, Work::Write).await.unwrap();
    system.limiter.forget_idle(Duration::from_secs(60), SetAddressLimits::default());
    assert_eq!(system.limiter.tenants.load().len(), 1, "who has just asked is known");
}

#[tokio::test]
async fn r150_many_operations_take_as_long_as_many_requests() {
    let system = system(&Limits::default());
    let permit = system.admit(ACME, 100, 200).await.unwrap();
    assert_eq!(permit.most_operations(), 5_200);
    assert_eq!(permit.check_time_for(5_200), Ok(()));
    assert_eq!(permit.check_time_for(5_201).unwrap_err().status, 413);
    let allowed = Allowance { writes: Some(Rate { per_second: 10, burst: 50 }), ..allowance(100, 200) };
    let permit = system.work(OTHER, allowed, Work::Write).await.unwrap();
    assert_eq!(permit.most_operations(), 550);
    assert_eq!(permit.check_time_for(551).unwrap_err().status, 413);
}
