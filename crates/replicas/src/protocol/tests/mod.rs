//! Every order in which things can happen, up to a bound: the rules hold in all of them, and each known mistake breaks
//! them in some.

mod explore;
mod mistake;
mod request;
mod world;

use explore::explore;
use mistake::Mistake;
use world::World;

/// No replica decides by a state that a change has ended whose call has returned.
#[test]
fn nobody_decides_by_what_a_returned_change_has_ended() {
    for start in [World::new(None, true), World::building(None), World::requested(None), World::leaving(None)] {
        let explored = explore(start);
        assert!(explored.violation.is_none(), "{:#?}", explored.violation);
        assert!(explored.returned, "some change returns");
        assert!(explored.states > 10_000, "only {} states", explored.states);
    }
}

/// Each mistake that was worth a rule is found: otherwise the test above would say nothing.
#[test]
fn each_mistake_lets_an_ended_token_in_and_is_found() {
    for mistake in Mistake::ALL {
        let redis_is_up = mistake != Mistake::DoesNotWaitWithoutRedis;
        let start = match mistake {
            Mistake::GoesOnBeforeAgreement | Mistake::CountsAnew => World::building(Some(mistake)),
            Mistake::DecidesByWhatItSaw => World::requested(Some(mistake)),
            Mistake::LeavesWithItsLease | Mistake::LeavesWhileItAsks | Mistake::TrustsAfterALostCommit => {
                World::leaving(Some(mistake))
            }
            _ => World::new(Some(mistake), redis_is_up),
        };
        let explored = explore(start);
        assert!(explored.violation.is_some(), "{mistake:?} is not found in {} states", explored.states);
    }
}

/// Whoever waits does come to an end, also if nobody ever answers.
#[test]
fn an_agreement_ends_with_the_leases() {
    use std::time::Duration;

    use super::{Agreement, Member, Moment, Outcome, Progress};
    let silent = Member { id: 2, beat: 7, acknowledged: 4, lease: Duration::from_secs(2) };
    let start = Moment::from_nanos(1);
    let mut agreement = Agreement::new(1, 5, start);
    assert_eq!(
        agreement.progress(start),
        Progress::Open(start.plus(Duration::from_millis(60_600))),
        "the list is unknown"
    );
    agreement.listed(&[silent, Member { id: 1, ..silent }], start);
    let end = start.plus(Duration::from_millis(2020));
    assert_eq!(agreement.progress(start), Progress::Open(end));
    assert_eq!(agreement.progress(end), Progress::Reached(Outcome::Waited(vec![silent])));
    agreement.heard(2, 4);
    assert_eq!(agreement.progress(start), Progress::Open(end), "an older generation is none");
    agreement.heard(2, 5);
    assert_eq!(agreement.progress(start), Progress::Reached(Outcome::Acknowledged));
}
