//! What each endpoint does, one sentence each. The first argument is who asks.

pub(crate) mod bulk;
pub(crate) mod discovery;
pub(crate) mod later;
pub(crate) mod me;
pub(crate) mod resources;
pub(crate) mod search;
pub(crate) mod unserved;
