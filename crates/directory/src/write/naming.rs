//! The names by which an application knows users, where its profile makes others than are provisioned: no two are the same.
//!
//! An index of told names stands beside that of user names. `directories.naming` says by which rule its names were made. A batch
//! whose tenant goes by another rule makes them anew first, in its own transaction, so that no change is ever decided by names of
//! another rule. Directories without such a profile have no names there and ask for none.
//!
//! `directories.named_by` is the version of the tenant that had the rule. Names are never made by an older one: a change that began under
//! it is told to come again, when it goes by what the tenant is now.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use database::rows::Column::OptionalText;
use database::rows::{Named, Rows, source};
use scim::{Resource, ResourceKind, ScimError};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult, Statement, Value};
use tenancy::Tenant;
use uuid::Uuid;

use super::Change;
use super::statements::{PLACE, Statements};
use super::working::{Held, Place, Working};
use crate::DirectoryError;
use crate::fingerprint::Fingerprints;
use crate::key::{self, USER_NAME_LIMIT, folded};
use crate::read::uuid;

/// Users that are read or written at once.
const PAGE: usize = 1_000;
const NAMED: [Named; 3] = [PLACE[0], PLACE[1], ("told_name", OptionalText)];

/// The name by which the application would know a user, as its index holds it.
///
/// # Errors
/// 409 if it knows another one so, unless this user was to be called so before.
pub(super) fn told_name(
    change: &Change,
    before: Option<&Held>,
    after: &Resource,
    working: &Working,
) -> Result<Option<String>, DirectoryError> {
    let profile = change.tenant.profile();
    if change.kind != ResourceKind::User || profile.naming() == 0 {
        return Ok(before.and_then(|held| held.told_name.clone()));
    }
    let Some(told) = profile.told_name(after) else { return Ok(None) };
    let wanted = folded(&told.name);
    let owner = working.told_names.get(&(change.tenant_number(), wanted.clone())).filter(|owner| **owner != change.id);
    let is_long = told.name.chars().count() > USER_NAME_LIMIT;
    if owner.is_none() && !is_long {
        return Ok(Some(wanted));
    }
    // Who was to be called so before the rule was there may be changed in everything else.
    let had = before.and_then(|held| profile.told_name(&held.resource));
    if had.is_some_and(|had| folded(&had.name) == wanted) {
        return Ok(before.and_then(|held| held.told_name.clone()));
    }
    let (name, origin) = (&told.name, told.origin);
    let refusal = match owner {
        Some(owner) => ScimError::uniqueness(format!(
            "userName \"{name}\", by which the application would know this user (made of {origin}), is that of the user with the id \
             {owner}; give one of the two another {origin}, or let the tenant's profile make other user names"
        )),
        None => ScimError::invalid_value(format!(
            "userName for the application (made of {origin}) is longer than {USER_NAME_LIMIT} characters; send a shorter one"
        )),
    };
    Err(refusal.into())
}

impl Working {
    /// Whether the told names of the directory were made by the rule that a change goes by.
    pub(super) fn is_named_for(&self, change: &Change) -> bool {
        let naming = self.counters.get(&change.tenant_number()).map_or(0, |counters| counters.naming);
        naming == change.tenant.profile().naming()
    }

    /// Notes that the application knows a user by this name now.
    pub(super) fn call(&mut self, (tenant, id): Place, name: Option<&str>) {
        let had = self.held.get(&(tenant, id)).and_then(|held| held.told_name.as_deref());
        if had == name {
            return;
        }
        if let Some(had) = had.map(|had| (tenant, had.to_owned())) {
            self.told_names.remove(&had);
        }
        if let Some(name) = name {
            self.told_names.insert((tenant, name.to_owned()), id);
        }
    }
}

/// Makes the told names anew of the directories whose users are changed by another rule than they were made by.
pub(super) async fn settle_names(
    transaction: &DatabaseTransaction,
    statements: &Statements,
    changes: &[Change],
    working: &mut Working,
) -> Result<(), DbErr> {
    for (number, tenant) in newest(changes) {
        let Some(counters) = working.counters.get_mut(&number) else { continue };
        let naming = tenant.profile().naming();
        if counters.naming == naming || tenant.version() < counters.named_by {
            continue;
        }
        let directory = Naming { transaction, statements, tenant: number };
        let nameless = directory.make(&tenant).await?;
        let sql = "UPDATE directories SET naming = $2, named_by = $3 WHERE tenant_id = $1";
        directory.execute(sql, [naming.into(), tenant.version().into()]).await?;
        (counters.naming, counters.named_by) = (naming, tenant.version());
        working.is_renamed = true;
        match nameless {
            0 => tracing::info!(
                tenant.id = tenant.name(),
                "the names by which an application knows users were made anew"
            ),
            users => tracing::warn!(
                tenant.id = tenant.name(),
                users,
                "the profile of a tenant makes the same user name of several users; see: tenantry profile try TENANT"
            ),
        }
    }
    Ok(())
}

