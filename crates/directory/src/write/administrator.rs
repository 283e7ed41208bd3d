//! The user of the directory to whom the application attributes changes: that it does not qualify any more is told.

use events::EventType;
use profile::Unfit;
use scim::{Resource, ResourceKind};
use serde_json::json;
use tenancy::{Administrator, TenantId};

use super::event::Story;
use super::working::Working;

/// What events about it name.
const SUBJECT: &str = "Administrator";

/// That changes are attributed to somebody who does not qualify any more, for the log of the server.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) of: TenantId,
    tenant: String,
    pub(super) sequence: i64,
    reason: Unfit,
}

/// Tells that the user of a story was the administrator and has just ceased to qualify. Provisioning goes on: it may be what gives the
/// role back.
pub(super) fn look(story: &Story<'_>, working: &mut Working) {
    let Some(Administrator { name, user: Some(user), .. }) = &story.tenant.settings().administrator else { return };
    if story.record.kind != ResourceKind::User || *user != story.record.id {
        return;
    }
    let profile = story.tenant.profile();
    let groups = &story.record.groups;
    let unfit = |user: Option<&Resource>, groups| match user {
        Some(user) => profile.unfit_administrator(user, groups),
        None => Some(Unfit::Gone),
    };
    if unfit(story.before, story.groups_before.unwrap_or(groups)).is_some() {
        return;
    }
    let Some(reason) = unfit(story.after, groups) else { return };
    let data = json!({
        "administrator": { "name": name, "id": user },
        "reason": reason.as_str(),
        "roles": profile.administrator().map(|rule| &rule.roles),
        "client": story.actor.client,
        "requestId": story.actor.request_id,
    });
    let tenant = story.tenant;
    let sequence =
        working.tell(tenant.id(), EventType::AdministratorUnfit, SUBJECT.to_owned(), without_nulls(data).to_string());
    working.lost.push(Lost { of: tenant.id(), tenant: tenant.name().to_owned(), sequence, reason });
}

fn without_nulls(mut data: serde_json::Value) -> serde_json::Value {
    if let Some(members) = data.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    data
}

/// Tells the log of the server, once it is durable.
pub(super) fn tell_lost(working: &Working) {
    for Lost { tenant, sequence, reason, .. } in &working.lost {
        tracing::warn!(
            tenant.id = tenant,
            sequence,
            reason = reason.as_str(),
            "the user to whom changes of a tenant are attributed does not qualify any more; name another one: tenantry tenant set"
        );
    }
}
