//! The breakers of tenants: show, set, release, discard.

use directory::{Breaker, BreakerDone};
use serde_json::json;

use super::Operator;
use crate::{Answer, BreakerCommand, Code, Failure, view};

/// The most new users that may be expected, and for how long.
const MOST_EXPECTED_USERS: u32 = 10_000_000;
const MOST_EXPECTED_SECONDS: u64 = 30 * 24 * 60 * 60;

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
            BreakerCommand::Expect { tenant, users, seconds } => {
                let of = self.tenants.administer(tenant)?;
                if !(1..=MOST_EXPECTED_SECONDS).contains(seconds) || *users > MOST_EXPECTED_USERS {
                    return Err(Failure::new(
                        Code::Invalid,
                        format!("at most {MOST_EXPECTED_USERS} new users are expected, within 1 second to 30 days"),
                    ));
                }
                let until = time::OffsetDateTime::now_utc() + std::time::Duration::from_secs(*seconds);
                let until_ms = i64::try_from(until.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX);
                let breaker = self.directories.expect_users(&of, (*users, until_ms), actor.clone()).await?;
                tracing::info!(tenant.id = tenant, actor = %actor, users, "new users of a tenant are expected");
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
        if let Some((what, BreakerDone { events, users, created, discarded })) = done {
            tracing::warn!(tenant.id = tenant, actor = %actor, events, users, created, discarded, what, "what a breaker held was let go");
            let done = json!({ "events": events, "users": users, "new_users": created, "discarded_events": discarded });
            view::add(&mut answer, what, done);
        }
        Ok(answer)
    }
}
