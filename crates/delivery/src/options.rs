//! What every store can be told, whatever its kind: what it gets, and what happens when it takes nothing.

use events::{Data, Event, EventType};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::DeliveryError;
use crate::schedule::Schedule;
use crate::store::{read, sets};

/// The options of a store. What is left out is as usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The types of events that it gets, such as `user.created` or `user.*`. None: those of users, groups,
    /// snapshots and the breaker.
    pub types: Vec<String>,
    /// Of `user.updated` and `group.updated`, only those that change one of these SCIM paths, or a part of one. None: all.
    pub attributes: Vec<String>,
    /// Whether it gets the Argon2id hashes of passwords that clients set. Only with this is anything hashed, and from then on.
    pub password_hash: bool,
    /// The most events that are brought at once.
    pub batch: u32,
    /// After how many seconds a failed delivery is tried again, from the first time on; the last one repeats.
    pub retry_seconds: Vec<u32>,
    /// For how many hours an event is tried.
    pub give_up_hours: u32,
    /// What happens then.
    pub exhausted: Exhausted,
}

/// What happens to an event that a store has not taken for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exhausted {
    /// It is parked as a dead letter, and the next one is brought.
    Park,
    /// The store is paused, so that it gets nothing out of order.
    Pause,
}

/// The most events of a batch.
const MOST: u32 = 1000;
const USUAL: u32 = 100;
/// What stores are about.
const USUAL_TYPES: [&str; 4] = ["user.*", "group.*", "snapshot.*", "breaker.*"];

impl Default for Options {
    fn default() -> Self {
        Self {
            types: Vec::new(),
            attributes: Vec::new(),
            password_hash: false,
            batch: USUAL,
            retry_seconds: Schedule::USUAL.to_vec(),
            give_up_hours: Schedule::USUAL_HOURS,
            exhausted: Exhausted::Park,
        }
    }
}

impl Options {
    /// Takes the options out of what was set for a store of a kind; what is left is for the kind.
    ///
    /// # Errors
    /// [`DeliveryError::Invalid`]
    pub(crate) fn take(settings: &mut Map<String, Value>, kind: &str) -> Result<Self, DeliveryError> {
        let Value::Object(names) = serde_json::to_value(Self::default())? else { return Ok(Self::default()) };
        let own: Map<_, _> = names.keys().filter_map(|name| settings.shift_remove_entry(name)).collect();
        let mut options: Self = read(&own).map_err(DeliveryError::Invalid)?;
        if options.types.is_empty() {
            options.types = sets::usual_types(kind);
        }
        options.check()?;
        Ok(options)
    }

    fn check(&self) -> Result<(), DeliveryError> {
        if !(1..=MOST).contains(&self.batch) {
            return Err(DeliveryError::Invalid(format!("batch is between 1 and {MOST}, not {}", self.batch)));
        }
        if let Some(unknown) =
            self.types.iter().find(|wanted| !EventType::ALL.iter().any(|known| covers(wanted, *known)))
        {
            return Err(DeliveryError::Invalid(format!(
                "types: \"{unknown}\" is no type of event, such as user.created or user.*"
            )));
        }
        Schedule::of(self).check()
    }

    /// Whether a store gets events of this type.
    pub(crate) fn is_for(&self, event_type: EventType) -> bool {
        if self.types.is_empty() {
            return USUAL_TYPES.iter().any(|wanted| covers(wanted, event_type));
        }
        self.types.iter().any(|wanted| covers(wanted, event_type))
    }

    /// Whether a snapshot has anything for it.
    pub(crate) fn takes_snapshots(&self) -> bool {
        self.is_for(EventType::UserSnapshot) || self.is_for(EventType::GroupSnapshot)
    }

    /// Whether a store gets this event. What was discarded no store gets.
    pub(crate) fn lets_through(&self, event: &Event) -> bool {
        !event.is_discarded && self.is_for(event.event_type) && (self.attributes.is_empty() || self.concerns(event))
    }

    /// Whether changes of this SCIM path are told, or of a part of it.
    pub(crate) fn is_about(&self, path: &str) -> bool {
        let is_near = |wanted: &String| is_part(path, wanted) || is_part(wanted, path);
        self.attributes.is_empty() || self.attributes.iter().any(is_near)
    }

    fn concerns(&self, event: &Event) -> bool {
        let change = match (&event.data, event.event_type) {
            (Data::User(user), EventType::UserUpdated) => &user.change,
            (Data::Group(group), EventType::GroupUpdated) if group.members.is_none() => &group.change,
            _ => return true,
        };
        let is_wanted = |changed: &events::Changed| self.attributes.iter().any(|wanted| is_part(&changed.path, wanted));
        change.changed.iter().chain(change.provisioned()).any(is_wanted)
    }
}

/// Whether a wanted type, perhaps with a star, covers one.
fn covers(wanted: &str, known: EventType) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => known.as_str().starts_with(start),
        None => wanted == known.as_str(),
    }
}

/// Whether a path is another one, or a part of it.
fn is_part(path: &str, of: &str) -> bool {
    let (path, of) = (path.to_ascii_lowercase(), of.to_ascii_lowercase());
    path.strip_prefix(of.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':', '[']))
}
