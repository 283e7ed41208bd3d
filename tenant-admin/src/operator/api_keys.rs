//! The keys of programs that administer: make, list, revoke.

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tenancy::{NewApiKey, Role};

use super::Operator;
use crate::{Answer, ApiKeyCommand, Code, Failure, view};

/// For how many days a key is valid when the command does not say.
const USUAL_DAYS: u32 = 365;

impl Operator {
    pub(super) async fn api_key(&self, command: ApiKeyCommand) -> Result<Answer, Failure> {
        match command {
            ApiKeyCommand::Create { name, tenant, role, days } => {
                let usual = if tenant.is_some() { Role::TenantAdmin } else { Role::Operator };
                let days = days.unwrap_or(USUAL_DAYS);
                let new = NewApiKey { name, tenant, role: role.unwrap_or(usual), days };
                let issued = self.tenants.create_api_key(new).await?;
                let mut answer = view::api_key(&issued.record);
                view::add(&mut answer, "key", issued.key.expose_secret().into());
                Ok(answer)
            }
            ApiKeyCommand::List { tenant } => {
                if let Some(name) = &tenant {
                    self.tenants.find(name)?;
                }
                let keys = self.tenants.list_api_keys().await?;
                let keys = keys.iter().filter(|key| tenant.is_none() || key.tenant == tenant);
                Ok(json!({ "api_keys": keys.map(view::api_key).collect::<Vec<Value>>() }))
            }
            ApiKeyCommand::Revoke { id } => {
                let parsed = id.parse().map_err(|_| {
                    Failure::new(Code::Invalid, format!("\"{id}\" is no id of an API key; see: tenantry api-key list"))
                })?;
                Ok(view::api_key(&self.tenants.revoke_api_key(parsed).await?))
            }
        }
    }
}
