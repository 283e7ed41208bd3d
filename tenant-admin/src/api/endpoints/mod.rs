//! What each path does: who may, what is asked, which command, which answer.

pub(super) mod me;
pub(super) mod tenants;
pub(super) mod tokens;
