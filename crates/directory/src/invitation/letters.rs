//! Mails that are due: each is claimed by one server, and claimed anew by another if that one has gone before it said what came of it.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement, Value};
use tenancy::{Administered, InvitationLink, Tenant};
use uuid::Uuid;

use super::Addressee;
use super::table::id;
use crate::conversion::now;
use crate::write::{InvitationErrand, is_same};
use crate::{Directories, DirectoryError};

/// For how long a claim holds: longer than a mail server may take (RFC 5321 section 4.5.3.2).
const LEASE: Duration = Duration::from_secs(13 * 60);
/// How many mails of one tenant are looked up at once, and how many in all: nobody waits for a tenant that invites thousands.
const OF_A_TENANT: u32 = 10;
const AT_ONCE: u32 = 100;
/// How long a mail waits that was not taken: twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// What is not taken so often is given up: after about a week.
const TRIES: i64 = 175;
/// As so many counts one of which it is not known whether it arrived: nobody gets more than three mails by that.
const UNKNOWN: i64 = TRIES / 3;

/// A mail that is due, of whoever claims it.
#[derive(Clone, Debug)]
pub struct DueLetter {
    tenant: Administered,
    user: Uuid,
}

/// A mail that is to be sent, by whoever has claimed it.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Whose user is invited.
    pub tenant: Administered,
    /// Where it goes.
    pub address: String,
    /// What its link names.
    pub link: InvitationLink,
    tries: i64,
}

/// Why a mail was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undelivered {
    /// The mail server does not take it, and never will.
    Never,
    /// It may be taken later.
    Later,
    /// The mail server had all of it and did not answer in time: it may have arrived.
    Unknown,
    /// It was not told to the mail server, which takes no mail at all at the moment.
    NotTried,
}

impl DueLetter {
    /// Whose user is invited.
    #[must_use]
    pub fn tenant(&self) -> &Arc<Tenant> {
        self.tenant.tenant()
    }

    /// Who is invited.
    #[must_use]
    pub fn user(&self) -> Uuid {
        self.user
    }
}

