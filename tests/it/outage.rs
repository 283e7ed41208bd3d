//! PostgreSQL goes away and comes back while the server runs.

use serde_json::json;

use crate::support::{Client, Database, Server, System, until, user};

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
    until("the server to be ready again", async || (operations.try_get("/readyz").await == Some(200)).then_some(()))
        .await;
    let read =
        until("the directory", async || Some(client.get("/Users").await).filter(|answer| answer.status == 200)).await;
    assert_eq!(read.ids(), [ada.id()]);
    client.post("/Users", &user("bob")).await.expect(201);
    let sequences: Vec<_> = system.events(&tenant, 0).iter().map(|event| event["sequence"].clone()).collect();
    assert_eq!(sequences, [json!(1), json!(2)]);
}

/// The lock that keeps a second process away does not get lost with the connection that held it.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_a_second_process_is_still_refused() {
    let system = System::start(Database::Postgres).await;
    let tenant = system.tenant("outage");
    system.server().cut_database().await;
    tenant.client().get("/Users").await;
    system.server().restore_database().await;
    until("the directory", async || (tenant.client().get("/Users").await.status == 200).then_some(())).await;
    until("a second process to be refused", async || refused(system.server()).await.then_some(())).await;
}

/// Whether a server from another folder ends by itself; one that becomes ready has got the lock.
async fn refused(server: &Server) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let operations = format!("127.0.0.1:{}", crate::support::free_port());
    let mut command = server
        .program(&["serve"])
        .setting("TENANTRY_DATA_DIR", folder.path().join("data"))
        .setting("TENANTRY_SERVER__LISTEN", "127.0.0.1:0")
        .setting("TENANTRY_SERVER__OPERATIONS_LISTEN", &operations)
        .into_command();
    let mut child =
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().expect("a server");
    let client = Client::new(format!("http://{operations}"));
    let ended = until("the second server to end or to be ready", async || {
        let ready = client.try_get("/readyz").await == Some(200);
        child.try_wait().expect("its status").map(|status| !status.success()).or(ready.then_some(false))
    })
    .await;
    let _ = child.kill();
    let _ = child.wait();
    ended
}
