//! The columns of last uses, which three tables have.

use std::collections::HashSet;

use database::rows::Column::{Integer, Text};
use database::rows::{Named, Rows, source};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Value};

use super::{APART_MS, Noted, Use};
use crate::TenancyError;
use crate::credential_row::CredentialRow;
use crate::store::statement;

/// A use, as it is written.
const USE: [Named; 4] = [("id", Text), ("at", Integer), ("address", Text), ("client", Text)];

/// Writes uses, and answers for which rows there is nothing left to do: the use is written, a later one was there, or
/// there is no such row any more. A row that somebody else holds is left out: nobody waits for a lock here, so nobody can
/// wait in a circle.
pub(crate) async fn write(
    on: &impl ConnectionTrait,
    uses: &[(CredentialRow, Noted)],
    now_ms: i64,
) -> Result<HashSet<CredentialRow>, TenancyError> {
    let mut done = HashSet::new();
    for table in CredentialRow::TABLES {
        let of_table: Vec<_> = uses.iter().filter(|(row, _)| row.table() == table).copied().collect();
        if of_table.is_empty() {
            continue;
        }
        let ids = write_in(on, table, &of_table, now_ms).await?;
        done.extend(of_table.iter().map(|(row, _)| *row).filter(|row| ids.contains(&row.id())));
    }
    Ok(done)
}

async fn write_in(
    on: &impl ConnectionTrait,
    table: &str,
    uses: &[(CredentialRow, Noted)],
    now_ms: i64,
) -> Result<HashSet<String>, TenancyError> {
    let row = |(row, noted): &(CredentialRow, Noted)| {
        let used = Use::from(*noted);
        [row.id().into(), used.at_ms.into(), used.address.into(), used.client.into()]
    };
    let backend = on.get_database_backend();
    let mut values: Vec<Value> = vec![(now_ms + APART_MS).into()];
    values.extend(Rows::collect(&USE, uses.iter().map(row)).bind(backend));
    let write = statement(on, &sql(backend, table), values);
    if backend == DbBackend::Sqlite {
        // Whoever writes there has the whole database.
        on.execute_raw(write).await?;
        return Ok(uses.iter().map(|(row, _)| row.id()).collect());
    }
    on.query_all_raw(write).await?.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

fn sql(backend: DbBackend, table: &str) -> String {
    let uses = source(backend, 2, "k", &USE);
    let update = format!("UPDATE {table} SET last_used_ms = k.at, last_address = k.address, last_client = k.client");
    let is_ours = format!(
        "{table}.id = k.id AND ({table}.last_used_ms IS NULL OR {table}.last_used_ms < k.at OR {table}.last_used_ms > $1)"
    );
    match backend {
        DbBackend::Postgres => format!(
            "WITH uses AS (SELECT k.id, k.at, k.address, k.client FROM {uses}), \
             free AS (SELECT u.id, u.at, u.address, u.client FROM uses u JOIN {table} t ON t.id = u.id \
             ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED), \
             written AS ({update} FROM free k WHERE {is_ours}) \
             SELECT id FROM free UNION ALL SELECT u.id FROM uses u WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.id = u.id)"
        ),
        _ => format!("{update} FROM {uses} WHERE {is_ours}"),
    }
}

/// The last use in a row of one of the tables.
pub(crate) fn last_use(row: &QueryResult) -> Result<Option<Use>, DbErr> {
    let Some(at_ms) = row.try_get("", "last_used_ms")? else { return Ok(None) };
    let text = |column: &str| row.try_get::<Option<String>>("", column).map(Option::unwrap_or_default);
    Ok(Some(Use { at_ms, address: text("last_address")?, client: text("last_client")? }))
}
