//! The stores of tenants: add, list, show, set, pause, resume, test, rebuild, replay, dead letters, drift,
//! delete.

use delivery::{Beginning, DeliveryError, NewStore, Part, Resealed, Start, StoreKey, StoreRecord, Stores};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Operator;
use crate::{Answer, Code, Failure, StoreCommand, view};

/// The most dead letters of one answer.
const MOST: u32 = 1000;

impl Operator {
    pub(super) async fn store(&self, command: StoreCommand) -> Result<Answer, Failure> {
        let stores = self.stores()?;
        let of = |tenant: &str| self.tenants.administer(tenant);
        Ok(match command {
            StoreCommand::Kinds => kinds(),
            StoreCommand::ListKeys => json!({ "keys": keys(&stores.keys().await?) }),
            StoreCommand::RotateKey => resealed(&stores.rotate_key().await?),
            StoreCommand::Reseal => resealed(&stores.reseal().await?),
            StoreCommand::Add { tenant, name, kind, settings, from_start, from_now } => {
                let mut new = NewStore { name, kind, settings, start: start(from_start, from_now)? };
                let made = new.make_secrets()?;
                with_secrets(view::store(&stores.add(&of(&tenant)?, new).await?), made)
            }
            StoreCommand::List { tenant } => {
                let found: Vec<StoreRecord> = stores.list(&of(&tenant)?).await?;
                json!({ "stores": found.iter().map(view::store).collect::<Vec<Value>>() })
            }
            StoreCommand::Show { tenant, name } => view::store(&stores.find(&of(&tenant)?, &name).await?),
            StoreCommand::Set { tenant, name, settings, if_version } => {
                view::store(&stores.set(&of(&tenant)?, &name, (&settings, if_version)).await?)
            }
            StoreCommand::Pause { tenant, name } => view::store(&stores.pause(&of(&tenant)?, &name).await?),
            StoreCommand::Resume { tenant, name } => view::store(&stores.resume(&of(&tenant)?, &name).await?),
            StoreCommand::Retry { tenant, name } => view::store(&stores.retry(&of(&tenant)?, &name).await?),
            StoreCommand::Rebuild { tenant, name } => view::store(&stores.rebuild(&of(&tenant)?, &name).await?),
            StoreCommand::Test { tenant, name } => {
                let told = stores.probe(&of(&tenant)?, &name).await?;
                let error = told.as_ref().err().map(ToString::to_string);
                json!({ "store": name, "reachable": told.is_ok(), "error": error })
            }
            StoreCommand::IssueToken { tenant, name } => {
                let token = stores.issue_token(&of(&tenant)?, &name).await?;
                json!({ "store": name, "token": token.expose_secret() })
            }
            StoreCommand::Delete { tenant, name } => {
                stores.delete(&of(&tenant)?, &name).await?;
                json!({ "deleted": name })
            }
            errand => self.errand(stores, errand).await?,
        })
    }

    /// What concerns events that were brought, or should have been.
    async fn errand(&self, stores: &Stores, command: StoreCommand) -> Result<Answer, Failure> {
        let of = |tenant: &str| self.tenants.administer(tenant);
        Ok(match command {
            StoreCommand::Replay { tenant, name, from, since, to } => {
                let part = Part { from: beginning(from, since.as_deref())?, to };
                let replayed = stores.replay(&of(&tenant)?, &name, part).await?;
                let mut answer = view::store(&replayed.store);
                let events = replayed.events.map(|(from, to)| json!({ "from": from, "to": to }));
                view::add(&mut answer, "replayed", events.into());
                answer
            }
            StoreCommand::DeadLetters { tenant, name, after, limit } => {
                let letters = stores.dead_letters(&of(&tenant)?, &name, after, limit.clamp(1, MOST)).await?;
                json!({ "store": name, "dead_letters": letters.iter().map(view::dead_letter).collect::<Vec<Value>>() })
            }
            StoreCommand::RetryDeadLetters { tenant, name, sequence } => {
                json!({ "store": name, "retried": stores.retry_letters(&of(&tenant)?, &name, sequence).await? })
            }
            StoreCommand::DiscardDeadLetters { tenant, name, sequence } => {
                json!({ "store": name, "discarded": stores.discard_letters(&of(&tenant)?, &name, sequence).await? })
            }
            StoreCommand::Drift { tenant, name, repair } => {
                drift(&name, &stores.compare(&of(&tenant)?, &name, repair).await?)?
            }
            StoreCommand::DriftReport { tenant, name } => {
                drift(&name, &stores.comparison(&of(&tenant)?, &name).await?)?
            }
            _ => return Err(Failure::new(Code::Failed, "this is not done with stores")),
        })
    }

