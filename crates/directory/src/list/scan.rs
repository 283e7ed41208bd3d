//! The matches of one search, in the order of creation.

use std::ops::ControlFlow;

use database::Database;
use scim::{Filter, ResourceKind};
use sea_orm::Statement;

use super::lower::Lowering;
use super::plan::Plan;
use super::{List, Search};
use crate::read::{Loader, Lookup, MemberReader, RECORD_COLUMNS, groups_expression, record};
use crate::{DirectoryError, Include, Members, Record, key};

/// How many rows are looked at at once: the most that is held in memory of what does not match.
const CHUNK: usize = 500;

/// Looks through the candidates of one search.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub(super) database: &'a Database,
    pub(super) loader: &'a Loader,
    pub(super) members: &'a MemberReader,
    pub(super) tenant: i64,
    pub(super) search: &'a Search,
    pub(super) list: &'a List,
}

impl Scan<'_> {
    /// Visits the matches that were created after `position`, until the visitor has enough.
    pub(super) async fn visit(
        &self,
        position: i64,
        mut visitor: impl FnMut(Record) -> Result<ControlFlow<()>, DirectoryError>,
    ) -> Result<(), DirectoryError> {
        let plan = Plan::of(self.search.kind, self.search.filter.as_ref());
        let mut after = position;
        loop {
            let (candidates, exact) = match &plan {
                Plan::Keyed { key, exact } => (self.keyed(key, after).await?, *exact),
                Plan::Rows => self.rows(after).await?,
            };
            let full = candidates.len() == CHUNK && matches!(plan, Plan::Rows);
            for record in candidates {
                after = record.position;
                if (exact || self.matches(&record)?) && visitor(record)?.is_break() {
                    return Ok(());
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn keyed(&self, key: &crate::read::Key, after: i64) -> Result<Vec<Record>, DirectoryError> {
        let lookup = Lookup {
            tenant: self.tenant,
            kind: self.search.kind,
            key: key.clone(),
            groups: self.list.include.groups || self.needs("groups"),
        };
        let mut found = self.loader.load(lookup).await?;
        found.retain(|record| record.position > after);
        self.with_members(found).await
    }

    /// The next rows, and whether all of them match.
    async fn rows(&self, after: i64) -> Result<(Vec<Record>, bool), DirectoryError> {
        let backend = self.database.backend();
        let values = vec![self.tenant.into(), key::number(self.search.kind).into(), after.into()];
        let mut lowering = Lowering::new(backend, self.tenant, self.search.kind, values);
        let condition = self.search.filter.as_ref().and_then(|filter| lowering.lower(filter));
        let exact = condition.as_ref().map_or(self.search.filter.is_none(), |condition| condition.exact);
        let condition = condition.map_or(String::new(), |condition| format!("AND ({})", condition.sql));
        let groups =
            if self.shows_groups() || self.needs("groups") { groups_expression(backend) } else { "NULL".to_owned() };
        let sql = format!(
            "SELECT {RECORD_COLUMNS}, {groups} FROM resources r WHERE r.tenant_id = $1 AND r.kind = $2 \
             AND r.position > $3 {condition} ORDER BY r.position LIMIT {CHUNK}"
        );
        let statement = Statement::from_sql_and_values(backend, sql, lowering.values);
        let rows = self.database.query(statement).await?;
        let records = rows.iter().map(|row| record(row, 0)).collect::<Result<Vec<_>, _>>()?;
        let records = if exact { records } else { self.with_members(records).await? };
        Ok((records, exact))
    }

    /// Fills in the members that the filter looks at.
    async fn with_members(&self, mut records: Vec<Record>) -> Result<Vec<Record>, DirectoryError> {
        if self.needs("members") {
            let all = Include { groups: false, members: Members::All };
            self.members.fill(self.tenant, &mut records, all).await?;
        }
        Ok(records)
    }

    fn shows_groups(&self) -> bool {
        self.list.include.groups && self.search.kind == ResourceKind::User
    }

    fn needs(&self, attribute: &str) -> bool {
        let sorted = self.search.sort.as_ref().and_then(scim::SortBy::path);
        self.search.filter.as_ref().is_some_and(|filter: &Filter| filter.mentions(attribute))
            || sorted.is_some_and(|path| path.is_core(attribute))
    }

    fn matches(&self, record: &Record) -> Result<bool, DirectoryError> {
        let Some(filter) = &self.search.filter else { return Ok(true) };
        Ok(filter.matches(&scim::to_tree(&record.stored(), &self.list.base)?))
    }
}
