//! Making the tables, and bringing those of an older version up to this one. What others made is never touched.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement};

use super::failure::{failed, is_there_already};
use super::names::{EVENTS, GROUPS, MEMBERSHIPS, Names, STORE, TABLES, USERS, VERSIONS};
use super::rows::time_text;
use super::state::{self, State};
use super::tables::{self, DIRECTORY, Part};
use super::write::begin;
use crate::store::{Failure, Place};

/// A table of SQLite files from before tables had versions; theirs are made anew, and the store gets all events again.
const UNVERSIONED: &str = "tenantry_position";

/// Makes what is missing. Any number of processes may do that at the same time: each migration is made once.
pub(super) async fn prepare(
    connection: &DatabaseConnection,
    names: &Names,
    place: &Place,
    with_events: bool,
) -> Result<State, Failure> {
    let transaction = begin(connection).await.map_err(failed)?;
    take_turn(&transaction, names).await?;
    let prepared = Preparing { on: &transaction, names, place }.all(with_events).await;
    // In MySQL the turn is the session's; the others end it with the transaction.
    if names.backend == DbBackend::MySql {
        transaction.execute_unprepared(&format!("DO RELEASE_LOCK({})", turn(names))).await.map_err(failed)?;
    }
    let state = prepared?;
    transaction.commit().await.map_err(failed)?;
    Ok(state)
}

/// Whether the tables are there. If not, nothing stands in the way of making them.
pub(super) async fn check(
    on: &DatabaseTransaction,
    names: &Names,
    place: &Place,
    with_events: bool,
) -> Result<bool, Failure> {
    let preparing = Preparing { on, names, place };
    let there = preparing.there().await.map_err(failed)?;
    if there.contains(STORE) {
        preparing.owned().await?;
        return Ok(true);
    }
    preparing.refuse_foreign(&there, with_events)?;
    Ok(false)
}

struct Preparing<'a> {
    on: &'a DatabaseTransaction,
    names: &'a Names,
    place: &'a Place,
}

