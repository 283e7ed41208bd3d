//! Whether a user may still act, for an application that asks in the middle of a session: answered by one index, in one statement
//! with the number of the newest event.

use events::normal::InvitationState;
use sea_orm::{DbErr, QueryResult, Statement, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::{Directory, DirectoryError, Work, key};

/// How a user is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought<'a> {
    /// By id.
    Id(&'a str),
    /// By `userName`, in any letter case.
    UserName(&'a str),
    /// By `externalId`.
    ExternalId(&'a str),
}

/// Users that are named so; of more than one by `externalId`, which need not be unique, two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Those that were found.
    pub users: Vec<StandingUser>,
    /// The number of the newest event: what was answered before it is in it.
    pub sequence: i64,
}

/// A user that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingUser {
    /// The id.
    pub id: String,
    /// `userName`, as the client wrote it.
    pub user_name: String,
    /// `externalId`
    pub external_id: Option<String>,
    /// Whether it is active.
    pub is_active: bool,
    /// Whether it is a member: who was invited is one once the address is verified.
    pub is_member: bool,
}

/// What is read of a document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    user_name: String,
    external_id: Option<String>,
}

impl Directory {
    /// Who is named so, and whether they are active: as the last answered change has left it.
    ///
    /// # Errors
    /// [`DirectoryError::Busy`], or if the database fails.
    pub async fn standing(&self, sought: Sought<'_>) -> Result<Standing, DirectoryError> {
        let database = &self.all.database;
        let backend = database.backend();
        let (condition, value): (_, Value) = match sought {
            Sought::Id(id) => {
                let condition =
                    if backend == sea_orm::DbBackend::Postgres { "r.id = CAST($2 AS uuid)" } else { "r.id = $2" };
                // What is no id of ours is nobody's.
                (condition, key::id(id).unwrap_or(Uuid::nil()).to_string().into())
            }
            Sought::UserName(name) => ("r.user_name = $2", key::folded(name).into()),
            Sought::ExternalId(id) => ("r.external_id = $2", key::exact(id).into_owned().into()),
        };
        let invitation = match self.tenant.profile().invitation() {
            Some(_) => "(SELECT i.state FROM invitations i WHERE i.tenant_id = r.tenant_id AND i.user_id = r.id)",
            None => "CAST(NULL AS text)",
        };
        let sql = format!(
            "SELECT d.sequence, CAST(r.id AS text), r.document, CAST(CASE WHEN r.active THEN 1 ELSE 0 END AS bigint), \
             {invitation} FROM directories d LEFT JOIN resources r ON r.tenant_id = d.tenant_id AND r.kind = 1 AND \
             {condition} WHERE d.tenant_id = $1 LIMIT 2"
        );
        let statement = Statement::from_sql_and_values(backend, sql, [self.tenant.id().as_i64().into(), value]);
        let asked = async { Ok(database.query(statement).await?) };
        let rows: Vec<QueryResult> = self.all.within((&self.tenant, Work::Read), asked).await?;
        let sequence = rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        let users: Result<Vec<_>, DirectoryError> = rows.iter().filter_map(|row| read(row).transpose()).collect();
        let users = users?.into_iter().filter(|user| user.is(sought)).collect();
        Ok(Standing { users, sequence })
    }
}

fn read(row: &QueryResult) -> Result<Option<StandingUser>, DirectoryError> {
    let id: Option<String> = row.try_get_by_index(1)?;
    let document: Option<String> = row.try_get_by_index(2)?;
    let active: i64 = row.try_get_by_index(3).map_err(|error: DbErr| error)?;
    let invitation: Option<String> = row.try_get_by_index(4)?;
    let (Some(id), Some(document)) = (id, document) else { return Ok(None) };
    let is_member = invitation.is_none_or(|state| state == InvitationState::Accepted.as_str());
    let Names { user_name, external_id } = serde_json::from_str(&document)?;
    Ok(Some(StandingUser { id, user_name, external_id, is_active: active == 1, is_member }))
}

impl StandingUser {
    /// The index holds shortened texts.
    fn is(&self, sought: Sought<'_>) -> bool {
        match sought {
            Sought::Id(id) => self.id == id,
            Sought::UserName(name) => scim::fold(&self.user_name) == scim::fold(name),
            Sought::ExternalId(id) => self.external_id.as_deref() == Some(id),
        }
    }
}
