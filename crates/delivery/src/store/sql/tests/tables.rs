//! Making the tables, and leaving alone those of others.

use events::EventType;

use super::*;
use crate::store::sql::names::USERS;
use crate::store::sql::read::versions;

on_all! {
    /// Any number of processes open a store for the first time at the same moment.
    async fn tables_are_made_once(home) {
        let opening = || Opening { settings: home.settings.clone(), place: home.place.clone() };
        let position = async || (KIND.open)(opening()).await?.position().await;
        let (one, two, three, four) = tokio::join!(position(), position(), position(), position());
        for failure in [one, two, three, four].into_iter().filter_map(Result::err) {
            // Who waits too long tries again.
            assert!(matches!(failure, Failure::Unavailable { .. }), "{failure}");
        }
        assert_eq!(home.open().await.position().await.unwrap(), Some(0));
        let made = home.rows("tenantry_versions", ["part", "version"]).await;
        let told: Vec<String> = made.into_iter().map(|row| row.map(Option::unwrap).join(" ")).collect();
        let expected = (0..=7).map(|n| format!("directory {n}")).chain((0..=1).map(|n| format!("events {n}")));
        assert_eq!(told, expected.collect::<Vec<_>>());
    }

    /// A table that somebody else made is not touched, and the sentence tells what to do.
    async fn foreign_tables_are_left_alone(home) {
        home.execute("CREATE TABLE users (name VARCHAR(10))").await;
        let before = home.things().await;
        let mut store = home.open().await;
        for failure in [store.position().await.unwrap_err(), store.probe().await.unwrap_err()] {
            let Failure::Refused { why } = failure else { panic!("{failure}") };
            assert!(why.contains("table users that this store did not make"), "{why}");
        }
        assert!(store.apply(&[named(1, EventType::UserCreated, 1, "ada")]).await.is_err());
        assert_eq!(home.things().await, before);
        let mut store = home.open_with(home.with("prefix", "scim_")).await;
        store.apply(&[named(1, EventType::UserCreated, 1, "ada")]).await.unwrap();
        assert_eq!(home.texts("scim_users", "user_name").await, ["ada"]);
    }

    /// Without events, a table of that name may be somebody else's, and stays so when events are wanted later.
    async fn a_foreign_table_of_events_is_in_nobodys_way(home) {
        home.execute("CREATE TABLE events (name VARCHAR(10))").await;
        let mut store = home.open_with(home.with("events", false)).await;
        store.probe().await.unwrap();
        store.apply(&[named(1, EventType::UserCreated, 1, "ada")]).await.unwrap();
        let refused = home.open().await.position().await.unwrap_err();
        assert!(refused.to_string().contains("table events that this store did not make"), "{refused}");
        assert!(home.rows("events", ["name"]).await.is_empty());
    }

    /// Two stores share no tables.
    async fn tables_of_another_store_are_left_alone(home) {
        home.open().await.apply(&[named(1, EventType::UserCreated, 1, "ada")]).await.unwrap();
        let mut another = home.open_as_another().await;
        let refused = another.position().await.unwrap_err().to_string();
        assert!(refused.contains("belong to another store"), "{refused}");
        assert!(another.probe().await.is_err());
        assert_eq!(home.texts("users", "user_name").await, ["ada"]);
    }

    /// What an older version made is brought up to this one, and keeps its rows.
    async fn tables_of_an_older_version_are_migrated(home) {
        home.open().await.apply(&[named(1, EventType::UserCreated, 1, "ada")]).await.unwrap();
        let is_mysql = home.connection().await.get_database_backend() == DbBackend::MySql;
        for (index, table) in [("users_by_external_id", "users"), ("users_by_email", "users")] {
            let of = if is_mysql { format!(" ON {table}") } else { String::new() };
            home.execute(&format!("DROP INDEX {index}{of}")).await;
        }
        home.execute("DELETE FROM tenantry_versions WHERE part = 'directory' AND version > 5").await;
        let mut store = home.open().await;
        assert_eq!(store.position().await.unwrap(), Some(1));
        let things = home.things().await;
        assert!(["users_by_external_id", "users_by_email"].iter().all(|index| things.contains(&(*index).to_owned())));
        assert_eq!(home.rows("tenantry_versions", ["version"]).await.len(), 10);
        assert_eq!(home.texts("users", "user_name").await, ["ada"]);
        home.execute("INSERT INTO tenantry_versions SELECT part, 99, made_at FROM tenantry_versions WHERE part = 'events' AND version = 1").await;
        let newer = home.open().await.position().await.unwrap_err().to_string();
        assert!(newer.contains("newer version"), "{newer}");
    }

    /// A probe leaves no trace, before and after the tables are there.
    async fn a_probe_changes_nothing(home) {
        let before = home.things().await;
        home.open().await.probe().await.unwrap();
        assert_eq!(home.things().await, before);
        let mut store = home.open().await;
        store.apply(&[named(1, EventType::UserCreated, 1, "ada")]).await.unwrap();
        let before = (home.things().await, home.rows("tenantry_store", ["writes"]).await);
        store.probe().await.unwrap();
        assert_eq!((home.things().await, home.rows("tenantry_store", ["writes"]).await), before);
        store.apply(&[named(2, EventType::UserUpdated, 1, "Ada")]).await.unwrap();
    }

    /// What the store has is read in pages, to be compared with the directory.
    async fn versions_are_read_in_pages(home) {
        let events: Vec<Event> = (1..=5).map(|n| named(n, EventType::UserCreated, n.unsigned_abs().into(), "name")).collect();
        home.open().await.apply(&events).await.unwrap();
        let connection = home.connection().await;
        let names = Names { backend: connection.get_database_backend(), schema: None, prefix: String::new() };
        let page = async |after| versions(&connection, &names, USERS, after, 3).await.unwrap();
        assert_eq!(page(None).await, [(id(1), 1), (id(2), 2), (id(3), 3)]);
        assert_eq!(page(Some(id(3))).await, [(id(4), 4), (id(5), 5)]);
    }
}

