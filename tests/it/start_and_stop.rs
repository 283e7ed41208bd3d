//! The first start, the next one, and the end.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::support::{Client, Database, Program, Request, System, Wire, group, until, user};

on_both! {
    /// What was written is there after a restart: directory, tenants, settings, tokens, events.
    async fn a_restart_keeps_everything(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("kept");
        system.set(&tenant, &json!({ "unique_group_names": true }));
        let client = tenant.client();
        let ada = client.post("/Users", &user("ada")).await.expect(201);
        let team = client.post("/Groups", &group("team", &[&ada.id()])).await.expect(201);
        let (before, events) = (client.get("/").await.expect(200).body, system.events(&tenant, 0));
        for _ in 0..2 {
            assert!(system.server().stop().await.success());
            system.server().start_again().await;
            assert_eq!(client.get("/").await.expect(200).body, before);
            assert_eq!(system.events(&tenant, 0), events);
        }
        client.post("/Groups", &group("TEAM", &[])).await.refused(409, Some("uniqueness"));
        client.delete(&format!("/Groups/{}", team.id())).await.expect(204);
        assert_eq!(system.events(&tenant, 0).len(), 3, "the numbers go on");
    }

    /// A request under way is answered; then the process ends by itself, with success.
    async fn a_shutdown_waits_for_requests_under_way(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("draining");
        let body = user("last").to_string();
        let (first, rest) = body.split_at(20);
        let mut wire = Wire::connect(system.server().port()).await;
        let head = format!(
            "POST /t/{}/scim/v2/Users HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{first}",
            tenant.name, tenant.token, body.len()
        );
        wire.send(head).await;
        // An answer on another connection shows that the server has read what was sent before.
        tenant.client().get("/Users").await.expect(200);
        system.server().signal("TERM");
        let operations = Client::new(system.server().operations());
        until("the server to be no longer ready", async || {
            (operations.try_get("/readyz").await != Some(200)).then_some(())
        })
        .await;
        wire.send(rest).await;
        let created = wire.answer().await.expect(201);
        let status = until("the server to end", async || system.server().ended()).await;
        assert!(status.success(), "{status}");
        system.server().start_again().await;
        tenant.client().get(&format!("/Users/{}", created.id())).await.expect(200);
    }

    /// Both signals of people and of service managers end it.
    async fn an_interrupt_ends_it_too(database: Database) {
        let system = System::start(database).await;
        system.server().signal("INT");
        let status = until("the server to end", async || system.server().ended()).await;
        assert!(status.success(), "{status}");
    }

    /// A second process on the same data would break what the first remembers: it is refused in one sentence.
    async fn a_second_process_on_the_same_data_is_refused(database: Database) {
        let system = System::start(database).await;
        let refused = system.server().program(&["serve"])
            .setting("TENANTRY_SERVER__LISTEN", "127.0.0.1:0").setting("TENANTRY_SERVER__OPERATIONS_LISTEN", "127.0.0.1:0")
            .setting("TENANTRY_STORES__LISTEN", "")
            .setting("TENANTRY_ADMIN__LISTEN", "127.0.0.1:0").run().expect(1);
        one_sentence(&refused.stderr);
        // Also from another data folder: the database is what is locked.
        let folder = tempfile::tempdir().expect("a folder");
        let refused = system.server().program(&["serve"])
            .setting("TENANTRY_DATA_DIR", folder.path().join("data"))
            .setting("TENANTRY_SERVER__LISTEN", "127.0.0.1:0").setting("TENANTRY_SERVER__OPERATIONS_LISTEN", "127.0.0.1:0")
            .setting("TENANTRY_STORES__LISTEN", "")
            .setting("TENANTRY_ADMIN__LISTEN", "127.0.0.1:0").run().expect(1);
        // PostgreSQL's lock is waited for, which the log tells; the refusal itself is one sentence.
        let (told, refusal): (Vec<_>, Vec<_>) =
            refused.stderr.lines().partition(|line| line.contains("waiting some seconds for it to let go"));
        assert_eq!(told.len(), usize::from(matches!(database, Database::Postgres)), "{told:?}");
        one_sentence(&refusal.join("\n"));
        system.tenant("still-served").client().get("/Users").await.expect(200);
    }

    /// `migrate` prepares a database and may be repeated.
    async fn migrate_prepares_a_database(database: Database) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = database.create(folder.path()).await;
        for _ in 0..2 {
            Program::new(&["migrate"]).within(folder.path()).setting("TENANTRY_DATABASE__URL", &url).run().expect(0);
        }
    }

    /// Keep-alive connections serve one request after another, also written together.
    async fn requests_on_one_connection_are_answered_in_order(system) {
        let tenant = system.tenant("pipelined");
        let get = |path: &str| format!("GET /t/{}/scim/v2{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", tenant.name, tenant.token);
        let mut wire = Wire::connect(system.server().port()).await;
        for _ in 0..3 {
            wire.send(get("/Users?count=0")).await;
            wire.answer().await.expect(200);
            wire.send(get("/Users/none")).await;
            wire.answer().await.expect(404);
        }
        let expecting = format!("POST /t/{}/scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 16\r\n\r\n", tenant.name, tenant.token);
        wire.send(expecting).await;
        wire.send("{\"userName\":\"a\"}").await;
        wire.answer().await.expect(201);
    }
}

