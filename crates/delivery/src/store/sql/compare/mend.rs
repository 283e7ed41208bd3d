//! Bringing rows into line, many with one transaction: as events do, and without any.

use std::collections::HashMap;

use scim::ResourceKind;
use sea_orm::{ConnectionTrait, DatabaseTransaction, Statement};
use uuid::Uuid;

use super::super::SqlStore;
use super::super::failure::failed;
use super::super::names;
use super::super::rows::{self, Form};
use super::super::state::{self, State};
use super::super::write::{Writer, begin};
use super::paths::{Expected, expected};
use crate::Failure;
use crate::drift::{Comparison, Difference, Here, Sort, What};

/// What is written.
#[derive(Default)]
struct Mending {
    users: Vec<[database::rows::Cell; 31]>,
    groups: Vec<[database::rows::Cell; 8]>,
    memberships: Vec<[database::rows::Cell; 4]>,
    /// Table, and what is in the columns of its key.
    gone: Vec<(&'static str, Vec<String>)>,
}

/// The users and groups of the directory that are written.
type Known = HashMap<Uuid, Here>;

impl SqlStore {
    /// Brings into line what was found, unless nothing is to be changed.
    pub(super) async fn mend(&mut self, with: &mut Comparison) -> Result<(), Failure> {
        let found = with.take_found();
        if found.is_empty() {
            return Ok(());
        }
        let known = known(with, &found).await?;
        let found = with.without_those_under_way(found);
        match self.mend_these(&found, &known).await {
            Ok(()) => with.repaired(found.len()),
            // It is found out which one that is.
            Err(Failure::Refused { .. }) => {
                for difference in &found {
                    match self.mend_these(std::slice::from_ref(difference), &known).await {
                        Ok(()) => with.repaired(1),
                        Err(failure) => with.refused(difference, failure)?,
                    }
                }
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    async fn mend_these(&mut self, found: &[Difference], known: &Known) -> Result<(), Failure> {
        let before = self.prepared().await?;
        let mending = self.mending(found, known, before)?;
        let state = self.in_time(self.write_mending(mending, before)).await?;
        self.state = Some(state);
        Ok(())
    }

    fn mending(&self, found: &[Difference], known: &Known, state: State) -> Result<Mending, Failure> {
        let form = Form { backend: self.names.backend, generation: state.generation };
        let mut mending = Mending::default();
        for Difference { subject, what, .. } in found {
            match (subject.kind, *what) {
                (Sort::Membership, What::Extra) => {
                    let key = vec![subject.id.clone(), subject.member.clone().unwrap_or_default()];
                    mending.gone.push((names::MEMBERSHIPS, key));
                }
                (Sort::Membership, _) => {
                    let (Some(group), Some(member)) = (subject.uuid(), subject.member_uuid()) else { continue };
                    let Some(here) = known.get(&member) else { continue };
                    let kind = Some(here.kind.name().to_owned());
                    let member = events::Member { id: member, kind, display_name: None };
                    mending.memberships.push(form.membership(group, &member));
                }
                (Sort::User, What::Extra) => mending.gone.push((names::USERS, vec![subject.id.clone()])),
                (Sort::Group, What::Extra) => mending.gone.push((names::GROUPS, vec![subject.id.clone()])),
                (Sort::User | Sort::Group, _) => {
                    let Some(here) = subject.uuid().and_then(|id| known.get(&id)) else { continue };
                    match expected(form, here)? {
                        Expected::User(row) => mending.users.push(*row),
                        Expected::Group(row) => mending.groups.push(row),
                    }
                }
            }
        }
        Ok(mending)
    }

    async fn write_mending(&self, mending: Mending, before: State) -> Result<State, Failure> {
        let transaction = begin(&self.connection).await.map_err(failed)?;
        self.lock(&transaction, before).await?;
        for (table, key) in &mending.gone {
            self.remove(&transaction, table, key).await?;
        }
        let writer = self.writer(&transaction);
        let statements = &self.statements;
        writer.send(&statements.put_users, &rows::USERS, mending.users.into_iter().map(Ok)).await?;
        writer.send(&statements.put_groups, &rows::GROUPS, mending.groups.into_iter().map(Ok)).await?;
        writer.send(&statements.put_memberships, &rows::MEMBERSHIPS, mending.memberships.into_iter().map(Ok)).await?;
        let state = State { writes: before.writes + 1, ..before };
        state::save(&transaction, &self.names, state).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(state)
    }

    /// Removes a row, whose id may be no id of ours.
    async fn remove(&self, on: &DatabaseTransaction, table: &str, key: &[String]) -> Result<(), Failure> {
        let columns: &[&str] = if table == names::MEMBERSHIPS { &["group_id", "member_id"] } else { &["id"] };
        let same = |(number, column): (usize, &&str)| format!("{column} = {}", self.key(number));
        let same: Vec<String> = (1..).zip(columns).map(same).collect();
        let sql = format!("DELETE FROM {} WHERE {}", self.names.of(table), same.join(" AND "));
        let values = key.iter().map(|part| part.as_str().into());
        on.execute_raw(Statement::from_sql_and_values(self.names.backend, sql, values)).await.map_err(failed)?;
        Ok(())
    }

    fn writer<'a>(&'a self, on: &'a DatabaseTransaction) -> Writer<'a> {
        Writer { on, names: &self.names, statements: &self.statements, with_events: self.settings.events }
    }
}

/// What the directory has now of these, and of those who are members.
async fn known(with: &mut Comparison, found: &[Difference]) -> Result<Known, Failure> {
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for Difference { subject, what, .. } in found.iter().filter(|difference| difference.what != What::Extra) {
        match (subject.kind, what) {
            (_, What::Extra) => {}
            (Sort::User, _) => users.extend(subject.uuid()),
            (Sort::Group, _) => groups.extend(subject.uuid()),
            (Sort::Membership, _) => {
                users.extend(subject.member_uuid());
                groups.extend(subject.member_uuid());
            }
        }
    }
    let mut known = with.some(ResourceKind::User, &users).await?;
    known.extend(with.some(ResourceKind::Group, &groups).await?);
    Ok(known)
}
