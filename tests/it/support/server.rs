//! One running `tenantry serve`, with a data folder and a database of its own.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use sea_orm::DatabaseTransaction;
use tempfile::TempDir;

use super::child::Child;
use super::{Database, Program, database, until};

/// How often a port that was free a moment ago may turn out to be taken.
const ATTEMPTS: u32 = 5;

/// A server process, ended when this value goes.
pub(crate) struct Server {
    folder: TempDir,
    settings: Vec<(String, String)>,
    ports: (u16, u16),
    admin_port: u16,
    feed_port: u16,
    child: Child,
}

impl Server {
    /// Starts one and waits until it is ready.
    pub(crate) async fn start(database: Database, settings: &[(&str, &str)]) -> Self {
        let folder = new_folder();
        let url = database.create(folder.path()).await;
        Self::start_in(folder, &url, settings).await
    }

    /// Starts one on a database that is there already.
    pub(crate) async fn start_on(url: &str, settings: &[(&str, &str)]) -> Self {
        Self::start_in(new_folder(), url, settings).await
    }

    async fn start_in(folder: TempDir, url: &str, settings: &[(&str, &str)]) -> Self {
        let mut server =
            Self { folder, settings: Vec::new(), ports: (0, 0), admin_port: 0, feed_port: 0, child: Child::default() };
        for attempt in 1..=ATTEMPTS {
            server.choose_ports();
            server.settings = server.basics(url);
            server.settings.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
            server.spawn();
            if server.ready().await {
                return server;
            }
            assert!(
                attempt < ATTEMPTS && server.log().contains("cannot listen"),
                "the server ended:\n{}",
                server.log()
            );
        }
        unreachable!("the last attempt has returned or stopped")
    }

    fn choose_ports(&mut self) {
        self.ports = (free_port(), free_port());
        self.admin_port = free_port();
        self.feed_port = free_port();
    }

    fn basics(&self, url: &str) -> Vec<(String, String)> {
        [
            ("TENANTRY_DATA_DIR", self.data_folder().display().to_string()),
            ("TENANTRY_DATABASE__URL", url.to_owned()),
            ("TENANTRY_SERVER__LISTEN", format!("127.0.0.1:{}", self.ports.0)),
            ("TENANTRY_SERVER__OPERATIONS_LISTEN", format!("127.0.0.1:{}", self.ports.1)),
            ("TENANTRY_ADMIN__LISTEN", format!("127.0.0.1:{}", self.admin_port)),
            ("TENANTRY_STORES__LISTEN", format!("127.0.0.1:{}", self.feed_port)),
            ("TENANTRY_LOG__FORMAT", "json".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn spawn(&self) {
        let log = File::options().create(true).append(true).open(self.log_path()).expect("a log file");
        let mut command = self.program(&["serve"]).into_command();
        command.stdout(Stdio::from(log.try_clone().expect("the log twice"))).stderr(Stdio::from(log));
        self.child.start(&mut command);
    }

    /// Waits until it answers; false if it ended instead.
    async fn ready(&self) -> bool {
        let client = reqwest::Client::builder().tls_certs_only([]).build().expect("an HTTP client");
        let url = format!("{}/readyz", self.operations());
        until("the server to be ready", async || match client.get(&url).send().await {
            Ok(answer) if answer.status().is_success() => Some(true),
            _ => self.ended().map(|_| false),
        })
        .await
    }

    /// The same server again, on the same data and ports.
    pub(crate) async fn start_again(&self) {
        self.spawn();
        assert!(self.ready().await, "the server did not come back:\n{}", self.log());
    }

    /// Its exit status, if it has ended.
    pub(crate) fn ended(&self) -> Option<ExitStatus> {
        self.child.ended()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&self) {
        self.child.kill();
    }

    /// Sends it a signal, as a service manager does.
    pub(crate) fn signal(&self, name: &str) {
        self.child.signal(name);
    }

    /// Asks it to end and waits until it has.
    pub(crate) async fn stop(&self) -> ExitStatus {
        self.signal("TERM");
        until("the server to stop", async || self.ended()).await
    }

    /// Takes its PostgreSQL database away.
    pub(crate) async fn cut_database(&self) {
        database::cut(self.setting("TENANTRY_DATABASE__URL")).await;
    }

    /// Gives its PostgreSQL database back.
    pub(crate) async fn restore_database(&self) {
        database::restore(self.setting("TENANTRY_DATABASE__URL")).await;
    }

    /// Makes its database answer no change until [`Self::give_database_back`]: PostgreSQL is gone, an SQLite file is locked.
    pub(crate) async fn take_database_away(&self, database: Database) -> Option<DatabaseTransaction> {
        match database {
            Database::Sqlite => Some(database::hold_changes(self.setting("TENANTRY_DATABASE__URL")).await),
            Database::Postgres => {
                self.cut_database().await;
                None
            }
        }
    }

    /// Gives it back.
    pub(crate) async fn give_database_back(&self, held_up: Option<DatabaseTransaction>) {
        match held_up {
            Some(held_up) => held_up.rollback().await.expect("to let go"),
            None => self.restore_database().await,
        }
    }

    /// Whether some process holds the lock of its PostgreSQL database.
    pub(crate) async fn has_locked_its_database(&self) -> bool {
        database::is_locked(self.setting("TENANTRY_DATABASE__URL")).await
    }

    /// The setting `database.url`.
    pub(crate) fn database_url(&self) -> &str {
        self.setting("TENANTRY_DATABASE__URL")
    }

    /// Changes rows of its database while it does not run.
    pub(crate) async fn change_rows(&self, statement: &str) {
        database::change(self.setting("TENANTRY_DATABASE__URL"), statement).await;
    }

    fn setting(&self, name: &str) -> &str {
        let found = self.settings.iter().find(|(own, _)| own == name);
        found.map_or_else(|| panic!("{name} is not set"), |(_, value)| value)
    }

    /// A command of the program with this server's settings.
    pub(crate) fn program(&self, arguments: &[&str]) -> Program {
        let program = Program::new(arguments).within(self.folder.path());
        self.settings.iter().fold(program, |program, (name, value)| program.setting(name, value))
    }

    /// `http://127.0.0.1:…` of the gateway.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.0)
    }

    /// `http://127.0.0.1:…` of health and metrics.
    pub(crate) fn operations(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.1)
    }

    /// `http://127.0.0.1:…/api/v1` of the administration API.
    pub(crate) fn admin(&self) -> String {
        format!("http://127.0.0.1:{}/api/v1", self.admin_port)
    }

    /// Where stores fetch their events.
    pub(crate) fn feed(&self) -> String {
        format!("http://127.0.0.1:{}", self.feed_port)
    }

    /// The port of administration over HTTP.
    pub(crate) fn admin_port(&self) -> u16 {
        self.admin_port
    }

    /// The port of the gateway.
    pub(crate) fn port(&self) -> u16 {
        self.ports.0
    }

    /// Everything it wrote so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Where it keeps its data.
    pub(crate) fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            for line in tail.iter().rev() {
                report(line);
            }
        }
        self.kill();
    }
}

#[expect(clippy::print_stderr, reason = "the test program shows it below the failed test")]
fn report(line: &str) {
    eprintln!("server: {line}");
}

fn new_folder() -> TempDir {
    tempfile::Builder::new().prefix("tenantry-").tempdir().expect("a temporary folder")
}

/// A port that nobody listens on, outside the range the system takes for outgoing connections.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 100).expect("below 100") * 100;
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
