//! The matches of one search, in the order of creation.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use database::Database;
use scim::{Filter, ResourceKind};
use sea_orm::Statement;

use super::lower::{Lowering, Reach};
use super::plan::Plan;
use super::{List, Search};
use crate::read::{Loader, Lookup, MemberReader, RECORD_COLUMNS, groups_expression, record};
use crate::{DirectoryError, Include, Members, Record, key};

/// How many rows are looked at at once: the most that is held in memory of what does not match.
const CHUNK: usize = if cfg!(test) { 5 } else { 500 };

/// How many rows one statement looks at where no index tells: so none takes long, however little matches.
const WINDOW: i64 = if cfg!(test) { 7 } else { 2000 };

/// Whether somebody still waits for what is looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted(Arc<AtomicBool>);

impl Wanted {
    /// Nobody does any more.
    pub(super) fn end(&self) {
        self.0.store(true, Relaxed);
    }

    fn check(&self) -> Result<(), DirectoryError> {
        if self.0.load(Relaxed) { Err(DirectoryError::Busy) } else { Ok(()) }
    }
}

/// What one statement found.
struct Step {
    candidates: Vec<Record>,
    /// Whether all of them match.
    exact: bool,
    /// Behind which position the next one looks; `None` at the end.
    next: Option<i64>,
}

/// Looks through the candidates of one search.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub(super) database: &'a Database,
    pub(super) loader: &'a Loader,
    pub(super) members: &'a MemberReader,
    pub(super) wanted: &'a Wanted,
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
            self.wanted.check()?;
            let step = match &plan {
                Plan::Keyed { key, exact } => {
                    Step { candidates: self.keyed(key, after).await?, exact: *exact, next: None }
                }
                Plan::Rows => self.rows(after).await?,
            };
            for record in step.candidates {
                if (step.exact || self.matches(&record)?) && visitor(record)?.is_break() {
                    return Ok(());
                }
            }
            let Some(next) = step.next else { return Ok(()) };
            after = next;
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

    /// The next rows.
    async fn rows(&self, after: i64) -> Result<Step, DirectoryError> {
        let backend = self.database.backend();
        let values = vec![self.tenant.into(), key::number(self.search.kind).into(), after.into(), i64::MAX.into()];
        let mut lowering = Lowering::new(backend, self.tenant, self.search.kind, values);
        let condition = self.search.filter.as_ref().and_then(|filter| lowering.lower(filter));
        let exact = condition.as_ref().map_or(self.search.filter.is_none(), |condition| condition.exact);
        let mut window = None;
        if condition.as_ref().is_some_and(|condition| condition.reach == Reach::All) {
            let (end, is_full) = self.window(after).await?;
            window = is_full.then_some(end);
            if let Some(last) = lowering.values.get_mut(3) {
                *last = end.into();
            }
        }
        let condition = condition.map_or(String::new(), |condition| format!("AND ({})", condition.sql));
        let groups =
            if self.shows_groups() || self.needs("groups") { groups_expression(backend) } else { "NULL".to_owned() };
        let sql = format!(
            "SELECT {RECORD_COLUMNS}, {groups} FROM resources r WHERE r.tenant_id = $1 AND r.kind = $2 \
             AND r.position > $3 AND r.position <= $4 {condition} ORDER BY r.position LIMIT {CHUNK}"
        );
        let statement = Statement::from_sql_and_values(backend, sql, lowering.values);
        let rows = self.database.query(statement).await?;
        let records = rows.iter().map(|row| record(row, 0)).collect::<Result<Vec<_>, _>>()?;
        let next = if records.len() == CHUNK { records.last().map(|record| record.position) } else { window };
        let candidates = if exact { records } else { self.with_members(records).await? };
        Ok(Step { candidates, exact, next })
    }

    /// Where the rows end that the next statement looks at, and whether there may be more behind.
    async fn window(&self, after: i64) -> Result<(i64, bool), DirectoryError> {
        let sql = format!(
            "SELECT CAST(COALESCE(MAX(w.position), 0) AS bigint), CAST(COUNT(*) AS bigint) FROM (SELECT r.position \
             FROM resources r WHERE r.tenant_id = $1 AND r.kind = $2 AND r.position > $3 ORDER BY r.position LIMIT {WINDOW}) AS w"
        );
        let values = [self.tenant.into(), key::number(self.search.kind).into(), after.into()];
        let rows = self.database.query(Statement::from_sql_and_values(self.database.backend(), sql, values)).await?;
        let Some(row) = rows.first() else { return Ok((after, false)) };
        let (end, count): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok((end, count == WINDOW))
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
