//! Users whom an application could not tell apart: found before a profile or an option makes the same user name of them.

use std::sync::Arc;

use directory::{Collision, Collisions};
use profile::{Applied, Profile};
use serde_json::{Map, Value, json};
use tenancy::Administered;

use super::Operator;
use crate::{Code, Failure};

/// How many users a refusal names.
const NAMED: usize = 5;

impl Operator {
    /// Refuses a profile, with the options that a tenant has, of which several users would get one user name.
    pub(super) async fn check_names(&self, tenant: &Administered, after: &Applied) -> Result<(), Failure> {
        if after.naming() == tenant.tenant().profile().naming() {
            return Ok(());
        }
        let collisions = self.directories.administered(tenant).find_collisions(after).await?;
        if collisions.users == 0 {
            return Ok(());
        }
        let name = tenant.tenant().name();
        let named: Vec<String> = collisions.shown.iter().take(NAMED).map(in_words).collect();
        Err(Failure::new(
            Code::Conflict,
            format!(
                "{} users of tenant \"{name}\" would be called like another one by the application: {}{}; see all with \
                 tenantry profile try, and give them other names or addresses first",
                collisions.users,
                named.join(", "),
                if collisions.users > i64::try_from(named.len()).unwrap_or(i64::MAX) { ", …" } else { "" }
            ),
        ))
    }

    /// The same for every tenant of the profile that a text is of.
    pub(super) async fn check_names_of_all(&self, text: &str, file: &str) -> Result<(), Failure> {
        let profile = Profile::parse(text, file).map_err(|error| Failure::new(Code::Invalid, error.to_string()))?;
        for tenant in self.tenants_of(profile.name()) {
            // Who does not fit it otherwise is refused where it is made current.
            if let Ok(after) = self.tenants.profile_as(tenant.tenant(), &Map::new(), Some((text, file))) {
                self.check_names(&tenant, &after).await?;
            }
        }
        Ok(())
    }

    /// Has the names of all tenants of a profile that was switched made anew, if they are to be others. Who was deleted meanwhile has none,
    /// and one with whom it fails keeps nobody else from it.
    pub(super) async fn settle_names_of_all(&self, profile: &str) -> Result<(), Failure> {
        let mut failed = Vec::new();
        for tenant in self.tenants_of(profile) {
            let name = tenant.tenant().name();
            let Err(error) = self.directories.administered(&tenant).settle_names().await else { continue };
            if self.tenants.find(name).is_ok() {
                let failure = Failure::from(error);
                tracing::error!(tenant.id = name, %failure, "the names by which an application knows users were not made anew");
                failed.push(format!("\"{name}\" ({failure})"));
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            Code::Failed,
            format!(
                "profile \"{profile}\" is switched, but the names by which it knows users were not made anew for {}; they are with the \
                 next change of one of their users",
                failed.join(", ")
            ),
        ))
    }

    /// Without those that are deleted at this moment.
    fn tenants_of(&self, profile: &str) -> Vec<Administered> {
        let tenants = self.tenants.list();
        let of_profile = tenants.iter().filter(|tenant| tenant.settings().profile == profile);
        of_profile.filter_map(|tenant| self.tenants.administer(tenant.name()).ok()).collect()
    }

    /// What trying out tells of them.
    pub(super) async fn collisions(&self, tenant: &Administered, after: &Arc<Applied>) -> Result<Value, Failure> {
        Ok(shown(&self.directories.administered(tenant).find_collisions(after).await?))
    }
}

fn in_words(collision: &Collision) -> String {
    format!("\"{}\" as \"{}\"", collision.user_name, collision.told_name)
}

fn shown(collisions: &Collisions) -> Value {
    let users = collisions.shown.iter().map(|collision| {
        json!({
            "id": collision.id,
            "user_name": collision.user_name,
            "told_name": collision.told_name,
            "other_id": collision.other_id,
        })
    });
    json!({ "users": collisions.users, "shown": users.collect::<Vec<_>>() })
}
