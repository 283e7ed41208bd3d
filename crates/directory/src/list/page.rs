//! A page of everything, however deep, at the cost of the first: the table `blocks` tells where it starts.

use database::Database;
use scim::ResourceKind;
use sea_orm::{DbErr, Statement};

use super::List;
use crate::read::{RECORD_COLUMNS, groups_expression, record};
use crate::write::BLOCK;
use crate::{Record, key};

/// How many resources of one type there are.
pub(super) async fn total(database: &Database, tenant: i64, kind: ResourceKind) -> Result<u64, DbErr> {
    let sql = "SELECT CAST(COALESCE(SUM(live), 0) AS bigint) FROM blocks WHERE tenant_id = $1 AND kind = $2";
    let values = [tenant.into(), key::number(kind).into()];
    let rows = database.query(Statement::from_sql_and_values(database.backend(), sql, values)).await?;
    let total: i64 = rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(u64::try_from(total).unwrap_or(0))
}

/// The resources of one type without the first `skip`, at most `take`.
pub(super) async fn slice(
    database: &Database,
    tenant: i64,
    kind: ResourceKind,
    (skip, take): (u64, usize),
    list: &List,
) -> Result<Vec<Record>, DbErr> {
    let backend = database.backend();
    let skip = i64::try_from(skip).unwrap_or(i64::MAX);
    let start = "SELECT block, before FROM (SELECT block, live, CAST(SUM(live) OVER (ORDER BY block) AS bigint) - live AS before \
         FROM blocks WHERE tenant_id = $1 AND kind = $2) AS b WHERE before + live > $3 ORDER BY block LIMIT 1";
    let values = [tenant.into(), key::number(kind).into(), skip.into()];
    let rows = database.query(Statement::from_sql_and_values(backend, start, values)).await?;
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    let (block, before): (i64, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let groups =
        if list.include.groups && kind == ResourceKind::User { groups_expression(backend) } else { "NULL".to_owned() };
    let sql = format!(
        "SELECT {RECORD_COLUMNS}, {groups} FROM resources r WHERE r.tenant_id = $1 AND r.kind = $2 \
         AND r.position >= $3 ORDER BY r.position LIMIT $4 OFFSET $5"
    );
    let take = i64::try_from(take).unwrap_or(i64::MAX);
    let values = [tenant.into(), key::number(kind).into(), (block * BLOCK).into(), take.into(), (skip - before).into()];
    let rows = database.query(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter().map(|row| record(row, 0)).collect()
}
