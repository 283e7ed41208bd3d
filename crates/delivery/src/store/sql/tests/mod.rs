//! On all three databases.

mod batches;
mod snapshots;
mod tables;

use events::normal::{Group, User};
use events::{Change, Data, Event, EventType, GroupChange, Member, Moves, SCHEMA, UserChange};
use scim::Resource;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use uuid::Uuid;

use super::names::Names;
use super::settings::Settings;
use super::{KIND, Opening, Place, Store, connect};
use crate::StoreId;
use crate::links::Links;
use crate::store::Failure;
use crate::table::At;

/// Makes a test of each database out of one body.
macro_rules! on_all {
    ($($(#[$meta:meta])* async fn $name:ident($home:ident) $body:block)*) => { $(
        $(#[$meta])*
        async fn $name($home: super::Home) $body
        mod $name {
            #[tokio::test]
            async fn sqlite() {
                super::$name(super::super::Home::on_sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(super::super::Home::on_postgres().await).await;
            }

            #[tokio::test]
            async fn mariadb() {
                super::$name(super::super::Home::on_mariadb().await).await;
            }
        }
    )* };
}
use on_all;

/// A database of a test's own, and the store that is there.
#[derive(Debug)]
struct Home {
    settings: Map<String, Value>,
    place: Place,
    _folder: TempDir,
}

impl Home {
    async fn on_sqlite() -> Self {
        Self::at("sqlite://users.db").await
    }

    async fn on_postgres() -> Self {
        let (server, name) = (variable("TESTS_POSTGRES_URL"), unique());
        let postgres = sea_orm::Database::connect(format!("{server}/postgres")).await.unwrap();
        postgres.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        Self::at(&format!("{server}/{name}")).await
    }

    async fn on_mariadb() -> Self {
        let (server, name) = (variable("TESTS_MARIADB_URL"), unique());
        let mariadb = sea_orm::Database::connect(format!("{server}/mysql")).await.unwrap();
        mariadb.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        Self::at(&format!("{server}/{name}")).await
    }

    async fn at(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = format!("sqlite://{}", folder.path().join("own.db").display());
        let database = database::Database::open(&database::Settings { url: own, max_connections: 1 }).await.unwrap();
        let id = Uuid::now_v7();
        let place = Place {
            tenant: "acme".to_owned(),
            store: "users".to_owned(),
            id,
            folder: folder.path().join("stores/acme"),
            allow_private: true,
            links: Links::new(database, At { tenant: 1, store: StoreId(id) }),
            keys: crate::store::sets::Keys::random(),
        };
        Self { settings: object(json!({ "url": url })), place, _folder: folder }
    }

    /// The same place with one more setting.
    fn with(&self, name: &str, value: impl Into<Value>) -> Map<String, Value> {
        let mut settings = self.settings.clone();
        settings.insert(name.to_owned(), value.into());
        settings
    }

    async fn open(&self) -> Box<dyn Store> {
        self.open_with(self.settings.clone()).await
    }

    async fn open_with(&self, settings: Map<String, Value>) -> Box<dyn Store> {
        (KIND.check)(&settings).unwrap();
        (KIND.open)(Opening { settings, place: self.place.clone() }).await.unwrap()
    }

    /// Opens it as another store of the same database.
    async fn open_as_another(&self) -> Box<dyn Store> {
        let place = Place { id: Uuid::now_v7(), ..self.place.clone() };
        (KIND.open)(Opening { settings: self.settings.clone(), place }).await.unwrap()
    }

    async fn connection(&self) -> DatabaseConnection {
        let settings: Settings = serde_json::from_value(Value::Object(self.settings.clone())).unwrap();
        connect::connect(&settings, &self.place).await.unwrap()
    }

    async fn execute(&self, sql: &str) {
        self.connection().await.execute_unprepared(sql).await.unwrap();
    }

    /// Rows as texts, in their order.
    async fn rows<const N: usize>(&self, table: &str, columns: [&str; N]) -> Vec<[Option<String>; N]> {
        let connection = self.connection().await;
        let backend = connection.get_database_backend();
        let names = Names { backend, schema: None, prefix: String::new() };
        let as_text = if backend == DbBackend::MySql { "CHAR" } else { "text" };
        let read: Vec<_> = columns.iter().map(|column| format!("CAST({column} AS {as_text})")).collect();
        let order = columns.map(|column| format!("t.{column}")).join(", ");
        let sql = format!("SELECT {} FROM {} AS t ORDER BY {order}", read.join(", "), names.of(table));
        let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        rows.iter().map(|row| std::array::from_fn(|n| row.try_get_by_index(n).unwrap())).collect()
    }

    /// Of rows that have them, the texts of a column.
    async fn texts(&self, table: &str, column: &str) -> Vec<String> {
        self.rows(table, [column]).await.into_iter().map(|[text]| text.unwrap()).collect()
    }

    /// The names of all tables and indexes of ours.
    async fn things(&self) -> Vec<String> {
        let connection = self.connection().await;
        let backend = connection.get_database_backend();
        let sql = match backend {
            DbBackend::Postgres => {
                "SELECT CAST(c.relname AS text) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1"
            }
            DbBackend::MySql => {
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE() UNION \
                 SELECT CAST(index_name AS CHAR) FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1"
            }
            _ => "SELECT name FROM sqlite_master ORDER BY 1",
        };
        let rows = connection.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}

fn variable(name: &str) -> String {
    std::env::var_os(name)
        .and_then(|value| value.into_string().ok())
        .unwrap_or_else(|| panic!("{name} is not set: run `tests/run`, which starts the servers"))
}

fn unique() -> String {
    format!("delivery_{}", Uuid::now_v7().simple())
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("{value} is no object") };
    members
}

/// The id with this number.
fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn event(sequence: i64, event_type: EventType, data: Data) -> Event {
    Event {
        specversion: "1.0",
        id: Uuid::now_v7(),
        source: "/tenants/acme".to_owned(),
        event_type,
        subject: "Users/1".to_owned(),
        time: OffsetDateTime::from_unix_timestamp(1_800_000_000 + sequence).unwrap(),
        sequence,
        datacontenttype: "application/json",
        dataschema: SCHEMA,
        data,
        is_discarded: false,
    }
}

/// An event of a user with these attributes.
fn user(sequence: i64, event_type: EventType, number: u128, attributes: &Value) -> Event {
    let resource = Resource::from_document(&attributes.to_string()).unwrap();
    let user = User::of(&id(number).to_string(), &resource, &[]);
    let change = Change { version: sequence, ..Change::default() };
    event(sequence, event_type, Data::User(Box::new(UserChange { user, change, password_hash: None, resource })))
}

/// An event of a user of this name.
fn named(sequence: i64, event_type: EventType, number: u128, name: &str) -> Event {
    user(sequence, event_type, number, &json!({ "userName": name }))
}

/// An event of a group with members that came and went.
fn group(sequence: i64, event_type: EventType, number: u128, added: &[u128], removed: &[u128]) -> Event {
    let resource = Resource::from_document(&json!({ "displayName": format!("group {number}") }).to_string()).unwrap();
    let group = Group::of(&id(number).to_string(), &resource);
    let change = Change { version: sequence, ..Change::default() };
    let members = Some(Moves { added: members(added), removed: members(removed) });
    event(sequence, event_type, Data::Group(Box::new(GroupChange { group, members, change, resource })))
}

fn members(numbers: &[u128]) -> Vec<Member> {
    let member = |number: &u128| Member { id: id(*number), kind: Some("User".to_owned()), display_name: None };
    numbers.iter().map(member).collect()
}

fn other(sequence: i64, event_type: EventType) -> Event {
    let facts = serde_json::value::RawValue::from_string("{\"facts\":1}".to_owned()).unwrap();
    event(sequence, event_type, Data::Other(facts))
}

fn membership(group: u128, member: u128) -> [Option<String>; 2] {
    [Some(id(group).to_string()), Some(id(member).to_string())]
}

fn sequences(events: impl IntoIterator<Item = i64>) -> Vec<String> {
    events.into_iter().map(|sequence| sequence.to_string()).collect()
}
