//! A connection to Redis, and what it says when it does not work.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisConnectionInfo, RedisError};
use secrecy::ExposeSecret as _;

use super::settings::Settings;
use crate::store::broker::{GREETING, within};
use crate::store::{Failure, Place};

/// Connects and signs in. The connection ends with the last of its copies.
pub(super) async fn connect(settings: &Settings, place: &Place) -> Result<MultiplexedConnection, Failure> {
    let line = settings.address.dial(place, &settings.trust).await?;
    let mut info = RedisConnectionInfo::default().set_db(i64::from(settings.database)).set_skip_set_lib_name();
    if let Some(user) = settings.user() {
        info = info.set_username(user);
    }
    if let Some(password) = settings.password() {
        info = info.set_password(password.expose_secret());
    }
    // The time of an answer is bounded by who waits for it.
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let greeted = async {
        let connected = MultiplexedConnection::new_with_config(&info, line, config).await;
        connected.map_err(|error| failure(&error, ""))
    };
    let (connection, driver) = within(GREETING, "Redis", greeted).await?;
    tokio::spawn(driver);
    Ok(connection)
}

/// What an error means to an administrator. The answer of Redis is told where it holds no more than names of commands and keys.
pub(super) fn failure(error: &RedisError, key: &str) -> Failure {
    if error.kind() == ErrorKind::AuthenticationFailed {
        return Failure::refused("Redis refuses user and password");
    }
    let detail = error.detail().unwrap_or_default();
    // Redis 7.0 tells of a script's rights with the general code.
    let is_right = |text: &str| error.code() == Some("NOPERM") || text.contains("user executing the script");
    match error.code() {
        Some("NOAUTH") => Failure::refused("Redis wants a password: set password, and user if it has users"),
        Some("WRONGTYPE") => {
            Failure::refused(format!("the key {key} holds something else than a stream: set another key"))
        }
        Some("FOREIGN") => {
            Failure::refused(format!("the stream {key} is not of this store: set another key, or delete the stream"))
        }
        Some("OOM") => Failure::unavailable("Redis is full: it has used the memory that it may (maxmemory)"),
        Some("READONLY") => {
            Failure::unavailable("Redis is a replica, and takes no changes: set the url of the primary")
        }
        Some("LOADING") => Failure::unavailable("Redis is loading its data"),
        Some("MISCONF") => {
            Failure::unavailable("Redis takes no changes, because it cannot write to its disk (MISCONF)")
        }
        Some("MOVED" | "ASK") => {
            Failure::refused(format!("Redis is a cluster, and another node of it has {key}: set the url of that node"))
        }
        _ if is_right(detail) => Failure::refused(format!(
            "Redis refuses the user a command: it must be allowed +eval +evalsha +script|load +exists +xinfo +xadd ~{key}"
        )),
        Some(code) => Failure::unavailable(format!("Redis answers with an error ({code} {detail})")),
        None => Failure::unavailable(format!("the connection to Redis failed: {error}")),
    }
}
