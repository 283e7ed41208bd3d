//! The stores of tenants: add, list, show, pause, resume, test, delete.

use delivery::{DeliveryError, NewStore, StoreRecord, Stores};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::Operator;
use crate::{Answer, Code, Failure, StoreCommand, view};

impl Operator {
    pub(super) async fn store(&self, command: StoreCommand) -> Result<Answer, Failure> {
        let stores = self.stores()?;
        match command {
            StoreCommand::Kinds => Ok(kinds()),
            StoreCommand::Add { tenant, name, kind, settings, from_start } => {
                let mut new = NewStore { name, kind, settings, with_snapshot: !from_start };
                let made = new.make_secrets()?;
                let added = view::store(&stores.add(&self.tenants.administer(&tenant)?, new).await?);
                Ok(with_secrets(added, made))
            }
            StoreCommand::List { tenant } => {
                let found: Vec<StoreRecord> = stores.list(&self.tenants.administer(&tenant)?).await?;
                Ok(json!({ "stores": found.iter().map(view::store).collect::<Vec<Value>>() }))
            }
            StoreCommand::Show { tenant, name } => {
                Ok(view::store(&stores.find(&self.tenants.administer(&tenant)?, &name).await?))
            }
            StoreCommand::Pause { tenant, name } => {
                Ok(view::store(&stores.pause(&self.tenants.administer(&tenant)?, &name).await?))
            }
            StoreCommand::Resume { tenant, name } => {
                Ok(view::store(&stores.resume(&self.tenants.administer(&tenant)?, &name).await?))
            }
            StoreCommand::Test { tenant, name } => {
                let told = stores.probe(&self.tenants.administer(&tenant)?, &name).await?;
                told.map_err(|failure| Failure::new(Code::Unavailable, failure.to_string()))?;
                Ok(json!({ "store": name, "reachable": true }))
            }
            StoreCommand::IssueToken { tenant, name } => {
                let token = stores.issue_token(&self.tenants.administer(&tenant)?, &name).await?;
                Ok(json!({ "store": name, "token": token.expose_secret() }))
            }
            StoreCommand::Delete { tenant, name } => {
                stores.delete(&self.tenants.administer(&tenant)?, &name).await?;
                Ok(json!({ "deleted": name }))
            }
        }
    }

    fn stores(&self) -> Result<&Stores, Failure> {
        self.stores.as_ref().ok_or_else(|| Failure::new(Code::Failed, "stores cannot be changed here"))
    }
}

/// With the secrets that were made for the store: the only time that they are shown.
fn with_secrets(mut store: Answer, made: Map<String, Value>) -> Answer {
    if let Some(members) = store.as_object_mut().filter(|_| !made.is_empty()) {
        members.insert("secrets".to_owned(), Value::Object(made));
    }
    store
}

fn kinds() -> Answer {
    let kind = |kind: &delivery::Kind| json!({ "kind": kind.name, "about": kind.about });
    json!({ "kinds": delivery::kinds().iter().map(kind).collect::<Vec<_>>() })
}

impl From<DeliveryError> for Failure {
    fn from(error: DeliveryError) -> Self {
        let code = match &error {
            DeliveryError::NoStore { .. } => Code::NotFound,
            DeliveryError::Taken { .. } | DeliveryError::Conflict(_) => Code::Conflict,
            DeliveryError::Invalid(_) => Code::Invalid,
            DeliveryError::Database(_) => Code::Unavailable,
            DeliveryError::Sealed(_) | DeliveryError::Json(_) => Code::Failed,
        };
        Self::caused(code, &error)
    }
}
