//! The lookups that an index answers, and their SQL.

use database::rows::{Column, source};
use scim::ResourceKind;
use sea_orm::DbBackend;
use uuid::Uuid;

use super::row::{RECORD_COLUMNS, groups_expression};

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

    pub(super) fn text(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            Self::UserName(text) | Self::ExternalId(text) | Self::DisplayName(text) | Self::Email(text) => text.clone(),
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
        let by = |condition: &str, kind: Column| statement(backend, condition, "", kind);
        let email = "r.id = e.resource_id AND e.tenant_id = k.tenant_id AND e.value = k.key";
        Self {
            statements: [
                by("r.id = k.key", Column::Uuid),
                by("r.user_name = k.key", Column::Text),
                by("r.external_id = k.key", Column::Text),
                by("r.display_name = k.key", Column::Text),
                statement(backend, email, "CROSS JOIN emails e", Column::Text),
            ],
        }
    }

    pub(super) fn statement(&self, sort: usize) -> &str {
        self.statements.get(sort).map_or("", String::as_str)
    }
}

/// The kinds are compared only by their numbers, so a key finds what is of the asked kind.
fn statement(backend: DbBackend, condition: &str, join: &str, key: Column) -> String {
    let columns = [
        ("n", Column::Integer),
        ("tenant_id", Column::Integer),
        ("kind", Column::Integer),
        ("key", key),
        ("with_groups", Column::Boolean),
    ];
    let keys = source(backend, 1, "k", &columns);
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
