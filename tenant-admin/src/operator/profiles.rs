//! Application profiles: list, show, import, go back, and look at what a change would do.

use std::collections::HashMap;
use std::sync::Arc;

use ::events::normal::User;
use directory::{Include, Members, Record};
use profile::{Applied, OptionKind, Profile};
use scim::{Dialect, Draft, Resource, ResourceKind, Schemas, ScimError};
use serde_json::{Map, Value, json};
use tenancy::{Administered, ProfileVersion};
use uuid::Uuid;

use super::Operator;
use crate::profile_command::ProfileChange;
use crate::{Answer, Code, Failure, Kind, ProfileCommand, view};

/// How many users one step of trying out looks at.
const STEP: u32 = 500;
/// How many of them are named.
const NAMED: usize = 20;

impl Operator {
    pub(super) async fn profile(&self, command: ProfileCommand) -> Result<Answer, Failure> {
        match command {
            ProfileCommand::List => Ok(self.list_profiles()),
            ProfileCommand::Show { name } => self.show_profile(&name),
            ProfileCommand::Import { text, file, unless_known } => {
                if self.tenants.is_new_profile(&text, &file, unless_known).await? {
                    self.check_names_of_all(&text, &file).await?;
                }
                let imported = self.tenants.import_profile(&text, &file, unless_known).await?;
                if imported.is_changed {
                    let actor = self.tenants.told_actor();
                    tracing::info!(profile = imported.name, version = imported.version, actor = %actor, "a profile was imported");
                    self.settle_names_of_all(&imported.name).await?;
                }
                Ok(json!({ "name": imported.name, "version": imported.version, "changed": imported.is_changed }))
            }
            ProfileCommand::Versions { name } => {
                let versions = self.tenants.profile_versions(&name).await?;
                Ok(json!({ "name": name, "versions": versions.iter().map(version).collect::<Vec<_>>() }))
            }
            ProfileCommand::RollBack { name, to } => {
                if let Some(text) = self.tenants.profile_text_before(&name, to).await? {
                    self.check_names_of_all(&text, &name).await?;
                }
                let now = self.tenants.roll_back_profile(&name, to).await?;
                if now.is_changed {
                    let actor = self.tenants.told_actor();
                    tracing::info!(profile = name, version = now.version, actor = %actor, "a profile went back to a version");
                    self.settle_names_of_all(&now.name).await?;
                }
                Ok(json!({ "name": now.name, "version": now.version, "changed": now.is_changed }))
            }
            ProfileCommand::Preview { change, user, request } => self.preview(&change, user.as_deref(), request).await,
            ProfileCommand::TryOut { change, after } => self.try_out(&change, after.as_deref()).await,
        }
    }

    fn list_profiles(&self) -> Answer {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let tenants = self.tenants.list();
        for tenant in &tenants {
            *counts.entry(&tenant.settings().profile).or_default() += 1;
        }
        let profiles = self.tenants.profiles();
        let in_short = |(version, profile): (i64, &Arc<Profile>)| {
            in_short(version, profile, counts.get(profile.name()).copied().unwrap_or_default())
        };
        json!({ "profiles": profiles.all().map(in_short).collect::<Vec<_>>() })
    }

    fn show_profile(&self, name: &str) -> Result<Answer, Failure> {
        let profiles = self.tenants.profiles();
        let Some((version, profile)) = profiles.find(name) else {
            return Err(Failure::new(Code::NotFound, unknown_profile(name)));
        };
        let tenants = self.tenants.list().iter().filter(|tenant| tenant.settings().profile == name).count();
        let mut shown = in_short(version, profile, tenants);
        view::add(&mut shown, "base_paths", profile.base_paths().into());
        view::add(&mut shown, "token_path", profile.token_path().into());
        let prerequisites = profile.prerequisites().iter();
        let prerequisites = prerequisites.map(|known| json!({ "name": known.name, "title": known.title }));
        view::add(&mut shown, "prerequisites", prerequisites.collect());
        let options = profile.options().iter().map(|(name, option)| {
            let (kind, values) = match &option.kind {
                OptionKind::Switch { .. } => ("switch", Value::Null),
                OptionKind::Choice { values, .. } => ("choice", values.clone().into()),
                OptionKind::Names { .. } => ("names", Value::Null),
            };
            let default = option.default();
            json!({ "name": name, "title": option.title, "type": kind, "values": values, "default": default })
        });
        view::add(&mut shown, "options", options.collect());
        view::add(&mut shown, "text", profile.text().into());
        Ok(shown)
    }

    async fn preview(
        &self,
        change: &ProfileChange,
        user: Option<&str>,
        request: Option<Value>,
    ) -> Result<Answer, Failure> {
        let (administered, after) = self.what_if(change)?;
        let before = administered.tenant().profile();
        let (id, resource, groups) = match (user, request) {
            (Some(name), None) => {
                let record = self.user(&administered, name).await?;
                (record.id.clone(), read(&record)?, record.groups)
            }
            (None, Some(body)) => (Uuid::nil().to_string(), sent(body, &after)?, Vec::new()),
            _ => {
                let sentence = "name one user of the directory, or give one request; not both";
                return Err(Failure::new(Code::Invalid, sentence));
            }
        };
        let told = |applied: &Applied| -> Result<Value, Failure> {
            let mapped = applied.map(&resource, &groups);
            Ok(serde_json::to_value(User::of(&id, &resource, &groups).told(mapped.as_ref())?)?)
        };
        Ok(json!({
            "tenant": administered.tenant().name(),
            "before": told(before)?,
            "after": told(&after)?,
            "refused_before": before.check(&resource).err().map(|error| error.detail),
            "refused_after": after.check(&resource).err().map(|error| error.detail),
        }))
    }

