//! Many rows in one statement, whatever their number with one text: it is prepared once, and a batch costs one round
//! trip.
//!
//! On PostgreSQL each column travels as an array of its own, which costs next to nothing to read there. SQLite and MySQL
//! have no arrays; there all rows travel as one JSON text.

use sea_orm::sea_query::ArrayType;
use sea_orm::{DbBackend, Value};
use serde::ser::{Serialize, SerializeSeq as _, Serializer};

/// The type of a column of [`source`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A 64-bit integer.
    Integer,
    /// Text.
    Text,
    /// Text, or nothing.
    OptionalText,
    /// A UUID.
    Uuid,
    /// A UUID, or nothing. The nil UUID is nothing.
    OptionalUuid,
    /// A boolean.
    Boolean,
}

/// A column and its name.
pub type Named = (&'static str, Column);

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// For [`Column::Integer`].
    Integer(i64),
    /// For [`Column::Text`] and [`Column::OptionalText`].
    Text(String),
    /// For [`Column::Uuid`] and [`Column::OptionalUuid`].
    Uuid(uuid::Uuid),
    /// For [`Column::Boolean`].
    Boolean(bool),
    /// Nothing.
    Null,
}

/// What stands for nothing among texts: arrays of nothing cannot be bound.
///
/// It is a noncharacter, which Unicode keeps for
/// such purposes; a text that is just this would be read as nothing, so whoever sends texts replaces it.
pub const NOTHING: &str = "\u{ffff}";

/// A `FROM` item named `alias` that reads [`Rows`] of these columns, bound from parameter number `first` on.
#[must_use]
pub fn source(backend: DbBackend, first: usize, alias: &str, columns: &[Named]) -> String {
    match backend {
        DbBackend::Sqlite => {
            let fields = columns.iter().enumerate().map(|(n, (name, _))| format!("value ->> {n} AS {name}"));
            format!("(SELECT {} FROM json_each(${first})) AS {alias}", join(fields))
        }
        // Its parameters have no numbers: this one stands where the item stands.
        DbBackend::MySql => {
            let fields = columns
                .iter()
                .enumerate()
                .map(|(n, (name, column))| format!("{name} {} PATH '$[{n}]'", column.mysql()));
            format!("JSON_TABLE(?, '$[*]' COLUMNS ({})) AS {alias}", join(fields))
        }
        _ => {
            let arrays = (first..).zip(columns).map(|(n, (_, column))| format!("${n}::{}[]", column.postgres()));
            let names = join(columns.iter().map(|(name, _)| (*name).to_owned()));
            if !columns.iter().any(|(_, column)| column.is_optional()) {
                return format!("unnest({}) AS {alias}({names})", join(arrays));
            }
            let fields = join(columns.iter().map(|(name, column)| column.read(name)));
            format!("(SELECT {fields} FROM unnest({}) AS u({names})) AS {alias}", join(arrays))
        }
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

impl Column {
    fn postgres(self) -> &'static str {
        match self {
            Self::Integer => "bigint",
            Self::Text | Self::OptionalText => "text",
            Self::Uuid | Self::OptionalUuid => "uuid",
            Self::Boolean => "boolean",
        }
    }

    fn mysql(self) -> &'static str {
        match self {
            Self::Integer | Self::Boolean => "BIGINT",
            Self::Text | Self::OptionalText => "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            Self::Uuid | Self::OptionalUuid => "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin",
        }
    }

    fn is_optional(self) -> bool {
        matches!(self, Self::OptionalText | Self::OptionalUuid)
    }

    fn read(self, name: &str) -> String {
        match self {
            Self::OptionalText => format!("NULLIF({name}, '{NOTHING}') AS {name}"),
            Self::OptionalUuid => format!("NULLIF({name}, '{}') AS {name}", uuid::Uuid::nil()),
            _ => name.to_owned(),
        }
    }

    fn array(self) -> ArrayType {
        match self {
            Self::Integer => ArrayType::BigInt,
            Self::Text | Self::OptionalText => ArrayType::String,
            Self::Uuid | Self::OptionalUuid => ArrayType::Uuid,
            Self::Boolean => ArrayType::Bool,
        }
    }

    fn value(self, cell: Cell) -> Value {
        match cell {
            Cell::Integer(number) => number.into(),
            Cell::Text(text) => text.into(),
            Cell::Uuid(id) => id.into(),
            Cell::Boolean(flag) => flag.into(),
            Cell::Null => match self {
                Self::Text | Self::OptionalText => NOTHING.into(),
                Self::Uuid | Self::OptionalUuid => uuid::Uuid::nil().into(),
                Self::Integer => 0_i64.into(),
                Self::Boolean => false.into(),
            },
        }
    }
}

