//! Tenants: create, list, show, change, switch, delete.

use serde_json::{Map, Value, json};
use tenancy::{NewTenant, Settings, Tenant, TenantChange};

use super::Operator;
use crate::{Answer, Code, Failure, IssueToken, view};

impl Operator {
    pub(super) async fn create_tenant(
        &self,
        name: String,
        hosts: Vec<String>,
        settings: &Map<String, Value>,
        token: Option<IssueToken>,
    ) -> Result<Answer, Failure> {
        let settings = Settings::default().changed(settings)?;
        if settings.administrator.as_ref().is_some_and(|administrator| administrator.user.is_some()) {
            let sentence = "setting administrator: a new tenant has no users; name one with its role, or set it later";
            return Err(Failure::new(Code::Invalid, sentence));
        }
        // A token that cannot be had leaves no tenant behind.
        let token = token.map(|asked| self.new_token(&asked, &settings, None)).transpose()?;
        let tenant = self.tenants.create(NewTenant { name, hosts, settings }).await?;
        let mut answer = self.with_warning(&tenant);
        if let Some(new) = token {
            self.add_token(&mut answer, tenant.name(), &new).await?;
        }
        Ok(answer)
    }

    pub(super) fn list_tenants(&self) -> Answer {
        let tenants: Vec<Value> = self.tenants.list().iter().map(|tenant| view::tenant(tenant, &self.origin)).collect();
        json!({ "tenants": tenants })
    }

    /// With whether there are more.
    pub(super) fn list_some_tenants(&self, after: Option<&str>, limit: usize, only: Option<&str>) -> Answer {
        let all = self.tenants.list();
        let wanted = all
            .iter()
            .filter(|tenant| after.is_none_or(|after| tenant.name() > after))
            .filter(|tenant| only.is_none_or(|only| tenant.name() == only));
        let mut some: Vec<Value> =
            wanted.take(limit.saturating_add(1)).map(|tenant| view::tenant(tenant, &self.origin)).collect();
        let more = some.len() > limit;
        some.truncate(limit);
        json!({ "tenants": some, "more": more })
    }

    pub(super) async fn show_tenant(&self, name: &str) -> Result<Answer, Failure> {
        let mut answer = self.with_warning(&*self.tenants.find(name)?);
        let tokens = self.tenants.list_tokens(name).await?;
        let newest = tokens.iter().find(|token| token.ended_ms.is_none());
        view::add(&mut answer, "token", newest.map(view::token).into());
        let others =
            tokens.iter().filter(|token| token.state.is_valid() && newest.is_none_or(|own| own.id != token.id));
        view::add(&mut answer, "other_tokens", others.map(view::token).collect());
        let breaker = self.directories.breaker(&self.tenants.administer(name)?).await?;
        view::add(&mut answer, "breaker", view::breaker_in_short(&breaker));
        let problem = self.administrator_problem(&self.tenants.administer(name)?).await?;
        view::add(&mut answer, "administrator_problem", problem.into());
        Ok(answer)
    }

    pub(super) async fn change_tenant(&self, name: &str, mut change: TenantChange) -> Result<Answer, Failure> {
        let administered = self.tenants.administer(name)?;
        let after = self.tenants.profile_as(administered.tenant(), &change.settings, None)?;
        self.check_names(&administered, &after).await?;
        self.resolve_administrator(&administered, &after, &mut change.settings).await?;
        let tenant = self.tenants.update(name, change).await?;
        if after.naming() != administered.tenant().profile().naming() {
            self.directories.administered(&self.tenants.administer(name)?).settle_names().await?;
        }
        let servers = self.tenants.living().count();
        if let Some(concurrency) = tenant.settings().concurrency.filter(|number| *number < servers) {
            tracing::warn!(
                tenant.id = name,
                concurrency,
                servers,
                "this tenant may run fewer requests at once than there are servers; each server runs one, so together they run \
                 one for each server"
            );
        }
        Ok(self.with_warning(&tenant))
    }

    /// With what keeps the tenant from being served as it is set, if something does.
    fn with_warning(&self, tenant: &Tenant) -> Answer {
        let mut answer = view::tenant(tenant, &self.origin);
        if let Some(warning) = self.warn_of_mail(tenant) {
            view::add(&mut answer, "warning", warning.into());
        }
        answer
    }

    pub(super) async fn enable_tenant(&self, name: &str, enabled: bool) -> Result<Answer, Failure> {
        Ok(view::tenant(&*self.tenants.set_enabled(name, enabled).await?, &self.origin))
    }

    /// First nobody may write any more, then what was written goes, last the tenant itself: a deletion that was
    /// interrupted can be asked for again. What a request that was under way has written meanwhile goes after that: without
    /// a tenant nothing more is written.
    pub(super) async fn delete_tenant(&self, name: &str) -> Result<Answer, Failure> {
        self.tenants.set_enabled(name, false).await?;
        let directory = self.directories.administered(&self.tenants.administer(name)?);
        directory.erase().await?;
        self.tenants.delete(name).await?;
        directory.erase().await?;
        Ok(json!({ "name": name, "deleted": true }))
    }
}
