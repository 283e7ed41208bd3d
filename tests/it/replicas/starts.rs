//! Starting several at once, and who must not start beside them.

use crate::support::{Database, Program, Redis, Replicas, Server, System, database, free_port, replica_settings};

/// Three that start at once on an empty database migrate it once and make one tenant to try.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_start_at_once_make_one_database() {
    let redis = Redis::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let url = Database::Postgres.create(folder.path()).await;
    let redis = redis.url();
    let settings = replica_settings(&redis, "2000");
    let (one, two, three) = tokio::join!(
        System::start_on(&url, &settings),
        System::start_on(&url, &settings),
        System::start_on(&url, &settings)
    );
    for system in [one, two, three] {
        let listed = system.tenantry(&["tenant", "list", "--json"]).expect(0).json();
        let names: Vec<_> = listed["tenants"].as_array().expect("tenants").iter().map(|t| t["name"].clone()).collect();
        assert_eq!(names, ["demo"]);
    }
}

/// A server whose tokens the others would refuse does not start, and issues none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_signing_key_is_refused() {
    let redis = Redis::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let url = Database::Postgres.create(folder.path()).await;
    let redis = redis.url();
    let first = System::start_on(&url, &replica_settings(&redis, "500")).await;
    // Without the setting it makes a key of its own in its data folder.
    for arguments in [&["serve"][..], &["token", "issue", "demo"]] {
        let refused = beside(first.server(), arguments, &folder).setting("TENANTRY_TOKENS__SIGNING_KEY", "").run();
        assert!(matches!(refused.code, Some(1 | 2)), "{refused:?}");
        assert!(
            refused.stderr.contains("has another signing key than the servers it shares the database with"),
            "{refused:?}"
        );
    }
    // With the key it may.
    beside(first.server(), &["token", "issue", "demo"], &folder).run().expect(0);
}

/// A process that wants the database alone, and replicas, leave each other out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_redis_and_replicas_exclude_each_other() {
    let redis = Redis::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let redis = redis.url();
    let shared = Database::Postgres.create(folder.path()).await;
    let replica = System::start_on(&shared, &replica_settings(&redis, "500")).await;
    let alone = System::start(Database::Postgres).await;
    let without = beside(replica.server(), &["serve"], &folder).setting("TENANTRY_REPLICAS__REDIS_URL", "");
    let other = tempfile::tempdir().expect("a folder");
    let with = beside(alone.server(), &["serve"], &other).setting("TENANTRY_REPLICAS__REDIS_URL", &redis);
    // Each waits some seconds for the other to let go.
    let (without, with) =
        tokio::join!(tokio::task::spawn_blocking(|| without.run()), tokio::task::spawn_blocking(|| with.run()));
    for refused in [without.expect("a run"), with.expect("a run")] {
        assert!(refused.stderr.contains("another tenantry process uses this database"), "{refused:?}");
        refused.expect(1);
    }
}

/// A command with a server's settings from another data folder and with other ports.
fn beside(server: &Server, arguments: &[&str], folder: &tempfile::TempDir) -> Program {
    server
        .program(arguments)
        .setting("TENANTRY_DATA_DIR", folder.path().join("data"))
        .setting("TENANTRY_SERVER__LISTEN", format!("127.0.0.1:{}", free_port()))
        .setting("TENANTRY_SERVER__OPERATIONS_LISTEN", format!("127.0.0.1:{}", free_port()))
        .setting("TENANTRY_STORES__LISTEN", "")
        .setting("TENANTRY_ADMIN__LISTEN", "")
}

/// A server that joins the others and then cannot start takes itself off the list: no change waits for its lease.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_fails_in_its_start_is_waited_for_by_nobody() {
    let replicas = Replicas::start(1, 60_000).await;
    let folder = tempfile::tempdir().expect("a folder");
    // Where its control socket is to be.
    std::fs::create_dir_all(folder.path().join("data/control.sock/in-the-way")).expect("a folder");
    let failed = beside(replicas.of(0).server(), &["serve"], &folder).run().expect(1);
    assert!(failed.stderr.contains("control.sock"), "{failed:?}");
    assert_eq!(database::texts(replicas.url(), "SELECT id FROM replicas").await.len(), 1);
    let tenant = replicas.of(0).tenant("goes-on");
    replicas.client(0, &tenant).get("/Users?count=0").await.expect(200);
    assert_eq!(replicas.changes(0, "waited").await, 0);
}
