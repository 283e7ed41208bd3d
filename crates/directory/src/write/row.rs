//! A resource as it is written.

use scim::ResourceKind;
use serde::Serialize;

use super::working::Held;
use crate::key;

/// A row of `resources`.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    tenant_id: i64,
    id: &'a str,
    kind: i64,
    position: i64,
    version: i64,
    created: i64,
    modified: i64,
    active: bool,
    user_name: Option<String>,
    external_id: Option<String>,
    display_name: Option<String>,
    display: Option<String>,
    manager_id: Option<String>,
    member_count: i64,
    document: &'a str,
}

impl<'a> Row<'a> {
    /// The row of a resource, with the copies that its indexes hold.
    pub(super) fn of(tenant_id: i64, held: &'a Held) -> Self {
        let (record, resource) = (&held.record, &held.resource);
        Self {
            tenant_id,
            id: &record.id,
            kind: key::number(record.kind),
            position: record.position,
            version: record.version,
            created: record.created_ms,
            modified: record.modified_ms,
            active: resource.active(),
            user_name: resource.user_name().filter(|_| record.kind == ResourceKind::User).map(key::folded),
            external_id: resource.external_id().map(|id| key::exact(id).into_owned()),
            display_name: resource.display_name().map(key::folded),
            display: resource.display().map(|display| key::exact(&display).into_owned()),
            manager_id: resource.manager().filter(|id| key::id(id).is_some()).map(str::to_owned),
            member_count: record.member_count,
            document: &record.document,
        }
    }
}
