//! Reading the table `invitations`.

use std::collections::{BTreeSet, HashMap};

use database::Database;
use database::rows::Column::{Integer, Uuid as UuidColumn};
use database::rows::{Named, Rows, source};
use events::normal::InvitationState;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};
use serde::Deserialize;
use tenancy::InvitationLink;
use uuid::Uuid;

use crate::read::uuid;

/// The invitation of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Who is invited.
    pub user: Uuid,
    /// `userName`
    pub user_name: String,
    /// Where it stands.
    pub state: InvitationState,
    /// Where its mail goes.
    pub address: Option<String>,
    /// When the user was invited the last time, in milliseconds since 1970 UTC, as all moments here.
    pub invited_ms: i64,
    /// When the last mail was sent.
    pub sent_ms: Option<i64>,
    /// How many mails were sent in all.
    pub times_sent: i64,
    /// When its link was opened first, by whomever.
    pub opened_ms: Option<i64>,
    /// Until when its link is good.
    pub expires_ms: Option<i64>,
    /// When it was accepted.
    pub accepted_ms: Option<i64>,
    /// From which network address.
    pub accepted_from: Option<String>,
    /// When it was taken back.
    pub revoked_ms: Option<i64>,
    /// What becomes of its mail.
    pub mail: MailState,
}

/// What becomes of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailState {
    /// It is sent as soon as a server has time; after a failure, this one, it is tried again.
    Due(Option<String>),
    /// It is sent.
    Sent,
    /// The mail server does not take it, and it is not tried again.
    Failed(String),
    /// There is no address to write to.
    NoAddress,
    /// There is none to be sent.
    None,
}

/// Which invitations are asked for.
#[derive(Clone, Debug, Default)]
pub struct InvitationsPage {
    /// Those after this user.
    pub after: Option<Uuid>,
    /// Only this user's.
    pub only: Option<Uuid>,
    /// In these states, `expired` being one beside [`InvitationState`]; all, if there is none.
    pub states: BTreeSet<&'static str>,
    /// Only those whose link has ended, or has not.
    pub expired: Option<bool>,
    /// The moment by which that is judged, in milliseconds since 1970 UTC.
    pub now_ms: i64,
    /// At most so many.
    pub limit: u32,
}

const PLACE: [Named; 2] = [("tenant_id", Integer), ("user_id", UuidColumn)];

const COLUMNS: &str = "CAST(i.user_id AS text), r.document, i.state, i.address, i.invited_ms, i.sent_ms, i.times_sent, \
                       i.opened_ms, i.expires_ms, i.accepted_ms, i.accepted_from, i.revoked_ms, i.due_ms, i.problem";

/// A parameter that is an id in the writing of the table; it is bound as text.
pub(super) fn id(backend: DbBackend, parameter: usize) -> String {
    if backend == DbBackend::Postgres { format!("CAST(${parameter} AS uuid)") } else { format!("${parameter}") }
}

pub(super) async fn list(database: &Database, tenant: i64, page: &InvitationsPage) -> Result<Vec<Invitation>, DbErr> {
    let backend = database.backend();
    let mut wanted = String::new();
    if !page.states.is_empty() {
        let states: Vec<String> = page.states.iter().map(|state| format!("'{state}'")).collect();
        wanted = format!("AND i.state IN ({})", states.join(", "));
    }
    match page.expired {
        Some(true) => wanted += &format!(" AND i.expires_ms < {}", page.now_ms),
        Some(false) => wanted += &format!(" AND (i.expires_ms IS NULL OR i.expires_ms >= {})", page.now_ms),
        None => {}
    }
    let (sign, from) = match (page.only, page.after) {
        (Some(only), _) => ("=", only),
        (None, after) => (">", after.unwrap_or_default()),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM invitations i JOIN resources r ON r.tenant_id = i.tenant_id AND r.id = i.user_id \
         WHERE i.tenant_id = $1 AND i.user_id {sign} {} {wanted} ORDER BY i.user_id LIMIT {}",
        id(backend, 2),
        page.limit
    );
    let values: [Value; 2] = [tenant.into(), from.to_string().into()];
    let rows = database.query(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter().map(read).collect()
}

/// What is read of a document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    user_name: String,
}

