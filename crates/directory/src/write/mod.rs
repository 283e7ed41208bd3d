//! Changing a directory: changes that wait at the same time share one transaction and one commit.
//!
//! A batch is: lock the directories, load what the changes touch, decide in memory and in order, save, commit, answer.
//! Deciding is pure (`apply`), so it is the same on both databases.

mod apply;
mod attempt;
mod batch;
mod change;
mod company;
mod event;
mod load;
mod member;
mod needs;
mod row;
mod save;
mod statements;
mod statistics;
mod together;
mod working;
mod writer;

pub(crate) use change::{Action, Change, Outcome};
pub(crate) use statements::Statements;
pub(crate) use working::BLOCK;
pub(crate) use writer::Writer;
