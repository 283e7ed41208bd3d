//! A long event log: what the server wrote about a few people, copied for many.
//!
//! A copy is another person: with ids, a user name, an address and an external id of its own, and the events of the original in
//! their order.

use anyhow::Context;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::report::progress;

/// Events that are copied in one transaction, about.
const CHUNK: i64 = 100_000;

/// Makes copies of all events of users. `{c}` are the copies, `{hex}` is the number of a copy in eight digits.
const COPY: &str = "INSERT INTO events (tenant_id, sequence, id, type, subject, time, data) \
    SELECT e.tenant_id, $2 + c.c * e.size + e.place, {id}, e.type, SUBSTR(e.subject, 1, 34) || {hex}, e.time, \
    REPLACE(REPLACE(e.data, '.s000', '.s' || c.c || 'x000'), '-s-000', '-s' || c.c || '-000') \
    FROM {copies} CROSS JOIN (SELECT tenant_id, id, type, subject, time, data, COUNT(*) OVER () AS size, \
    ROW_NUMBER() OVER (ORDER BY sequence) AS place \
    FROM events WHERE tenant_id = $1 AND sequence <= $2 AND type LIKE 'user.%') AS e ORDER BY 2";

const SQLITE: [(&str, &str); 3] = [
    ("{id}", "SUBSTR(e.id, 1, 28) || PRINTF('%08x', c.c)"),
    ("{hex}", "PRINTF('%08x', c.c)"),
    (
        "{copies}",
        "(WITH RECURSIVE n(c) AS (SELECT $3 UNION ALL SELECT c + 1 FROM n WHERE c < $4) SELECT c FROM n) AS c",
    ),
];
const POSTGRES: [(&str, &str); 3] = [
    ("{id}", "CAST(SUBSTR(CAST(e.id AS text), 1, 28) || LPAD(TO_HEX(c.c), 8, '0') AS uuid)"),
    ("{hex}", "LPAD(TO_HEX(c.c), 8, '0')"),
    ("{copies}", "GENERATE_SERIES(CAST($3 AS bigint), CAST($4 AS bigint)) AS c(c)"),
];

const TENANT: &str =
    "SELECT t.id, d.sequence FROM tenants t JOIN directories d ON d.tenant_id = t.id WHERE t.name = $1";
const SIZE: &str = "SELECT COUNT(*) FROM events WHERE tenant_id = $1 AND type LIKE 'user.%'";
const MOVE: &str =
    "UPDATE directories SET sequence = (SELECT MAX(sequence) FROM events WHERE tenant_id = $1) WHERE tenant_id = $1";

/// A log that was filled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filled {
    /// The number of its newest event.
    pub(crate) newest: i64,
    /// How many events of users it has.
    pub(crate) events: u64,
}

/// Copies what the log of a tenant tells of users until there are about so many events of users. The server must not run.
pub(crate) fn fill(url: &str, tenant: &str, events: u64) -> anyhow::Result<Filled> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let events = i64::try_from(events)?;
    match url.strip_prefix("sqlite://") {
        Some(file) => runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(file).disable_statement_logging();
            sqlite(&mut options.connect().await?, tenant, events).await
        }),
        None => runtime.block_on(async { postgres(&mut PgConnection::connect(url).await?, tenant, events).await }),
    }
}

/// The same statements on either database.
macro_rules! on {
    ($name:ident, $connection:ty, $words:expr) => {
        async fn $name(on: &mut $connection, tenant: &str, events: i64) -> anyhow::Result<Filled> {
            let found = sqlx::query_as::<_, (i64, i64)>(TENANT).bind(tenant).fetch_optional(&mut *on).await?;
            let (id, newest) = found.with_context(|| format!("the tenant {tenant} has no log"))?;
            let (size,) = sqlx::query_as::<_, (i64,)>(SIZE).bind(id).fetch_one(&mut *on).await?;
            let copies = events.checked_div(size).context("the log tells of no users")? - 1;
            let copy = $words.iter().fold(COPY.to_owned(), |sql, (word, own)| sql.replace(word, own));
            let mut first = 0;
            while first < copies {
                let last = (first + CHUNK / size).min(copies - 1);
                let sql = sqlx::query(sqlx::AssertSqlSafe(copy.as_str()));
                sql.bind(id).bind(newest).bind(first).bind(last).execute(&mut *on).await?;
                first = last + 1;
                progress(format_args!("  {} of {events} events", first * size));
            }
            sqlx::query(MOVE).bind(id).execute(&mut *on).await?;
            let copied = size * copies.max(0);
            Ok(Filled { newest: newest + copied, events: u64::try_from(size + copied)? })
        }
    };
}

on!(sqlite, SqliteConnection, SQLITE);
on!(postgres, PgConnection, POSTGRES);