    fn stores(&self) -> Result<&Stores, Failure> {
        self.stores.as_ref().ok_or_else(|| Failure::new(Code::Failed, "stores cannot be changed here"))
    }
}

/// How far a comparison is, and what it found.
fn drift(name: &str, report: &delivery::DriftReport) -> Result<Answer, Failure> {
    let mut answer = serde_json::to_value(report)?;
    view::add(&mut answer, "store", name.into());
    view::add(&mut answer, "differing", report.differing().into());
    Ok(answer)
}

/// With the secrets that were made for the store: the only time that they are shown.
fn with_secrets(mut store: Answer, made: Map<String, Value>) -> Answer {
    if let Some(members) = store.as_object_mut().filter(|_| !made.is_empty()) {
        members.insert("secrets".to_owned(), Value::Object(made));
    }
    store
}

fn start(from_start: bool, from_now: bool) -> Result<Start, Failure> {
    match (from_start, from_now) {
        (false, false) => Ok(Start::Snapshot),
        (true, false) => Ok(Start::First),
        (false, true) => Ok(Start::Now),
        (true, true) => Err(Failure::new(Code::Invalid, "a store gets events either from the start or from now on")),
    }
}

/// Where a replay begins.
fn beginning(from: Option<i64>, since: Option<&str>) -> Result<Beginning, Failure> {
    match (from, since) {
        (Some(from), None) if from > 0 => Ok(Beginning::Sequence(from)),
        (Some(_), None) => Err(Failure::new(Code::Invalid, "events are numbered from 1 on")),
        (None, Some(since)) => {
            let moment = OffsetDateTime::parse(since, &Rfc3339).map_err(|_| {
                let sentence = format!("\"{since}\" is not a moment such as 2026-11-27T20:00:00Z");
                Failure::new(Code::Invalid, sentence)
            })?;
            let milliseconds = moment.unix_timestamp_nanos() / 1_000_000;
            Ok(Beginning::Time(i64::try_from(milliseconds).unwrap_or(i64::MAX)))
        }
        _ => Err(Failure::new(Code::Invalid, "a replay begins with a number or at a moment; name one of them")),
    }
}

fn keys(keys: &[StoreKey]) -> Answer {
    let key =
        |key: &StoreKey| json!({ "id": key.id, "seals": key.seals, "missing": !key.is_there, "stores": key.stores });
    keys.iter().map(key).collect()
}

fn resealed(done: &Resealed) -> Answer {
    json!({ "resealed": done.stores, "keys": keys(&done.keys) })
}

fn kinds() -> Answer {
    let kind = |kind: &delivery::Kind| json!({ "kind": kind.name, "about": kind.about });
    json!({ "kinds": delivery::kinds().iter().map(kind).collect::<Vec<_>>() })
}

impl From<DeliveryError> for Failure {
    fn from(error: DeliveryError) -> Self {
        let code = match &error {
            DeliveryError::NoStore { .. } | DeliveryError::Pruned { .. } => Code::NotFound,
            DeliveryError::Taken { .. } | DeliveryError::Conflict(_) => Code::Conflict,
            DeliveryError::Invalid(_) => Code::Invalid,
            DeliveryError::Changed { .. } => Code::Changed,
            DeliveryError::Store(_) | DeliveryError::Database(_) | DeliveryError::Directory(_) => Code::Unavailable,
            DeliveryError::KeyFile(_) | DeliveryError::Sealed(_) | DeliveryError::File(_) | DeliveryError::Json(_) => {
                Code::Failed
            }
        };
        Self::caused(code, &error)
    }
}
