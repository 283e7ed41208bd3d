//! A request, decided in steps: its replica may be stopped between any two of them, while the rest of it goes on.

use super::super::Generation;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Request {
    /// It has not come yet.
    Expected,
    /// It came when changes up to this one had returned.
    Arrived(Generation),
    /// What was remembered has been looked at, and contains changes up to the second one.
    Looked(Generation, Generation),
    /// That was not to be trusted, or not remembered any more.
    Doubted(Generation),
    /// What is remembered may be trusted. It is looked at once more.
    Settled(Generation),
    /// It was decided by what contains changes up to the second one.
    Decided(Generation, Generation),
}

impl Request {
    /// The next step, where changes up to `returned` have returned; `held` is what the replica remembers, and `is_trusted`
    /// whether it may say so. `is_careless`: what was looked at counts although something else is remembered meanwhile.
    pub(super) fn next(
        self,
        returned: Generation,
        (held, is_trusted): (Generation, bool),
        is_careless: bool,
    ) -> Option<Self> {
        match self {
            Self::Expected => Some(Self::Arrived(returned)),
            Self::Arrived(floor) => Some(Self::Looked(floor, held)),
            Self::Looked(floor, seen) if is_trusted && (seen == held || is_careless) => {
                Some(Self::Decided(floor, seen))
            }
            Self::Looked(floor, _) => Some(Self::Doubted(floor)),
            Self::Doubted(floor) => is_trusted.then_some(Self::Settled(floor)),
            Self::Settled(floor) => Some(Self::Decided(floor, held)),
            Self::Decided(..) => None,
        }
    }

    /// It was decided by what a change had ended whose call had returned before it came.
    pub(super) fn is_wrong(self) -> bool {
        matches!(self, Self::Decided(floor, by) if by < floor)
    }
}
