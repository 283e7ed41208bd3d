//! The lookups that an index answers, and their SQL.

use database::rows::{Cell, Column, Named, Rows, source};
use scim::ResourceKind;
use sea_orm::DbBackend;
use uuid::Uuid;

use super::row::{RECORD_COLUMNS, groups_expression};
use crate::key;

/// A value that an index holds; texts are already in the form of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// `id`
    Id(Uuid),
    /// `userName`
    UserName(String),
    /// `externalId`
    ExternalId(String),
    /// `displayName`
    DisplayName(String),
    /// Any of `emails.value`
    Email(String),
}

impl Key {
    /// Which of [`Lookups`] answers it.
    pub(super) fn sort(&self) -> usize {
        match self {
            Self::Id(_) => 0,
            Self::UserName(_) => 1,
            Self::ExternalId(_) => 2,
            Self::DisplayName(_) => 3,
            Self::Email(_) => 4,
        }
    }

    fn cell(&self) -> Cell {
        match self {
            Self::Id(id) => (*id).into(),
            Self::UserName(text) | Self::ExternalId(text) | Self::DisplayName(text) | Self::Email(text) => {
                text.as_str().into()
            }
        }
    }
}

/// One statement for each sort of [`Key`].
#[derive(Debug)]
pub(crate) struct Lookups {
    statements: [String; 5],
}

impl Lookups {
    pub(crate) fn new(backend: DbBackend) -> Self {
        let by = |condition: &str, columns: &[Named]| statement(backend, condition, "", columns);
        let email = "r.id = e.resource_id AND e.tenant_id = k.tenant_id AND e.value = k.key";
        Self {
            statements: [
                by("r.id = k.key", &BY_ID),
                by("r.user_name = k.key", &BY_TEXT),
                by("r.external_id = k.key", &BY_TEXT),
                by("r.display_name = k.key", &BY_TEXT),
                statement(backend, email, "CROSS JOIN emails e", &BY_TEXT),
            ],
        }
    }

    pub(super) fn statement(&self, sort: usize) -> &str {
        self.statements.get(sort).map_or("", String::as_str)
    }
}

/// The columns of the keys; the keys themselves are ids or texts.
const BY_ID: [Named; 5] = columns(Column::Uuid);
const BY_TEXT: [Named; 5] = columns(Column::Text);

const fn columns(key: Column) -> [Named; 5] {
    [
        ("n", Column::Integer),
        ("tenant_id", Column::Integer),
        ("kind", Column::Integer),
        ("key", key),
        ("with_groups", Column::Boolean),
    ]
}

/// The kinds are compared only by their numbers, so a key finds what is of the asked kind.
fn statement(backend: DbBackend, condition: &str, join: &str, columns: &[Named]) -> String {
    let keys = source(backend, 1, "k", columns);
    let groups = groups_expression(backend);
    // CROSS JOIN: SQLite then keeps the order, which is the one that uses the indexes.
    format!(
        "SELECT k.n, {RECORD_COLUMNS}, CASE WHEN k.with_groups THEN {groups} END FROM {keys} {join} \
         CROSS JOIN resources r WHERE r.tenant_id = k.tenant_id AND r.kind = k.kind AND {condition}"
    )
}

/// What one waiting request asks.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    pub(crate) tenant: i64,
    pub(crate) kind: ResourceKind,
    pub(crate) key: Key,
    pub(crate) groups: bool,
}

impl Lookup {
    /// The rows of lookups of one sort, numbered in their order.
    pub(super) fn rows<'a>(lookups: impl IntoIterator<Item = &'a Self>) -> Rows {
        let mut columns = &BY_TEXT;
        let row = |(n, lookup): (i64, &Self)| {
            if matches!(lookup.key, Key::Id(_)) {
                columns = &BY_ID;
            }
            let kind = key::number(lookup.kind);
            [n.into(), lookup.tenant.into(), kind.into(), lookup.key.cell(), lookup.groups.into()]
        };
        let cells: Vec<_> = (0..).zip(lookups).map(row).collect();
        Rows::collect(columns, cells)
    }
}
