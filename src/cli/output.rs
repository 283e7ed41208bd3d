//! Where answers and failures are printed: text for people, JSON for scripts.

use std::io::{self, Write};

use serde_json::{Value, json};
use tenant_admin::{Code, Failure};

/// Prints in the form that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a script reads.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints an answer; `text` makes the form for people.
    pub(crate) fn answer(self, answer: &Value, text: impl FnOnce(&Value) -> String) -> Result<(), Failure> {
        if self.json { self.line(&pretty(answer)) } else { self.line(&text(answer)) }
    }

    /// Prints a text as it is, and a line end unless it has one.
    pub(crate) fn line(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        match write!(out, "{text}{end}").and_then(|()| out.flush()) {
            // Whoever reads has enough (`| head`): that is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
            written => written.map_err(|error| Failure::caused(Code::Failed, &error)),
        }
    }

    /// Tells people how far something has come, on standard error.
    pub(crate) fn note(self, text: &str) {
        if !self.json {
            // Nobody is left to be told when this fails.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Says what went wrong, on standard error.
    pub(crate) fn fail(self, failure: &Failure) {
        let text = if self.json { json!({ "error": failure }).to_string() } else { format!("error: {failure}") };
        // Nobody is left to be told when this fails, too.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

fn pretty(answer: &Value) -> String {
    serde_json::to_string_pretty(answer).unwrap_or_else(|_| answer.to_string())
}
