//! Calling addresses that somebody else chose: issuers of clients, and stores of tenants.
//!
//! Such an address may be meant to reach what only this machine can reach: its own services, its neighbours, the metadata of its
//! cloud. So names are resolved here, whatever is not public is left out, and the connection goes to the very address that
//! was looked at; no second answer of a name server gets around it. Only an operator's setting ([`Reach`]) allows more.
//!
//! HTTP goes through [`Client`], other protocols ask [`resolve`] where to connect.

mod answer;
mod client;
mod public;
mod reach;

pub use answer::{ReadError, read, reason, refusal};
pub use client::{Client, ClientError, Options, check_authorities};
pub use public::is_public;
pub use reach::{Reach, Refused, STORES, resolve};
/// What requests and answers are made of; whoever needs it takes it from here.
pub use reqwest::{Error, Method, RequestBuilder, Response, StatusCode, Url, header};
