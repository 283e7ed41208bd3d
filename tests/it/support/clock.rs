//! A clock that a test sets, for one server, or one PostgreSQL, alone. (libfaketime stands between the program and the system's clock; the
//! clocks that nobody can set go on as they are.)

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

/// The variable in which `tests/run` tells where the library is.
const VARIABLE: &str = "TESTS_FAKETIME";

/// The clock of one server.
pub(crate) struct Clock {
    folder: TempDir,
    library: String,
}

impl Clock {
    /// One that is right.
    pub(crate) fn new() -> Self {
        let library = std::env::var_os(VARIABLE).and_then(|path| path.into_string().ok());
        let library =
            library.unwrap_or_else(|| panic!("{VARIABLE} is not set: run `tests/run`, which finds libfaketime"));
        let clock = Self { folder: tempfile::tempdir().expect("a temporary folder"), library };
        // A PostgreSQL runs as another user where the tests run as root.
        fs::set_permissions(clock.folder.path(), fs::Permissions::from_mode(0o755)).expect("the folder's mode");
        clock.set(0);
        clock
    }

    /// Is so many seconds ahead from now on.
    pub(crate) fn set(&self, ahead: i64) {
        // As a whole: it is read at every look at the clock.
        let unfinished = self.folder.path().join("unfinished");
        fs::write(&unfinished, format!("{ahead:+}")).expect("to write");
        fs::rename(unfinished, self.file()).expect("to set the clock");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    /// What a server is started with to go by it.
    pub(crate) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("LD_PRELOAD", self.library.clone()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }
}
