//! A store in a relational database of the tenant's own: the users, groups and memberships as they are now, and the events that led
//! there.
//!
//! Events and the position are written in one transaction, so each event has its effect exactly once, whatever is killed
//! when.

mod apply;
mod tables;

use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;
use events::Event;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, TransactionTrait};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Failed, Failure, Kind, Opened, Opening, Store, read};

pub(super) const KIND: Kind = Kind {
    name: "sql",
    about: "a database with tables of users, groups, memberships and events (SQLite)",
    secrets: &["url"],
    check,
    open,
};

/// The settings of this kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Such as `sqlite://users.db`: a file in the folder of the tenant's stores.
    url: String,
}

struct SqlStore {
    connection: DatabaseConnection,
}

fn check(settings: &Map<String, Value>) -> Result<(), String> {
    let settings: Settings = read(settings)?;
    file(&settings.url, Path::new("")).map(drop)
}

/// The file that a URL names, below the folder.
fn file(url: &str, folder: &Path) -> Result<PathBuf, String> {
    let name = url.strip_prefix("sqlite://").map(Path::new);
    let name = name.filter(|name| {
        name.components().count() > 0 && name.components().all(|part| matches!(part, Component::Normal(_)))
    });
    let name = name.ok_or("url is sqlite://NAME, with the name of a file in the folder of the tenant's stores")?;
    Ok(folder.join(name))
}

fn open(opening: Opening) -> Opened {
    Box::pin(async move {
        let settings: Settings = read(&opening.settings).map_err(Failure::refused)?;
        let path = file(&settings.url, &opening.place.folder).map_err(Failure::refused)?;
        let parent = path.parent().unwrap_or(Path::new("."));
        tokio::fs::create_dir_all(parent).await.map_err(|error| Failure::unavailable(error.to_string()))?;
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
        options.max_connections(1).sqlx_logging(false);
        let connection = Database::connect(options).await.map_err(unavailable)?;
        for sql in tables::ALL {
            connection.execute_unprepared(sql).await.map_err(unavailable)?;
        }
        let store: Box<dyn Store> = Box::new(SqlStore { connection });
        Ok(store)
    })
}

#[async_trait]
impl Store for SqlStore {
    async fn apply(&mut self, events: &[Event]) -> Result<(), Failed> {
        let transaction = self.connection.begin().await.map_err(unavailable)?;
        for event in events {
            apply::event(&transaction, event).await.map_err(unavailable)?;
        }
        transaction.commit().await.map_err(unavailable)?;
        Ok(())
    }

    async fn position(&mut self) -> Result<Option<i64>, Failure> {
        apply::position(&self.connection).await.map(Some).map_err(unavailable)
    }

    async fn probe(&mut self) -> Result<(), Failure> {
        apply::position(&self.connection).await.map(drop).map_err(unavailable)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is for map_err")]
fn unavailable(error: DbErr) -> Failure {
    Failure::unavailable(format!("the database of the store failed: {error}"))
}
