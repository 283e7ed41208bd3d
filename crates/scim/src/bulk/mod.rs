//! Many operations in one request (RFC 7644 section 3.7).
//!
//! [`BulkRequest::parse`] checks the message, [`BulkRequest::start`] decides the order in which the operations run so that
//! every `bulkId:` reference can be filled in, and [`BulkRun`] hands them out one by one and collects what became of
//! them. Running one is the caller's part: each is an ordinary create, replace, patch or delete.

mod action;
mod defer;
mod operation;
mod places;
mod plan;
mod reference;
mod request;
mod response;
mod run;
mod undo;

#[cfg(test)]
mod tests;

pub use action::BulkAction;
pub use operation::BulkOperation;
pub use request::BulkRequest;
pub use run::{BulkDone, BulkRefusal, BulkRun, BulkTask};
