//! Requirements and quirks of `docs/conformance.md` that no other test shows, each as one test named by its number.

mod clients;
mod http;
mod lists;
mod resources;
mod tokens;
