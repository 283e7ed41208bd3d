//! Changing a directory: changes that wait at the same time share one transaction and one commit.
//!
//! A batch is: lock the directories, load what the changes touch, decide in memory and in order, save, commit, answer
//! (`batch`); or, where a guess about the directories' counters turns out right, the same without the lock and with one
//! statement for all that is written (`swift`). Deciding is pure (`apply`), so it is the same on both ways and both
//! databases.

mod administrator;
mod apply;
mod attempt;
mod batch;
mod breaker;
mod change;
mod company;
mod event;
mod groups;
mod invitation;
mod load;
mod member;
mod memory;
mod naming;
mod needs;
mod retell;
mod row;
mod save;
mod statements;
mod statistics;
mod swift;
mod together;
mod working;
mod writer;

pub(crate) use batch::now_ms;
pub(crate) use breaker::Errand;
pub(crate) use change::{Action, Change, New, Outcome};
pub(crate) use invitation::{InvitationAnswer, InvitationErrand, address_of, is_same, told};
pub(crate) use statements::Statements;
pub(crate) use working::BLOCK;
pub(crate) use writer::Writer;
