//! What happened to tokens, OAuth clients and stores, on its way into the event log of their tenant. The log belongs to other crates: a notice is
//! written in the transaction of the change, and taken by whoever numbers the events.

use database::rows::Column::{Integer, Uuid as UuidColumn};
use database::rows::{Named, source};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::actor::Actor;
use crate::{Tenant, TenantId, TokenId};

/// What happened to a token, an OAuth client or a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeType {
    /// It was issued, beside another one or as the first.
    Issued,
    /// It took the place of another one.
    Rotated,
    /// It was ended by an operator.
    Revoked,
    /// It ends soon.
    Expiring,
    /// An OAuth client was added.
    OauthClientCreated,
    /// An OAuth client was deleted.
    OauthClientDeleted,
    /// A secret of an OAuth client was issued.
    OauthSecretIssued,
    /// A secret of an OAuth client was ended by an operator.
    OauthSecretRevoked,
    /// A secret of an OAuth client ends soon.
    OauthSecretExpiring,
    /// A store has taken nothing for too long.
    StoreDegraded,
    /// A store that was degraded takes events again.
    StoreRecovered,
    /// A store gets a snapshot, because events that it has not got are no longer in the log.
    StoreRebuilding,
    /// A request that was to be answered asynchronously is done.
    RequestCompleted,
}

impl NoticeType {
    const ALL: [Self; 13] = [
        Self::Issued,
        Self::Rotated,
        Self::Revoked,
        Self::Expiring,
        Self::OauthClientCreated,
        Self::OauthClientDeleted,
        Self::OauthSecretIssued,
        Self::OauthSecretRevoked,
        Self::OauthSecretExpiring,
        Self::StoreDegraded,
        Self::StoreRecovered,
        Self::StoreRebuilding,
        Self::RequestCompleted,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Rotated => "rotated",
            Self::Revoked => "revoked",
            Self::Expiring => "expiring",
            Self::OauthClientCreated => "oauth_client_created",
            Self::OauthClientDeleted => "oauth_client_deleted",
            Self::OauthSecretIssued => "oauth_secret_issued",
            Self::OauthSecretRevoked => "oauth_secret_revoked",
            Self::OauthSecretExpiring => "oauth_secret_expiring",
            Self::StoreDegraded => "store_degraded",
            Self::StoreRecovered => "store_recovered",
            Self::StoreRebuilding => "store_rebuilding",
            Self::RequestCompleted => "request_completed",
        }
    }
}

/// One thing that happened to a token, an OAuth client or a store and is not yet an event.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Whose it is, as it stands in the tables.
    pub tenant: i64,
    /// Its own number; notices are in the order of their numbers.
    pub id: Uuid,
    /// What happened.
    pub notice_type: NoticeType,
    /// `Tokens/{id}`, `OauthClients/{id}` or `Stores/{id}`
    pub subject: String,
    /// The JSON text of the event's `data`.
    pub data: String,
}

/// Leaves a notice of a token in the transaction of the change it tells: the facts, and who had it changed.
pub(crate) async fn leave(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    notice_type: NoticeType,
    token: TokenId,
    (data, actor): (Map<String, Value>, &Actor),
) -> Result<(), DbErr> {
    leave_about(on, tenant, notice_type, &format!("Tokens/{token}"), (data, Some(actor))).await
}

/// Leaves a notice of a store or a request in the transaction of the change it tells. After the commit,
/// [`Tenants::wake_tellers`](crate::Tenants::wake_tellers) has it told soon.
///
/// # Errors
/// If the database fails.
pub async fn leave_notice(
    on: &impl ConnectionTrait,
    tenant: &Tenant,
    notice_type: NoticeType,
    subject: &str,
    data: Map<String, Value>,
) -> Result<(), DbErr> {
    leave_about(on, tenant.id(), notice_type, subject, (data, None)).await
}

/// The same about anything. What nobody has asked for has no actor.
pub(crate) async fn leave_about(
    on: &impl ConnectionTrait,
    tenant: TenantId,
    notice_type: NoticeType,
    subject: &str,
    (mut data, actor): (Map<String, Value>, Option<&Actor>),
) -> Result<(), DbErr> {
    if let Some(actor) = actor {
        data.insert("actor".to_owned(), actor.told());
    }
    let backend = on.get_database_backend();
    let id = if backend == DbBackend::Postgres { "CAST($2 AS uuid)" } else { "$2" };
    let sql = format!("INSERT INTO notices (tenant_id, id, type, subject, data) VALUES ($1, {id}, $3, $4, $5)");
    let values = [
        tenant.as_i64().into(),
        Uuid::now_v7().to_string().into(),
        notice_type.as_str().into(),
        subject.into(),
        Value::Object(data).to_string().into(),
    ];
    on.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// The rows that [`notices`] takes.
pub const NOTICES_OF: [Named; 1] = [("tenant_id", Integer)];

/// The rows that [`removal_of_notices`] takes.
pub const NOTICES: [Named; 2] = [("tenant_id", Integer), ("id", UuidColumn)];

/// The statement that reads the notices of tenants, in their order, for [`Notice::read`]. Whoever runs it holds the lock of
/// those tenants' logs.
#[must_use]
pub fn notices(backend: DbBackend) -> String {
    format!(
        "SELECT n.tenant_id, CAST(n.id AS text), n.type, n.subject, n.data FROM {} CROSS JOIN notices n \
         WHERE n.tenant_id = k.tenant_id ORDER BY n.tenant_id, n.id",
        source(backend, 1, "k", &NOTICES_OF)
    )
}

/// The statement that takes notices away, inside the transaction that appends them to the log.
#[must_use]
pub fn removal_of_notices(backend: DbBackend) -> String {
    format!(
        "DELETE FROM notices WHERE (tenant_id, id) IN (SELECT k.tenant_id, k.id FROM {})",
        source(backend, 1, "k", &NOTICES)
    )
}

impl Notice {
    /// A row of [`notices`].
    ///
    /// # Errors
    /// If it is none.
    pub fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let (id, name): (String, String) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        let unreadable = || DbErr::Custom(format!("a notice cannot be read: {id} {name}"));
        let notice_type = NoticeType::ALL.into_iter().find(|kind| kind.as_str() == name);
        Ok(Self {
            tenant: row.try_get_by_index(0)?,
            id: id.parse().map_err(|_| unreadable())?,
            notice_type: notice_type.ok_or_else(unreadable)?,
            subject: row.try_get_by_index(3)?,
            data: row.try_get_by_index(4)?,
        })
    }
}
