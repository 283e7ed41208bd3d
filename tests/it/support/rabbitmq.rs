//! A RabbitMQ, to be stopped and killed.

use std::path::Path;
use std::process::{Command, Stdio};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::child::Child;
use super::{free_port, until};

/// The variables in which `tests/run` tells which programs they are: the server, and the name server of Erlang.
const VARIABLE: &str = "TESTS_RABBITMQ_SERVER";
const EPMD: &str = "TESTS_EPMD";

/// A RabbitMQ that keeps its queues in files, ended when this value goes.
pub(crate) struct RabbitMq {
    // Ended before their folder goes.
    child: Child,
    /// A name server of its own, so that it neither uses nor leaves one of the machine.
    _epmd: Child,
    folder: TempDir,
    port: u16,
    epmd_port: u16,
}

impl RabbitMq {
    /// The server of all tests that do not stop it.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<RabbitMq> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    /// Starts one and waits until it answers, which takes seconds.
    pub(crate) async fn start() -> Self {
        loop {
            let (epmd, epmd_port) = (Child::default(), free_port());
            let mut command = Command::new(program(EPMD));
            command.args(["-port", &epmd_port.to_string(), "-address", "127.0.0.1"]);
            epmd.start(command.stdout(Stdio::null()).stderr(Stdio::null()));
            let folder = tempfile::tempdir().expect("a temporary folder");
            let rabbit = Self { folder, port: free_port(), epmd_port, child: Child::default(), _epmd: epmd };
            // Somebody else may have taken a port meanwhile.
            if rabbit.begin().await {
                return rabbit;
            }
        }
    }

    /// The same again, with what its queues had.
    pub(crate) async fn start_again(&self) {
        until("RabbitMQ to start on its port", async || self.begin().await.then_some(())).await;
    }

    async fn begin(&self) -> bool {
        let path = self.folder.path();
        self.configure(path);
        let mut command = Command::new(program(VARIABLE));
        command
            .env("HOME", path)
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            // The script becomes the server then, and does not wait for it.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .env("RABBITMQ_NODENAME", "tests@localhost")
            .env("RABBITMQ_DIST_PORT", free_port().to_string())
            .env("RABBITMQ_MNESIA_BASE", path.join("data"))
            .env("RABBITMQ_LOG_BASE", path.join("log"))
            .env("RABBITMQ_CONFIG_FILE", path.join("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path.join("plugins"))
            .env("RABBITMQ_PID_FILE", path.join("pid"))
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.child.start(&mut command);
        let answers = async || {
            let answers = std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            if self.child.ended().is_some() { Some(false) } else { answers.then_some(true) }
        };
        until("RabbitMQ to answer", answers).await
    }

    fn configure(&self, path: &Path) {
        let definitions = path.join("definitions.json");
        let users = ["tenantry", "reader"].map(|name| {
            json!({ "name": name, "tags": "", "password_hash": hashed("secret"),
            "hashing_algorithm": "rabbit_password_hashing_sha256" })
        });
        let may = |user: &str, change: &str, read: &str| json!({ "user": user, "vhost": "/", "configure": change, "write": change, "read": read });
        let text: Value = json!({ "users": users, "vhosts": [{ "name": "/" }],
            "permissions": [may("tenantry", ".*", ".*"), may("reader", "", ".*")] });
        std::fs::write(&definitions, text.to_string()).expect("its users");
        let text = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\ndisk_free_limit.absolute = 1MB\nload_definitions = {}\n",
            self.port,
            definitions.display()
        );
        std::fs::write(path.join("rabbitmq.conf"), text).expect("its configuration");
        std::fs::write(path.join("plugins"), "[].\n").expect("its plugins");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// As the setting `url`.
    pub(crate) fn url(&self) -> String {
        format!("amqp://127.0.0.1:{}", self.port)
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

fn program(variable: &str) -> std::ffi::OsString {
    std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run `tests/run`, which finds a RabbitMQ"))
}

/// As RabbitMQ keeps a password: a salt of four bytes, and SHA-256 of it and the password.
fn hashed(password: &str) -> String {
    let salt = b"salt";
    let sum = digest(&SHA256, &[salt, password.as_bytes()].concat());
    BASE64_STANDARD.encode([salt, sum.as_ref()].concat())
}
