//! The breakers of tenants: show, set, release, discard.

use directory::{Breaker, BreakerDone};
use serde_json::json;

use super::Operator;
use crate::{Answer, BreakerCommand, Failure, view};

impl Operator {
    pub(super) async fn breaker(&self, command: BreakerCommand) -> Result<Answer, Failure> {
        let actor = self.tenants.told_actor();
        let (tenant, done) = match &command {
            BreakerCommand::Show { tenant } => (tenant, None),
            BreakerCommand::Set { tenant, settings } => {
                let of = self.tenants.administer(tenant)?;
                let breaker = self.directories.set_breaker(&of, settings, actor.clone()).await?;
                tracing::info!(
                    tenant.id = tenant,
                    actor = %actor,
                    mode = breaker.settings.mode.as_str(),
                    "the settings of a breaker were set"
                );
                return Ok(view::breaker(tenant, &breaker));
            }
            BreakerCommand::Release { tenant } => {
                let of = self.tenants.administer(tenant)?;
                (tenant, Some(("released", self.directories.release_breaker(&of, actor.clone()).await?)))
            }
            BreakerCommand::Discard { tenant } => {
                let of = self.tenants.administer(tenant)?;
                (tenant, Some(("discarded", self.directories.discard_breaker(&of, actor.clone()).await?)))
            }
        };
        let breaker: Breaker = self.directories.breaker(&self.tenants.administer(tenant)?).await?;
        let mut answer = view::breaker(tenant, &breaker);
        if let Some((what, BreakerDone { events, users, discarded })) = done {
            tracing::warn!(tenant.id = tenant, actor = %actor, events, users, discarded, what, "what a breaker held was let go");
            let done = json!({ "events": events, "users": users, "discarded_events": discarded });
            view::add(&mut answer, what, done);
        }
        Ok(answer)
    }
}
