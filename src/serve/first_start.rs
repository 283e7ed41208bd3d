//! The tenants a server starts with; at the very first start it makes one to try.

use serde_json::Value;
use tenant_admin::{Code, Command, Failure, Operator, StoreCommand};

use crate::settings::Settings;

/// The name of the tenant to try.
const DEMO: &str = "demo";
/// Where it has its users, in the folder of its stores.
const STORE_URL: &str = "sqlite://users.db";

/// What there is to say about the tenants.
#[derive(Debug, PartialEq)]
pub(super) enum Tenants {
    /// This one was just made; its token is shown this once.
    Created(Value),
    /// These were there.
    Found(Vec<Value>),
}

/// Makes the tenant to try when there is none at all and the settings want it.
pub(super) async fn tenants(settings: &Settings, operator: &Operator) -> Result<Tenants, Failure> {
    let there = found(operator).await?;
    if !there.is_empty() || !settings.server.demo_tenant {
        return Ok(Tenants::Found(there));
    }
    let create = Command::CreateTenant {
        name: DEMO.to_owned(),
        hosts: Vec::new(),
        settings: serde_json::Map::new(),
        with_token: true,
        days: None,
    };
    match operator.run(create).await {
        // Another replica that starts for the first time was faster.
        Err(failure) if failure.code == Code::Conflict => found(operator).await.map(Tenants::Found),
        created => {
            add_store(operator).await?;
            created.map(Tenants::Created)
        }
    }
}

/// So that one can see at once what arrives: a file that every SQLite program opens.
async fn add_store(operator: &Operator) -> Result<(), Failure> {
    let settings = [("url".to_owned(), Value::from(STORE_URL))].into_iter().collect();
    let add = StoreCommand::Add {
        tenant: DEMO.to_owned(),
        name: "users".to_owned(),
        kind: "sql".to_owned(),
        settings,
        from_start: true,
        from_now: false,
    };
    operator.run(Command::Store(add)).await.map(|_| ())
}

async fn found(operator: &Operator) -> Result<Vec<Value>, Failure> {
    let answer = operator.run(Command::ListTenants).await?;
    Ok(answer.get("tenants").and_then(Value::as_array).cloned().unwrap_or_default())
}