impl Preparing<'_> {
    async fn all(&self, with_events: bool) -> Result<State, Failure> {
        let there = self.there().await.map_err(failed)?;
        if !there.contains(STORE) {
            self.begin(&there, with_events).await?;
        }
        let state = match self.owned().await? {
            Some(state) => state,
            None => self.own().await.map_err(failed)?,
        };
        if !there.contains(VERSIONS) {
            self.make(tables::VERSIONS).await.map_err(failed)?;
        }
        let there = self.there().await.map_err(failed)?;
        self.migrate(DIRECTORY, &there).await?;
        if with_events {
            self.migrate(tables::EVENTS, &there).await?;
        }
        Ok(state)
    }

    /// Those of our names that are there.
    async fn there(&self) -> Result<BTreeSet<&'static str>, DbErr> {
        let (names, backend) = (self.names, self.names.backend);
        let sql = match (backend, &names.schema) {
            (DbBackend::Postgres, schema) => {
                let schema = schema.as_ref().map_or_else(|| "current_schema()".to_owned(), |name| format!("'{name}'"));
                format!(
                    "SELECT CAST(c.relname AS text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                     WHERE n.nspname = {schema}"
                )
            }
            (DbBackend::MySql, _) => {
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables WHERE table_schema = DATABASE()"
                    .to_owned()
            }
            // SQLite does not tell letters apart by their case.
            _ => "SELECT lower(name) FROM sqlite_master".to_owned(),
        };
        let rows = self.on.query_all_raw(Statement::from_string(backend, sql)).await?;
        let found: BTreeSet<String> = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        let ours = TABLES.into_iter().chain([UNVERSIONED]);
        Ok(ours.filter(|table| found.contains(&names.bare(table))).collect())
    }

    /// Refuses to begin where others have tables of our names.
    fn refuse_foreign(&self, there: &BTreeSet<&str>, with_events: bool) -> Result<(), Failure> {
        if self.is_unversioned(there) {
            return Ok(());
        }
        let mut ours = [STORE, VERSIONS].into_iter().chain(DIRECTORY.tables.iter().copied());
        let foreign = ours.find(|table| there.contains(table));
        let event = tables::EVENTS.tables.iter().copied().find(|table| with_events && there.contains(table));
        foreign.or(event).map_or(Ok(()), |table| Err(self.foreign(table)))
    }

    fn is_unversioned(&self, there: &BTreeSet<&str>) -> bool {
        self.names.backend == DbBackend::Sqlite && there.contains(UNVERSIONED)
    }

    fn foreign(&self, table: &str) -> Failure {
        let name = self.names.bare(table);
        let way_out = match self.names.backend {
            DbBackend::Postgres => "give the store a schema of its own (schema) or other names (prefix)",
            DbBackend::MySql => "give the store a database of its own or other names (prefix)",
            _ => "give the store another file",
        };
        Failure::refused(format!(
            "there is a table {name} that this store did not make, so it is left alone; {way_out}"
        ))
    }

    async fn begin(&self, there: &BTreeSet<&str>, with_events: bool) -> Result<(), Failure> {
        self.refuse_foreign(there, with_events)?;
        if self.is_unversioned(there) {
            for table in [USERS, GROUPS, MEMBERSHIPS, EVENTS, UNVERSIONED] {
                let sql = format!("DROP TABLE IF EXISTS {}", self.names.of(table));
                self.on.execute_unprepared(&sql).await.map_err(failed)?;
            }
        }
        if let Some(schema) = &self.names.schema {
            make_schema(self.on, self.names, schema).await.map_err(failed)?;
        }
        self.make(tables::STORE).await.map_err(failed)
    }

    /// How far the store has come, if the tables are its own; `None` if nobody has taken them.
    async fn owned(&self) -> Result<Option<State>, Failure> {
        let Some(row) = state::lock(self.on, self.names).await.map_err(failed)? else { return Ok(None) };
        if row.store_id != self.place.id.to_string() {
            return Err(Failure::refused(format!(
                "the tables with the prefix \"{}\" belong to another store, of the tenant {}; choose another file, database, \
                 schema or prefix, or drop them if that store is gone",
                self.names.prefix, row.tenant
            )));
        }
        Ok(Some(row.state))
    }

    async fn own(&self) -> Result<State, DbErr> {
        let (table, id) = (self.names.of(STORE), self.place.id);
        let tenant = self.place.tenant.replace('\'', "''");
        let sql = format!(
            "INSERT INTO {table} (one, store_id, tenant, position, writes, generation) VALUES (1, '{id}', '{tenant}', 0, 0, 0)"
        );
        self.on.execute_unprepared(&sql).await?;
        Ok(State { position: 0, writes: 0, generation: 0 })
    }

    async fn migrate(&self, part: Part, there: &BTreeSet<&str>) -> Result<(), Failure> {
        let begun = self.version(part).await.map_err(failed)?;
        if begun.is_none() {
            if let Some(table) = part.tables.iter().find(|table| there.contains(*table)) {
                return Err(self.foreign(table));
            }
            // From now on what has these names is the store's own.
            self.note(part, 0).await.map_err(failed)?;
        }
        let done = begun.unwrap_or_default();
        if done > part.steps.len() {
            return Err(Failure::unavailable("the tables are of a newer version of Tenantry, which goes on with them"));
        }
        for (number, step) in (1..).zip(part.steps).skip(done) {
            match self.make(step).await {
                // MySQL made it, and the process ended before that was noted.
                Err(error) if begun.is_some() && number == done + 1 && is_there_already(&error) => {}
                made => made.map_err(failed)?,
            }
            self.note(part, number).await.map_err(failed)?;
        }
        Ok(())
    }

    /// The number of the last migration that was made; `None` if the part was not begun.
    async fn version(&self, part: Part) -> Result<Option<usize>, DbErr> {
        let sql = format!("SELECT version FROM {} WHERE part = '{}'", self.names.of(VERSIONS), part.name);
        let rows = self.on.query_all_raw(Statement::from_string(self.names.backend, sql)).await?;
        let mut newest = None;
        for row in &rows {
            let version: i64 = row.try_get_by_index(0)?;
            newest = newest.max(usize::try_from(version).ok());
        }
        Ok(newest)
    }

    async fn note(&self, part: Part, version: usize) -> Result<(), DbErr> {
        let now = time_text(self.names.backend, time::OffsetDateTime::now_utc());
        let (table, part) = (self.names.of(VERSIONS), part.name);
        let sql = format!("INSERT INTO {table} (part, version, made_at) VALUES ('{part}', {version}, '{now}')");
        self.on.execute_unprepared(&sql).await.map(drop)
    }

    async fn make(&self, template: &str) -> Result<(), DbErr> {
        self.on.execute_unprepared(&self.names.fill(template)).await.map(drop)
    }
}

/// Makes a schema, if it is not there: who may not make schemas may use one that is.
pub(super) async fn make_schema(on: &DatabaseTransaction, names: &Names, schema: &str) -> Result<(), DbErr> {
    let sql = format!("SELECT 1 FROM pg_namespace WHERE nspname = '{schema}'");
    if on.query_one_raw(Statement::from_string(names.backend, sql)).await?.is_none() {
        on.execute_unprepared(&format!("CREATE SCHEMA {}", names.quote(schema))).await?;
    }
    Ok(())
}

/// Waits until nobody else makes tables here.
async fn take_turn(on: &DatabaseTransaction, names: &Names) -> Result<(), Failure> {
    let sql = match names.backend {
        DbBackend::Postgres => {
            format!("SELECT CAST('1' AS text) FROM pg_advisory_xact_lock(hashtext({}))", turn(names))
        }
        DbBackend::MySql => format!("SELECT CAST(GET_LOCK({}, 5) AS CHAR)", turn(names)),
        _ => return Ok(()),
    };
    let row = on.query_one_raw(Statement::from_string(names.backend, sql)).await.map_err(failed)?;
    let got: Option<String> = row.and_then(|row| row.try_get_by_index(0).ok()).flatten();
    if got.as_deref() != Some("1") {
        return Err(Failure::unavailable("another process makes the tables of the store"));
    }
    Ok(())
}

fn turn(names: &Names) -> String {
    let schema = names.schema.as_deref().unwrap_or_default();
    format!("'tenantry {schema} {}'", names.prefix)
}
