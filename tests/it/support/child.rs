//! A program that a test runs beside itself, to be stopped and killed.

use std::process::{self, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard};

use super::reaper;

/// A process that may have ended; killed when this value goes.
#[derive(Default)]
pub(crate) struct Child(Mutex<Option<process::Child>>);

impl Child {
    /// Takes the place of one that has ended.
    pub(crate) fn start(&self, command: &mut Command) {
        let child = command.spawn().expect("the program to start");
        reaper::watch(child.id());
        *self.lock() = Some(child);
    }

    /// Its exit status, if it has ended since this was last asked.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        let mut guard = self.lock();
        let status = guard.as_mut()?.try_wait().expect("its status")?;
        if let Some(child) = guard.take() {
            reaper::forget(child.id());
        }
        Some(status)
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.lock().take() {
            child.kill().expect("to kill it");
            child.wait().expect("it to end");
            reaper::forget(child.id());
        }
    }

    /// Sends a signal: `TERM` asks it to end, `STOP` makes it silent without closing a connection, `CONT` lets it go on.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.lock().as_ref().expect("a running program").id();
        let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().expect("kill");
        assert!(sent.success());
    }

    fn lock(&self) -> MutexGuard<'_, Option<process::Child>> {
        self.0.lock().expect("the process")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}