fn read(row: &QueryResult) -> Result<Invitation, DbErr> {
    let unreadable = || DbErr::Custom("an invitation cannot be read".to_owned());
    let (document, state): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    let Names { user_name } = serde_json::from_str(&document).map_err(|_| unreadable())?;
    let state = InvitationState::parse(&state).ok_or_else(unreadable)?;
    let address: Option<String> = row.try_get_by_index(3)?;
    let sent_ms: Option<i64> = row.try_get_by_index(5)?;
    let (due_ms, problem): (Option<i64>, Option<String>) = (row.try_get_by_index(12)?, row.try_get_by_index(13)?);
    let mail = match (due_ms, problem) {
        _ if state == InvitationState::Revoked => MailState::None,
        _ if state == InvitationState::Pending && address.is_none() => MailState::NoAddress,
        (Some(_), problem) => MailState::Due(problem),
        (None, Some(problem)) => MailState::Failed(problem),
        (None, None) if sent_ms.is_some() => MailState::Sent,
        (None, None) => MailState::None,
    };
    Ok(Invitation {
        user: uuid(row, 0)?,
        user_name,
        state,
        address,
        invited_ms: row.try_get_by_index(4)?,
        sent_ms,
        times_sent: row.try_get_by_index(6)?,
        opened_ms: row.try_get_by_index(7)?,
        expires_ms: row.try_get_by_index(8)?,
        accepted_ms: row.try_get_by_index(9)?,
        accepted_from: row.try_get_by_index(10)?,
        revoked_ms: row.try_get_by_index(11)?,
        mail,
    })
}

/// Where these users stand, as far as they were invited.
pub(super) async fn states(
    database: &Database,
    tenant: i64,
    users: &[Uuid],
) -> Result<HashMap<Uuid, InvitationState>, DbErr> {
    let backend = database.backend();
    let sql = format!(
        "SELECT CAST(i.user_id AS text), i.state FROM {} CROSS JOIN invitations i \
         WHERE i.tenant_id = k.tenant_id AND i.user_id = k.user_id",
        source(backend, 1, "k", &PLACE)
    );
    let places = Rows::collect(&PLACE, users.iter().map(|user| [tenant.into(), (*user).into()]));
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = database.query(Statement::from_sql_and_values(backend, sql, places.bind(backend))).await?;
    let state = |row: &QueryResult| {
        let state: String = row.try_get_by_index(1)?;
        let unknown = || DbErr::Custom("an invitation has an unknown state".to_owned());
        Ok((uuid(row, 0)?, InvitationState::parse(&state).ok_or_else(unknown)?))
    };
    rows.iter().map(state).collect()
}

/// The invitation of a link.
pub(super) struct Looked {
    pub(super) state: InvitationState,
    /// Where its mail went.
    pub(super) address: Option<String>,
    /// Until when it is good.
    pub(super) expires_ms: i64,
}

/// Where the invitation of a link stands; notes that it was opened.
pub(super) async fn look(
    database: &Database,
    tenant: i64,
    link: InvitationLink,
    now_ms: i64,
) -> Result<Option<Looked>, DbErr> {
    let backend = database.backend();
    let condition = format!("tenant_id = $1 AND user_id = {} AND nonce = {}", id(backend, 2), id(backend, 3));
    let values = || -> [Value; 3] { [tenant.into(), link.user.to_string().into(), link.nonce.to_string().into()] };
    let sql = format!("SELECT state, expires_ms, opened_ms, address FROM invitations WHERE {condition}");
    let rows = database.query(Statement::from_sql_and_values(backend, sql, values())).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (state, expires_ms): (String, Option<i64>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let opened_ms: Option<i64> = row.try_get_by_index(2)?;
    if opened_ms.is_none() {
        let sql = format!("UPDATE invitations SET opened_ms = {now_ms} WHERE {condition} AND opened_ms IS NULL");
        database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, values())).await?;
    }
    let address = row.try_get_by_index(3)?;
    let expires_ms = expires_ms.unwrap_or_default();
    Ok(InvitationState::parse(&state).map(|state| Looked { state, address, expires_ms }))
}
