//! A whole directory as it is at one moment, read in parts of bounded size.
//!
//! One transaction on a connection of its own sees one state, so what is read belongs together, and with it the number of the last
//! event that is in it. It takes no connection from requests. Whoever reads should be quick and not wait for others
//! meanwhile: the database keeps for it what is changed.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use events::normal::InvitationState;
use scim::{MemberReference, ResourceKind};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, QueryResult, Statement, Value};
use tenancy::Administered;
use uuid::Uuid;

use crate::read::{RECORD_COLUMNS, groups_expression, record, uuid};
use crate::{Directories, DirectoryError, Record, key};

/// How many documents are read at once.
const CHUNK: usize = 100;
/// The most members in one part of a group.
const MEMBERS: usize = 1000;

/// A directory at one moment.
#[derive(Debug)]
pub struct Snapshot {
    transaction: DatabaseTransaction,
    tenant: i64,
    sequence: i64,
    users: i64,
    groups: i64,
    place: Place,
    /// Groups of which members are still to be read.
    pending: VecDeque<Record>,
    /// The last member that was read of the first of them, and how many parts that were.
    last: Option<(Uuid, u32)>,
}

/// Up to which position has been read.
#[derive(Clone, Copy, Debug)]
enum Place {
    Users(i64),
    Groups(i64),
}

/// A user, or a group with some of its members.
#[derive(Clone, Debug)]
pub struct SnapshotPart {
    /// Which type it is of.
    pub kind: ResourceKind,
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: i64,
    /// When it was created and last changed, in milliseconds since 1970 UTC.
    pub moments_ms: (i64, i64),
    /// The canonical JSON text, without `meta`, `groups` and `members`.
    pub document: Arc<str>,
    /// The groups that a user is in.
    pub groups: Vec<MemberReference>,
    /// The members of a group in this part.
    pub members: Vec<MemberReference>,
    /// 0 for the first part of a group.
    pub part: u32,
    /// Where a user stands that was invited.
    pub invitation: Option<InvitationState>,
}

impl Directories {
    /// Begins to read a tenant's directory as it is now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn snapshot(&self, tenant: &Administered) -> Result<Snapshot, DirectoryError> {
        let transaction = self.database().apart().await?.begin_reading().await?;
        let tenant = tenant.tenant().id().as_i64();
        let mut snapshot = Snapshot {
            transaction,
            tenant,
            sequence: 0,
            users: 0,
            groups: 0,
            place: Place::Users(-1),
            pending: VecDeque::new(),
            last: None,
        };
        let rows = snapshot.query("SELECT sequence FROM directories WHERE tenant_id = $1", []).await?;
        snapshot.sequence = rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
        snapshot.users = snapshot.count(ResourceKind::User).await?;
        snapshot.groups = snapshot.count(ResourceKind::Group).await?;
        Ok(snapshot)
    }
}

impl Snapshot {
    /// The number of the last event whose change is in it.
    #[must_use]
    pub fn sequence(&self) -> i64 {
        self.sequence
    }

    /// How many users are in it.
    #[must_use]
    pub fn users(&self) -> i64 {
        self.users
    }

    /// How many groups are in it.
    #[must_use]
    pub fn groups(&self) -> i64 {
        self.groups
    }

