//! A database of the tenant's own.

use std::path::PathBuf;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

use super::{State, a_days_work, add_store, caught_up};
use crate::support::{System, Tenant};

/// The file of a store.
fn file(system: &System, tenant: &Tenant, name: &str) -> PathBuf {
    system.server().data_folder().join("stores").join(&tenant.name).join(name)
}

async fn open(path: &std::path::Path) -> DatabaseConnection {
    sea_orm::Database::connect(format!("sqlite://{}", path.display())).await.expect("the store's file")
}

/// What the store has.
async fn state_of(connection: &DatabaseConnection) -> State {
    let mut state = State::default();
    for row in rows(connection, "SELECT id, user_name, active, title FROM users").await {
        let at = |index| row.try_get_by_index::<String>(index).expect("a text");
        let active = row.try_get_by_index(2).expect("a flag");
        state.users.insert(at(0), (at(1), active, row.try_get_by_index(3).expect("a title or none")));
    }
    for row in rows(connection, "SELECT id, display_name FROM \"groups\"").await {
        let at = |index| row.try_get_by_index::<String>(index).expect("a text");
        state.groups.insert(at(0), (at(1), std::collections::BTreeSet::new()));
    }
    for row in rows(connection, "SELECT group_id, member_id FROM memberships").await {
        let at = |index| row.try_get_by_index::<String>(index).expect("a text");
        state.groups.get_mut(&at(0)).expect("a group").1.insert(at(1));
    }
    state
}

async fn rows(connection: &DatabaseConnection, sql: &str) -> Vec<sea_orm::QueryResult> {
    connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.expect("rows")
}

on_both! {
    /// The file has what the directory has.
    async fn a_file_of_sqlite_follows_the_directory(system) {
        let tenant = system.tenant("followed");
        add_store(&system, &tenant, "users", "sql", &["url=sqlite://users.db"]);
        a_days_work(&tenant).await;
        caught_up(&system, &tenant, "users").await;
        let connection = open(&file(&system, &tenant, "users.db")).await;
        assert_eq!(state_of(&connection).await, State::of_directory(&tenant).await);
    }
}
