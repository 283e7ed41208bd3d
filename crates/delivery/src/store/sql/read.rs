//! Reading what the store has, page by page.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use uuid::Uuid;

use super::names::Names;

/// The ids of users or groups and the versions that the store has of them, in the order of the ids: up to `limit` after one.
pub(super) async fn versions(
    on: &impl ConnectionTrait,
    names: &Names,
    table: &str,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<(Uuid, i64)>, DbErr> {
    let is_postgres = names.backend == DbBackend::Postgres;
    let id = if is_postgres { "CAST(id AS text)" } else { "id" };
    let after = after.map(|after| format!(" WHERE id > '{after}'")).unwrap_or_default();
    let sql = format!("SELECT {id}, version FROM {}{after} ORDER BY id LIMIT {limit}", names.of(table));
    let rows = on.query_all_raw(Statement::from_string(names.backend, sql)).await?;
    rows.iter()
        .map(|row| {
            let id: String = row.try_get_by_index(0)?;
            let id = Uuid::parse_str(&id).map_err(|error| DbErr::Type(format!("an id cannot be read: {error}")))?;
            Ok((id, row.try_get_by_index(1)?))
        })
        .collect()
}
