//! The states of tokens, by table, and what commands do to them, by every sequence of some.

use uuid::Uuid;

use super::{Conflict, EndedBy, Mode, Plan, Stage, TokenState, cancel, complete, first_use, in_use, issue, revoke};
use crate::{Scopes, TokenId, TokenRecord};

#[test]
fn the_state_of_a_token_follows_from_its_row_and_the_moment() {
    use TokenState::{Current, Ending, Expired, Revoked, Staged, Superseded, Unused};
    let (rotated, revoked) = (|at| Some((at, EndedBy::Rotation)), |at| Some((at, EndedBy::Revocation)));
    let overlaps = |at| Some((at, EndedBy::Overlap));
    for (now, ended, stage, expected) in [
        (0, None, None, Current),
        (99, None, None, Current),
        (100, None, None, Expired),
        (0, None, Some(Stage::Staged), Staged),
        (99, None, Some(Stage::Unused), Unused),
        (100, None, Some(Stage::Staged), Expired),
        (49, overlaps(50), None, Ending),
        (50, overlaps(50), None, Superseded),
        (200, overlaps(50), None, Superseded),
        (99, overlaps(150), None, Ending),
        (100, overlaps(150), None, Expired),
        (50, rotated(50), None, Superseded),
        (0, rotated(50), None, Superseded),
        (0, revoked(50), None, Revoked),
        (50, revoked(50), None, Revoked),
        (50, revoked(50), Some(Stage::Staged), Revoked),
        (200, revoked(50), Some(Stage::Unused), Revoked),
    ] {
        assert_eq!(TokenState::at(now, 100, ended, stage), expected, "at {now}, ended {ended:?}, {stage:?}");
        let valid = matches!(expected, Current | Staged | Unused | Ending);
        assert_eq!(expected.is_valid(), valid);
    }
}

/// How long a token of these tests is valid, and an overlap lasts.
const LIFE: i64 = 50;
const OVERLAP: i64 = 7;

/// The tokens of one tenant, the oldest first, as the table would have them.
#[derive(Clone, Default)]
struct Tokens {
    rows: Vec<TokenRecord>,
    ended_by: Vec<Option<EndedBy>>,
    now: i64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Issue(Mode),
    Complete,
    Cancel,
    UseNewest,
    UseNewestHalf,
    RevokeAll,
    RevokeOldest,
    Wait(i64),
}

const STEPS: [Step; 12] = [
    Step::Issue(Mode::Strict),
    Step::Issue(Mode::Overlap),
    Step::Issue(Mode::Staged),
    Step::Issue(Mode::FirstUse),
    Step::Complete,
    Step::Cancel,
    Step::UseNewest,
    Step::UseNewestHalf,
    Step::RevokeAll,
    Step::RevokeOldest,
    Step::Wait(3),
    Step::Wait(45),
];

impl Tokens {
    /// As they are read: the newest first, each with its state now.
    fn read(&self) -> Vec<TokenRecord> {
        let row = |(token, by): (&TokenRecord, &Option<EndedBy>)| {
            let ended = token.ended_ms.zip(*by);
            TokenRecord { state: TokenState::at(self.now, token.expires_ms, ended, token.stage), ..token.clone() }
        };
        self.rows.iter().zip(&self.ended_by).map(row).rev().collect()
    }

    fn valid(&self) -> Vec<TokenId> {
        self.read().iter().filter(|token| token.state.is_valid()).map(|token| token.id).collect()
    }

    fn carry_out(&mut self, plan: &Plan) {
        for ending in &plan.endings {
            let place = self.rows.iter().position(|token| token.id == ending.id).unwrap();
            self.rows[place].ended_ms = Some(ending.at_ms);
            self.ended_by[place] = Some(ending.by);
        }
        for token in self.rows.iter_mut().filter(|token| Some(token.id) == plan.settles) {
            token.stage = None;
        }
        self.check_indexes();
    }

    fn add(&mut self, mode: Mode, plan: &Plan) {
        let id: TokenId = Uuid::from_u128(self.rows.len() as u128 + 1).to_string().parse().unwrap();
        self.rows.push(TokenRecord {
            id,
            issued_ms: self.now,
            expires_ms: self.now + LIFE,
            ended_ms: None,
            ends_later: false,
            state: TokenState::Current,
            mode: Some(mode),
            replaces: plan.replaces,
            scopes: Scopes::ALL,
            networks: Vec::new(),
            last_use: None,
            stage: plan.stage,
            key_id: None,
            request: None,
            asked: None,
            warned_days: None,
        });
        self.ended_by.push(None);
        self.check_indexes();
    }

