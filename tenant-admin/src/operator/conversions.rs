//! Giving all users of a tenant other names: plan, begin, watch, pause, break off.

use directory::{Conversion, ConversionPlan, ConversionRefused, UserNames};
use serde_json::{Value, json};
use tenancy::Administered;

use super::Operator;
use crate::{Answer, Code, ConversionCommand, Failure, view};

impl Operator {
    pub(super) async fn conversion(&self, command: ConversionCommand) -> Result<Answer, Failure> {
        let tenant = match &command {
            ConversionCommand::Convert { tenant, .. }
            | ConversionCommand::Status { tenant }
            | ConversionCommand::Pause { tenant }
            | ConversionCommand::Resume { tenant }
            | ConversionCommand::Cancel { tenant } => self.tenants.administer(tenant)?,
        };
        let directories = &self.directories;
        let what = match command {
            ConversionCommand::Convert { to, dry_run, skip_conflicts, .. } => {
                return self.convert(&tenant, &to, dry_run, skip_conflicts).await;
            }
            ConversionCommand::Status { .. } => return self.conversion_status(&tenant).await,
            ConversionCommand::Pause { .. } => {
                directories.pause_conversion(&tenant).await?;
                "paused"
            }
            ConversionCommand::Resume { .. } => {
                directories.resume_conversion(&tenant).await?;
                "resumed"
            }
            ConversionCommand::Cancel { .. } => {
                directories.cancel_conversion(&tenant).await?;
                "cancelled"
            }
        };
        let actor = self.tenants.told_actor();
        tracing::info!(tenant.id = tenant.tenant().name(), actor = %actor, what, "a conversion of user names was changed");
        self.conversion_status(&tenant).await
    }

    async fn convert(
        &self,
        tenant: &Administered,
        to: &str,
        dry_run: bool,
        skip_conflicts: bool,
    ) -> Result<Answer, Failure> {
        let names = UserNames::parse(to).ok_or_else(|| {
            Failure::new(Code::Invalid, format!("user names are converted to email or mailbox, not to \"{to}\""))
        })?;
        if dry_run {
            let plan = self.directories.administered(tenant).plan_conversion(names).await?;
            return Ok(planned(tenant, names, &plan));
        }
        let plan = self.directories.begin_conversion(tenant, names, skip_conflicts).await?;
        let actor = self.tenants.told_actor();
        tracing::info!(tenant.id = tenant.tenant().name(), actor = %actor, to, users = plan.total, "user names are converted");
        self.conversion_status(tenant).await
    }

    async fn conversion_status(&self, tenant: &Administered) -> Result<Answer, Failure> {
        match self.directories.conversion(tenant).await? {
            Some(conversion) => Ok(shown(tenant, &conversion)),
            None => Err(Failure::new(
                Code::NotFound,
                format!("the user names of tenant \"{}\" were never converted", tenant.tenant().name()),
            )),
        }
    }
}

fn planned(tenant: &Administered, to: UserNames, plan: &ConversionPlan) -> Value {
    let conflicts = plan.shown.iter().map(|conflict| {
        json!({
            "id": conflict.id,
            "user_name": conflict.user_name,
            "new_name": conflict.new_name,
            "other_id": conflict.other_id,
            "reason": if conflict.new_name.is_none() { "no-email" } else { "name-taken" },
        })
    });
    json!({
        "tenant": tenant.tenant().name(),
        "to": to.as_str(),
        "total": plan.total,
        "to_convert": plan.to_convert,
        "unchanged": plan.unchanged,
        "conflicts": plan.conflicts,
        "conflicting_users": conflicts.collect::<Vec<_>>(),
    })
}

fn shown(tenant: &Administered, conversion: &Conversion) -> Value {
    json!({
        "tenant": tenant.tenant().name(),
        "id": conversion.id,
        "to": conversion.to.as_str(),
        "state": conversion.state.as_str(),
        "pass": conversion.pass,
        "total": conversion.total,
        "looked_at": conversion.looked_at,
        "converted": conversion.converted,
        "skipped": conversion.skipped,
        "started": view::moment(conversion.started_ms),
        "ended": conversion.ended_ms.map(view::moment),
    })
}

impl From<ConversionRefused> for Failure {
    fn from(refused: ConversionRefused) -> Self {
        match refused {
            ConversionRefused::Directory(error) => error.into(),
            ConversionRefused::None(_) => Self::caused(Code::NotFound, &refused),
            ConversionRefused::Conflicts(_) | ConversionRefused::Open => Self::caused(Code::Conflict, &refused),
        }
    }
}
