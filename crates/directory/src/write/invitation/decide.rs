//! What becomes of an invitation when its user changes: no clock and no database.

use events::normal::InvitationState;
use uuid::Uuid;

/// An invitation as the batch knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::write) struct Known {
    pub(in crate::write) state: InvitationState,
    /// Where its mail goes.
    pub(in crate::write) address: Option<String>,
    /// What its link names, once there is one.
    pub(super) nonce: Option<Uuid>,
    /// Until when that is good.
    pub(super) expires_ms: Option<i64>,
}

impl Known {
    /// A new one, or one that begins anew: no link is good until there is another mail.
    pub(super) fn anew(state: InvitationState, address: Option<String>) -> Self {
        Self { state, address, nonce: None, expires_ms: None }
    }

    /// Whether a mail is to be sent.
    pub(super) fn is_invited(&self) -> bool {
        self.state == InvitationState::Pending && self.address.is_some()
    }
}

/// What is written, if anything. A new user was active never; one who was there before users were invited is a member.
pub(super) fn decide(
    known: Option<&Known>,
    was_active: Option<bool>,
    is_active: bool,
    address: Option<&str>,
) -> Option<Known> {
    let next = |state| Some(Known::anew(state, address.map(str::to_owned)));
    let Some(known) = known else {
        return match was_active {
            None if is_active => next(InvitationState::Pending),
            None => next(InvitationState::Revoked),
            Some(_) => None,
        };
    };
    match known.state {
        InvitationState::Accepted => None,
        InvitationState::Pending if !is_active => next(InvitationState::Revoked),
        InvitationState::Pending if is_same(known.address.as_deref(), address) => None,
        InvitationState::Pending => next(InvitationState::Pending),
        InvitationState::Revoked if is_active && was_active != Some(true) => next(InvitationState::Pending),
        InvitationState::Revoked => None,
    }
}

/// Letter case makes no other address.
pub(crate) fn is_same(one: Option<&str>, other: Option<&str>) -> bool {
    one.map(str::to_lowercase) == other.map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use InvitationState::{Accepted, Pending, Revoked};

    use super::*;

    const ADA: &str = "ada@acme.example";

    fn known(state: InvitationState) -> Known {
        let link = (Some(Uuid::nil()), Some(1));
        Known { state, address: Some(ADA.to_owned()), nonce: link.0, expires_ms: link.1 }
    }

    fn decided(before: Option<InvitationState>, was: Option<bool>, is: bool, address: &str) -> Option<InvitationState> {
        let next = decide(before.map(known).as_ref(), was, is, Some(address))?;
        assert_eq!((next.nonce, next.expires_ms), (None, None), "no link stays good");
        Some(next.state)
    }

    #[test]
    fn who_is_new_and_active_is_invited() {
        assert_eq!(decided(None, None, true, ADA), Some(Pending));
        assert_eq!(decided(None, None, false, ADA), Some(Revoked));
        assert_eq!(decided(None, Some(false), true, ADA), None, "who was there before is a member");
    }

    #[test]
    fn who_is_not_active_has_no_invitation_and_who_comes_back_another_one() {
        assert_eq!(decided(Some(Pending), Some(true), false, ADA), Some(Revoked));
        assert_eq!(decided(Some(Revoked), Some(false), true, ADA), Some(Pending));
        assert_eq!(decided(Some(Revoked), Some(true), true, "b@x"), None, "what an operator took back stays so");
        assert_eq!(decided(Some(Accepted), Some(false), true, "b@x"), None, "a member stays one");
        assert_eq!(decided(Some(Accepted), Some(true), false, ADA), None);
    }

    #[test]
    fn another_address_is_another_invitation() {
        assert_eq!(decided(Some(Pending), Some(true), true, "ADA@acme.example"), None);
        assert_eq!(decided(Some(Pending), Some(true), true, "b@x"), Some(Pending));
        assert!(!decide(None, None, true, None).unwrap().is_invited(), "there is nowhere to write to yet");
    }
}
