//! Reading a whole directory in the order of ids, page by page, for whoever compares it with something.

use database::Database;
use database::rows::{Column, Named, Rows, source};
use scim::ResourceKind;
use sea_orm::{DbBackend, DbErr, Statement, Value};
use uuid::Uuid;

use super::row::{RECORD_COLUMNS, groups_expression, record, uuid};
use crate::{Membership, Record, key};

/// Pages of one tenant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pages<'a> {
    pub(crate) database: &'a Database,
    pub(crate) tenant: i64,
    /// Whether the groups that users are in are read.
    pub(crate) groups: bool,
}

const IDS: [Named; 1] = [("id", Column::Uuid)];

impl Pages<'_> {
    /// How many there are.
    pub(crate) async fn count(self, kind: ResourceKind) -> Result<i64, DbErr> {
        let sql = "SELECT CAST(COALESCE(SUM(live), 0) AS bigint) FROM blocks WHERE tenant_id = $1 AND kind = $2";
        let rows = self.query(sql.to_owned(), [key::number(kind).into()]).await?;
        rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))
    }

    /// Those whose ids come after this one.
    pub(crate) async fn after(self, kind: ResourceKind, after: Uuid, limit: u32) -> Result<Vec<Record>, DbErr> {
        let sql = format!(
            "SELECT {RECORD_COLUMNS}, {} FROM resources r \
             WHERE r.tenant_id = $1 AND r.kind = $2 AND r.id > $3 ORDER BY r.id LIMIT {limit}",
            self.groups()
        );
        let rows = self.query(sql, [key::number(kind).into(), self.id(after)]).await?;
        rows.iter().map(|row| record(row, 0)).collect()
    }

    /// Those of these that there are.
    pub(crate) async fn some(self, kind: ResourceKind, ids: &[Uuid]) -> Result<Vec<Record>, DbErr> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let backend = self.database.backend();
        let sql = format!(
            "SELECT {RECORD_COLUMNS}, {} FROM {} CROSS JOIN resources r \
             WHERE r.tenant_id = $1 AND r.kind = $2 AND r.id = k.id",
            self.groups(),
            source(backend, 3, "k", &IDS)
        );
        let wanted = Rows::collect(&IDS, ids.iter().map(|id| [(*id).into()])).bind(backend);
        let rows = self.query(sql, [key::number(kind).into()].into_iter().chain(wanted)).await?;
        rows.iter().map(|row| record(row, 0)).collect()
    }

    /// Memberships in the order of groups and members, after this one of this group.
    pub(crate) async fn memberships(self, group: Uuid, after: Uuid, limit: u32) -> Result<Vec<Membership>, DbErr> {
        let mut found = self.members(group, after, limit).await?;
        // Two ranges of the key, so that a large group is not read from its begin each time.
        let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        if left > 0 {
            found.extend(self.joined("m.group_id > $2", left, [self.id(group)]).await?);
        }
        Ok(found)
    }

    /// Those of one group, in the order of members, after this one.
    pub(crate) async fn members(self, group: Uuid, after: Uuid, limit: u32) -> Result<Vec<Membership>, DbErr> {
        self.joined("m.group_id = $2 AND m.member_id > $3", limit, [self.id(group), self.id(after)]).await
    }

    async fn joined(
        self,
        condition: &str,
        limit: u32,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Membership>, DbErr> {
        let sql = format!(
            "SELECT CAST(m.group_id AS text), CAST(m.member_id AS text), r.kind FROM \
             (SELECT m.group_id, m.member_id FROM memberships m WHERE m.tenant_id = $1 AND {condition} \
             ORDER BY m.group_id, m.member_id LIMIT {limit}) AS m \
             JOIN resources r ON r.tenant_id = $1 AND r.id = m.member_id ORDER BY m.group_id, m.member_id"
        );
        let rows = self.query(sql, values).await?;
        rows.iter()
            .map(|row| {
                let (group, member) = (uuid(row, 0)?, uuid(row, 1)?);
                Ok(Membership { group, member, kind: key::kind(row.try_get_by_index(2)?) })
            })
            .collect()
    }

    fn groups(self) -> String {
        if self.groups { groups_expression(self.database.backend()) } else { "CAST(NULL AS text)".to_owned() }
    }

    async fn query(
        self,
        sql: String,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<sea_orm::QueryResult>, DbErr> {
        let all: Vec<Value> = [self.tenant.into()].into_iter().chain(values).collect();
        self.database.query(Statement::from_sql_and_values(self.database.backend(), sql, all)).await
    }

    fn id(self, id: Uuid) -> Value {
        if self.database.backend() == DbBackend::Sqlite { id.to_string().into() } else { id.into() }
    }
}
