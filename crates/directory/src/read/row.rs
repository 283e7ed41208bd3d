//! The columns of a resource, and how a row becomes a record.

use scim::{MemberReference, ResourceKind};
use sea_orm::{DbBackend, DbErr, QueryResult};
use serde::Deserialize;
use uuid::Uuid;

use crate::Record;
use crate::key;

/// What every query for resources selects first, in the order that [`record`] reads. `r` is the resource's row.
pub(crate) const RECORD_COLUMNS: &str =
    "CAST(r.id AS text), r.kind, r.position, r.version, r.created, r.modified, r.member_count, r.document";

/// How many columns [`RECORD_COLUMNS`] are.
pub(crate) const RECORD_COUNT: usize = 8;

/// The groups of the resource `r` as one JSON text.
pub(crate) fn groups_expression(backend: DbBackend) -> String {
    let (aggregate, object) = match backend {
        DbBackend::Sqlite => {
            ("json_group_array(json_object('id', g.id, 'display', g.display) ORDER BY g.position)", "")
        }
        _ => ("json_agg(json_build_object('id', g.id, 'display', g.display) ORDER BY g.position)", "::text"),
    };
    format!(
        "(SELECT {aggregate}{object} FROM memberships m CROSS JOIN resources g WHERE m.tenant_id = r.tenant_id \
         AND m.member_id = r.id AND g.tenant_id = m.tenant_id AND g.id = m.group_id)"
    )
}

/// Reads the columns of [`RECORD_COLUMNS`] that start at `first`, and the groups after them.
pub(crate) fn record(row: &QueryResult, first: usize) -> Result<Record, DbErr> {
    let kind: i64 = row.try_get_by_index(first + 1)?;
    let groups: Option<String> = row.try_get_by_index(first + RECORD_COUNT)?;
    Ok(Record {
        id: row.try_get_by_index(first)?,
        kind: key::kind(kind),
        position: row.try_get_by_index(first + 2)?,
        version: row.try_get_by_index(first + 3)?,
        created_ms: row.try_get_by_index(first + 4)?,
        modified_ms: row.try_get_by_index(first + 5)?,
        member_count: row.try_get_by_index(first + 6)?,
        document: row.try_get_by_index::<String>(first + 7)?.into(),
        groups: groups.map_or(Ok(Vec::new()), |text| group_references(&text))?,
        members: None,
    })
}

/// Reads an id.
pub(crate) fn uuid(row: &QueryResult, index: usize) -> Result<Uuid, DbErr> {
    let text: String = row.try_get_by_index(index)?;
    Uuid::try_parse(&text).map_err(|error| DbErr::Custom(format!("a stored id cannot be read: {error}")))
}

#[derive(Deserialize)]
struct Group {
    id: String,
    display: Option<String>,
}

fn group_references(text: &str) -> Result<Vec<MemberReference>, DbErr> {
    if text == "[]" {
        return Ok(Vec::new());
    }
    let mut groups: Vec<Group> = serde_json::from_str(text).map_err(|error| DbErr::Json(error.to_string()))?;
    // Ids sort by creation; sorting the few here is cheaper than a sort node in each statement.
    groups.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let reference = |group: Group| MemberReference { id: group.id, kind: ResourceKind::Group, display: group.display };
    Ok(groups.into_iter().map(reference).collect())
}
