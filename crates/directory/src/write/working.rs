//! What a batch works on: the rows its changes touch, as they stand after the changes made so far.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use events::{EventType, NewEvent, PasswordHash};
use profile::{Applied, BreakerMode};
use scim::{Resource, ResourceKind};
use tenancy::{Notice, TenantId};
use uuid::Uuid;

use super::administrator::Lost;
use super::breaker::{Allowance, Ending, Performed, Tripped, Turn};
use super::invitation::Known as KnownInvitation;
use super::statistics::Written;
use crate::{DirectoryError, Record};

/// A resource of one tenant.
pub(super) type Place = (i64, Uuid);

/// The counters of one directory, locked for the batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) sequence: i64,
    pub(super) next_position: i64,
    /// How many events the batch has told.
    pub(super) events: i64,
    /// How many positions it has given out.
    pub(super) positions: i64,
    /// The rule by which the names that applications are told were made; 0 for none.
    pub(super) naming: i64,
    /// The version of the tenant that went by that rule.
    pub(super) named_by: i64,
    /// Whether the breaker counts new users: 0 as the tenant's profile says, 1 yes, 2 no.
    pub(super) counts_new: i64,
}

/// What stands for a tenant that has its new users counted, or not, whatever its profile says.
pub(super) const COUNTS_NEW: i64 = 1;
pub(super) const COUNTS_NO_NEW: i64 = 2;

impl Counters {
    /// As the database has them.
    pub(super) fn stored(sequence: i64, next_position: i64, naming: i64) -> Self {
        Self { sequence, next_position, naming, ..Self::default() }
    }

    /// Whether the breaker of a tenant with this profile counts new users.
    pub(super) fn counts_new(&self, profile: &Applied) -> bool {
        match self.counts_new {
            0 => profile.breaker().new_mode != BreakerMode::Off,
            number => number == COUNTS_NEW,
        }
    }

    /// As the batch leaves them.
    pub(super) fn left(&self) -> Self {
        Self { events: 0, positions: 0, ..*self }
    }
}

/// A resource that is changed.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) record: Record,
    pub(super) resource: Arc<Resource>,
    /// The name that the application knows a user by, as its index holds it.
    pub(super) told_name: Option<String>,
    pub(super) fate: Fate,
}

/// What becomes of a row at the end of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    Created,
    Changed,
    Deleted,
}

/// A resource that is only referred to.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) kind: ResourceKind,
    pub(super) display: Option<String>,
}

/// The name that the client gave a member; `None` if it gave none.
pub(super) type MemberName = Option<String>;
/// Members and their names.
pub(super) type MemberNames = BTreeMap<Uuid, MemberName>;

/// A name that must be unique: its kind and its folded text.
pub(super) type Name = (i64, ResourceKind, String);

#[derive(Debug, Default)]
pub(super) struct Working {
    pub(super) now_ms: i64,
    pub(super) counters: BTreeMap<i64, Counters>,
    pub(super) held: HashMap<Place, Held>,
    pub(super) known: HashMap<Place, Known>,
    /// Who has a name now; absent means that nobody has.
    pub(super) names: HashMap<Name, Uuid>,
    /// The same of the names that applications are told.
    pub(super) told_names: HashMap<(i64, String), Uuid>,
    /// Whether names that applications are told were made anew.
    pub(super) is_renamed: bool,
    /// The members of a group now, as far as they are loaded, with the names that the client gave them.
    pub(super) members: HashMap<Place, MemberNames>,
    /// Memberships to be written, with their names, or to be removed; by group and member.
    pub(super) moved: HashMap<(i64, Uuid, Uuid), Option<MemberName>>,
    /// Addresses to be written (true) or to be removed, by their folded value and whose they are.
    pub(super) emails: BTreeMap<(i64, String, Uuid), bool>,
    /// For a user or group that is deleted: the groups it is in, and the users whose manager it is.
    pub(super) referrers: HashMap<Place, Vec<Uuid>>,
    /// By how much the number of resources changes, by tenant, kind and block.
    pub(super) blocks: BTreeMap<(i64, i64, i64), i64>,
    /// Who is being deleted.
    pub(super) dying: Option<Place>,
    pub(super) erased: Vec<i64>,
    /// By tenant: what happened to its tokens and is not told yet.
    pub(super) notices: HashMap<i64, Vec<Notice>>,
    /// Hashes of passwords that stores wait for, by the numbers of their events.
    pub(super) password_hashes: Vec<(TenantId, i64, PasswordHash)>,
    /// The notices that are told.
    pub(super) told: Vec<Place>,
    /// Users that are active now and were not, and those that ended.
    pub(super) turns: Vec<Turn>,
    /// Those that ended and are noted.
    pub(super) endings: Vec<Ending>,
    /// The allowances for new users that were used.
    pub(super) allowances: Vec<Allowance>,
    /// The users to whom changes are attributed and who do not qualify any more.
    pub(super) lost: Vec<Lost>,
    /// The breakers that trip.
    pub(super) trips: Vec<Tripped>,
    /// What an operator has done with a breaker and is not told yet.
    pub(super) performed: Option<Performed>,
    /// The invitations of users that are loaded, as they stand now.
    pub(super) invitations: HashMap<Place, KnownInvitation>,
    /// Those that begin, begin anew, or are taken back.
    pub(super) reinvited: BTreeSet<Place>,
    /// Those that are accepted, and from where.
    pub(super) accepted: Vec<(Place, String)>,
    /// What is noted in provisioning logs.
    pub(super) audits: Vec<journal::Failure>,
    events: Vec<NewEvent>,
}

