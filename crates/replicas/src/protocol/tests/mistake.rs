//! The mistakes that were worth a rule.

/// A rule that is broken on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mistake {
    /// A fill that read the old row before the commit is stored after the invalidation.
    StoresAnOldFill,
    /// A replica that wakes from a long stop trusts its lease by the clock it remembers.
    TrustsAfterAStop,
    /// A change does not wait while Redis is gone.
    DoesNotWaitWithoutRedis,
    /// The lease begins with the answer and not with the question.
    TrustsFromTheAnswer,
    /// The question comes before the place on the list.
    RegistersAfterReading,
    /// Who has registered again is taken off the list all the same.
    RemovesWhoIsBack,
    /// A replica acknowledges what it has heard of and does not hold yet.
    AcknowledgesTooEarly,
    /// Whoever finds what the first change has ended goes on without asking whether everybody knows of it.
    GoesOnBeforeAgreement,
    /// Who was taken off the list counts its registrations from one again.
    CountsAnew,
    /// Whoever has looked at what is remembered, and finds that it may be trusted, does not ask whether it is still that.
    DecidesByWhatItSaw,
    /// Who leaves the list goes on trusting what it remembers.
    LeavesWithItsLease,
    /// Who leaves does not wait for the end of its question.
    LeavesWhileItAsks,
    /// Whose commit is answered by nobody goes on as if it had not been made, also when the call is made again.
    TrustsAfterALostCommit,
}

impl Mistake {
    pub(super) const ALL: [Self; 13] = [
        Self::StoresAnOldFill,
        Self::TrustsAfterAStop,
        Self::DoesNotWaitWithoutRedis,
        Self::TrustsFromTheAnswer,
        Self::RegistersAfterReading,
        Self::RemovesWhoIsBack,
        Self::AcknowledgesTooEarly,
        Self::GoesOnBeforeAgreement,
        Self::CountsAnew,
        Self::DecidesByWhatItSaw,
        Self::LeavesWithItsLease,
        Self::LeavesWhileItAsks,
        Self::TrustsAfterALostCommit,
    ];
}