/// A fresh machine: `tenantry` in an empty folder shows all that is needed to create a user.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_shows_everything_and_the_next_one_no_token() {
    let first = Started::new(tempfile::tempdir().expect("a folder")).await;
    let url = first.word_with("/t/demo/scim/v2");
    let token =
        first.output.lines().find_map(|line| line.trim().strip_prefix("Token ")).expect("a token").trim().to_owned();
    assert!(first.output.contains("curl "), "{}", first.output);
    Client::new(&url).with_token(&token).post("/Users", &user("ada")).await.expect(201);
    let next = Started::new(first.stop().await).await;
    assert!(!next.output.contains(&token), "the token is shown once");
    assert!(next.output.contains("token issue demo"), "{}", next.output);
    let kept = Client::new(next.word_with("/t/demo/scim/v2")).with_token(&token).get("/Users").await.expect(200);
    assert_eq!(kept.total(), 1);
    next.stop().await;
}

/// The curl line of the first start does what it says.
#[tokio::test(flavor = "multi_thread")]
async fn the_printed_curl_line_creates_a_user() {
    let started = Started::new(tempfile::tempdir().expect("a folder")).await;
    let line =
        started.output.lines().find(|line| line.trim_start().starts_with("curl ")).expect("a curl line").to_owned();
    let output = tokio::task::spawn_blocking(move || std::process::Command::new("sh").args(["-c", &line]).output());
    let output = output.await.expect("a task").expect("curl");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("201 Created"), "{text}{}", String::from_utf8_lossy(&output.stderr));
    started.stop().await;
}

/// The port that nobody asked for keeps no server from starting.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_usual_port_for_administration_the_server_starts_and_says_so() {
    // Whether this takes it or another program has it: it is taken.
    let _taken = std::net::TcpListener::bind("127.0.0.1:8081");
    let started = Started::administered_at(tempfile::tempdir().expect("a folder"), "127.0.0.1:8081").await;
    assert!(started.output.contains("no administration API: cannot listen on 127.0.0.1:8081"), "{}", started.output);
    assert!(!started.output.contains("Admin API"), "{}", started.output);
    started.stop().await;
}

/// Each thing that can be in the way of a start is one clear sentence and exit code 1.
#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_the_server_from_starting_is_said_in_one_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").to_string();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), "").expect("a file");
    for (variable, value, named) in [
        ("TENANTRY_SERVER__LISTEN", port.as_str(), port.as_str()),
        ("TENANTRY_SERVER__OPERATIONS_LISTEN", port.as_str(), port.as_str()),
        ("TENANTRY_ADMIN__LISTEN", port.as_str(), "admin.listen"),
        ("TENANTRY_DATA_DIR", "file/data", "file/data"),
        ("TENANTRY_DATABASE__URL", "postgres://nobody@127.0.0.1:1/nothing", "database"),
        ("TENANTRY_DATABASE__URL", "mysql://x", "database.url"),
        ("TENANTRY_SERVER__LISTEN", "nonsense", "server.listen"),
        ("TENANTRY_SERVER__NO_SUCH_SETTING", "1", "no_such_setting"),
        ("TENANTRY_LIMITS__BODY_BYTES", "0", "body_bytes"),
        ("TENANTRY_LOG__FORMAT", "xml", "log.format"),
        ("TENANTRY_TOKENS__DEFAULT_DAYS", "99999", "tokens.default_days"),
    ] {
        let program = Program::new(&["serve"])
            .within(folder.path())
            .setting("TENANTRY_SERVER__LISTEN", "127.0.0.1:0")
            .setting("TENANTRY_SERVER__OPERATIONS_LISTEN", "127.0.0.1:0")
            .setting("TENANTRY_STORES__LISTEN", "")
            .setting("TENANTRY_ADMIN__LISTEN", "127.0.0.1:0");
        let failed = tokio::task::block_in_place(|| program.setting(variable, value).run()).expect(1);
        one_sentence(&failed.stderr);
        assert!(failed.stderr.contains(named), "{variable}={value}: {}", failed.stderr);
    }
}

#[track_caller]
fn one_sentence(text: &str) {
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 1, "one sentence:\n{text}");
    assert!(!text.contains("panicked") && !text.contains("Error {") && text.len() < 400, "for people: {text}");
}

/// A server started as a newcomer does, in a folder, with nothing but other ports.
struct Started {
    folder: tempfile::TempDir,
    child: std::process::Child,
    output: String,
}

