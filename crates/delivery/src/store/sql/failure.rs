//! What errors of a database are to the tenant's administrators.

use sea_orm::{DbErr, RuntimeErr};
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::mysql::MySqlDatabaseError;

use crate::store::Failure;

/// Classes of SQLSTATE that speak of the data: they may have values in their texts.
const OF_DATA: [&str; 2] = ["22", "23"];
/// There is a table, or an index, of this name (MySQL).
const EXISTS: [u16; 2] = [1050, 1061];

/// What was answered, without values.
#[expect(clippy::needless_pass_by_value, reason = "it is for map_err")]
pub(super) fn failed(error: DbErr) -> Failure {
    let Some(error) = inner(&error) else {
        return Failure::unavailable(format!("the database of the store failed: {error}"));
    };
    match error {
        sqlx::Error::Database(told) if is_of_data(told.as_ref()) => {
            let code = told.code().unwrap_or_default();
            let rule = told.constraint().map(|name| format!(" ({name})")).unwrap_or_default();
            Failure::refused(format!("the database of the store refuses a row with error {code}{rule}"))
        }
        sqlx::Error::Database(told) => {
            Failure::unavailable(format!("the database of the store says: {}", told.message()))
        }
        sqlx::Error::PoolTimedOut => Failure::unavailable("the database of the store gave no connection in time"),
        sqlx::Error::Io(error) => {
            Failure::unavailable(format!("the connection to the database of the store broke: {error}"))
        }
        other => Failure::unavailable(format!("the database of the store failed: {other}")),
    }
}

fn inner(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error.as_ref()),
        _ => None,
    }
}

fn is_of_data(told: &dyn DatabaseError) -> bool {
    // SQLite has numbers of its own, and none of them is a SQLSTATE of five letters.
    let class = told.code().filter(|code| code.len() == 5).and_then(|code| code.get(..2).map(str::to_owned));
    class.is_some_and(|class| OF_DATA.contains(&class.as_str())) || !matches!(told.kind(), ErrorKind::Other)
}

/// Whether MySQL says that what was to be made is there.
pub(super) fn is_there_already(error: &DbErr) -> bool {
    let Some(sqlx::Error::Database(told)) = inner(error) else { return false };
    told.try_downcast_ref::<MySqlDatabaseError>().is_some_and(|told| EXISTS.contains(&told.number()))
}
