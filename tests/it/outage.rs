//! PostgreSQL goes away and comes back while the server runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Client, Database, Postgres, Recovery, Server, System, until, user};

/// Without its database the server lives, is not ready, and says so in SCIM; with it back, it serves as before.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_the_server_is_not_ready_and_recovers_by_itself() {
    let system = System::start(Database::Postgres).await;
    let tenant = system.tenant("outage");
    let client = tenant.client();
    let ada = client.post("/Users", &user("ada")).await.expect(201);
    system.server().cut_database().await;
    let refused = client.get("/Users").await.expect(503);
    assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()), "{refused:?}");
    client.post("/Users", &user("lost")).await.expect(503);
    let operations = Client::new(system.server().operations());
    assert_eq!(operations.try_get("/livez").await, Some(200), "alive");
    until("the server to be not ready", async || (operations.try_get("/readyz").await == Some(503)).then_some(()))
        .await;
    system.server().restore_database().await;
    let back = Recovery::begin();
    until("the server to be ready again", async || (operations.try_get("/readyz").await == Some(200)).then_some(()))
        .await;
    let read =
        until("the directory", async || Some(client.get("/Users").await).filter(|answer| answer.status == 200)).await;
    back.check("PostgreSQL can be reached");
    assert_eq!(read.ids(), [ada.id()]);
    client.post("/Users", &user("bob")).await.expect(201);
    let sequences: Vec<_> = system.all_events(&tenant, 0).iter().map(|event| event["sequence"].clone()).collect();
    assert_eq!(sequences, [json!(1), json!(2), json!(3)]);
}

/// PostgreSQL is stopped and started again, the second time as by a crash, while clients write. What was answered is
/// there; everything else was told to come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_restarted_is_found_again() {
    let postgres = Postgres::start();
    let settings = [("TENANTRY_DATABASE__URL", &*postgres.url())];
    let system = System::start_unlimited_with(Database::Postgres, &settings).await;
    let tenant = system.tenant("restarted");
    let (is_over, mut writing) = (Arc::new(AtomicBool::new(false)), JoinSet::new());
    for writer in 0..8 {
        let (client, is_over) = (tenant.client(), Arc::clone(&is_over));
        writing.spawn(async move {
            let mut answered = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let name = format!("w{writer}-{}", answered.len());
                let status = client.post("/Users", &user(&name)).await.status;
                answered.push((name, status));
            }
            answered
        });
    }
    for mode in ["fast", "immediate"] {
        postgres.restart(mode);
        let (back, mut attempts) = (Recovery::begin(), 0..);
        until("writes to go on", async || {
            let name = format!("{mode}-{}", attempts.next().expect("a number"));
            (tenant.client().post("/Users", &user(&name)).await.status == 201).then_some(())
        })
        .await;
        back.check(mode);
    }
    is_over.store(true, Ordering::Relaxed);
    let answered = writing.join_all().await.concat();
    assert!(answered.iter().all(|(_, status)| matches!(status, 201 | 503)), "{answered:?}");
    let created: Vec<_> = answered.into_iter().filter(|(_, status)| *status == 201).map(|(name, _)| name).collect();
    for name in created.iter().rev().take(500) {
        let found = tenant.client().find("Users", &format!("userName eq \"{name}\"")).await.expect(200);
        assert_eq!(found.total(), 1, "{name} was created");
    }
}

/// The lock that keeps a second process away may get lost with the connection that held it: then it is taken again, or,
/// if the second process was faster, the first one ends. Two never go on with one database.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_there_is_still_one_process() {
    let system = System::start(Database::Postgres).await;
    let tenant = system.tenant("outage");
    system.server().cut_database().await;
    tenant.client().get("/Users").await;
    system.server().restore_database().await;
    let mut second = Second::start(system.server());
    if second.has_become_ready().await {
        let status = until("the first process to end", async || system.server().ended()).await;
        assert!(!status.success(), "it says that it had to: {status}");
        assert!(system.server().log().lines().count() > 1);
    } else {
        until("the directory", async || (tenant.client().get("/Users").await.status == 200).then_some(())).await;
        assert!(system.server().ended().is_none(), "the first process goes on");
    }
}

/// The lock is taken again by itself, as soon as the database is back.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_the_lock_is_taken_again() {
    let system = System::start(Database::Postgres).await;
    let tenant = system.tenant("outage");
    system.server().cut_database().await;
    system.server().restore_database().await;
    let back = Recovery::begin();
    until("the lock", async || system.server().has_locked_its_database().await.then_some(())).await;
    back.check("the lock");
    assert!(!Second::start(system.server()).has_become_ready().await, "a second process is refused");
    until("the directory", async || (tenant.client().get("/Users").await.status == 200).then_some(())).await;
}

/// A server on the same database, from another folder.
struct Second {
    _folder: tempfile::TempDir,
    child: std::process::Child,
    operations: Client,
}

impl Second {
    fn start(server: &Server) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let operations = format!("127.0.0.1:{}", crate::support::free_port());
        let mut command = server
            .program(&["serve"])
            .setting("TENANTRY_DATA_DIR", folder.path().join("data"))
            .setting("TENANTRY_SERVER__LISTEN", "127.0.0.1:0")
            .setting("TENANTRY_SERVER__OPERATIONS_LISTEN", &operations)
            .setting("TENANTRY_STORES__LISTEN", "")
            .setting("TENANTRY_ADMIN__LISTEN", "")
            .into_command();
        let quiet = std::process::Stdio::null;
        let child = command.stdout(quiet()).stderr(quiet()).spawn().expect("a server");
        Self { _folder: folder, child, operations: Client::new(format!("http://{operations}")) }
    }

    /// Whether it got the lock; it ends by itself otherwise.
    async fn has_become_ready(&mut self) -> bool {
        until("the second server to end or to be ready", async || {
            let ready = self.operations.try_get("/readyz").await == Some(200);
            self.child.try_wait().expect("its status").map(|_| false).or(ready.then_some(true))
        })
        .await
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
