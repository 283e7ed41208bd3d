//! The table `profiles`.

use std::collections::BTreeMap;
use std::sync::Arc;

use profile::Profile;
use sea_orm::ConnectionTrait;

use super::{BUILT_IN, Profiles};
use crate::TenancyError;
use crate::store::{execute, statement};

/// How many versions of a profile are kept beside the one that is current.
const KEPT: i64 = 100;

/// A version of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileVersion {
    /// Its number; 0 is the one that came with the program.
    pub version: i64,
    /// When it was imported, in milliseconds since 1970; nothing of the one that came with the program.
    pub imported_ms: Option<i64>,
    /// Whether tenants go by it.
    pub is_current: bool,
}

/// The profiles as they are now; those that are known already if none has changed.
pub(crate) async fn read(on: &impl ConnectionTrait, known: &Arc<Profiles>) -> Result<Arc<Profiles>, TenancyError> {
    let sql = "SELECT name, version FROM profiles WHERE is_current = TRUE";
    let mut versions = BTreeMap::new();
    for row in on.query_all_raw(statement(on, sql, [])).await? {
        versions.insert(row.try_get_by_index::<String>(0)?, row.try_get_by_index::<i64>(1)?);
    }
    let same = known.versions().into_iter().map(|(name, version)| (name.to_owned(), version)).eq(versions.clone());
    if same {
        return Ok(Arc::clone(known));
    }
    let mut imported = Vec::new();
    for (name, version) in versions {
        if let Some(text) = document(on, &name, version).await? {
            // A form that only a newer version reads: what comes with this program is better than nothing for anybody.
            match Profile::parse(&text, &file(&name, version)) {
                Ok(profile) => imported.push((version, profile)),
                Err(error) => tracing::error!(%error, "an imported profile cannot be read by this version"),
            }
        }
    }
    Ok(Arc::new(Profiles::with(imported)))
}

/// What stands for the file in messages about a stored profile.
pub(super) fn file(name: &str, version: i64) -> String {
    format!("{name} (version {version})")
}

pub(super) async fn document(
    on: &impl ConnectionTrait,
    name: &str,
    version: i64,
) -> Result<Option<String>, TenancyError> {
    let sql = "SELECT document FROM profiles WHERE name = $1 AND version = $2";
    let row = on.query_one_raw(statement(on, sql, [name.into(), version.into()])).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// The version of a profile that has this text.
pub(super) async fn version_of(on: &impl ConnectionTrait, name: &str, text: &str) -> Result<Option<i64>, TenancyError> {
    let sql = "SELECT MAX(version) FROM profiles WHERE name = $1 AND document = $2";
    let row = on.query_one_raw(statement(on, sql, [name.into(), text.into()])).await?;
    Ok(row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten())
}

/// The versions of a profile that were imported, the newest first.
pub(super) async fn versions(on: &impl ConnectionTrait, name: &str) -> Result<Vec<ProfileVersion>, TenancyError> {
    let sql = "SELECT version, imported_ms, is_current FROM profiles WHERE name = $1 ORDER BY version DESC";
    let rows = on.query_all_raw(statement(on, sql, [name.into()])).await?;
    let version = |row: &sea_orm::QueryResult| {
        Ok(ProfileVersion {
            version: row.try_get_by_index(0)?,
            imported_ms: Some(row.try_get_by_index(1)?),
            is_current: row.try_get_by_index(2)?,
        })
    };
    rows.iter().map(version).collect()
}

/// Adds a version, which is not current yet.
pub(super) async fn insert(
    on: &impl ConnectionTrait,
    (name, version): (&str, i64),
    document: &str,
    now_ms: i64,
) -> Result<(), TenancyError> {
    let sql = "INSERT INTO profiles (name, version, document, imported_ms, is_current) VALUES ($1, $2, $3, $4, FALSE)";
    execute(on, sql, [name.into(), version.into(), document.into(), now_ms.into()]).await?;
    let sql = "DELETE FROM profiles WHERE name = $1 AND version <= $2 AND is_current = FALSE";
    execute(on, sql, [name.into(), (version - KEPT).into()]).await
}

/// Makes a version the current one; of [`BUILT_IN`], none that was imported.
pub(super) async fn make_current(on: &impl ConnectionTrait, name: &str, version: i64) -> Result<(), TenancyError> {
    execute(on, "UPDATE profiles SET is_current = FALSE WHERE name = $1 AND is_current = TRUE", [name.into()]).await?;
    if version == BUILT_IN {
        return Ok(());
    }
    execute(on, "UPDATE profiles SET is_current = TRUE WHERE name = $1 AND version = $2", [name.into(), version.into()])
        .await
}
