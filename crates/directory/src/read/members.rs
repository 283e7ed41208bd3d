//! Reading the members of groups.

use std::collections::HashMap;

use database::Database;
use database::rows::{Column, Named, Rows, source};
use scim::MemberReference;
use sea_orm::{DbErr, Statement};

use super::row::uuid;
use crate::{Include, Record, key};

const GROUP: [Named; 2] = [("tenant_id", Column::Integer), ("id", Column::Uuid)];

/// Reads the members of the groups among records, in one statement.
#[derive(Clone, Debug)]
pub(crate) struct MemberReader {
    database: Database,
    sql: std::sync::Arc<str>,
}

impl MemberReader {
    pub(crate) fn new(database: &Database) -> Self {
        let groups = source(database.backend(), 1, "k", &GROUP);
        let sql = format!(
            "SELECT CAST(m.group_id AS text), CAST(m.member_id AS text), r.kind, COALESCE(m.display, r.display) FROM {groups} \
             CROSS JOIN memberships m CROSS JOIN resources r WHERE m.tenant_id = k.tenant_id AND m.group_id = k.id \
             AND r.tenant_id = m.tenant_id AND r.id = m.member_id ORDER BY m.group_id, m.member_id"
        );
        Self { database: database.clone(), sql: sql.into() }
    }

    /// Fills in the members of those groups of which they are wanted.
    pub(crate) async fn fill(&self, tenant: i64, records: &mut [Record], include: Include) -> Result<(), DbErr> {
        let mut members: HashMap<String, Vec<MemberReference>> = records
            .iter()
            .filter(|record| record.wants_members(include))
            .map(|record| (record.id.clone(), Vec::new()))
            .collect();
        if members.is_empty() {
            return Ok(());
        }
        let row = |id: &String| Some([tenant.into(), key::id(id)?.into()]);
        let groups = Rows::collect(&GROUP, members.keys().filter_map(row)).bind(self.database.backend());
        let statement = Statement::from_sql_and_values(self.database.backend(), &*self.sql, groups);
        for row in self.database.query(statement).await? {
            let group: String = row.try_get_by_index(0)?;
            let kind: i64 = row.try_get_by_index(2)?;
            let member = MemberReference {
                id: uuid(&row, 1)?.to_string(),
                kind: key::kind(kind),
                display: row.try_get_by_index(3)?,
            };
            members.entry(group).or_default().push(member);
        }
        for record in records.iter_mut() {
            record.members = members.remove(&record.id);
        }
        Ok(())
    }
}
