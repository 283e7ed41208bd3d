//! Measures the server against what the machine can do at best.
//!
//! A lean client of our own drives the real program; the ceilings, a bare actix-web server and `pgbench`, take turns
//! with it in the same run. It prints numbers beside their aims and fails only when an answer is wrong: a slow machine
//! is no error. `tests/bench/run` builds everything, starts a PostgreSQL and calls `bench measure`.

use clap::Parser;

use crate::arguments::Command;

mod arguments;
mod bare;
mod load;
mod machine;
mod measure;
mod people;
mod pgbench;
mod product;
mod report;
mod requests;
mod seed;
mod stores;
mod target;

/// The allocator of the program, so that the ceiling has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Measure(arguments) => measure::run(&arguments),
        Command::Bare { port, workers } => bare::serve(port, workers),
    }
}
