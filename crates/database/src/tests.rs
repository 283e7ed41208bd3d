//! A database in a file: who may read it, who makes it, and which versions it serves.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use sea_orm::ConnectionTrait;

use crate::{Database, Migrated, Settings, sqlite_file};

fn settings(folder: &Path) -> Settings {
    Settings { url: format!("sqlite://{}/x.db", folder.display()), max_connections: 2 }
}

fn modes(folder: &Path) -> Vec<(String, u32)> {
    let files = folder.read_dir().unwrap().map(Result::unwrap);
    let mode = |file: &std::fs::DirEntry| file.metadata().unwrap().permissions().mode() & 0o777;
    let mut modes: Vec<_> = files.map(|file| (file.file_name().into_string().unwrap(), mode(&file))).collect();
    modes.sort();
    modes
}

fn private() -> Vec<(String, u32)> {
    ["x.db", "x.db-shm", "x.db-wal", "x.lock"].map(|name| (name.to_owned(), 0o600)).to_vec()
}

#[tokio::test]
async fn the_files_are_their_owners_alone_in_a_folder_that_is_open() {
    let folder = tempfile::tempdir().unwrap();
    set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let database = Database::open(&settings(folder.path())).await.unwrap();
    let _lock = database.exclusive().await.unwrap();
    database.migrate().await.unwrap();
    assert_eq!(modes(folder.path()), private());

    // Files that were made open are closed at the next start.
    private().iter().for_each(|(name, _)| {
        set_permissions(folder.path().join(name), Permissions::from_mode(0o644)).unwrap();
    });
    let again = Database::open(&settings(folder.path())).await.unwrap();
    assert_eq!(modes(folder.path()), private());
    assert_eq!(again.migrate().await.unwrap(), Migrated::UpToDate);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_is_made_by_several_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let one = |settings: Settings| async move { Database::open(&settings).await.unwrap().migrate().await.unwrap() };
    let all: Vec<_> = (0..6).map(|_| tokio::spawn(one(settings(folder.path())))).collect();
    for made in all {
        assert_eq!(made.await.unwrap(), Migrated::UpToDate);
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&settings(folder.path())).await.unwrap();
    database.migrate().await.unwrap();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";
    database.reader().execute_unprepared(newer).await.unwrap();
    assert_eq!(database.migrate().await.unwrap(), Migrated::Newer);

    let lacking = "DELETE FROM seaql_migrations WHERE version = (SELECT max(version) FROM seaql_migrations
                   WHERE version < 'm9999')";
    database.reader().execute_unprepared(lacking).await.unwrap();
    let refused = database.migrate().await.unwrap_err();
    let sentence = std::error::Error::source(&refused).unwrap().to_string();
    assert!(sentence.contains("it was migrated by another version of tenantry (m9999_later)"), "{sentence}");
}

#[test]
fn the_file_is_read_as_the_driver_reads_it() {
    assert_eq!(sqlite_file("sqlite:///a%20b/x.db?mode=rwc").unwrap(), Path::new("/a b/x.db"));
    assert_eq!(sqlite_file("sqlite:x.db").unwrap(), Path::new("x.db"));
    assert_eq!(sqlite_file("postgres://host/x"), None);
}
