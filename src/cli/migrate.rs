//! `tenantry migrate`

use database::{Database, Migrated};
use serde_json::json;
use tenant_admin::Failure;

use super::output::Output;
use crate::deployment::{NEWER, database_failure, prepare_folder};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Example:
  TENANTRY_DATABASE__URL=postgres://tenantry@db/tenantry tenantry migrate

`serve` does this by itself. Migrating before is for deployments in which the server's database user may not change
tables, and for several servers that start at once. The version that runs meanwhile is not disturbed.";

pub(super) async fn run(settings: &Settings, output: Output) -> Result<(), Failure> {
    if settings.sqlite_file().is_some() {
        prepare_folder(&settings.data_dir)?;
    }
    let database = Database::open(&settings.database()).await.map_err(|error| database_failure(&error, settings))?;
    let migrated = database.migrate().await.map_err(|error| database_failure(&error, settings))?;
    let newer = migrated == Migrated::Newer;
    output.answer(&json!({ "migrated": true, "newer": newer }), |_| {
        if newer { NEWER.to_owned() } else { "The database is up to date.".to_owned() }
    })
}
