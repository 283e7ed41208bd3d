//! What is true of a shared bucket, whatever happens between the replicas.

use proptest::prelude::*;

use super::keeper::Keeper;
use super::simulation::{Course, Phase, REPLICAS, World};
use crate::Rate;
use crate::lease::{Lease, Micros, Taken};

/// By how much more than the rate may be let through in the long run.
const TOLERANCE: f64 = 1.05;

/// The most requests above the rate in any span of time: for a single bucket, the burst.
fn excess(admitted: &[Micros], per_second: u32, tolerance: f64) -> f64 {
    let (mut least, mut most) = (f64::MAX, 0.0_f64);
    for (count, at) in admitted.iter().enumerate() {
        let above = count as f64 - f64::from(per_second) * tolerance * *at as f64 / 1e6;
        least = least.min(above);
        most = most.max(above - least + 1.0);
    }
    most
}

/// How many were let through between two moments, of what the rate yields in that time.
fn part(course: &Course, rate: Rate, from: Micros, to: Micros) -> f64 {
    let count = course.admitted.iter().filter(|at| (from..to).contains(at)).count();
    count as f64 / (f64::from(rate.per_second) * (to - from) as f64 / 1e6)
}

fn flood(rate: Rate, factor: f64, on: [f64; REPLICAS], length: Micros) -> Phase {
    let sum: f64 = on.iter().sum();
    Phase { length, demand: on.map(|part| part / sum * factor * f64::from(rate.per_second)) }
}

fn rates() -> impl Strategy<Value = Rate> {
    (10_u32..3_000, 10_u32..200)
        .prop_map(|(per_second, percent)| Rate { per_second, burst: (per_second * percent / 100).max(3) })
}

/// Traffic beyond the limit that moves between the replicas.
fn worlds() -> impl Strategy<Value = World> {
    let phase = (100_000_u64..900_000, 2.0..10.0, prop::array::uniform3(0.0..1.0));
    (rates(), prop::collection::vec(phase, 4..9), 200_u64..6_000, any::<u64>()).prop_map(
        |(rate, phases, latency, seed)| {
            let phases = phases.into_iter().map(|(length, factor, mut on)| {
                on[0] += 0.001;
                // Some replicas are left alone altogether.
                let on = on.map(|part| if part < 0.3 { 0.0005 } else { part });
                flood(rate, factor, on, length)
            });
            World { rate, phases: phases.collect(), delay: 0, latency, lost: 0, jump: None, seed }
        },
    )
}