    /// What the unique indexes of the table refuse.
    fn check_indexes(&self) {
        for waits in [false, true] {
            let same = self.rows.iter().filter(|token| token.ended_ms.is_none() && token.stage.is_some() == waits);
            assert!(same.count() <= 1, "two rows in one place");
        }
    }

    /// Both changes of a first use, or the second one alone.
    fn use_newest(&mut self) {
        for _ in 0..2 {
            let rows = self.read();
            if let Some(plan) = rows.first().and_then(|token| first_use(&rows, token.id, self.now)) {
                self.carry_out(&plan);
            }
        }
    }

    fn make(&mut self, step: Step) -> Result<(), Conflict> {
        let completes = matches!(step, Step::Complete);
        if in_use(&self.read(), |_| completes).is_some() {
            self.use_newest();
        }
        let (rows, now) = (self.read(), self.now);
        match step {
            Step::Issue(mode) => {
                let plan = issue(&rows, mode, OVERLAP, now)?;
                self.carry_out(&plan);
                self.add(mode, &plan);
            }
            Step::Complete => self.carry_out(&complete(&rows, None, now)?),
            Step::Cancel => self.carry_out(&cancel(&rows, None, now)?),
            Step::UseNewest => self.use_newest(),
            // The process ends between the two changes.
            Step::UseNewestHalf => {
                if let Some(plan) = rows.first().and_then(|token| first_use(&rows, token.id, now)) {
                    self.carry_out(&plan);
                }
            }
            Step::RevokeAll => self.carry_out(&revoke(&rows, None, now)),
            Step::RevokeOldest => {
                let oldest = rows.iter().rfind(|token| token.state.is_valid()).map(|token| token.id);
                if oldest.is_some() {
                    self.carry_out(&revoke(&rows, oldest, now));
                }
            }
            Step::Wait(time) => self.now += time,
        }
        Ok(())
    }

    /// What must be true after a step, knowing what was before it.
    fn check(&self, before: &Self, step: Step, made: &Result<(), Conflict>) {
        let (valid, had) = (self.valid(), before.valid());
        assert!(valid.len() <= 2, "more than two are valid");
        let revived = valid.iter().find(|id| !had.contains(id) && before.rows.iter().any(|token| token.id == **id));
        assert_eq!(revived, None, "what had ended is valid again");
        if made.is_err() {
            assert_eq!(valid, had, "what was refused has changed something");
        }
        match (step, made) {
            (Step::Issue(Mode::Strict), Ok(())) => assert_eq!(valid.len(), 1),
            (Step::Issue(_), Ok(())) => assert_eq!(valid.len(), 1 + had.len().min(1)),
            (Step::Complete, Ok(())) => assert_eq!(valid, [self.rows.last().unwrap().id]),
            (Step::Cancel, Ok(())) => assert!(!valid.contains(&self.rows.last().unwrap().id)),
            (Step::UseNewest | Step::UseNewestHalf, _) => {
                let waits = before.read().first().is_some_and(|token| token.state == TokenState::Unused);
                assert!(!waits || valid == [self.rows.last().unwrap().id]);
            }
            (Step::RevokeAll, _) => assert!(valid.is_empty()),
            (Step::RevokeOldest, _) => assert_eq!(valid.len(), had.len().saturating_sub(1)),
            _ => {}
        }
        self.check_once_more(step, made);
    }

    /// Complete, cancel and revoke change nothing when they come again, and answer the same.
    fn check_once_more(&self, step: Step, made: &Result<(), Conflict>) {
        if !matches!(step, Step::Complete | Step::Cancel | Step::RevokeAll) || made.is_err() {
            return;
        }
        let mut again = self.clone();
        assert_eq!(again.make(step), Ok(()));
        assert_eq!(again.read(), self.read());
    }
}

fn walk(tokens: &Tokens, depth: u32, path: &mut Vec<Step>) {
    if depth == 0 {
        return;
    }
    for step in STEPS {
        path.push(step);
        let mut after = tokens.clone();
        let made = after.make(step);
        let checked = std::panic::catch_unwind(|| after.check(tokens, step, &made));
        assert!(checked.is_ok(), "after {path:?}");
        after.now += 1;
        walk(&after, depth - 1, path);
        path.pop();
    }
}

