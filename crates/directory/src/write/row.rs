//! A resource as it is written.

use database::rows::Cell;
use scim::ResourceKind;

use super::groups::shown;
use super::working::{Held, Place};
use crate::key;

/// The row of a resource, with the copies that its indexes hold, in the order of the columns `RESOURCE`.
pub(super) fn of((tenant, id): Place, held: &Held) -> [Cell; 16] {
    let (record, resource) = (&held.record, &held.resource);
    [
        tenant.into(),
        id.into(),
        key::number(record.kind).into(),
        record.position.into(),
        record.version.into(),
        record.created_ms.into(),
        record.modified_ms.into(),
        resource.active().into(),
        resource.user_name().filter(|_| record.kind == ResourceKind::User).map(key::folded).into(),
        resource.external_id().map(|id| key::exact(id).into_owned()).into(),
        resource.display_name().map(key::folded).into(),
        shown(resource).into(),
        resource.manager().and_then(key::id).into(),
        record.member_count.into(),
        (*record.document).into(),
        held.told_name.clone().into(),
    ]
}
