//! A PostgreSQL that one test has for itself, and may stop.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Clock, reaper};

/// The server, which ends with this value.
pub(crate) struct Postgres {
    folder: TempDir,
    url: String,
}

impl Postgres {
    /// Makes one and starts it.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, by this clock.
    pub(crate) fn start_by(clock: &Clock) -> Self {
        Self::start_with(&clock.variables())
    }

    fn start_with(variables: &[(&str, String)]) -> Self {
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir().expect("a temporary folder");
        // It runs as another user where the tests run as root.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("the folder's mode");
        let told = run_with(&["start"], folder.path(), &[], variables);
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

    /// Sends a signal to all its processes: `STOP` makes it silent without closing a connection, `CONT` lets it go on.
    pub(crate) fn signal(&self, name: &str) {
        let (first, ids) = (self.id(), std::fs::read_dir("/proc").expect("the processes"));
        let ids = ids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let of_it: Vec<_> =
            ids.filter(|id| *id == first || parent(*id) == Some(first)).map(|id| id.to_string()).collect();
        // One that has ended meanwhile has no need of it.
        Command::new("kill").arg(format!("-{name}")).args(of_it).stderr(Stdio::null()).status().expect("kill");
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
        self.signal("CONT");
        run(&["stop"], self.folder.path(), &[]);
    }
}

/// The process that has started this one. (The name, in parentheses, may have spaces in it.)
fn parent(id: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn run(verb: &[&str], folder: &Path, more: &[&str]) -> String {
    run_with(verb, folder, more, &[])
}

fn run_with(verb: &[&str], folder: &Path, more: &[&str], variables: &[(&str, String)]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../support/postgres.sh");
    let mut command = Command::new(script);
    command.args(verb).arg(folder).args(more).stdin(Stdio::null()).stderr(Stdio::inherit());
    command.envs(variables.iter().map(|(name, value)| (*name, value)));
    let output = command.output().expect("the script");
    assert!(output.status.success(), "{verb:?} {more:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}
