//! The program under test, as a command.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// One call of `tenantry`.
pub(crate) struct Program(Command);

impl Program {
    /// The program that was built beside the tests, with none of the caller's settings.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let mut command = Command::new(path());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TENANTRY_")) {
            command.env_remove(name);
        }
        command.args(arguments).env("NO_COLOR", "1").stdin(Stdio::null());
        Self(command)
    }

    /// With this setting, such as `TENANTRY_DATA_DIR`.
    pub(crate) fn setting(mut self, variable: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.env(variable, value);
        self
    }

    /// In this folder.
    pub(crate) fn within(mut self, folder: &std::path::Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Finished {
        let call = format!("{:?}", self.0.get_args().collect::<Vec<_>>());
        let Output { status, stdout, stderr } = self.0.output().expect("the program to run");
        Finished {
            call,
            code: status.code(),
            stdout: String::from_utf8(stdout).expect("UTF-8 on stdout"),
            stderr: String::from_utf8(stderr).expect("UTF-8 on stderr"),
        }
    }

    /// The command, for a caller that wants to keep the process.
    pub(crate) fn into_command(self) -> Command {
        self.0
    }
}

/// What a call left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    call: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// It ended with this exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "tenantry {}\nstdout: {}\nstderr: {}", self.call, self.stdout, self.stderr);
        self
    }

    /// Its output, which is one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("tenantry {}: {error} in {}\n{}", self.call, self.stdout, self.stderr))
    }

    /// Its output, one JSON value a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }
}

/// Tests lie in `target/<profile>/deps`, the program one above.
fn path() -> PathBuf {
    let own = std::env::current_exe().expect("the path of the tests");
    let folder = own.parent().and_then(|deps| deps.parent()).expect("a target folder");
    let program = folder.join(format!("tenantry{}", std::env::consts::EXE_SUFFIX));
    assert!(program.exists(), "{} is missing: run `tests/run`, or `cargo build --workspace` first", program.display());
    program
}
