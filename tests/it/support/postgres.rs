//! A PostgreSQL that one test has for itself, and may stop.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::reaper;

/// The server, which ends with this value.
pub(crate) struct Postgres {
    folder: TempDir,
    url: String,
}

impl Postgres {
    /// Makes one and starts it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir().expect("a temporary folder");
        // It runs as another user where the tests run as root.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("the folder's mode");
        let told = run(&["start"], folder.path(), &[]);
        let url = told.lines().last().expect("its URL").to_owned();
        let postgres = Self { folder, url };
        reaper::watch(postgres.id());
        postgres
    }

    /// Its database, as the setting `database.url`.
    pub(crate) fn url(&self) -> String {
        format!("{}/postgres", self.url)
    }

    /// Stops it and starts it again: `fast` ends sessions, `immediate` is as good as a crash.
    pub(crate) fn restart(&self, mode: &str) {
        reaper::forget(self.id());
        run(&["restart"], self.folder.path(), &[mode]);
        reaper::watch(self.id());
    }

    /// Kills its first process; the others end when they notice. [`Self::restart`] starts it again.
    pub(crate) fn kill(&self) {
        let sent = Command::new("kill").args(["-KILL", &self.id().to_string()]).status().expect("kill");
        assert!(sent.success());
    }

    fn id(&self) -> u32 {
        let file = self.folder.path().join("postgres/data/postmaster.pid");
        let text = std::fs::read_to_string(file).expect("the file with its process");
        text.lines().next().and_then(|line| line.parse().ok()).expect("a process id")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        reaper::forget(self.id());
        run(&["stop"], self.folder.path(), &[]);
    }
}

fn run(verb: &[&str], folder: &Path, more: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../support/postgres.sh");
    let mut command = Command::new(script);
    command.args(verb).arg(folder).args(more).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().expect("the script");
    assert!(output.status.success(), "{verb:?} {more:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}
