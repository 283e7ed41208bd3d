//! What each path does: who may, what is asked, which command, which answer.

pub(super) mod breakers;
pub(super) mod failures;
pub(super) mod invitations;
pub(super) mod limits;
pub(super) mod me;
pub(super) mod oauth_clients;
pub(super) mod oauth_secrets;
pub(super) mod profile_trials;
pub(super) mod profiles;
pub(super) mod store_errands;
pub(super) mod stores;
pub(super) mod tenants;
pub(super) mod tokens;
pub(super) mod user_conversion;