impl Started {
    async fn new(folder: tempfile::TempDir) -> Self {
        let admin = format!("127.0.0.1:{}", crate::support::free_port());
        Self::administered_at(folder, &admin).await
    }

    async fn administered_at(folder: tempfile::TempDir, admin: &str) -> Self {
        let log = std::fs::File::create(folder.path().join("output")).expect("a file");
        let ports = [(); 2].map(|()| format!("127.0.0.1:{}", crate::support::free_port()));
        let mut command = Program::new(&[])
            .within(folder.path())
            .setting("TENANTRY_SERVER__LISTEN", &ports[0])
            .setting("TENANTRY_SERVER__OPERATIONS_LISTEN", &ports[1])
            .setting("TENANTRY_STORES__LISTEN", "")
            .setting("TENANTRY_ADMIN__LISTEN", admin)
            .into_command();
        let child = command.stdout(log.try_clone().expect("the file twice")).stderr(log).spawn().expect("the program");
        let mut started = Self { folder, child, output: String::new() };
        let operations = Client::new(format!("http://{}", ports[1]));
        until("the server to be ready", async || operations.try_get("/readyz").await.filter(|status| *status == 200))
            .await;
        started.output = until("its words", async || {
            let output = std::fs::read_to_string(started.folder.path().join("output")).expect("its output");
            output.contains("/t/demo/scim/v2").then_some(output)
        })
        .await;
        started
    }

    fn word_with(&self, end: &str) -> String {
        let word = self.output.split_whitespace().find(|word| word.ends_with(end));
        word.unwrap_or_else(|| panic!("no word ends with {end} in\n{}", self.output)).to_owned()
    }

    async fn stop(mut self) -> tempfile::TempDir {
        std::process::Command::new("kill").arg(self.child.id().to_string()).status().expect("kill");
        let status = until("the server to end", async || self.child.try_wait().expect("its status")).await;
        assert!(status.success());
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("another folder"))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

on_both! {
    /// A client that goes away in the middle of its request disturbs nobody.
    async fn clients_that_vanish_leave_nothing_behind(system) {
        let tenant = system.tenant("vanishing");
        for number in 0..20 {
            let mut wire = Wire::connect(system.server().port()).await;
            wire.send(format!("POST /t/{}/scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"userName\":\"u{number}\"", tenant.name, tenant.token)).await;
            drop(wire);
        }
        let request = Request::new("GET", "/Users?count=0");
        let total = tenant.client().send(request).await.expect(200).total();
        assert_eq!(total, 0, "half a request is none");
        tokio::time::timeout(Duration::from_secs(60), tenant.client().post("/Users", &user("ada"))).await.expect("an answer").expect(201);
    }
}

/// A SIGHUP that comes while a server starts is no reason to end.
#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_during_the_start_is_no_end() {
    let first = System::start(Database::Postgres).await;
    let mut second = Waiting::start(&first).await;
    for _ in 0..3 {
        second.signal("HUP");
    }
    assert!(first.server().stop().await.success());
    until("the second server to be ready", async || {
        assert_eq!(second.child.try_wait().expect("its status"), None, "{}", second.log());
        (second.operations.try_get("/readyz").await == Some(200)).then_some(())
    })
    .await;
}

/// A server that is told to stop while it starts stops, as if it had started.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_during_the_start_ends_in_order() {
    let first = System::start(Database::Postgres).await;
    let mut second = Waiting::start(&first).await;
    second.signal("TERM");
    let status = until("the second server to end", async || second.child.try_wait().expect("its status")).await;
    assert!(status.success(), "{status} {}", second.log());
    first.tenant("goes-on").client().get("/Users").await.expect(200);
}

/// A second server on the database of the first, which waits for it to let go.
struct Waiting {
    folder: tempfile::TempDir,
    child: std::process::Child,
    operations: Client,
}

impl Waiting {
    async fn start(first: &System) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let operations = format!("127.0.0.1:{}", crate::support::free_port());
        let program = first
            .server()
            .program(&["serve"])
            .setting("TENANTRY_DATA_DIR", folder.path().join("data"))
            .setting("TENANTRY_SERVER__LISTEN", "127.0.0.1:0")
            .setting("TENANTRY_SERVER__OPERATIONS_LISTEN", &operations)
            .setting("TENANTRY_STORES__LISTEN", "")
            .setting("TENANTRY_ADMIN__LISTEN", "");
        let log = std::fs::File::create(folder.path().join("log")).expect("a log");
        let child = program.into_command().stdout(Stdio::null()).stderr(log).spawn().expect("a server");
        let waiting = Self { folder, child, operations: Client::new(format!("http://{operations}")) };
        let is_waiting = async || waiting.log().contains("waiting some seconds").then_some(());
        until("the second server to wait for the lock", is_waiting).await;
        waiting
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("the log")
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill");
        assert!(sent.success());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
