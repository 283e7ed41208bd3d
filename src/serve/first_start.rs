//! The tenants a server starts with; at the very first start it makes one to try.

use serde_json::Value;
use tenant_admin::{Command, Failure, Operator};

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
    let answer = operator.run(Command::ListTenants).await?;
    let found = answer.get("tenants").and_then(Value::as_array).cloned().unwrap_or_default();
    if !found.is_empty() || !settings.server.demo_tenant {
        return Ok(Tenants::Found(found));
    }
    let create = Command::CreateTenant {
        name: DEMO.to_owned(),
        hosts: Vec::new(),
        settings: serde_json::Map::new(),
        with_token: true,
        days: None,
    };
    operator.run(create).await.map(Tenants::Created)
}
