//! The names of the store's tables, and how each database writes what is the same everywhere.

use sea_orm::DbBackend;

/// What the tables of one store are called.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) backend: DbBackend,
    pub(super) schema: Option<String>,
    pub(super) prefix: String,
}

/// All tables there may be. Each is `prefix` and this.
pub(super) const TABLES: [&str; 6] = [USERS, GROUPS, MEMBERSHIPS, EVENTS, STORE, VERSIONS];
pub(super) const USERS: &str = "users";
pub(super) const GROUPS: &str = "groups";
pub(super) const MEMBERSHIPS: &str = "memberships";
pub(super) const EVENTS: &str = "events";
/// One row: whose store it is, and how far it has come.
pub(super) const STORE: &str = "tenantry_store";
/// The migrations of these tables that were made.
pub(super) const VERSIONS: &str = "tenantry_versions";

impl Names {
    /// The name of a table, as it stands in statements.
    pub(super) fn of(&self, table: &str) -> String {
        let name = self.quote(&self.bare(table));
        self.schema.as_ref().map_or_else(|| name.clone(), |schema| format!("{}.{name}", self.quote(schema)))
    }

    /// The name of a table, as the database lists it.
    pub(super) fn bare(&self, table: &str) -> String {
        format!("{}{table}", self.prefix)
    }

    /// A name of letters, digits and `_`, which may be a word of the language.
    pub(super) fn quote(&self, name: &str) -> String {
        if self.backend == DbBackend::MySql { format!("`{name}`") } else { format!("\"{name}\"") }
    }

    /// A statement with the names and types of this database in the place of `{…}`.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for table in TABLES {
            text = text.replace(&format!("{{{table}}}"), &self.of(table));
        }
        text = text.replace("{prefix}", &self.prefix);
        for (name, [sqlite, postgres, mysql]) in TYPES {
            let own = match self.backend {
                DbBackend::MySql => mysql,
                DbBackend::Postgres => postgres,
                _ => sqlite,
            };
            text = text.replace(name, own);
        }
        text
    }
}

/// Types, and what else has another form, in SQLite, PostgreSQL and MySQL.
const TYPES: [(&str, [&str; 3]); 11] = [
    ("{id}", ["TEXT", "uuid", "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin"]),
    ("{word}", ["TEXT", "text", "VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"]),
    ("{text}", ["TEXT", "text", "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"]),
    // Compared without regard to case where the database can do that in a type.
    ("{name}", ["TEXT", "text", "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"]),
    ("{flag}", ["BOOLEAN", "boolean", "BOOLEAN"]),
    ("{time}", ["TEXT", "timestamptz", "DATETIME(6)"]),
    ("{json}", ["TEXT", "jsonb", "JSON"]),
    ("{by user_name}", ["lower(user_name)", "lower(user_name)", "user_name(191)"]),
    ("{by email}", ["lower(email)", "lower(email)", "email(191)"]),
    ("{by external_id}", ["external_id", "external_id", "external_id(191)"]),
    ("{end}", ["", "", " ENGINE=InnoDB"]),
];
