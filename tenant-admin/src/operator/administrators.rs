//! The user to whom the application attributes what a tenant's client changes: looked up when it is set, and judged when it is shown.

use directory::{DirectoryError, Include, Members};
use profile::{Applied, Unfit};
use scim::{Resource, ResourceKind};
use serde_json::{Map, Value, json};
use tenancy::{Administered, Administrator, Tenant};

use super::Operator;
use crate::{Code, Failure};

const SETTING: &str = "administrator";

impl Operator {
    /// Puts id and name in place of what a wish calls a user of the directory, if that user qualifies.
    pub(super) async fn resolve_administrator(
        &self,
        tenant: &Administered,
        after: &Applied,
        settings: &mut Map<String, Value>,
    ) -> Result<(), Failure> {
        if !settings.contains_key(SETTING) {
            return self.check_administrator(tenant, after).await;
        }
        let Some(Value::Object(wished)) = settings.get(SETTING) else { return Ok(()) };
        let Some(name) = wished.get("user").and_then(Value::as_str) else { return Ok(()) };
        if wished.contains_key("role") {
            let sentence = "setting administrator is a user of the directory, or a name with its role; not both";
            return Err(Failure::new(Code::Invalid, sentence));
        }
        let record = self.user(tenant, name).await?;
        let user = Resource::from_document(&record.document)?;
        let user_name = user.user_name().unwrap_or_default();
        if let Some(unfit) = after.unfit_administrator(&user, &record.groups) {
            return Err(Failure::new(
                Code::Invalid,
                format!("setting administrator: {}", in_words(user_name, unfit, after)),
            ));
        }
        settings.insert(SETTING.to_owned(), json!({ "name": user_name, "user": record.id }));
        Ok(())
    }

    /// Refuses a profile with which the one who is set would cease to qualify.
    async fn check_administrator(&self, tenant: &Administered, after: &Applied) -> Result<(), Failure> {
        let Some(Administrator { name, user: Some(id), .. }) = &tenant.tenant().settings().administrator else {
            return Ok(());
        };
        let (before, after_that) =
            (self.unfit(tenant, id, tenant.tenant().profile()).await?, self.unfit(tenant, id, after).await?);
        match after_that.filter(|_| before.is_none()) {
            Some(unfit) => {
                Err(Failure::new(Code::Invalid, format!("setting administrator: {}", in_words(name, unfit, after))))
            }
            None => Ok(()),
        }
    }

    /// Why the one who is set does not qualify, if it does not.
    pub(super) async fn administrator_problem(&self, tenant: &Administered) -> Result<Option<String>, Failure> {
        let of: &Tenant = tenant.tenant();
        let profile = of.profile();
        let Some(administrator) = &of.settings().administrator else {
            let required = profile.administrator().filter(|rule| rule.is_required);
            return Ok(required.map(|rule| format!("{} is not named; clients are refused until then", rule.title)));
        };
        let Administrator { name, role, user } = administrator;
        let unfit = match user {
            Some(id) => self.unfit(tenant, id, profile).await?,
            None => {
                let is_fit =
                    profile.administrator().is_none_or(|rule| role.as_deref().is_some_and(|role| rule.accepts(role)));
                (!is_fit).then_some(Unfit::Role)
            }
        };
        Ok(unfit.map(|unfit| in_words(name, unfit, profile)))
    }

    async fn unfit(&self, tenant: &Administered, id: &str, profile: &Applied) -> Result<Option<Unfit>, Failure> {
        let include = Include { groups: true, members: Members::None };
        let directory = self.directories.administered(tenant);
        match directory.get(ResourceKind::User, id, include).await {
            Ok(record) => {
                let user = Resource::from_document(&record.document)?;
                Ok(profile.unfit_administrator(&user, &record.groups))
            }
            Err(DirectoryError::Refused(refusal)) if refusal.status == 404 => Ok(Some(Unfit::Gone)),
            Err(error) => Err(error.into()),
        }
    }
}

fn in_words(name: &str, unfit: Unfit, profile: &Applied) -> String {
    match (unfit, profile.administrator()) {
        (Unfit::Gone, _) => format!("\"{name}\" is no user of the directory any more; name another one"),
        (Unfit::Inactive, _) => format!("\"{name}\" is not active; name another one"),
        (Unfit::Role, Some(rule)) => {
            format!("{} needs the primary role {}; \"{name}\" has another one, or none", rule.title, rule.in_words())
        }
        (Unfit::Role, None) => format!("\"{name}\" does not have the role"),
    }
}
