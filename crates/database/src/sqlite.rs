//! The files of an SQLite database: whose they are, and who may make them.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;

use crate::DatabaseError;

/// Directories hold names of people and more: only the owner reads them.
const PRIVATE: u32 = 0o600;

/// How long another process may take to make a database.
const TRIES: u32 = 100;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

/// The file that an SQLite URL names.
#[must_use]
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let options = url.strip_prefix("sqlite:").map(|_| url.parse::<SqliteConnectOptions>())?;
    options.ok().map(|options| options.get_filename().to_owned())
}

/// Makes the folder and the file, for the owner alone: SQLite gives the mode of the file to those beside it.
pub(crate) fn prepare(url: &str) -> Result<(), DatabaseError> {
    let Some(file) = sqlite_file(url) else { return Ok(()) };
    let made = std::fs::create_dir_all(folder(&file)).and_then(|()| make_private(&file));
    made.map_err(|source| DatabaseError::Folder { folder: folder(&file).to_owned(), source })
}

/// The folder, locked: while a database is made and switched to write-ahead logging, SQLite lets nobody wait. Where
/// folders cannot be locked, or nobody gives the lock back, one goes on without.
pub(crate) async fn take_turns(url: &str) -> Option<File> {
    let folder = File::open(folder(&sqlite_file(url)?)).ok()?;
    for _ in 0..TRIES {
        match folder.try_lock() {
            Ok(()) => return Some(folder),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(BETWEEN_TRIES).await,
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// The locked file beside the database.
pub(crate) fn lock(url: &str) -> Result<File, DatabaseError> {
    let path = sqlite_file(url).unwrap_or_default().with_extension("lock");
    let failed = |source| DatabaseError::Folder { folder: path.clone(), source };
    let file = private().create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DatabaseError::InUse),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).mode(PRIVATE);
    options
}

fn make_private(file: &Path) -> io::Result<()> {
    match private().create_new(true).open(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            ["", "-wal", "-shm"].iter().for_each(|suffix| close(file, suffix));
            close(&file.with_extension("lock"), "");
            Ok(())
        }
        made => made.map(drop),
    }
}

/// Takes a file back from everybody but its owner. Who may not do that may still use the file. It is not opened:
/// to close it would end the locks that SQLite has on it in this process.
fn close(file: &Path, suffix: &str) {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    let open = std::fs::metadata(&name).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 != 0);
    if open {
        let _ = std::fs::set_permissions(&name, Permissions::from_mode(PRIVATE));
    }
}