impl Directories {
    /// Some of the mails of these tenants that are due.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn due_letters(&self, tenants: &[Administered]) -> Result<Vec<DueLetter>, DirectoryError> {
        if tenants.is_empty() {
            return Ok(Vec::new());
        }
        let (backend, now) = (self.database().backend(), now(self.database().backend()));
        let numbers: Vec<String> = tenants.iter().map(|tenant| tenant.tenant().id().to_string()).collect();
        let sql = format!(
            "SELECT d.tenant_id, CAST(d.user_id AS text) FROM (SELECT tenant_id, user_id, due_ms, \
             ROW_NUMBER() OVER (PARTITION BY tenant_id ORDER BY due_ms) AS place FROM invitations \
             WHERE due_ms IS NOT NULL AND due_ms <= {now} AND lease_ms <= {now} AND tenant_id IN ({})) AS d \
             WHERE d.place <= {OF_A_TENANT} ORDER BY d.place, d.due_ms LIMIT {AT_ONCE}",
            numbers.join(", ")
        );
        let mut due = Vec::new();
        for row in self.database().query(Statement::from_string(backend, sql)).await? {
            let (number, user): (i64, Uuid) = (row.try_get_by_index(0)?, crate::read::uuid(&row, 1)?);
            let tenant = tenants.iter().find(|tenant| tenant.tenant().id().as_i64() == number);
            due.extend(tenant.map(|tenant| DueLetter { tenant: tenant.clone(), user }));
        }
        Ok(due)
    }

    /// Claims a mail, just before it is sent: until the claim is over, nobody else sends it. Nothing, if somebody else does.
    ///
    /// The number of a mail stays the same while it is tried: whichever reaches its address, its link is good.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn claim_letter(&self, due: &DueLetter) -> Result<Option<Letter>, DirectoryError> {
        let DueLetter { tenant, user } = due;
        let database = self.database();
        let (backend, now) = (database.backend(), now(database.backend()));
        let sql = format!(
            "UPDATE invitations SET nonce = COALESCE(nonce, {}), expires_ms = {now} + $4, tries = tries + 1, \
             lease_ms = {now} + $5 WHERE tenant_id = $1 AND user_id = {} AND state = 'pending' AND due_ms <= {now} \
             AND lease_ms <= {now} RETURNING CAST(nonce AS text), address, tries, expires_ms",
            id(backend, 3),
            id(backend, 2)
        );
        let days = tenant.tenant().profile().invitation().map_or(1, |invitation| invitation.days);
        let lifetime = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        let values: [Value; 5] = [
            tenant.tenant().id().as_i64().into(),
            user.to_string().into(),
            Uuid::now_v7().to_string().into(),
            milliseconds(lifetime).into(),
            milliseconds(LEASE).into(),
        ];
        let statement = Statement::from_sql_and_values(backend, sql, values);
        let Some(row) = database.writer().query_one_raw(statement).await? else { return Ok(None) };
        let nonce = crate::read::uuid(&row, 0)?;
        let address: Option<String> = row.try_get_by_index(1)?;
        let tries = row.try_get_by_index(2)?;
        let link = InvitationLink { user: *user, nonce, expires_ms: row.try_get_by_index(3)? };
        let letter = Letter { tenant: tenant.clone(), address: address.unwrap_or_default(), link, tries };
        if letter.address.is_empty() || tries > TRIES {
            let problem = if letter.address.is_empty() { "there is no address" } else { "it was tried too often" };
            self.letter_failed(&letter, Undelivered::Never, problem).await?;
            return Ok(None);
        }
        Ok(Some(letter))
    }

    /// Whom a mail goes to, as the user is now.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn addressee(&self, letter: &Letter) -> Result<Addressee, DirectoryError> {
        let found = Addressee::find(&self.administered(&letter.tenant), letter.link.user).await?;
        let is_elsewhere = |address: &Option<String>| !is_same(address.as_deref(), Some(&letter.address));
        Ok(match found {
            Addressee::Active { address, .. } if is_elsewhere(&address) => Addressee::Elsewhere,
            found => found,
        })
    }

    /// The user has another address by now or is not active, which no change has told: another mail takes the place of this one, or none.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn letter_astray(&self, letter: &Letter) -> Result<(), DirectoryError> {
        self.do_with_invitation(&letter.tenant, letter.link.user, InvitationErrand::CatchUp).await?;
        Ok(())
    }

    /// The user is no more, and so is the invitation.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn letter_orphaned(&self, letter: &Letter) -> Result<(), DirectoryError> {
        let backend = self.database().backend();
        let sql = format!(
            "DELETE FROM invitations WHERE tenant_id = $1 AND user_id = {} AND NOT EXISTS (SELECT 1 FROM resources r \
             WHERE r.tenant_id = invitations.tenant_id AND r.id = invitations.user_id)",
            id(backend, 2)
        );
        let values: [Value; 2] = [letter.tenant.tenant().id().as_i64().into(), letter.link.user.to_string().into()];
        self.database().writer().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(())
    }

    /// The mail is with the mail server.
    ///
    /// # Errors
    /// If the database fails; then the mail is sent again.
    pub async fn letter_sent(&self, letter: &Letter) -> Result<(), DirectoryError> {
        let now = now(self.database().backend());
        let set = format!("due_ms = NULL, sent_ms = {now}, times_sent = times_sent + 1, problem = NULL, lease_ms = 0");
        self.settle_letter(letter, &set, Vec::new()).await
    }

    /// The mail was not taken, for this reason. Says whether it is tried again.
    ///
    /// # Errors
    /// If the database fails; then it is tried again when the claim is over.
    pub async fn letter_failed(
        &self,
        letter: &Letter,
        why: Undelivered,
        problem: &str,
    ) -> Result<bool, DirectoryError> {
        let tries = counted(why, letter.tries);
        let goes_on = why != Undelivered::Never && tries < TRIES;
        let again = format!("{} + {}", now(self.database().backend()), milliseconds(pause(tries)));
        let due = if goes_on { &again } else { "NULL" };
        let set = format!("due_ms = {due}, problem = $4, tries = {tries}, lease_ms = 0");
        self.settle_letter(letter, &set, vec![problem.into()]).await?;
        Ok(goes_on)
    }

    /// Another mail may have taken its place meanwhile.
    async fn settle_letter(&self, letter: &Letter, set: &str, values: Vec<Value>) -> Result<(), DirectoryError> {
        let database = self.database();
        let backend = database.backend();
        let sql = format!(
            "UPDATE invitations SET {set} WHERE tenant_id = $1 AND user_id = {} AND nonce = {} AND due_ms IS NOT NULL",
            id(backend, 2),
            id(backend, 3)
        );
        let tenant: &Arc<Tenant> = letter.tenant.tenant();
        let of_letter: [Value; 3] =
            [tenant.id().as_i64().into(), letter.link.user.to_string().into(), letter.link.nonce.to_string().into()];
        let values: Vec<Value> = of_letter.into_iter().chain(values).collect();
        database.writer().execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        Ok(())
    }
}

/// As how many tries it counts.
fn counted(why: Undelivered, tries: i64) -> i64 {
    match why {
        Undelivered::Never | Undelivered::Later => tries,
        Undelivered::Unknown => tries + UNKNOWN,
        Undelivered::NotTried => tries - 1,
    }
}

fn pause(tries: i64) -> Duration {
    let doubled = u32::try_from(tries.clamp(1, 20) - 1).unwrap_or_default();
    (FIRST_PAUSE * 2_u32.pow(doubled)).min(LONGEST_PAUSE)
}

fn milliseconds(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k07_what_may_have_arrived_is_sent_three_times_at_most() {
        let (mut tries, mut mails) = (0, 0);
        while tries < TRIES {
            tries = counted(Undelivered::Unknown, tries + 1);
            mails += 1;
        }
        assert_eq!(mails, 3);
        assert_eq!(counted(Undelivered::NotTried, 1), 0, "a mail server that is away uses up nothing");
    }

    #[test]
    fn a_mail_waits_longer_each_time_and_an_hour_at_most() {
        assert_eq!([1, 2, 3, 8, 9, 170].map(|tries| pause(tries).as_secs()), [30, 60, 120, 3600, 3600, 3600]);
    }
}
