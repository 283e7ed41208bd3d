//! Calls with a name that are made again when something else has happened since.

use super::{System, on_both};
use crate::{Issue, Meant, Mode, NewToken, TenancyError, TokenId};

fn named(request: &str) -> Meant<'_> {
    Meant { id: None, request: Some(request) }
}

impl System {
    async fn staged(&self, tenant: &str) -> Issue {
        self.tenants.issue(tenant, &NewToken { mode: Mode::Staged, ..NewToken::of_days(30) }).await.unwrap()
    }

    // The ids of the valid tokens, the newest first.
    async fn valid(&self, tenant: &str) -> Vec<TokenId> {
        let tokens = self.tenants.list_tokens(tenant).await.unwrap();
        tokens.iter().filter(|token| token.state.is_valid()).map(|token| token.id).collect()
    }
}

fn is_reused<T: std::fmt::Debug>(outcome: &Result<T, TenancyError>) -> bool {
    matches!(outcome, Err(TenancyError::RequestReused { .. }))
}

on_both! {
    async fn a_completion_that_is_made_again_completes_no_newer_rotation(system: System) {
        system.tenants.issue_token("acme", 30).await.unwrap();
        let first = system.staged("acme").await.record.id;
        assert_eq!(system.tenants.complete_rotation("acme", named("done")).await.unwrap(), first);
        let second = system.staged("acme").await.record.id;
        for _ in 0..2 {
            assert_eq!(system.tenants.complete_rotation("acme", named("done")).await.unwrap(), first);
            assert_eq!(system.restarted().await.complete_rotation("acme", named("done")).await.unwrap(), first);
            assert_eq!(system.valid("acme").await, [second, first]);
        }
        assert_eq!(system.tenants.complete_rotation("acme", None).await.unwrap(), second, "without a name it is about this one");
        assert_eq!(system.valid("acme").await, [second]);
    }

    // A newer token that waits for its first use is not used by it either.
    async fn a_completion_that_is_made_again_uses_no_newer_token(system: System) {
        system.tenants.issue_token("acme", 30).await.unwrap();
        let unused = NewToken { mode: Mode::FirstUse, ..NewToken::of_days(30) };
        let first = system.tenants.issue("acme", &unused).await.unwrap().record.id;
        assert_eq!(system.tenants.complete_rotation("acme", named("done")).await.unwrap(), first);
        let second = system.tenants.issue("acme", &unused).await.unwrap().record.id;
        assert_eq!(system.tenants.complete_rotation("acme", named("done")).await.unwrap(), first);
        assert_eq!(system.valid("acme").await, [second, first]);
    }

    // Also when nothing was left to do for the first call.
    async fn a_name_is_remembered_of_what_had_been_done_already(system: System) {
        system.tenants.issue_token("acme", 30).await.unwrap();
        let first = system.staged("acme").await.record.id;
        system.tenants.complete_rotation("acme", None).await.unwrap();
        assert_eq!(system.tenants.complete_rotation("acme", named("late")).await.unwrap(), first);
        let second = system.staged("acme").await.record.id;
        assert_eq!(system.tenants.complete_rotation("acme", named("late")).await.unwrap(), first);
        assert_eq!(system.valid("acme").await, [second, first]);
    }

    async fn a_cancellation_that_is_made_again_cancels_no_newer_rotation(system: System) {
        let old = system.tenants.issue_token("acme", 30).await.unwrap().id;
        let first = system.staged("acme").await.record.id;
        assert_eq!(system.tenants.cancel_rotation("acme", named("away")).await.unwrap(), first);
        let second = system.staged("acme").await.record.id;
        assert_eq!(system.tenants.cancel_rotation("acme", named("away")).await.unwrap(), first);
        assert_eq!(system.valid("acme").await, [second, old]);
    }

    async fn a_revocation_that_is_made_again_ends_nothing_newer(system: System) {
        system.tenants.issue_token("acme", 30).await.unwrap();
        system.staged("acme").await;
        let ended = system.tenants.revoke_tokens("acme", named("all")).await.unwrap();
        assert_eq!(ended.len(), 2);
        let newer = system.tenants.issue_token("acme", 30).await.unwrap().id;
        assert_eq!(system.tenants.revoke_tokens("acme", named("all")).await.unwrap(), ended);
        assert_eq!(system.valid("acme").await, [newer]);
        let one = Meant { id: Some(newer), request: Some("one") };
        for _ in 0..2 {
            assert_eq!(system.tenants.revoke_tokens("acme", one).await.unwrap(), [newer]);
        }
    }

    // Calls with one name at once: each answers the same.
    async fn calls_with_one_name_at_once_do_it_once(system: System) {
        system.tenants.issue_token("acme", 30).await.unwrap();
        let first = system.staged("acme").await.record.id;
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let tenants = system.tenants.clone();
            calls.spawn(async move { tenants.complete_rotation("acme", named("done")).await.unwrap() });
        }
        assert_eq!(calls.join_all().await, [first; 8]);
        assert_eq!(system.valid("acme").await, [first]);
    }

    async fn a_name_is_of_one_call(system: System) {
        let issue = |request: &str| NewToken { request: Some(request.to_owned()), ..NewToken::of_days(30) };
        system.tenants.issue("acme", &issue("issued")).await.unwrap();
        let first = system.staged("acme").await.record.id;
        let tenants = &system.tenants;
        tenants.complete_rotation("acme", named("done")).await.unwrap();
        assert!(is_reused(&tenants.cancel_rotation("acme", named("done")).await));
        assert!(is_reused(&tenants.revoke_tokens("acme", named("done")).await));
        let other = Meant { id: Some(first), request: Some("done") };
        assert!(is_reused(&tenants.complete_rotation("acme", other).await), "it named no token");
        assert!(is_reused(&tenants.issue("acme", &issue("done")).await));
        assert!(is_reused(&tenants.complete_rotation("acme", named("issued")).await));
        assert!(is_reused(&tenants.revoke_tokens("acme", named("issued")).await));
        assert_eq!(system.valid("acme").await, [first]);
        let wrong = tenants.revoke_tokens("acme", named("a b")).await;
        assert!(matches!(wrong, Err(TenancyError::Invalid(_))), "{wrong:?}");
    }

    // Names belong to a tenant, and go with it.
    async fn names_of_another_tenant_are_others(system: System) {
        for tenant in ["acme", "beta"] {
            system.tenants.issue_token(tenant, 30).await.unwrap();
            let staged = system.staged(tenant).await.record.id;
            assert_eq!(system.tenants.complete_rotation(tenant, named("done")).await.unwrap(), staged);
        }
        system.tenants.delete("beta").await.unwrap();
        assert!(matches!(system.tenants.complete_rotation("beta", named("done")).await, Err(TenancyError::NoTenant { .. })));
    }
}
