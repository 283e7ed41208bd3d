//! The clock of one replica is moved by an hour, ahead and back.

use std::time::Instant;

use serde_json::json;

use super::load::Load;
use super::outages::RECOVERY;
use crate::support::{Clock, Replicas, System, Tenant, replica_settings, until};

const HOUR: i64 = 3600;

/// Two replicas whose clocks are right, and a third one with this one.
async fn replicas_and(clock: &Clock) -> Replicas {
    let mut replicas = Replicas::start(2, 1000).await;
    let (redis, variables) = (replicas.redis().url(), clock.variables());
    let mut settings = replica_settings(&redis, "1000").to_vec();
    settings.extend(variables.iter().map(|(name, value)| (*name, value.as_str())));
    replicas.join(System::start_on(replicas.url(), &settings).await);
    replicas
}

fn issue(replicas: &Replicas, tenant: &Tenant, arguments: &[&str]) -> Tenant {
    let all = [&["token", "issue", tenant.name.as_str(), "--json"], arguments].concat();
    let issued = replicas.of(0).tenantry(&all).expect(0).json();
    Tenant { token: issued["token"].as_str().expect("a token").to_owned(), ..tenant.clone() }
}

async fn status(replicas: &Replicas, number: usize, tenant: &Tenant) -> u16 {
    replicas.client(number, tenant).get("/ServiceProviderConfig").await.status
}

/// Strict is strict through every replica, whichever clock is wrong, and nobody with a valid token is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_moved_changes_no_lease_and_no_strict_rotation() {
    let clock = Clock::new();
    let replicas = replicas_and(&clock).await;
    let tenant = replicas.of(0).tenant("clock");
    let load = Load::start(&replicas, &tenant, 2);
    for ahead in [HOUR, 0, -HOUR, 0] {
        clock.set(ahead);
        for number in 0..6 {
            load.rotate(number).await;
        }
    }
    let seen = load.end().await;
    assert_eq!(seen.wrongly_accepted, 0, "{seen:?}");
    assert_eq!(seen.strange, Vec::<String>::new(), "{seen:?}");
    assert!(seen.accepted > 20 && seen.refused > 20, "the tokens were in use: {seen:?}");
    replicas.check_acknowledged(0..3).await;
}

/// What ends by time goes by the clock of the replica, as long as that is wrong and no longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_by_time_goes_by_the_clock_and_is_right_again_with_it() {
    let clock = Clock::new();
    let replicas = replicas_and(&clock).await;
    let short = issue(&replicas, &replicas.of(0).tenant("short"), &["--for", "30m"]);
    let old = replicas.of(0).tenant("overlap");
    let new = issue(&replicas, &old, &["--mode", "overlap", "--overlap", "30m"]);
    let over = issue(&replicas, &replicas.of(0).tenant("over"), &["--for", "1s"]);
    until("its end", async || (status(&replicas, 0, &over).await == 401).then_some(())).await;
    let all = [&short, &old, &new, &over];
    for (ahead, expected) in [(HOUR, [401, 401, 200, 401]), (-HOUR, [200, 200, 200, 200])] {
        clock.set(ahead);
        // Read anew while the clock is wrong.
        for tenant in all {
            replicas.of(0).set(tenant, &json!({ "token_max_days": 100 }));
        }
        for (tenant, expected) in all.into_iter().zip(expected) {
            assert_eq!(status(&replicas, 2, tenant).await, expected, "{} {ahead}", tenant.name);
        }
        clock.set(0);
        let right = Instant::now();
        for (tenant, expected) in all.into_iter().zip([200, 200, 200, 401]) {
            for number in 0..3 {
                until("the right answer", async || (status(&replicas, number, tenant).await == expected).then_some(()))
                    .await;
            }
        }
        assert!(right.elapsed() < RECOVERY, "{ahead}: {:?}", right.elapsed());
    }
}
