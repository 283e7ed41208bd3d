//! The program `tenantry`: the command line, the settings, and the server put together from the crates.
//!
//! Everything it can do is in the libraries; here is only what reads arguments, settings and signals, and prints.

mod cli;
mod deployment;
mod notice;
mod serve;
mod session;
mod settings;
mod signing;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