/// The tenants whose users are changed, each as it is in the newest change.
fn newest(changes: &[Change]) -> BTreeMap<i64, Arc<Tenant>> {
    let mut tenants: BTreeMap<i64, Arc<Tenant>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.is_of_user()) {
        let known = tenants.entry(change.tenant_number()).or_insert_with(|| Arc::clone(&change.tenant));
        if known.version() < change.tenant.version() {
            *known = Arc::clone(&change.tenant);
        }
    }
    tenants
}

/// The told names of one directory, which is locked.
#[derive(Clone, Copy)]
struct Naming<'a> {
    transaction: &'a DatabaseTransaction,
    statements: &'a Statements,
    tenant: i64,
}

impl Naming<'_> {
    /// Gives every user its name by the rule of the tenant's profile; of several that want the same, the one that was created first.
    /// Returns how many have none.
    async fn make(self, tenant: &Tenant) -> Result<usize, DbErr> {
        if tenant.profile().naming() == 0 {
            let sql =
                "UPDATE resources SET told_name = NULL WHERE tenant_id = $1 AND kind = $2 AND told_name IS NOT NULL";
            self.execute(sql, [key::number(ResourceKind::User).into()]).await?;
            return Ok(0);
        }
        let (mut taken, fingerprints) = (HashSet::new(), Fingerprints::default());
        let (mut renamed, mut nameless, mut after) = (Vec::new(), 0, Uuid::nil());
        loop {
            let page = self.page(after).await?;
            for row in &page {
                let (id, had): (Uuid, Option<String>) = (uuid(row, 0)?, row.try_get_by_index(2)?);
                after = id;
                let document: String = row.try_get_by_index(1)?;
                let user = Resource::from_document(&document).map_err(|error| DbErr::Json(error.to_string()))?;
                let wanted = tenant.profile().told_name(&user).map(|told| folded(&told.name));
                let free = wanted.filter(|name| taken.insert(fingerprints.of(name)));
                nameless += usize::from(free.is_none());
                if free != had {
                    renamed.push((id, had.is_some(), free));
                }
            }
            if page.len() < PAGE {
                break;
            }
        }
        // First nobody has a name that somebody else is to get.
        let freed = renamed.iter().filter(|(_, had, _)| *had).map(|(id, ..)| (*id, None));
        self.rename(freed.collect()).await?;
        self.rename(renamed.into_iter().filter(|(.., name)| name.is_some()).map(|(id, _, name)| (id, name)).collect())
            .await?;
        Ok(nameless)
    }

    /// Users in the order of their ids, which is that of their creation.
    async fn page(self, after: Uuid) -> Result<Vec<QueryResult>, DbErr> {
        let backend = self.statements.backend;
        let id = if backend == sea_orm::DbBackend::Postgres { "CAST($3 AS uuid)" } else { "$3" };
        let sql = format!(
            "SELECT CAST(r.id AS text), r.document, r.told_name FROM resources r \
             WHERE r.tenant_id = $1 AND r.kind = $2 AND r.id > {id} ORDER BY r.id LIMIT {PAGE}"
        );
        let values: [Value; 3] = [self.tenant.into(), key::number(ResourceKind::User).into(), after.to_string().into()];
        self.transaction.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await
    }

    async fn rename(self, users: Vec<(Uuid, Option<String>)>) -> Result<(), DbErr> {
        let backend = self.statements.backend;
        let sql = format!(
            "UPDATE resources AS r SET told_name = k.told_name FROM {} WHERE r.tenant_id = k.tenant_id AND r.id = k.id",
            source(backend, 1, "k", &NAMED)
        );
        for some in users.chunks(PAGE) {
            let row = |(id, name): &(Uuid, Option<String>)| [self.tenant.into(), (*id).into(), name.clone().into()];
            let values = Rows::collect(&NAMED, some.iter().map(row)).bind(backend);
            self.transaction.execute_raw(Statement::from_sql_and_values(backend, &sql, values)).await?;
        }
        Ok(())
    }

    async fn execute(self, sql: &str, more: impl IntoIterator<Item = Value>) -> Result<(), DbErr> {
        let values = std::iter::once(self.tenant.into()).chain(more);
        let statement = Statement::from_sql_and_values(self.statements.backend, sql, values);
        self.transaction.execute_raw(statement).await.map(drop)
    }
}
