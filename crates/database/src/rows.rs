//! Many rows in one statement, with the same SQL on both databases.
//!
//! The rows travel as one JSON text parameter, so a statement has one text whatever the number of rows: it is prepared
//! once, and a batch costs one round trip.

use sea_orm::DbBackend;

/// The type of a column of [`source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A 64-bit integer.
    Integer,
    /// Text.
    Text,
    /// A UUID.
    Uuid,
    /// A boolean.
    Boolean,
}

/// A `FROM` item named `alias` that reads the JSON array of objects in parameter number `parameter`.
#[must_use]
pub fn source(backend: DbBackend, parameter: usize, alias: &str, columns: &[(&str, Column)]) -> String {
    match backend {
        DbBackend::Sqlite => {
            let fields: Vec<String> =
                columns.iter().map(|(name, _)| format!("value ->> '$.{name}' AS {name}")).collect();
            format!("(SELECT {} FROM json_each(${parameter})) AS {alias}", fields.join(", "))
        }
        _ => {
            let fields: Vec<String> =
                columns.iter().map(|(name, kind)| format!("{name} {}", kind.postgres())).collect();
            format!("json_to_recordset(CAST(${parameter} AS json)) AS {alias}({})", fields.join(", "))
        }
    }
}

impl Column {
    fn postgres(self) -> &'static str {
        match self {
            Self::Integer => "bigint",
            Self::Text => "text",
            Self::Uuid => "uuid",
            Self::Boolean => "boolean",
        }
    }
}
