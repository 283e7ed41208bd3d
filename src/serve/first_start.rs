//! The tenants a server starts with; at the very first start it makes one to try.

use serde_json::Value;
use tenant_admin::{Code, Command, Failure, Operator};

use crate::settings::Settings;

/// The name of the tenant to try.
const DEMO: &str = "demo";

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
        created => created.map(Tenants::Created),
    }
}

async fn found(operator: &Operator) -> Result<Vec<Value>, Failure> {
    let answer = operator.run(Command::ListTenants).await?;
    Ok(answer.get("tenants").and_then(Value::as_array).cloned().unwrap_or_default())
}
