//! The tables `store_links` and `store_positions`: what our resources are called at the service that they are brought to, and
//! how far it has come.

use std::collections::HashMap;

use database::Database;
use database::rows::{Column, Named, Rows, source};
use scim::ResourceKind;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::table::At;

/// What one store's service calls our resources.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    database: Database,
    at: At,
}

/// One resource here and there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) kind: ResourceKind,
    pub(crate) id: Uuid,
    pub(crate) remote: String,
}

const IDS: [Named; 1] = [("id", Column::Uuid)];
const REMOTES: [Named; 1] = [("remote", Column::Text)];

impl Links {
    pub(crate) fn new(database: Database, at: At) -> Self {
        Self { database, at }
    }

    fn backend(&self) -> DbBackend {
        self.database.backend()
    }

    fn id(&self, id: Uuid) -> Value {
        if self.backend() == DbBackend::Sqlite { id.to_string().into() } else { id.into() }
    }

    /// The column of an id as text.
    fn id_column(&self) -> &'static str {
        if self.backend() == DbBackend::Sqlite { "l.id" } else { "CAST(l.id AS text)" }
    }

    async fn query(&self, sql: String, values: impl IntoIterator<Item = Value>) -> Result<Vec<QueryResult>, DbErr> {
        let all: Vec<Value> = self.at.values(self.backend()).into_iter().chain(values).collect();
        self.database.query(Statement::from_sql_and_values(self.backend(), sql, all)).await
    }

    async fn execute(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<(), DbErr> {
        let all: Vec<Value> = self.at.values(self.backend()).into_iter().chain(values).collect();
        self.database.writer().execute_raw(Statement::from_sql_and_values(self.backend(), sql, all)).await?;
        Ok(())
    }

    /// What these are called there; who is not known there is left out.
    pub(crate) async fn find(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, Link>, DbErr> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let (column, wanted) = (self.id_column(), source(self.backend(), 3, "k", &IDS));
        let sql = format!(
            "SELECT {column}, l.kind, l.remote FROM {wanted} CROSS JOIN store_links l \
             WHERE l.tenant_id = $1 AND l.store_id = $2 AND l.id = k.id"
        );
        let rows = Rows::collect(&IDS, ids.iter().map(|id| [(*id).into()])).bind(self.backend());
        let found = self.query(sql, rows).await?;
        found.iter().map(|row| link(row).map(|link| (link.id, link))).collect()
    }

    /// What one is called there.
    pub(crate) async fn remote(&self, id: Uuid) -> Result<Option<String>, DbErr> {
        Ok(self.find(&[id]).await?.remove(&id).map(|link| link.remote))
    }

    /// Whose name there this is.
    pub(crate) async fn owner(&self, kind: ResourceKind, remote: &str) -> Result<Option<Uuid>, DbErr> {
        let sql = format!(
            "SELECT {}, l.kind, l.remote FROM store_links l \
             WHERE l.tenant_id = $1 AND l.store_id = $2 AND l.kind = $3 AND l.remote = $4",
            self.id_column()
        );
        let found = self.query(sql, [kind.name().into(), remote.into()]).await?;
        found.first().map(|row| link(row).map(|link| link.id)).transpose()
    }

    /// Whose names there these are.
    pub(crate) async fn owners(&self, remotes: &[String]) -> Result<HashMap<String, Link>, DbErr> {
        if remotes.is_empty() {
            return Ok(HashMap::new());
        }
        let (column, wanted) = (self.id_column(), source(self.backend(), 3, "k", &REMOTES));
        let sql = format!(
            "SELECT {column}, l.kind, l.remote FROM {wanted} CROSS JOIN store_links l \
             WHERE l.tenant_id = $1 AND l.store_id = $2 AND l.kind IN ('User', 'Group') AND l.remote = k.remote"
        );
        let rows = Rows::collect(&REMOTES, remotes.iter().map(|remote| [remote.as_str().into()])).bind(self.backend());
        let found = self.query(sql, rows).await?;
        found.iter().map(|row| link(row).map(|link| (link.remote.clone(), link))).collect()
    }

    /// Notes what one is called there.
    pub(crate) async fn put(&self, link: &Link) -> Result<(), DbErr> {
        let sql = "INSERT INTO store_links (tenant_id, store_id, id, kind, remote) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (tenant_id, store_id, id) DO UPDATE SET remote = excluded.remote";
        self.execute(sql, [self.id(link.id), link.kind.name().into(), link.remote.as_str().into()]).await
    }

    /// Forgets one.
    pub(crate) async fn remove(&self, id: Uuid) -> Result<(), DbErr> {
        let sql = "DELETE FROM store_links WHERE tenant_id = $1 AND store_id = $2 AND id = $3";
        self.execute(sql, [self.id(id)]).await
    }

    /// Notes that one was in a snapshot.
    pub(crate) async fn see(&self, id: Uuid, snapshot: i64) -> Result<(), DbErr> {
        let sql = "UPDATE store_links SET seen = $4 WHERE tenant_id = $1 AND store_id = $2 AND id = $3";
        self.execute(sql, [self.id(id), snapshot.into()]).await
    }

    /// Some of those that were not in this snapshot.
    pub(crate) async fn unseen(&self, snapshot: i64, limit: u32) -> Result<Vec<Link>, DbErr> {
        let sql = format!(
            "SELECT {}, l.kind, l.remote FROM store_links l \
             WHERE l.tenant_id = $1 AND l.store_id = $2 AND l.seen <> $3 ORDER BY l.id LIMIT {limit}",
            self.id_column()
        );
        self.query(sql, [snapshot.into()]).await?.iter().map(link).collect()
    }

    /// The number of the last event whose effect the service has, or that was passed over.
    pub(crate) async fn position(&self) -> Result<Option<i64>, DbErr> {
        let sql = "SELECT p.sequence, s.position FROM store_positions p JOIN stores s \
                   ON s.tenant_id = p.tenant_id AND s.id = p.store_id WHERE p.tenant_id = $1 AND p.store_id = $2";
        let rows = self.query(sql.to_owned(), []).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (own, passed): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok(Some(own.max(passed)))
    }

    /// The service has everything up to this event.
    pub(crate) async fn advance(&self, sequence: i64) -> Result<(), DbErr> {
        let sql = "INSERT INTO store_positions (tenant_id, store_id, sequence) VALUES ($1, $2, $3) \
                   ON CONFLICT (tenant_id, store_id) DO UPDATE SET sequence = excluded.sequence \
                   WHERE store_positions.sequence < excluded.sequence";
        self.execute(sql, [sequence.into()]).await
    }
}

fn link(row: &QueryResult) -> Result<Link, DbErr> {
    let (id, kind): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let id = Uuid::parse_str(&id).map_err(|error| DbErr::Type(format!("the id of a link cannot be read: {error}")))?;
    let kind = if kind == ResourceKind::Group.name() { ResourceKind::Group } else { ResourceKind::User };
    Ok(Link { kind, id, remote: row.try_get_by_index(2)? })
}