/// How many positions share a row in the table `blocks`.
pub(crate) const BLOCK: i64 = 256;

impl Working {
    pub(super) fn at(now_ms: i64) -> Self {
        Self { now_ms, ..Self::default() }
    }

    /// A resource of this type that lives; otherwise the answer is 404.
    pub(super) fn find(&self, tenant: i64, kind: ResourceKind, id: Uuid) -> Result<&Held, DirectoryError> {
        self.held
            .get(&(tenant, id))
            .filter(|held| held.record.kind == kind && held.fate != Fate::Deleted)
            .ok_or_else(|| DirectoryError::not_found(kind, &id.to_string()))
    }

    /// Takes the next position in the order of creation.
    pub(super) fn take_position(&mut self, tenant: i64, kind: ResourceKind) -> i64 {
        let counters = self.counters.entry(tenant).or_default();
        let position = counters.next_position;
        counters.next_position += 1;
        counters.positions += 1;
        self.count(tenant, kind, position, 1);
        position
    }

    /// Counts a resource that came or went.
    pub(super) fn count(&mut self, tenant: i64, kind: ResourceKind, position: i64, by: i64) {
        *self.blocks.entry((tenant, crate::key::number(kind), position / BLOCK)).or_default() += by;
    }

    /// Notes the addresses that a resource has no longer, and those that it has now.
    pub(super) fn readdress(&mut self, place: Place, before: Option<&Resource>, after: Option<&Resource>) {
        let (before, after) = (addresses(before), addresses(after));
        for value in before.difference(&after) {
            self.move_email(place, value, false);
        }
        for value in after.difference(&before) {
            self.move_email(place, value, true);
        }
    }

    /// What one change of the batch removes and another brings back stays in its row, and the other way round.
    fn move_email(&mut self, (tenant, id): Place, value: &str, is_written: bool) {
        let email = (tenant, value.to_owned(), id);
        if self.emails.remove(&email).is_none() {
            self.emails.insert(email, is_written);
        }
    }

    /// Gives an event the tenant's next number, and returns it.
    pub(super) fn tell(&mut self, tenant: TenantId, event_type: EventType, subject: String, data: String) -> i64 {
        let counters = self.counters.entry(tenant.as_i64()).or_default();
        counters.sequence += 1;
        counters.events += 1;
        let sequence = counters.sequence;
        self.events.push(NewEvent { tenant, sequence, event_type, subject, time_ms: self.now_ms, data });
        sequence
    }

    /// Notes what becomes of an invitation that begins, begins anew, or is taken back.
    pub(super) fn reinvite(&mut self, place: Place, next: KnownInvitation) {
        self.invitations.insert(place, next);
        self.reinvited.insert(place);
    }

    /// The number of the next event.
    pub(super) fn next_sequence(&self, tenant: i64) -> i64 {
        self.counters.get(&tenant).map_or(0, |counters| counters.sequence) + 1
    }

    /// The turn that a user took last is the end of a change that began with the event of this number.
    pub(super) fn turn_begins(&mut self, user: Uuid, first: i64) {
        if let Some(turn) = self.turns.last_mut().filter(|turn| turn.user == user) {
            turn.first = first;
        }
    }

    /// Puts an event before the one with this number; it and those after it go one number up.
    pub(super) fn tell_before(&mut self, tenant: TenantId, sequence: i64, told: (EventType, String, String)) {
        let moved = self.events.iter_mut().filter(|event| event.tenant == tenant).map(|event| &mut event.sequence);
        let hashes = self.password_hashes.iter_mut().filter(|(of, ..)| *of == tenant).map(|(_, number, _)| number);
        let lost = self.lost.iter_mut().filter(|lost| lost.of == tenant).map(|lost| &mut lost.sequence);
        moved.chain(hashes).chain(lost).filter(|number| **number >= sequence).for_each(|number| *number += 1);
        let (event_type, subject, data) = told;
        self.tell(tenant, event_type, subject, data);
        if let Some(alarm) = self.events.last_mut() {
            alarm.sequence = sequence;
        }
    }

    /// The events, which are written once.
    pub(super) fn take_events(&mut self) -> Vec<NewEvent> {
        std::mem::take(&mut self.events)
    }

    /// About how much the batch writes.
    pub(super) fn written(&self) -> Written {
        Written { resources: self.events.len(), memberships: self.moved.len() }
    }

    pub(super) fn is_unchanged(&self) -> bool {
        self.events.is_empty() && self.erased.is_empty() && !self.is_renamed
    }
}

fn addresses(resource: Option<&Resource>) -> BTreeSet<String> {
    resource.into_iter().flat_map(Resource::emails).map(crate::key::folded).collect()
}
