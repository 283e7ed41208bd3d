//! Which streams of security event tokens a tenant has, as far as its clients are told (RFC 9967 section 4).

use std::collections::{BTreeSet, HashMap};

use scim::{EventContent, SecurityEvent};
use sea_orm::{DbErr, QueryResult, Statement};
use serde_json::Value;
use tenancy::Tenant;

use crate::{EventType, Events};

/// What happens before its snapshot is read is told to a stream by the snapshot alone.
const SELECT: &str = "SELECT settings, options, CAST(CASE WHEN snapshot IS NULL THEN 1 ELSE 0 END AS bigint)";
const OF_STREAMS: &str = "FROM stores WHERE kind IN ('set_push', 'set_poll') AND state <> 'disabled'";

/// What the streams of a tenant tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Streams {
    contents: BTreeSet<EventContent>,
    /// Whether one of them tells how requests ended that were to be answered asynchronously.
    pub tells_requests: bool,
}

impl Streams {
    /// Everything that they tell; nothing if there are none.
    #[must_use]
    pub fn security_events(&self) -> Vec<SecurityEvent> {
        let mut told: Vec<SecurityEvent> = Vec::new();
        for event in self.contents.iter().flat_map(|content| SecurityEvent::of(*content)) {
            if !told.contains(&event) && (event != SecurityEvent::AsyncResponse || self.tells_requests) {
                told.push(event);
            }
        }
        told
    }

    fn add(&mut self, row: &QueryResult) -> Result<(), DbErr> {
        let member = |index: usize, name: &str| -> Result<Value, DbErr> {
            let text: String = row.try_get_by_index(index)?;
            let mut object: Value = serde_json::from_str(&text).unwrap_or_default();
            Ok(object.get_mut(name).map(Value::take).unwrap_or_default())
        };
        let is_full = member(0, "content")? == "full";
        self.contents.insert(if is_full { EventContent::Full } else { EventContent::Notice });
        let types = member(1, "types")?;
        let covers = |wanted: &str| match wanted.strip_suffix('*') {
            Some(start) => EventType::RequestCompleted.as_str().starts_with(start),
            None => wanted == EventType::RequestCompleted.as_str(),
        };
        let takes_events: i64 = row.try_get_by_index(2)?;
        let hears = types.as_array().into_iter().flatten().filter_map(Value::as_str).any(covers);
        self.tells_requests |= hears && takes_events == 1;
        Ok(())
    }
}

impl Events {
    /// Those of all tenants, by the number of the tenant.
    pub(crate) async fn all_streams(&self) -> Result<HashMap<i64, Streams>, DbErr> {
        let sql = format!("{SELECT}, tenant_id {OF_STREAMS}");
        let mut all: HashMap<i64, Streams> = HashMap::new();
        for row in self.database().query(Statement::from_string(self.database().backend(), sql)).await? {
            all.entry(row.try_get_by_index(3)?).or_default().add(&row)?;
        }
        Ok(all)
    }

    /// The streams of a tenant that are not switched off.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn streams(&self, tenant: &Tenant) -> Result<Streams, DbErr> {
        let sql = format!("{SELECT} {OF_STREAMS} AND tenant_id = $1");
        let statement = Statement::from_sql_and_values(self.database().backend(), sql, [tenant.id().as_i64().into()]);
        let mut streams = Streams::default();
        for row in self.database().query(statement).await? {
            streams.add(&row)?;
        }
        Ok(streams)
    }
}
