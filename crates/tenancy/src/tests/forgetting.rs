//! Tokens and secrets that ended long ago.

use super::*;
use crate::NewOauthClient;

/// More than one step deletes.
const MANY: u64 = 1200;

on_both! {
    async fn what_ended_more_than_400_days_ago_is_forgotten_and_nothing_else(system: System) {
        let old = system.token("acme").await;
        let new = NewOauthClient { name: "entra".to_owned(), ..NewOauthClient::default() };
        let client = system.tenants.create_oauth_client("acme", &new).await.unwrap().id;
        system.tenants.issue_oauth_secret("acme", client, 365).await.unwrap();
        system.age("acme", 365 + 399).await;
        let new = system.token("acme").await;
        system.tenants.issue_oauth_secret("acme", client, 365).await.unwrap();
        let other = system.token("beta").await;
        let count = async || {
            let secrets = system.tenants.list_oauth_secrets("acme", client).await.unwrap().len();
            (system.tenants.list_tokens("acme").await.unwrap().len(), secrets)
        };
        assert_eq!((system.tenants.forget_ended().await.unwrap(), count().await), (0, (2, 2)));
        let expired = async |tenants: &Tenants| {
            let long_after = OffsetDateTime::now_utc() + time::Duration::days(800);
            visit(tenants, &at_path("acme"), Some(&old), long_after).await.unwrap_err()
        };
        assert_eq!(expired(&system.restarted().await).await, Refusal::Expired);
        system.age("acme", 2).await;
        assert_eq!((system.tenants.forget_ended().await.unwrap(), count().await), (2, (1, 1)));
        assert_eq!(expired(&system.restarted().await).await, Refusal::Expired);
        for tenants in [&system.tenants, &system.restarted().await] {
            authenticate(tenants, "acme", &new).await.unwrap();
            authenticate(tenants, "beta", &other).await.unwrap();
        }
        assert_eq!(system.tenants.forget_ended().await.unwrap(), 0);
    }

    async fn many_go_in_small_steps(system: System) {
        let kept = system.token("acme").await;
        let id = system.tenants.find("acme").unwrap().id().as_i64();
        let sql = format!(
            "WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < {MANY}) \
             INSERT INTO tokens (id, tenant_id, issued_ms, expires_ms, ended_ms, ended_by) \
             SELECT 'long-ago-' || number, {id}, number, number + 1, number + 1, 'revoked' FROM numbers"
        );
        system.meddle(&[&sql]).await;
        let mut steps = Vec::new();
        loop {
            let forgotten = system.tenants.forget_ended().await.unwrap();
            if forgotten == 0 {
                break;
            }
            steps.push(forgotten);
        }
        assert_eq!((steps.iter().sum::<u64>(), steps.len()), (MANY, 3), "{steps:?}");
        assert_eq!(system.tenants.list_tokens("acme").await.unwrap().len(), 1);
        system.authenticate("acme", &kept).await.unwrap();
    }
}
