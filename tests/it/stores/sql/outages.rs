//! Databases that are stopped, slow, silent, refusing and full: the others go on, and nothing is lost.

use sea_orm::TransactionTrait as _;

use super::super::{a_days_work, show_store};
use super::*;
use crate::support::{MariaDb, Postgres, until, user};

/// Fails soon, so that it is tried again soon.
const IMPATIENT: &str = "timeout_seconds=2";

/// A server that files everything in one file, which does not grow.
const SMALL: [&str; 3] =
    ["--innodb-file-per-table=0", "--innodb-undo-tablespaces=0", "--innodb-data-file-path=ibdata1:24M"];
/// The same with more room.
const LARGER: [&str; 3] = [SMALL[0], SMALL[1], "--innodb-data-file-path=ibdata1:24M;ibdata2:12M:autoextend"];

/// A store that fails while another one, a file, goes on.
struct Pair {
    system: System,
    tenant: Tenant,
    file: Kept,
    failing: Kept,
}

impl Pair {
    async fn new(url: String) -> Self {
        let system = start(Database::Sqlite).await;
        let tenant = system.tenant("failing");
        let file = Kept::in_a_file(&system, &tenant);
        let own = format!("url={url}");
        add_store(&system, &tenant, "failing", "sql", &[&OPTIONS[..], &[IMPATIENT, &own]].concat());
        let url = in_folder(&system, &tenant, &url);
        let pair = Self { system, tenant, file, failing: Kept { name: "failing", url } };
        a_days_work(&pair.tenant).await;
        pair.failing.is_as_the_directory(&pair.system, &pair.tenant).await;
        pair
    }

    /// Something happens, which the file has soon and the other store has not; what it says contains one of these.
    async fn fails(&self, says: &[&str]) {
        a_days_work_of_others(&self.tenant).await;
        self.file.is_as_the_directory(&self.system, &self.tenant).await;
        until("the store to fail twice", async || {
            let store = show_store(&self.system, &self.tenant, "failing");
            let told = store["error"].as_str().unwrap_or_default().to_owned();
            (store["attempts"].as_i64() > Some(1) && says.iter().any(|word| told.contains(word))).then_some(())
        })
        .await;
    }

    async fn recovers(&self) {
        self.failing.is_as_the_directory(&self.system, &self.tenant).await;
    }
}

/// More users, with names of their own.
async fn a_days_work_of_others(tenant: &Tenant) {
    for number in 0..20 {
        tenant.client().post("/Users", &user(&format!("other-{number}"))).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_postgresql_gets_everything_when_it_is_back() {
    let server = Postgres::start();
    let pair = Pair::new(server.url()).await;
    server.kill();
    pair.fails(&["cannot be reached", "broke", "shutting down", "terminat"]).await;
    server.restart("immediate");
    pair.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_mariadb_gets_everything_when_it_is_back() {
    let server = MariaDb::start().await;
    let pair = Pair::new(create_in_mariadb(&server.url(), "app").await).await;
    server.kill();
    pair.fails(&["cannot be reached", "broke"]).await;
    server.start_again_with(&[]).await;
    pair.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_mariadb_is_given_up_and_found_again() {
    let server = MariaDb::start().await;
    let pair = Pair::new(create_in_mariadb(&server.url(), "app").await).await;
    server.signal("STOP");
    pair.fails(&["did not answer", "no connection in time"]).await;
    server.signal("CONT");
    pair.recovers().await;
}

/// Somebody holds a lock, as a long report does; a statement that waits is given up, and made again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_postgresql_is_waited_for_and_no_longer_than_its_timeout() {
    let pair = Pair::new(create_in_postgres().await).await;
    let connection = pair.failing.open().await;
    let report = connection.begin().await.expect("a transaction");
    report.execute_unprepared("LOCK TABLE users").await.expect("the lock");
    pair.fails(&["did not answer", "timeout"]).await;
    report.rollback().await.expect("its end");
    pair.recovers().await;
}

/// Somebody writes into the file for long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_file_is_waited_for() {
    let pair = Pair::new("sqlite://other.db".to_owned()).await;
    let connection = pair.failing.open().await;
    connection.execute_unprepared("BEGIN IMMEDIATE").await.expect("the lock");
    pair.fails(&["did not answer", "locked"]).await;
    connection.execute_unprepared("ROLLBACK").await.expect("its end");
    pair.recovers().await;
}

/// A right is taken away, and given back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusing_postgresql_gets_everything_when_it_allows_it_again() {
    let admin = Kept { name: "admin", url: create_in_postgres().await };
    let role = format!("store_{}", std::process::id());
    admin.execute(&format!("CREATE ROLE {role} LOGIN")).await;
    admin.execute(&format!("GRANT ALL ON SCHEMA public TO {role}")).await;
    let pair = Pair::new(admin.url.replace("postgres@", &format!("{role}@"))).await;
    admin.execute(&format!("REVOKE INSERT ON users FROM {role}")).await;
    pair.fails(&["permission denied for table users"]).await;
    let tested = pair.system.tenantry(&["store", "test", &pair.tenant.name, "failing"]);
    assert!(tested.code != Some(0) && tested.stderr.contains("permission denied"), "{tested:?}");
    admin.execute(&format!("GRANT INSERT ON users TO {role}")).await;
    pair.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_mariadb_gets_everything_when_it_has_room_again() {
    let server = MariaDb::start_with(&SMALL).await;
    let pair = Pair::new(create_in_mariadb(&server.url(), "app").await).await;
    fill(&pair.failing).await;
    pair.fails(&["is full"]).await;
    server.kill();
    server.start_again_with(&LARGER).await;
    pair.recovers().await;
}

/// A rule of the tenant's own refuses a row: the event is parked, and stays so when the store is opened anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_event_is_parked_and_the_next_ones_come() {
    let system = start(Database::Sqlite).await;
    let tenant = system.tenant("parked");
    let url = create_in_postgres().await;
    let own = format!("url={url}");
    add_store(&system, &tenant, "ruled", "sql", &[&OPTIONS[..], &["give_up_hours=0", &own]].concat());
    let kept = Kept { name: "ruled", url };
    let client = tenant.client();
    let titled = |name: &str| {
        let mut body = user(name);
        body["title"] = "Chief".into();
        body
    };
    client.post("/Users", &titled("first")).await.expect(201);
    caught_up(&system, &tenant, kept.name).await;
    kept.execute("CREATE UNIQUE INDEX own_rule ON users (title)").await;
    let second = client.post("/Users", &titled("second")).await.expect(201).id();
    client.post("/Users", &user("third")).await.expect(201);
    let parked = async || {
        until("the one to be parked", async || {
            let store = show_store(&system, &tenant, kept.name);
            (store["lag"] == 0 && store["dead_letters"] == 1).then_some(())
        })
        .await;
        let mut expected = State::of_directory(&tenant).await;
        expected.users.remove(&second);
        assert_eq!(kept.state().await, expected);
    };
    parked().await;
    for change in ["pause", "resume"] {
        system.tenantry(&["store", change, &tenant.name, kept.name]).expect(0);
    }
    client.post("/Users", &user("fourth")).await.expect(201);
    parked().await;
}

/// Takes all the room there is.
async fn fill(kept: &Kept) {
    let connection = kept.open().await;
    connection.execute_unprepared("CREATE TABLE filler (text LONGTEXT)").await.expect("a table");
    for size in [1_000_000, 100_000, 10_000, 1_000] {
        let sql = format!("INSERT INTO filler VALUES (REPEAT('x', {size}))");
        while connection.execute_unprepared(&sql).await.is_ok() {}
    }
}
