//! What a URL of a database must be like, as far as that can be told without connecting.

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

const FORM: &str = "it begins with neither sqlite:// nor postgres://, as in postgres://user:password@host/name";

/// Refuses a URL with which no database can be opened. What is said does not repeat the URL: it may hold a password.
///
/// # Errors
/// A clause about the URL.
pub fn check_url(url: &str) -> Result<(), String> {
    if url.starts_with("sqlite:") {
        return check_sqlite(url);
    }
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(FORM.to_owned());
    }
    url.parse::<PgConnectOptions>().map(drop).map_err(|error| {
        format!(
            "it is not of the form postgres://user:password@host:port/name ({}); in a password, write characters such \
             as / ? # @ as %2F %3F %23 %40",
            cause(&error)
        )
    })
}

fn check_sqlite(url: &str) -> Result<(), String> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    if path.contains(":memory:") || query.contains("mode=memory") {
        return Err(
            "a database in memory is gone with the process; name a file, as in sqlite://path/to/file".to_owned()
        );
    }
    if query.contains("mode=ro") || query.contains("immutable=") {
        return Err("the database is written to, so it cannot be opened for reading alone".to_owned());
    }
    if path.trim_start_matches("sqlite:").trim_start_matches('/').is_empty() {
        return Err("it names no file, as sqlite://path/to/file does".to_owned());
    }
    url.parse::<SqliteConnectOptions>().map(drop).map_err(|error| cause(&error))
}

fn cause(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Configuration(inner) => inner.to_string(),
        other => other.to_string(),
    }
}
