//! A MariaDB of a test's own, to be killed, silenced and filled.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::child::Child;
use super::{free_port, until};

/// The variables in which `tests/run` tells which programs they are.
const SERVER: &str = "TESTS_MARIADB_SERVER";
const INSTALL: &str = "TESTS_MARIADB_INSTALL";
/// Root may do everything, and needs no password from this machine.
const FLAGS: [&str; 3] = ["--no-defaults", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"];

/// A MariaDB server, ended when this value goes.
pub(crate) struct MariaDb {
    // Ended before its folder goes.
    child: Child,
    folder: TempDir,
    port: u16,
}

impl MariaDb {
    /// Makes one and waits until it answers.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with these options.
    pub(crate) async fn start_with(options: &[&str]) -> Self {
        loop {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mariadb = Self { folder, port: free_port(), child: Child::default() };
            mariadb.install(options);
            // Somebody else may have taken the port meanwhile.
            if mariadb.begin(options).await {
                return mariadb;
            }
        }
    }

    /// The same again, on the same data and port, with these options.
    pub(crate) async fn start_again_with(&self, options: &[&str]) {
        until("MariaDB to start on its port", async || self.begin(options).await.then_some(())).await;
    }

    fn install(&self, options: &[&str]) {
        let log = File::create(self.folder.path().join("install.log")).expect("a log file");
        let mut command = Command::new(program(INSTALL));
        command
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--user=root"])
            .arg(self.data())
            .args(options)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log twice"))
            .stderr(log);
        let status = command.status().expect("mariadb-install-db");
        let told = std::fs::read_to_string(self.folder.path().join("install.log")).unwrap_or_default();
        assert!(status.success(), "{told}");
    }

    /// Starts it and waits until it answers; false if it ended.
    async fn begin(&self, options: &[&str]) -> bool {
        let socket = self.folder.path().join("socket");
        let mut command = Command::new(program(SERVER));
        command
            .args(FLAGS)
            .args(["--user=root", &format!("--port={}", self.port), &format!("--socket={}", socket.display())])
            .arg(self.data())
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.child.start(&mut command);
        until("MariaDB to answer", async || {
            let answers = std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            // Whoever answers is another one then.
            if self.child.ended().is_some() { Some(false) } else { answers.then_some(true) }
        })
        .await
    }

    fn data(&self) -> String {
        format!("--datadir={}", self.folder.path().join("data").display())
    }

    /// A URL without the name of a database.
    pub(crate) fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}", self.port)
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        self.child.kill();
    }

    /// `STOP` makes it silent without closing a connection, `CONT` lets it go on.
    pub(crate) fn signal(&self, name: &str) {
        self.child.signal(name);
    }
}

fn program(variable: &str) -> PathBuf {
    let found = std::env::var_os(variable);
    found.unwrap_or_else(|| panic!("{variable} is not set: run `tests/run`, which finds a MariaDB")).into()
}
