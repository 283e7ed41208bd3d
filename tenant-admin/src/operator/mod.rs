//! Doing what was asked.

mod administrators;
mod api_keys;
mod breakers;
mod conversions;
mod events;
mod failures;
mod invitations;
mod keys;
mod limits;
mod oauth;
mod profile_names;
pub(crate) mod profiles;
mod resources;
mod stores;
mod tenants;
mod tokens;

pub use invitations::MailObstacle;

use ::events::Events;
use delivery::Stores;
use directory::Directories;
use journal::Journal;
use tenancy::{AddressLimits, ApiKey, KeySource, TenantChange, TenantId, Tenants};

use crate::{Answer, Command, Failure, IssueToken, Origin};
use keys::Keys;

/// The hand of the operator in a running deployment.
#[derive(Clone, Debug)]
pub struct Operator {
    tenants: Tenants,
    directories: Directories,
    events: Events,
    origin: Origin,
    days: TokenDays,
    limits: AddressLimits,
    keys: Keys,
    stores: Option<Stores>,
    journal: Option<Journal>,
    /// What keeps invitations from being sent.
    mail_obstacle: Option<MailObstacle>,
}

/// For how many days tokens are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenDays {
    /// When the command does not say.
    pub usual: u32,
    /// At most.
    pub most: u32,
}

impl Operator {
    /// One for everything of this deployment. `limits` are those of network addresses that the settings have.
    #[must_use]
    pub fn new(
        tenants: Tenants,
        directories: Directories,
        events: Events,
        origin: Origin,
        days: TokenDays,
        limits: AddressLimits,
    ) -> Self {
        let (keys, stores, journal, mail_obstacle) = (Keys::default(), None, None, Some(MailObstacle::NoServer));
        Self { tenants, directories, events, origin, days, limits, keys, stores, journal, mail_obstacle }
    }

    /// The same, with its hand on the signing keys.
    #[must_use]
    pub fn keeping_keys(self, source: KeySource) -> Self {
        Self { keys: Keys::of(source), ..self }
    }

    /// The same, with its hand on the stores of tenants.
    #[must_use]
    pub fn feeding(self, stores: Stores) -> Self {
        Self { stores: Some(stores), ..self }
    }

    /// The same, with the provisioning logs.
    #[must_use]
    pub fn reading(self, journal: Journal) -> Self {
        Self { journal: Some(journal), ..self }
    }

    /// The same, where this keeps invitations from being sent, or nothing does.
    #[must_use]
    pub fn mailing(self, mail_obstacle: Option<MailObstacle>) -> Self {
        Self { mail_obstacle, ..self }
    }

    /// The tenants it has its hand on.
    pub(crate) fn tenants(&self) -> &Tenants {
        &self.tenants
    }

    /// The same for the holder of a key, and if one is named, for this tenant alone.
    pub(crate) fn on_behalf_of(&self, key: &ApiKey, tenant: Option<TenantId>) -> Self {
        Self { tenants: self.tenants.on_behalf_of(key, tenant), ..self.clone() }
    }

    /// Does what was asked. When this returns, the effect is complete and durable.
    ///
    /// # Errors
    /// Why it was not done; then nothing was changed, unless the database failed half-way through a deletion.
    pub async fn run(&self, command: Command) -> Result<Answer, Failure> {
        self.tenants.settle().await?;
        match command {
            Command::CreateTenant { name, hosts, settings, with_token, days } => {
                let token = IssueToken { tenant: name.clone(), days, ..IssueToken::default() };
                self.create_tenant(name, hosts, &settings, with_token.then_some(token)).await
            }
            Command::ListTenants => Ok(self.list_tenants()),
            Command::ShowTenant { name } => self.show_tenant(&name).await,
            Command::ListSomeTenants { after, limit, only } => {
                Ok(self.list_some_tenants(after.as_deref(), limit, only.as_deref()))
            }
            Command::ChangeTenant { name, settings, add_hosts, remove_hosts, if_version } => {
                let change = TenantChange { settings, add_hosts, remove_hosts, if_version };
                self.change_tenant(&name, change).await
            }
            Command::EnableTenant { name, enabled } => self.enable_tenant(&name, enabled).await,
            Command::DeleteTenant { name } => self.delete_tenant(&name).await,
            Command::IssueToken(asked) => self.issue_token(&asked).await,
            Command::CompleteRotation { tenant, id, request_id } => {
                self.complete_rotation(&tenant, (id.as_deref(), request_id.as_deref())).await
            }
            Command::CancelRotation { tenant, id, request_id } => {
                self.cancel_rotation(&tenant, (id.as_deref(), request_id.as_deref())).await
            }
            Command::ListTokens { tenant } => self.list_tokens(&tenant).await,
            Command::RevokeToken { tenant, id, request_id } => {
                self.revoke_token(&tenant, (id.as_deref(), request_id.as_deref())).await
            }
            Command::Oauth(command) => self.oauth(command).await,
            Command::Store(command) => Box::pin(self.store(command)).await,
            Command::Breaker(command) => Box::pin(self.breaker(command)).await,
            Command::Conversion(command) => Box::pin(self.conversion(command)).await,
            Command::Invitation(command) => Box::pin(self.invitation(command)).await,
            Command::Profile(command) => Box::pin(self.profile(command)).await,
            Command::ApiKey(command) => self.api_key(command).await,
            Command::ShowLimits => Ok(self.show_limits()),
            Command::ChangeLimits { limits } => self.change_limits(&limits).await,
            Command::RotateKey => self.rotate_key().await,
            Command::ListKeys => self.list_keys().await,
            Command::RetireKey { id, force } => self.retire_key(&id, force).await,
            Command::ReloadKeys => self.reload_keys().await,
            Command::ListResources { tenant, kind, filter, start, count } => {
                self.list_resources(&tenant, kind, filter.as_deref(), start, count).await
            }
            Command::ShowResource { tenant, kind, name } => self.show_resource(&tenant, kind, &name).await,
            Command::ListFailures(wanted) => Box::pin(self.list_failures(wanted)).await,
            Command::ReadEvents { tenant, after, limit, wait_ms } => {
                self.read_events(&tenant, after, limit, wait_ms).await
            }
        }
    }
}