#[test]
fn whatever_is_asked_at_most_two_tokens_are_valid_and_none_comes_back() {
    walk(&Tokens::default(), 5, &mut Vec::new());
}

#[test]
fn a_token_waits_until_the_end_of_the_others_is_known_everywhere() {
    let mut tokens = Tokens::default();
    tokens.make(Step::Issue(Mode::Strict)).unwrap();
    tokens.make(Step::Issue(Mode::FirstUse)).unwrap();
    assert_eq!(in_use(&tokens.read(), |_| false), None);
    tokens.make(Step::UseNewestHalf).unwrap();
    let rows = tokens.read();
    let states: Vec<TokenState> = rows.iter().map(|token| token.state).collect();
    assert_eq!(states, [TokenState::Unused, TokenState::Superseded]);
    assert_eq!(in_use(&rows, |_| false), Some(rows[0].id));
    assert!(matches!(tokens.clone().make(Step::Cancel), Err(Conflict::Done { .. })));
    for step in [Step::UseNewest, Step::Complete] {
        let mut used = tokens.clone();
        used.make(step).unwrap();
        assert_eq!(used.read()[0].state, TokenState::Current, "{step:?}");
    }
}

#[test]
fn what_waited_for_its_use_beside_an_expired_token_waits_no_longer_when_it_is_replaced() {
    let mut tokens = Tokens::default();
    tokens.make(Step::Issue(Mode::Strict)).unwrap();
    tokens.now = LIFE - 2;
    tokens.make(Step::Issue(Mode::FirstUse)).unwrap();
    tokens.now = LIFE + 2;
    tokens.make(Step::Issue(Mode::Overlap)).unwrap();
    let states: Vec<_> = tokens.read().iter().map(|token| (token.state, token.stage)).collect();
    assert_eq!(states[..2], [(TokenState::Current, None), (TokenState::Ending, None)]);
}

#[test]
fn a_second_rotation_has_to_wait_for_the_first_unless_it_is_strict() {
    let mut tokens = Tokens::default();
    for mode in [Mode::Strict, Mode::Overlap] {
        tokens.make(Step::Issue(mode)).unwrap();
    }
    for mode in [Mode::Overlap, Mode::Staged, Mode::FirstUse] {
        let refused = tokens.make(Step::Issue(mode)).unwrap_err();
        assert!(matches!(refused, Conflict::UnderWay { .. }), "{refused}");
    }
    tokens.now += OVERLAP;
    tokens.make(Step::Issue(Mode::Staged)).unwrap();
    tokens.make(Step::Issue(Mode::Strict)).unwrap();
    assert_eq!(tokens.valid().len(), 1);
}

#[test]
fn an_overlap_ends_with_the_old_token_if_that_comes_first() {
    let mut tokens = Tokens::default();
    tokens.make(Step::Issue(Mode::Strict)).unwrap();
    tokens.now = LIFE - 2;
    tokens.make(Step::Issue(Mode::Overlap)).unwrap();
    assert_eq!(tokens.rows[0].ended_ms, Some(LIFE));
}

#[test]
fn what_cannot_be_cancelled_says_why() {
    let mut tokens = Tokens::default();
    assert_eq!(tokens.make(Step::Cancel), Err(Conflict::NothingUnderWay));
    tokens.make(Step::Issue(Mode::Strict)).unwrap();
    assert_eq!(tokens.make(Step::Cancel), Err(Conflict::NothingUnderWay));
    assert_eq!(tokens.make(Step::Complete), Err(Conflict::NothingUnderWay));
    tokens.make(Step::Issue(Mode::Staged)).unwrap();
    tokens.make(Step::Complete).unwrap();
    assert!(matches!(tokens.make(Step::Cancel), Err(Conflict::Done { .. })));
    tokens.make(Step::Issue(Mode::Overlap)).unwrap();
    let refused = tokens.make(Step::Cancel).unwrap_err();
    assert!(refused.to_string().contains("ends at 1970-01-01T00:00:00Z by itself"), "{refused}");
    let foreign = complete(&tokens.read(), Some(tokens.rows[0].id), tokens.now);
    assert!(matches!(foreign, Err(Conflict::Other { .. })));
}