/// Rows for a [`source`].
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    columns: &'static [Named],
    cells: Vec<Cell>,
}

impl Rows {
    /// No rows yet.
    #[must_use]
    pub fn of(columns: &'static [Named]) -> Self {
        Self { columns, cells: Vec::new() }
    }

    /// All these rows.
    pub fn collect<const N: usize>(columns: &'static [Named; N], rows: impl IntoIterator<Item = [Cell; N]>) -> Self {
        Self { columns, cells: rows.into_iter().flatten().collect() }
    }

    /// Adds a row, with a cell for each column.
    pub fn push<const N: usize>(&mut self, row: [Cell; N]) {
        debug_assert_eq!(N, self.columns.len(), "a cell for each column");
        self.cells.extend(row);
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len() / self.columns.len().max(1)
    }

    /// The parameters of the statement, from its first on.
    #[must_use]
    pub fn bind(self, backend: DbBackend) -> Vec<Value> {
        if matches!(backend, DbBackend::Sqlite | DbBackend::MySql) {
            // Texts, numbers and flags are always JSON.
            return vec![serde_json::to_string(&self).unwrap_or_default().into()];
        }
        let count = self.len();
        let mut arrays: Vec<Vec<Value>> = self.columns.iter().map(|_| Vec::with_capacity(count)).collect();
        let width = self.columns.len().max(1);
        for (n, cell) in self.cells.into_iter().enumerate() {
            if let (Some(array), Some((_, column))) = (arrays.get_mut(n % width), self.columns.get(n % width)) {
                array.push(column.value(cell));
            }
        }
        let bound = self.columns.iter().zip(arrays);
        bound.map(|((_, column), array)| Value::Array(column.array(), Some(Box::new(array)))).collect()
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.len()))?;
        for row in self.cells.chunks(self.columns.len().max(1)) {
            rows.serialize_element(row)?;
        }
        rows.end()
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Uuid(id) => serializer.collect_str(id),
            Self::Boolean(flag) => serializer.serialize_bool(*flag),
            Self::Null => serializer.serialize_none(),
        }
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Boolean(flag)
    }
}

impl From<uuid::Uuid> for Cell {
    fn from(id: uuid::Uuid) -> Self {
        Self::Uuid(id)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Named; 3] = [("a", Column::Integer), ("b", Column::OptionalText), ("c", Column::Boolean)];

    fn rows() -> Rows {
        Rows::collect(&COLUMNS, [[1.into(), "x".into(), true.into()], [2.into(), Cell::Null, false.into()]])
    }

    #[test]
    fn on_sqlite_rows_are_one_text() {
        assert_eq!(rows().bind(DbBackend::Sqlite), [Value::from(r#"[[1,"x",true],[2,null,false]]"#)]);
        assert_eq!(
            source(DbBackend::Sqlite, 2, "k", &COLUMNS),
            "(SELECT value ->> 0 AS a, value ->> 1 AS b, value ->> 2 AS c FROM json_each($2)) AS k"
        );
    }

    #[test]
    fn on_mysql_rows_are_one_text() {
        assert_eq!(rows().bind(DbBackend::MySql), rows().bind(DbBackend::Sqlite));
        assert_eq!(
            source(DbBackend::MySql, 1, "k", &[("a", Column::Integer), ("b", Column::Uuid)]),
            "JSON_TABLE(?, '$[*]' COLUMNS (a BIGINT PATH '$[0]', \
             b CHAR(36) CHARACTER SET ascii COLLATE ascii_bin PATH '$[1]')) AS k"
        );
    }

    #[test]
    fn on_postgresql_each_column_is_an_array() {
        let bound = rows().bind(DbBackend::Postgres);
        let [Value::Array(ArrayType::BigInt, Some(a)), Value::Array(_, Some(b)), Value::Array(..)] = &bound[..] else {
            panic!("{bound:?}")
        };
        assert_eq!(**a, [Value::from(1_i64), Value::from(2_i64)]);
        assert_eq!(**b, [Value::from("x"), Value::from(NOTHING)]);
        assert_eq!(
            source(DbBackend::Postgres, 4, "k", &COLUMNS),
            "(SELECT a, NULLIF(b, '\u{ffff}') AS b, c FROM unnest($4::bigint[], $5::text[], $6::boolean[]) AS u(a, b, c)) AS k"
        );
    }
}
