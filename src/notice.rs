//! What an operator has to know although the program goes on.

use std::io::Write;

/// Says it in the log of a server, or else on standard error, where the log would be.
pub(crate) fn warn(sentence: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::warn!("{sentence}");
    } else {
        // Nobody is left to be told when this fails.
        let _ = writeln!(std::io::stderr().lock(), "warning: {sentence}");
    }
}