/// Any traffic.
fn calm_worlds() -> impl Strategy<Value = World> {
    let phase = (50_000_u64..1_500_000, 0.0..3.0, prop::array::uniform3(0.001..1.0));
    (worlds(), prop::collection::vec(phase, 3..8)).prop_map(|(world, phases)| {
        let calm = phases.into_iter().map(|(length, factor, on)| flood(world.rate, factor, on, length));
        let phases = world.phases.into_iter().zip(calm).flat_map(|(flood, calm)| [calm, flood]).collect();
        World { phases, ..world }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn beyond_the_limit_the_sum_is_the_limit_wherever_the_traffic_goes(world in worlds()) {
        let course = world.run();
        let Rate { per_second, burst } = world.rate;
        prop_assert!(excess(&course.admitted, per_second, TOLERANCE) <= f64::from(burst), "{world:?}");
        let end: Micros = world.phases.iter().map(|phase| phase.length).sum();
        // The first moments use up the burst; what the two others have leased at the end, an eighth of it each, is not lost.
        let yielded = f64::from(per_second) * end as f64 / 1e6 + f64::from(burst);
        let part = (course.admitted.len() as f64 + f64::from(burst) / 4.0) / yielded;
        prop_assert!(part >= 0.95, "{part} of the limit, {} questions: {world:?}", course.questions);
        prop_assert_eq!(course.unanswered, 0);
    }

    #[test]
    fn in_any_traffic_no_span_of_time_has_more_than_the_limit(world in calm_worlds()) {
        let course = world.run();
        let Rate { per_second, burst } = world.rate;
        prop_assert!(excess(&course.admitted, per_second, TOLERANCE) <= f64::from(burst), "{world:?}");
    }

    #[test]
    fn lost_messages_let_no_more_through_than_the_shares_of_those_who_lost_them(world in calm_worlds(), lost in 10_u64..400, latency in 1_000_u64..200_000) {
        let world = World { lost, latency, ..world };
        let course = world.run();
        let Rate { per_second, burst } = world.rate;
        // Two go by their shares while the third has the bucket. A share holds one request at least.
        let most = 2.0 * f64::from(burst) + REPLICAS as f64;
        prop_assert!(excess(&course.admitted, per_second, 1.0 + 2.0 / 3.0) <= most, "{world:?}");
    }

    #[test]
    fn a_keeper_that_answers_late_costs_a_moment_and_the_burst_of_the_shares(
        world in worlds(), delay in 30_000_u64..100_000, latency in 1_000_u64..10_000,
    ) {
        let world = World { delay, latency, ..world };
        let course = world.run();
        let Rate { per_second, burst } = world.rate;
        // Two answers are waited for until it is known; meanwhile requests go both ways.
        let noticing = 2.0 * 2.0 * (delay + latency) as f64 / 1e6 + 0.05;
        let most = 2.0 * f64::from(burst) + f64::from(per_second) * noticing + REPLICAS as f64;
        let above = excess(&course.admitted, per_second, TOLERANCE);
        prop_assert!(above <= most, "{above} of {most}: {world:?}");
    }

    #[test]
    fn what_was_let_through_beside_the_keeper_is_paid_back(world in worlds(), delay in 15_000_u64..24_000) {
        // Some answers are in time, and some requests do not wait for them; nobody changes over for long.
        let world = World { delay, latency: 20_000, ..world };
        let course = world.run();
        let Rate { per_second, burst } = world.rate;
        let above = excess(&course.admitted, per_second, TOLERANCE);
        let most = 2.0 * f64::from(burst) + f64::from(per_second) * 0.5 + REPLICAS as f64;
        prop_assert!(above <= most, "{above} of {most}: {world:?}");
    }

    #[test]
    fn a_clock_that_jumps_costs_one_burst_at_most_and_stops_nobody(world in worlds(), ahead in any::<bool>()) {
        let hour = if ahead { 3_600e6 } else { -3_600e6 };
        let end: Micros = world.phases.iter().map(|phase| phase.length).sum();
        let jump = end / 2;
        let course = World { jump: Some((jump, hour)), ..world.clone() }.run();
        let Rate { per_second, burst } = world.rate;
        prop_assert!(excess(&course.admitted, per_second, TOLERANCE) <= 2.0 * f64::from(burst), "{world:?}");
        let after = part(&course, world.rate, jump, end);
        // An empty bucket that waits for an hour would let nothing through.
        prop_assert!(after >= 0.85, "{after} of the limit after the jump: {world:?}");
    }
}

/// One request at a replica of a network without delays.
fn request(lease: &Lease, keeper: &mut Keeper, (rate, number): (Rate, usize), now: Micros) -> Result<(), Micros> {
    let clock = 1e12 + now as f64;
    let mut exchange = |waiting, now| {
        let ask = lease.ask(now, waiting);
        let answer = keeper.answer(rate, (number, now), ask, clock + (now % 1_000) as f64);
        lease.granted((now, ask), now, answer);
    };
    let mut taken = lease.take(now);
    if taken == Taken::Ask {
        exchange(1, now);
        taken = lease.take_again(now);
    }
    match taken {
        Taken::One { is_low, .. } => {
            if is_low {
                exchange(0, now + 1);
            }
            Ok(())
        }
        Taken::Wait(wait) => Err(wait),
        Taken::Ask => panic!("asked twice"),
    }
}

#[test]
fn who_waits_as_told_is_let_in_at_any_replica() {
    for (per_second, burst) in [(1, 1), (1, 5), (3, 7), (7, 1), (20, 2), (100, 200)] {
        let rate = Rate { per_second, burst };
        let (mut keeper, leases) = (Keeper::default(), [(); REPLICAS].map(|()| Lease::new(rate)));
        let mut now = 0;
        for turn in 0..60 {
            let number = turn % REPLICAS;
            let mut wait = None;
            while wait.is_none() {
                now += 1_000;
                wait = request(&leases[number], &mut keeper, (rate, number), now).err();
            }
            now += wait.unwrap().div_ceil(1_000_000) * 1_000_000;
            let next = (turn + 1) % REPLICAS;
            let let_in = request(&leases[next], &mut keeper, (rate, next), now);
            assert_eq!(let_in, Ok(()), "{rate:?}, turn {turn}");
        }
    }
}

#[test]
fn steady_traffic_below_the_limit_is_never_refused_and_seldom_asks() {
    let rate = Rate { per_second: 1_000, burst: 2_000 };
    let phase = |on| flood(rate, 0.8, on, 3_000_000);
    let phases = vec![phase([1.0, 1.0, 1.0]), phase([1.0, 0.001, 0.001]), phase([0.001, 0.001, 1.0])];
    let course = World { rate, phases, delay: 0, latency: 1_000, lost: 0, jump: None, seed: 7 }.run();
    assert_eq!((course.refused, course.unanswered), (0, 0));
    let each = course.admitted.len() / course.questions;
    assert!(each >= 20, "{each} requests for each question");
}
