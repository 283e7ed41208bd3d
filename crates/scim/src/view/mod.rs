//! Resources as the client sees them: which attributes, with `meta`, `groups` and `members` filled in.

mod projection;
mod render;
mod selection;
mod stored;
mod tag;
#[cfg(test)]
mod tests;
mod write;
mod written;

pub use projection::Projection;
pub use render::{render, to_tree};
pub use stored::{MemberReference, Stored};
pub use tag::VersionTag;
pub(crate) use written::{has_part, on_request, written};
