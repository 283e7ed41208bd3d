//! The table `invitations` in a batch.

use std::collections::BTreeSet;

use database::rows::Column::{Integer, OptionalText, Text, Uuid as UuidColumn};
use database::rows::{Cell, Named, Rows, source};
use events::normal::InvitationState;
use scim::ResourceKind;
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::decide::Known;
use crate::conversion::now;
use crate::read::uuid;
use crate::write::load::query;
use crate::write::statements::{PLACE, Statements};
use crate::write::working::{Place, Working};
use crate::write::{Action, Change};

const INVITATION: [Named; 5] =
    [("tenant_id", Integer), ("user_id", UuidColumn), ("state", Text), ("address", OptionalText), ("now_ms", Integer)];
const ACCEPTED: [Named; 4] = [("tenant_id", Integer), ("user_id", UuidColumn), ("sender", Text), ("now_ms", Integer)];

/// How long after one mail another one goes to the same address; to any, of a user who got some.
const GAP_MS: i64 = 5 * 60 * 1000;
const SOME: i64 = 3;
/// The same of a user who got many: that makes ten a day.
const LONG_GAP_MS: i64 = 24 * 60 * 60 * 1000 / 10;
const MANY: i64 = 10;

/// The statements. Each takes its rows as one parameter.
#[derive(Debug)]
pub(in crate::write) struct Sql {
    read: String,
    pub(in crate::write) save: String,
    pub(in crate::write) accept: String,
    pub(in crate::write) delete: String,
}

impl Sql {
    pub(in crate::write) fn new(backend: DbBackend) -> Self {
        let rows = |columns: &[Named]| source(backend, 1, "k", columns);
        Self {
            read: format!(
                "SELECT i.tenant_id, CAST(i.user_id AS text), i.state, i.address, CAST(i.nonce AS text), i.expires_ms \
                 FROM {} CROSS JOIN invitations i WHERE i.tenant_id = k.tenant_id AND i.user_id = k.id",
                rows(&PLACE)
            ),
            save: format!(
                "INSERT INTO invitations (tenant_id, user_id, state, address, invited_ms, due_ms, revoked_ms) \
                 SELECT k.tenant_id, k.user_id, k.state, k.address, k.now_ms, \
                 CASE WHEN k.state = 'pending' AND k.address IS NOT NULL THEN {} END, \
                 CASE WHEN k.state = 'revoked' THEN k.now_ms END FROM {} WHERE true \
                 ON CONFLICT (tenant_id, user_id) DO UPDATE SET state = excluded.state, address = excluded.address, \
                 invited_ms = CASE WHEN excluded.state = 'pending' THEN excluded.invited_ms ELSE invitations.invited_ms END, \
                 due_ms = {}, revoked_ms = excluded.revoked_ms, nonce = NULL, expires_ms = NULL, \
                 opened_ms = NULL, tries = 0, problem = NULL, lease_ms = 0",
                now(backend),
                rows(&INVITATION),
                due()
            ),
            accept: format!(
                "UPDATE invitations AS i SET state = 'accepted', accepted_ms = k.now_ms, accepted_from = k.sender, \
                 due_ms = NULL, problem = NULL FROM {} WHERE i.tenant_id = k.tenant_id AND i.user_id = k.user_id",
                rows(&ACCEPTED)
            ),
            delete: format!(
                "DELETE FROM invitations WHERE (tenant_id, user_id) IN (SELECT k.tenant_id, k.id FROM {})",
                rows(&PLACE)
            ),
        }
    }
}

/// When another mail goes: at once, or so long after the last one that nobody is flooded with mail by changes of a user.
fn due() -> String {
    let gap = format!(
        "CASE WHEN invitations.times_sent >= {MANY} THEN {LONG_GAP_MS} WHEN invitations.times_sent >= {SOME} \
         OR lower(invitations.address) = lower(excluded.address) THEN {GAP_MS} ELSE 0 END"
    );
    format!(
        "CASE WHEN invitations.sent_ms + {gap} > excluded.due_ms THEN invitations.sent_ms + {gap} ELSE excluded.due_ms END"
    )
}

/// Loads the invitations of the users that are loaded, of tenants that invite.
pub(in crate::write) async fn load(
    connection: &impl ConnectionTrait,
    statements: &Statements,
    changes: &[Change],
    working: &mut Working,
) -> Result<(), DbErr> {
    let invites = |change: &&Change| {
        change.tenant.profile().invitation().is_some() || matches!(change.action, Action::Invitation(_))
    };
    let tenants: BTreeSet<i64> = changes.iter().filter(invites).map(Change::tenant_number).collect();
    if tenants.is_empty() {
        return Ok(());
    }
    let of_users = working.held.iter().filter(|(_, held)| held.record.kind == ResourceKind::User);
    let places = of_users.map(|(place, _)| *place).filter(|(tenant, _)| tenants.contains(tenant));
    let places = Rows::collect(&PLACE, places.map(|(tenant, id)| [tenant.into(), id.into()]));
    for row in query(connection, statements, &statements.invitation.read, places).await? {
        let place: Place = (row.try_get_by_index(0)?, uuid(&row, 1)?);
        let (state, nonce): (String, Option<String>) = (row.try_get_by_index(2)?, row.try_get_by_index(4)?);
        let state = InvitationState::parse(&state)
            .ok_or_else(|| DbErr::Custom("an invitation has an unknown state".to_owned()))?;
        let known = Known {
            state,
            address: row.try_get_by_index(3)?,
            nonce: nonce.and_then(|nonce| nonce.parse().ok()),
            expires_ms: row.try_get_by_index(5)?,
        };
        working.invitations.insert(place, known);
    }
    Ok(())
}

/// Those that begin, begin anew, or are taken back.
pub(in crate::write) fn rows(working: &Working) -> Rows {
    let row = |place: &Place| {
        let Known { state, address, .. } = working.invitations.get(place)?;
        let address: Cell = address.as_deref().into();
        Some([place.0.into(), place.1.into(), state.as_str().into(), address, working.now_ms.into()])
    };
    Rows::collect(&INVITATION, working.reinvited.iter().filter_map(row))
}

/// Those that are accepted.
pub(in crate::write) fn accepted(working: &Working) -> Rows {
    let row = |((tenant, user), sender): &(Place, String)| {
        [(*tenant).into(), (*user).into(), sender.as_str().into(), working.now_ms.into()]
    };
    Rows::collect(&ACCEPTED, working.accepted.iter().map(row))
}
