//! The data plane: what the provisioning services of identity providers talk to.
//!
//! It promises that nothing of a request's body is read before it is known whose request it is, that its token is a
//! valid one of that tenant and for what is asked, and that the tenant may ask so much; that every refusal is a SCIM error with a sentence its
//! reader can act on; and that what one client may send is bounded in bytes, time, depth and number.
//!
//! It keeps nothing. What a protocol message means is decided in `scim`, who may ask in `tenancy`, what is stored in
//! `directory`.

mod app;
mod body;
mod caller;
mod client;
mod cursor;
mod endpoints;
mod error;
mod exchange;
mod failures;
mod invitation;
mod oauth;
mod operations;
mod pipeline;
mod precondition;
mod reply;
mod request_id;
mod routes;
mod scope;
mod server;
mod settings;
mod token_by_url;
mod worker;

pub use app::{App, GatewayError};
pub use settings::{Limits, Network, PublicUrl, Settings};
