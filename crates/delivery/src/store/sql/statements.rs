//! The statements: each writes any number of rows, and has one text for any number.

use database::rows::{Named, source};
use sea_orm::DbBackend;

use super::names::{self, Names};
use super::rows;

/// Those of one store.
#[derive(Debug)]
pub(super) struct Statements {
    pub(super) put_users: String,
    pub(super) delete_users: String,
    pub(super) put_groups: String,
    pub(super) delete_groups: String,
    pub(super) put_memberships: String,
    pub(super) delete_memberships: String,
    pub(super) empty_groups: String,
    pub(super) put_events: String,
}

impl Statements {
    pub(super) fn of(names: &Names) -> Self {
        let put = |table, columns, key| put(names, table, columns, key);
        let delete = |table, key| delete(names, table, key);
        Self {
            put_users: put(names::USERS, &rows::USERS, &["id"]),
            delete_users: delete(names::USERS, &rows::ID),
            put_groups: put(names::GROUPS, &rows::GROUPS, &["id"]),
            delete_groups: delete(names::GROUPS, &rows::ID),
            put_memberships: put(names::MEMBERSHIPS, &rows::MEMBERSHIPS, &["group_id", "member_id"]),
            delete_memberships: delete(names::MEMBERSHIPS, &rows::MEMBERSHIP),
            empty_groups: delete(names::MEMBERSHIPS, &rows::GROUP),
            put_events: put(names::EVENTS, &rows::EVENTS, &["sequence"]),
        }
    }
}

/// Inserts rows; of those that are there, all but the key is written anew.
fn put(names: &Names, table: &str, columns: &[Named], key: &[&str]) -> String {
    let (backend, target) = (names.backend, names.of(table));
    let all = join(columns.iter().map(|(name, _)| (*name).to_owned()));
    let read = join(columns.iter().map(|(name, _)| cast(backend, name)));
    let from = source(backend, 1, "s", columns);
    let others = columns.iter().map(|(name, _)| *name).filter(|name| !key.contains(name));
    if backend == DbBackend::MySql {
        // MySQL does not say which key is there twice. If it is one that somebody added, the row is another's: then its own key
        // becomes nothing, which is refused.
        let guards =
            key.iter().map(|name| format!("{name} = IF({target}.{name} = VALUES({name}), {target}.{name}, NULL)"));
        let set = join(guards.chain(others.map(|name| match name {
            // It is told once.
            "created_at" => format!("created_at = COALESCE({target}.created_at, VALUES(created_at))"),
            _ => format!("{name} = VALUES({name})"),
        })));
        return format!("INSERT INTO {target} ({all}) SELECT {read} FROM {from} ON DUPLICATE KEY UPDATE {set}");
    }
    let set = join(others.map(|name| match name {
        "created_at" => "created_at = COALESCE(t.created_at, excluded.created_at)".to_owned(),
        _ => format!("{name} = excluded.{name}"),
    }));
    let key = key.join(", ");
    // Without a condition SQLite would take ON for that of a join.
    format!(
        "INSERT INTO {target} AS t ({all}) SELECT {read} FROM {from} WHERE true ON CONFLICT ({key}) DO UPDATE SET {set}"
    )
}

fn delete(names: &Names, table: &str, key: &[Named]) -> String {
    let (backend, target) = (names.backend, names.of(table));
    let from = source(backend, 1, "s", key);
    let columns = key.iter().map(|(name, _)| *name);
    if backend == DbBackend::MySql {
        let same: Vec<_> = columns.map(|name| format!("t.{name} = s.{name}")).collect();
        // In this order each row is looked up by its key; the planner would guess.
        return format!("DELETE t FROM {from} STRAIGHT_JOIN {target} AS t ON {}", same.join(" AND "));
    }
    let all = join(columns.map(str::to_owned));
    format!("DELETE FROM {target} WHERE ({all}) IN (SELECT {all} FROM {from})")
}

/// Reads a column of the rows as the table has it.
fn cast(backend: DbBackend, name: &str) -> String {
    match (backend, name) {
        (DbBackend::Postgres, "created_at" | "changed_at" | "time") => format!("CAST(s.{name} AS timestamptz)"),
        (DbBackend::Postgres, "data") => format!("CAST(s.{name} AS jsonb)"),
        _ => format!("s.{name}"),
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
