//! Processes, their processor time and memory, and free ports.

pub(crate) use self::memory::Memory;
pub(crate) use self::meter::{Meter, Spent};
pub(crate) use self::port::free_port;
pub(crate) use self::process::{Process, output};

mod memory;
mod meter;
mod port;
mod process;
mod stat;
