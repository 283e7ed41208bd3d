//! A NATS server with JetStream, to be stopped and killed.

use std::process::{Command, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::child::Child;
use super::{free_port, until};

/// The variable in which `tests/run` tells which program it is.
const VARIABLE: &str = "TESTS_NATS_SERVER";

/// Who may sign in at the server that tests share. The key is the pair in the documentation of NATS.
const USERS: &str = r#"authorization { users = [
    { user: "tenantry", password: "secret" }
    { user: "reader", password: "secret", permissions: { publish: ["$JS.API.STREAM.INFO.>"], subscribe: ["_INBOX.>"] } }
    { nkey: "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4" }
] }"#;

/// A NATS server that keeps its streams in files, ended when this value goes.
pub(crate) struct Nats {
    // Ended before its folder goes.
    child: Child,
    folder: TempDir,
    port: u16,
    configuration: Mutex<String>,
}

impl Nats {
    /// The server of all tests that do not stop it, with users.
    pub(crate) async fn shared() -> &'static Self {
        static SHARED: OnceCell<Nats> = OnceCell::const_new();
        SHARED.get_or_init(|| Self::start(USERS)).await
    }

    /// Starts one with this in its configuration, and waits until it answers.
    pub(crate) async fn start(configuration: &str) -> Self {
        loop {
            let nats = Self {
                folder: tempfile::tempdir().expect("a temporary folder"),
                port: free_port(),
                child: Child::default(),
                configuration: Mutex::new(configuration.to_owned()),
            };
            // Somebody else may have taken the port meanwhile.
            if nats.begin().await {
                return nats;
            }
        }
    }

    /// The same again, with what its streams had.
    pub(crate) async fn start_again(&self) {
        until("NATS to start on its port", async || self.begin().await.then_some(())).await;
    }

    async fn begin(&self) -> bool {
        let program = std::env::var_os(VARIABLE)
            .unwrap_or_else(|| panic!("{VARIABLE} is not set: run `tests/run`, which finds a NATS server"));
        let path = self.folder.path();
        let text = format!(
            "listen: \"127.0.0.1:{}\"\njetstream {{ store_dir: \"{}\" }}\n{}\n",
            self.port,
            path.display(),
            self.configuration.lock().expect("the configuration")
        );
        std::fs::write(path.join("nats.conf"), text).expect("its configuration");
        let mut command = Command::new(program);
        command.arg("-c").arg(path.join("nats.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        self.child.start(&mut command);
        until("NATS to answer", async || {
            let answers = std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok();
            if self.child.ended().is_some() { Some(false) } else { answers.then_some(true) }
        })
        .await
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// As the setting `url`.
    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
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