#[tokio::test]
async fn a_schema_of_postgresql_is_made_and_used() {
    let home = Home::on_postgres().await;
    home.execute("CREATE TABLE users (name VARCHAR(10))").await;
    let mut store = home.open_with(home.with("schema", "scim")).await;
    store.probe().await.unwrap();
    store.apply(&[named(1, EventType::UserCreated, 1, "ada")]).await.unwrap();
    let connection = home.connection().await;
    let sql = "SELECT user_name FROM scim.users";
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "ada");
    assert!(home.rows("users", ["name"]).await.is_empty());
}

/// The files that there were before tables had versions are made anew, and get all events again.
#[tokio::test]
async fn a_file_without_versions_is_made_anew() {
    let home = Home::on_sqlite().await;
    for sql in [
        "CREATE TABLE users (id TEXT NOT NULL PRIMARY KEY, user_name TEXT NOT NULL)",
        "CREATE TABLE \"groups\" (id TEXT NOT NULL PRIMARY KEY)",
        "CREATE TABLE events (sequence BIGINT NOT NULL PRIMARY KEY)",
        "CREATE TABLE tenantry_position (one BIGINT NOT NULL PRIMARY KEY, sequence BIGINT NOT NULL)",
        "INSERT INTO users VALUES ('1', 'old')",
        "INSERT INTO tenantry_position VALUES (1, 7)",
    ] {
        home.execute(sql).await;
    }
    let mut store = home.open().await;
    assert_eq!(store.position().await.unwrap(), Some(0));
    store.apply(&[named(1, EventType::UserCreated, 1, "ada")]).await.unwrap();
    assert_eq!(home.texts("users", "user_name").await, ["ada"]);
}

/// A link in the folder leads nowhere.
#[tokio::test]
async fn a_link_is_not_followed() {
    let home = Home::on_sqlite().await;
    let outside = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(&home.place.folder).unwrap();
    let target = outside.path().join("users.db");
    std::os::unix::fs::symlink(&target, home.place.folder.join("users.db")).unwrap();
    let opening = Opening { settings: home.settings.clone(), place: home.place.clone() };
    let Err(failure) = (KIND.open)(opening).await else { panic!("it was opened") };
    assert!(failure.to_string().contains("no file"), "{failure}");
    assert!(!target.exists());
}

/// A server on a private address is not connected to, unless the operator allows that.
#[tokio::test]
async fn a_private_server_is_refused() {
    for url in ["postgres://u:secret@127.0.0.1/d", "mysql://u:secret@localhost/d"] {
        let home = Home::at(url).await;
        let place = Place { allow_private: false, ..home.place.clone() };
        let Err(failure) = (KIND.open)(Opening { settings: home.settings.clone(), place }).await else {
            panic!("{url}")
        };
        let why = failure.to_string();
        assert!(why.contains("stores.allow_private") && !why.contains("secret"), "{why}");
    }
}
