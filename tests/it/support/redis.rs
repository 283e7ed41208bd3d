//! A Redis of a test's own, to be killed and stopped.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::child::Child;
use super::{free_port, until};

/// The variable in which `tests/run` tells which program it is.
const VARIABLE: &str = "TESTS_REDIS_SERVER";

/// A Redis server, ended when this value goes.
pub(crate) struct Redis {
    // Ended before its folder goes.
    child: Child,
    folder: TempDir,
    port: u16,
    /// Whether it keeps what it has in a file.
    keeps: bool,
}

impl Redis {
    /// Starts one that keeps nothing, and waits until it answers.
    pub(crate) async fn start() -> Self {
        Self::start_with(false).await
    }

    /// Starts one that keeps everything, as a store should.
    pub(crate) async fn start_keeping() -> Self {
        Self::start_with(true).await
    }

    async fn start_with(keeps: bool) -> Self {
        loop {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let redis = Self { folder, port: free_port(), child: Child::default(), keeps };
            // Somebody else may have taken the port meanwhile.
            if redis.begin().await {
                return redis;
            }
        }
    }

    /// The same again, on the same port, with what it kept in it.
    pub(crate) async fn start_again(&self) {
        until("Redis to start on its port", async || self.begin().await.then_some(())).await;
    }

    /// Starts it and waits until it answers; false if it ended.
    async fn begin(&self) -> bool {
        let program = std::env::var_os(VARIABLE)
            .unwrap_or_else(|| panic!("{VARIABLE} is not set: run `tests/run`, which finds a Redis"));
        let port = self.port.to_string();
        let mut command = Command::new(program);
        command
            .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendfsync", "always"])
            .args(["--appendonly", if self.keeps { "yes" } else { "no" }, "--dir"])
            .arg(self.folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.child.start(&mut command);
        until("Redis to answer", async || {
            let answers = std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            // Whoever answers is another one then.
            if self.child.ended().is_some() { Some(false) } else { answers.then_some(true) }
        })
        .await
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// As the setting `replicas.redis_url`.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Sends one command as a stranger who can reach it would, and gives back the lines of the answer.
    pub(crate) fn command(&self, line: &str) -> Vec<String> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).expect("a connection");
        stream.write_all(format!("{line}\r\nQUIT\r\n").as_bytes()).expect("to send");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer.lines().map(str::to_owned).collect()
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