    /// The next of it: users before groups, each in the order of creation, the parts of a group one after the other. Nothing
    /// when it is complete.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn read(&mut self) -> Result<Vec<SnapshotPart>, DirectoryError> {
        loop {
            if let Some(group) = self.pending.front().cloned() {
                if let Some(part) = self.part(group).await? {
                    return Ok(vec![part]);
                }
                continue;
            }
            match self.place {
                Place::Users(after) => {
                    let found = self.page(ResourceKind::User, after).await?;
                    self.place = found.last().map_or(Place::Groups(-1), |last| Place::Users(last.position));
                    if !found.is_empty() {
                        let invited = self.invited(&found).await?;
                        let part = |found: Record| {
                            let invitation = key::id(&found.id).and_then(|id| invited.get(&id).copied());
                            SnapshotPart { invitation, ..part_of(found, Vec::new(), 0) }
                        };
                        return Ok(found.into_iter().map(part).collect());
                    }
                }
                Place::Groups(after) => {
                    let found = self.page(ResourceKind::Group, after).await?;
                    let Some(last) = found.last() else { return Ok(Vec::new()) };
                    self.place = Place::Groups(last.position);
                    self.pending = found.into();
                }
            }
        }
    }

    /// The next part of a group; none if its last part was full.
    async fn part(&mut self, group: Record) -> Result<Option<SnapshotPart>, DirectoryError> {
        let (last, part) = self.last.map_or((Uuid::nil(), 0), |(last, parts)| (last, parts));
        let members = self.members(&group, last).await?;
        let is_complete = members.len() < MEMBERS;
        self.last = match members.last().and_then(|member| key::id(&member.id)) {
            Some(last) if !is_complete => Some((last, part + 1)),
            _ => None,
        };
        if is_complete {
            self.pending.pop_front();
        }
        Ok((part == 0 || !members.is_empty()).then(|| part_of(group, members, part)))
    }

    async fn page(&self, kind: ResourceKind, after: i64) -> Result<Vec<Record>, DirectoryError> {
        let groups = match kind {
            ResourceKind::User => groups_expression(self.transaction.get_database_backend()),
            ResourceKind::Group => "NULL".to_owned(),
        };
        let sql = format!(
            "SELECT {RECORD_COLUMNS}, {groups} FROM resources r WHERE r.tenant_id = $1 AND r.kind = $2 \
             AND r.position > $3 ORDER BY r.position LIMIT {CHUNK}"
        );
        let rows = self.query(&sql, [key::number(kind).into(), after.into()]).await?;
        Ok(rows.iter().map(|row| record(row, 0)).collect::<Result<_, _>>()?)
    }

    /// Those of the users that were invited.
    async fn invited(&self, users: &[Record]) -> Result<HashMap<Uuid, InvitationState>, DirectoryError> {
        let ids: Vec<Uuid> = users.iter().filter_map(|user| key::id(&user.id)).collect();
        let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(HashMap::new()) };
        let sql = "SELECT CAST(user_id AS text), state FROM invitations WHERE tenant_id = $1 AND user_id >= $2 AND user_id <= $3";
        let rows = self.query(sql, [self.id(*first), self.id(*last)]).await?;
        let state = |row: &QueryResult| {
            let state: String = row.try_get_by_index(1)?;
            Ok(InvitationState::parse(&state).map(|state| (uuid(row, 0), state)))
        };
        let states: Vec<_> = rows.iter().filter_map(|row| state(row).transpose()).collect::<Result<_, DbErr>>()?;
        states.into_iter().map(|(id, state)| Ok((id?, state))).collect()
    }

    async fn members(&self, group: &Record, after: Uuid) -> Result<Vec<MemberReference>, DirectoryError> {
        let sql = format!(
            "SELECT CAST(m.member_id AS text), r.kind, COALESCE(m.display, r.display) FROM memberships m \
             CROSS JOIN resources r WHERE m.tenant_id = $1 AND m.group_id = $2 AND m.member_id > $3 \
             AND r.tenant_id = m.tenant_id AND r.id = m.member_id ORDER BY m.member_id LIMIT {MEMBERS}"
        );
        let group = key::id(&group.id).unwrap_or_default();
        let rows = self.query(&sql, [self.id(group), self.id(after)]).await?;
        let member = |row: &QueryResult| {
            let kind = key::kind(row.try_get_by_index(1)?);
            Ok(MemberReference { id: uuid(row, 0)?.to_string(), kind, display: row.try_get_by_index(2)? })
        };
        rows.iter().map(member).collect()
    }

    fn id(&self, id: Uuid) -> Value {
        match self.transaction.get_database_backend() {
            DbBackend::Sqlite => id.to_string().into(),
            _ => id.into(),
        }
    }

    async fn count(&self, kind: ResourceKind) -> Result<i64, DirectoryError> {
        let sql = "SELECT CAST(COALESCE(SUM(live), 0) AS bigint) FROM blocks WHERE tenant_id = $1 AND kind = $2";
        let rows = self.query(sql, [key::number(kind).into()]).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.try_get_by_index(0))?)
    }

    /// Asks something of this tenant, whose number is the first value.
    async fn query(
        &self,
        sql: &str,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, DirectoryError> {
        let all: Vec<Value> = [self.tenant.into()].into_iter().chain(values).collect();
        let backend = self.transaction.get_database_backend();
        Ok(self.transaction.query_all_raw(Statement::from_sql_and_values(backend, sql, all)).await?)
    }
}

fn part_of(record: Record, members: Vec<MemberReference>, part: u32) -> SnapshotPart {
    let Record { kind, id, version, created_ms, modified_ms, document, groups, .. } = record;
    SnapshotPart {
        kind,
        id,
        version,
        moments_ms: (created_ms, modified_ms),
        document,
        groups,
        members,
        part,
        invitation: None,
    }
}