    /// One step: nothing is changed, so it may be asked for again and again.
    async fn try_out(&self, change: &ProfileChange, after_id: Option<&str>) -> Result<Answer, Failure> {
        let (administered, after) = self.what_if(change)?;
        let before = Arc::clone(administered.tenant().profile());
        let directory = self.directories.administered(&administered);
        let begin = match after_id {
            Some(text) => Uuid::parse_str(text).map_err(|_| Failure::new(Code::Invalid, "after is no id"))?,
            None => Uuid::nil(),
        };
        let records = directory.users_with_groups(begin, STEP).await?;
        let total = directory.count(ResourceKind::User).await?;
        let mut counts = Counts::default();
        for record in &records {
            counts.look(record, &read(record)?, (&before, &after))?;
        }
        let collisions = match after_id {
            None => self.collisions(&administered, &after).await?,
            Some(_) => Value::Null,
        };
        let next = records.last().filter(|_| records.len() == STEP as usize).map(|record| record.id.as_str());
        Ok(json!({
            "tenant": administered.tenant().name(),
            "total": total,
            "users": records.len(),
            "changed": counts.changed,
            "refused": counts.refused,
            "members": counts.members,
            "examples": counts.examples,
            "collisions": collisions,
            "next": next,
        }))
    }

    /// The profile that a tenant would go by.
    fn what_if(&self, change: &ProfileChange) -> Result<(Administered, Arc<Applied>), Failure> {
        let administered = self.tenants.administer(&change.tenant)?;
        let text = change.text.as_deref().map(|text| (text, change.file.as_deref().unwrap_or("profile")));
        let after = self.tenants.profile_as(administered.tenant(), &change.settings, text)?;
        Ok((administered, after))
    }

    pub(super) async fn user(&self, administered: &Administered, name: &str) -> Result<Record, Failure> {
        let directory = self.directories.administered(administered);
        let include = Include { groups: true, members: Members::None };
        match directory.get(ResourceKind::User, name, include).await {
            Ok(record) => Ok(record),
            Err(unknown) => {
                let tenant = administered.tenant();
                let id = self.id_of_name(&directory, tenant, Kind::User, name, unknown.into()).await?;
                Ok(directory.get(ResourceKind::User, &id, include).await?)
            }
        }
    }
}

fn in_short(version: i64, profile: &Profile, tenants: usize) -> Value {
    json!({
        "name": profile.name(),
        "title": profile.title(),
        "description": profile.description(),
        "version": version,
        "tenants": tenants,
    })
}

/// What a change would be for the users that were looked at.
#[derive(Default)]
struct Counts {
    changed: u64,
    refused: u64,
    /// Of how many users each member would be another one.
    members: Map<String, Value>,
    examples: Vec<Value>,
}

impl Counts {
    fn look(&mut self, record: &Record, user: &Resource, (before, after): (&Applied, &Applied)) -> Result<(), Failure> {
        let told = |applied: &Applied| -> Result<Value, Failure> {
            let mapped = applied.map(user, &record.groups);
            Ok(serde_json::to_value(User::of(&record.id, user, &record.groups).told(mapped.as_ref())?)?)
        };
        let (old, new) = (told(before)?, told(after)?);
        let refusal = after.check(user).err().filter(|_| user.active());
        let mut differing = Vec::new();
        if let (Some(old), Some(new)) = (old.as_object(), new.as_object()) {
            let names = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name)));
            differing = names.filter(|name| old.get(*name) != new.get(*name)).cloned().collect();
        }
        self.changed += u64::from(!differing.is_empty());
        self.refused += u64::from(refusal.is_some());
        for name in &differing {
            let count = self.members.entry(name.clone()).or_insert_with(|| 0.into());
            *count = (count.as_u64().unwrap_or_default() + 1).into();
        }
        if (refusal.is_some() || !differing.is_empty()) && self.examples.len() < NAMED {
            let refused = refusal.map(|error| error.detail);
            self.examples.push(json!({ "user": user.user_name(), "members": differing, "refused": refused }));
        }
        Ok(())
    }
}

/// What is said of a profile that there is not.
pub(crate) fn unknown_profile(name: &str) -> String {
    format!("no profile is named \"{name}\"; see: tenantry profile list")
}

fn read(record: &Record) -> Result<Resource, Failure> {
    Ok(Resource::from_document(&record.document)?)
}

/// A user as a client would send it, read with the schemas that the profile brings.
fn sent(body: Value, applied: &Applied) -> Result<Resource, ScimError> {
    let schemas = Schemas::with_extensions(applied.profile().extensions().to_vec())?;
    Ok(Draft::parse(body, schemas.of(ResourceKind::User), &mut Dialect::lenient())?.creating().resource)
}

fn version(version: &ProfileVersion) -> Value {
    json!({
        "version": version.version,
        "imported": version.imported_ms.map(view::moment),
        "current": version.is_current,
    })
}
