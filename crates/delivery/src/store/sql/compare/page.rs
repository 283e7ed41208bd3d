//! Reading what the tables have, whatever somebody wrote there: ids and columns are read as texts.

use scim::ResourceKind;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

use super::super::failure::failed;
use super::super::names;
use super::super::{SqlStore, rows};
use super::ROWS;
use super::paths::{Columns, GROUP, USER};
use crate::Failure;

/// A user or group as the tables have it.
#[derive(Clone, Debug)]
pub(super) struct There {
    pub(super) id: String,
    /// The columns that are compared, in their order.
    pub(super) columns: Vec<Option<String>>,
    /// `data`
    pub(super) data: serde_json::Value,
}

/// A membership as the tables have it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) group: String,
    pub(super) member: String,
    kind: Option<String>,
}

impl Member {
    /// Whether it is of this type, as far as the table tells.
    pub(super) fn is(&self, kind: ResourceKind) -> bool {
        self.kind.as_deref().is_none_or(|known| known == kind.name())
    }
}

/// The table of a type of resource, and its columns.
pub(super) const fn table(kind: ResourceKind) -> (&'static str, Columns) {
    match kind {
        ResourceKind::User => (names::USERS, USER),
        ResourceKind::Group => (names::GROUPS, GROUP),
    }
}

impl SqlStore {
    /// A page of those whose ids come after this one, in the order of ids; empty at the end.
    pub(super) async fn page(&self, kind: ResourceKind, after: Option<&str>) -> Result<Vec<There>, Failure> {
        let (table, columns) = table(kind);
        let read: Vec<String> = columns.iter().map(|(name, _)| self.column(name)).collect();
        let condition = if after.is_some() { format!(" WHERE id > {}", self.key(1)) } else { String::new() };
        let (id, data, table) = (self.as_text("id"), self.as_text("data"), self.names.of(table));
        let sql = format!(
            "SELECT {id}, {data}, {} FROM {table}{condition} ORDER BY {table}.id LIMIT {ROWS}",
            read.join(", ")
        );
        let rows = self.query(sql, after.map(Value::from)).await.map_err(failed)?;
        let there = |row: &QueryResult| {
            let (id, data): (String, Option<String>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            // Whoever wrote nonsense there has it written anew.
            let data = data.and_then(|data| serde_json::from_str(&data).ok()).unwrap_or_default();
            let columns = (0..columns.len()).map(|n| row.try_get_by_index(n + 2)).collect::<Result<_, DbErr>>()?;
            Ok(There { id, columns, data })
        };
        let page: Vec<There> = rows.iter().map(there).collect::<Result<_, DbErr>>().map_err(failed)?;
        // What is no text in SQLite comes after all texts for ever.
        Ok(page.into_iter().filter(|there| after.is_none_or(|after| there.id.as_str() > after)).collect())
    }

    /// A page of memberships after this one, in the order of groups and members; empty at the end.
    pub(super) async fn members(&self, after: Option<&Member>) -> Result<Vec<Member>, Failure> {
        let Some(Member { group, member, .. }) = after else { return self.joined("", []).await };
        let (first, second) = (self.key(1), self.key(2));
        let same = format!("WHERE group_id = {first} AND member_id > {second}");
        let mut found = self.joined(&same, [group.as_str().into(), member.as_str().into()]).await?;
        if found.is_empty() {
            found = self.joined(&format!("WHERE group_id > {first}"), [group.as_str().into()]).await?;
        }
        let is_after =
            |found: &Member| (found.group.as_str(), found.member.as_str()) > (group.as_str(), member.as_str());
        Ok(found.into_iter().filter(is_after).collect())
    }

    async fn joined(&self, condition: &str, values: impl IntoIterator<Item = Value>) -> Result<Vec<Member>, Failure> {
        let (group, member, kind) = (self.as_text("group_id"), self.as_text("member_id"), self.as_text("member_type"));
        let table = self.names.of(names::MEMBERSHIPS);
        let sql = format!(
            "SELECT {group}, {member}, {kind} FROM {table} {condition} ORDER BY {table}.group_id, {table}.member_id LIMIT {ROWS}"
        );
        let rows = self.query(sql, values).await.map_err(failed)?;
        let member = |row: &QueryResult| {
            Ok(Member {
                group: row.try_get_by_index(0)?,
                member: row.try_get_by_index(1)?,
                kind: row.try_get_by_index(2)?,
            })
        };
        rows.iter().map(member).collect::<Result<_, DbErr>>().map_err(failed)
    }

    async fn query(&self, sql: String, values: impl IntoIterator<Item = Value>) -> Result<Vec<QueryResult>, DbErr> {
        let statement = Statement::from_sql_and_values(self.names.backend, sql, values);
        self.connection.query_all_raw(statement).await
    }

    /// A parameter that is an id.
    pub(super) fn key(&self, number: usize) -> String {
        match self.names.backend {
            DbBackend::Postgres => format!("CAST(${number} AS uuid)"),
            DbBackend::MySql => "?".to_owned(),
            _ => format!("${number}"),
        }
    }

    fn column(&self, name: &str) -> String {
        if name == rows::ACTIVE { format!("CASE WHEN {name} THEN 'true' ELSE 'false' END") } else { self.as_text(name) }
    }

    fn as_text(&self, column: &str) -> String {
        let text = if self.names.backend == DbBackend::MySql { "CHAR CHARACTER SET utf8mb4" } else { "text" };
        format!("CAST({column} AS {text})")
    }
}
