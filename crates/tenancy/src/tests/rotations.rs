//! The ways in which a token takes the place of another one.

use secrecy::ExposeSecret;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{System, at_path, authenticate, on_both, visit};
use crate::{Conflict, Denied, Issue, Mode, NewToken, Refusal, TenancyError, TenantChange, TokenState};

fn new(mode: Mode) -> NewToken {
    let overlap = (mode == Mode::Overlap).then_some(Duration::hours(2));
    NewToken { mode, overlap, ..NewToken::of_days(30) }
}

fn header(issue: &Issue) -> String {
    format!("Bearer {}", issue.token.as_ref().unwrap().expose_secret())
}

fn refusal(confirmed: Result<(), Denied>) -> Refusal {
    match confirmed.unwrap_err() {
        Denied::Refused { refusal, .. } => refusal,
        Denied::Unavailable(error) => panic!("{error}"),
    }
}

impl System {
    async fn issue(&self, mode: Mode) -> (String, Issue) {
        let issue = self.tenants.issue("acme", &new(mode)).await.unwrap();
        (header(&issue), issue)
    }

    async fn policy(&self, settings: serde_json::Value) {
        let settings = settings.as_object().cloned().unwrap();
        self.tenants.update("acme", TenantChange { settings, ..TenantChange::default() }).await.unwrap();
    }
}

on_both! {
    async fn in_an_overlap_both_are_valid_until_it_is_over(system: System) {
        let (old, _) = system.issue(Mode::Strict).await;
        let (new, issue) = system.issue(Mode::Overlap).await;
        assert_eq!(issue.others.iter().map(|token| token.state).collect::<Vec<_>>(), [TokenState::Ending]);
        for tenants in [system.tenants.clone(), system.restarted().await] {
            let at = async |header: &str, hours: i64| {
                let now = OffsetDateTime::now_utc() + Duration::hours(hours);
                visit(&tenants, &at_path("acme"), Some(header), now).await
            };
            at(&old, 0).await.unwrap();
            at(&new, 0).await.unwrap();
            assert_eq!(at(&old, 3).await.unwrap_err(), Refusal::Superseded);
            at(&new, 3).await.unwrap();
        }
    }

    async fn a_staged_rotation_is_completed(system: System) {
        let (old, _) = system.issue(Mode::Strict).await;
        let (new, issue) = system.issue(Mode::Staged).await;
        assert_eq!(issue.record.state, TokenState::Staged);
        for header in [&old, &new, &old] {
            system.authenticate("acme", header).await.unwrap();
        }
        for _ in 0..2 {
            assert_eq!(system.tenants.complete_rotation("acme", None).await.unwrap(), issue.record.id);
            assert_eq!(system.authenticate("acme", &old).await.unwrap_err(), Refusal::Superseded);
            system.authenticate("acme", &new).await.unwrap();
        }
        assert_eq!(authenticate(&system.restarted().await, "acme", &old).await.unwrap_err(), Refusal::Superseded);
    }

    async fn a_staged_rotation_is_cancelled(system: System) {
        let (old, _) = system.issue(Mode::Strict).await;
        let (new, issue) = system.issue(Mode::Staged).await;
        system.authenticate("acme", &new).await.unwrap();
        for _ in 0..2 {
            assert_eq!(system.tenants.cancel_rotation("acme", Some(issue.record.id)).await.unwrap(), issue.record.id);
            assert_eq!(system.authenticate("acme", &new).await.unwrap_err(), Refusal::Revoked);
            system.authenticate("acme", &old).await.unwrap();
        }
    }

    async fn the_first_use_of_the_new_token_ends_the_old_one_for_good(system: System) {
        let (old, _) = system.issue(Mode::Strict).await;
        let (new, _) = system.issue(Mode::FirstUse).await;
        for _ in 0..3 {
            system.authenticate("acme", &old).await.unwrap();
        }
        system.authenticate("acme", &new).await.unwrap();
        for tenants in [system.tenants.clone(), system.restarted().await] {
            assert_eq!(authenticate(&tenants, "acme", &old).await.unwrap_err(), Refusal::Superseded);
            authenticate(&tenants, "acme", &new).await.unwrap();
        }
        let states: Vec<_> = system.tenants.list_tokens("acme").await.unwrap().iter().map(|token| token.state).collect();
        assert_eq!(states, [TokenState::Current, TokenState::Superseded]);
    }

    async fn of_first_uses_at_once_none_lets_the_old_token_in_afterwards(system: System) {
        let (old, _) = system.issue(Mode::Strict).await;
        let (new, _) = system.issue(Mode::FirstUse).await;
        let uses = (0..16).map(|_| {
            let (tenants, old, new) = (system.tenants.clone(), old.clone(), new.clone());
            tokio::spawn(async move {
                authenticate(&tenants, "acme", &new).await.unwrap();
                authenticate(&tenants, "acme", &old).await.unwrap_err()
            })
        });
        for task in uses.collect::<Vec<_>>() {
            assert_eq!(task.await.unwrap(), Refusal::Superseded);
        }
    }

    async fn a_first_use_at_a_foreign_address_or_of_a_disabled_tenant_is_none(system: System) {
        let (old, _) = system.issue(Mode::Strict).await;
        let (new, _) = system.issue(Mode::FirstUse).await;
        assert_eq!(system.authenticate("beta", &new).await.unwrap_err(), Refusal::Unknown);
        system.tenants.set_enabled("acme", false).await.unwrap();
        assert_eq!(system.authenticate("acme", &new).await.unwrap_err(), Refusal::Disabled);
        system.tenants.set_enabled("acme", true).await.unwrap();
        system.authenticate("acme", &old).await.unwrap();
    }

    async fn a_first_token_waits_for_nothing(system: System) {
        for mode in Mode::ALL {
            let (header, issue) = system.issue(mode).await;
            assert_eq!((issue.record.state, issue.others.len()), (TokenState::Current, 0), "{mode:?}");
            system.authenticate("acme", &header).await.unwrap();
            system.tenants.revoke_tokens("acme", None).await.unwrap();
        }
    }

    async fn a_strict_issue_ends_both_of_a_rotation_that_is_under_way(system: System) {
        let (first, _) = system.issue(Mode::Strict).await;
        let (second, _) = system.issue(Mode::Staged).await;
        let refused = system.tenants.issue("acme", &new(Mode::FirstUse)).await.unwrap_err();
        assert!(matches!(refused, TenancyError::Rotation(Conflict::UnderWay { .. })), "{refused}");
        let (third, _) = system.issue(Mode::Strict).await;
        for ended in [&first, &second] {
            assert_eq!(system.authenticate("acme", ended).await.unwrap_err(), Refusal::Superseded);
        }
        system.authenticate("acme", &third).await.unwrap();
    }

    async fn revoking_without_a_name_ends_every_valid_token(system: System) {
        let (old, _) = system.issue(Mode::Strict).await;
        let (new, _) = system.issue(Mode::Overlap).await;
        assert_eq!(system.tenants.revoke_tokens("acme", None).await.unwrap().len(), 2);
        for header in [&old, &new] {
            assert_eq!(system.authenticate("acme", header).await.unwrap_err(), Refusal::Revoked);
        }
    }

    async fn a_request_that_is_repeated_gets_the_same_token_and_only_for_a_while(system: System) {
        let asked = NewToken { request: Some("call-1".to_owned()), ..new(Mode::Strict) };
        let first = system.tenants.issue("acme", &asked).await.unwrap();
        let again = system.tenants.issue("acme", &asked).await.unwrap();
        assert_eq!((header(&again), again.record.id, again.repeated), (header(&first), first.record.id, true));
        system.authenticate("acme", &header(&again)).await.unwrap();
        let other = NewToken { lifetime: Duration::days(7), ..asked.clone() };
        let refused = system.tenants.issue("acme", &other).await.unwrap_err();
        assert!(matches!(refused, TenancyError::RequestReused { .. }), "{refused}");
        // The name is the tenant's own.
        assert!(!system.tenants.issue("beta", &asked).await.unwrap().repeated);
        let restarted = system.restarted().await;
        assert_eq!(header(&restarted.issue("acme", &asked).await.unwrap()), header(&first));
        // Once it has ended there is nothing left to show, and it stays ended.
        system.tenants.issue_token("acme", 30).await.unwrap();
        let late = system.tenants.issue("acme", &asked).await.unwrap();
        assert!(late.token.is_none() && late.repeated);
        assert_eq!(system.authenticate("acme", &header(&first)).await.unwrap_err(), Refusal::Superseded);
    }

    async fn a_request_is_known_again_whatever_clocks_say(system: System) {
        for mode in Mode::ALL {
            system.issue(Mode::Strict).await;
            // The clock of the server that issued it was an hour ahead.
            system.meddle(&["UPDATE tokens SET issued_ms = issued_ms + 3600000"]).await;
            let asked = NewToken { request: Some(mode.as_str().to_owned()), ..new(mode) };
            let first = system.tenants.issue("acme", &asked).await.unwrap();
            let again = system.tenants.issue("acme", &asked).await.unwrap();
            assert_eq!((header(&again), again.record.id, again.repeated), (header(&first), first.record.id, true));
            let mut others = vec![NewToken { lifetime: asked.lifetime + Duration::seconds(1), ..asked.clone() }];
            if mode == Mode::Overlap {
                others.push(NewToken { overlap: Some(Duration::hours(2) + Duration::seconds(1)), ..asked.clone() });
            }
            for other in others {
                let refused = system.tenants.issue("acme", &other).await.unwrap_err();
                assert!(matches!(refused, TenancyError::RequestReused { .. }), "{mode:?}: {refused}");
            }
            // A call of the version before is known by its times.
            system.meddle(&["UPDATE tokens SET issued_ms = expires_ms - 2592000000, asked_lifetime_ms = NULL, \
                            asked_overlap_ms = NULL WHERE request IS NOT NULL AND ended_ms IS NULL"]).await;
            if mode != Mode::Overlap {
                assert!(system.tenants.issue("acme", &asked).await.unwrap().repeated);
            }
            system.tenants.revoke_tokens("acme", None).await.unwrap();
        }
    }

    async fn what_the_version_before_has_ended_has_ended_by_time(system: System) {
        let (overlapping, _) = system.issue(Mode::Strict).await;
        let in_an_hour = (OffsetDateTime::now_utc() + Duration::hours(1)).unix_timestamp() * 1000;
        let as_before = format!("UPDATE tokens SET ended_ms = {in_an_hour}, ended_by = 'superseded'");
        // An overlap under way, before the tables are brought to this version.
        system.meddle(&[
            &as_before,
            "ALTER TABLE tokens DROP COLUMN overlap_until_ms",
            "ALTER TABLE tokens DROP COLUMN asked_lifetime_ms",
            "ALTER TABLE tokens DROP COLUMN asked_overlap_ms",
            "DROP TABLE signing_keys",
            "DELETE FROM seaql_migrations WHERE version = 'm0009_clocks_and_keys'",
        ]).await;
        let tenants = system.restarted().await;
        let at = async |tenants: &crate::Tenants, header: &str, hours: i64| {
            visit(tenants, &at_path("acme"), Some(header), OffsetDateTime::now_utc() + Duration::hours(hours)).await
        };
        at(&tenants, &overlapping, 0).await.unwrap();
        assert_eq!(at(&tenants, &overlapping, 2).await.unwrap_err(), Refusal::Superseded);
        assert_eq!(tenants.list_tokens("acme").await.unwrap()[0].state, TokenState::Ending);

        // One that the version before has ended since: at once, by its clock.
        tenants.issue("acme", &new(Mode::Strict)).await.unwrap();
        let strict = header(&tenants.issue("acme", &new(Mode::Strict)).await.unwrap());
        let now = OffsetDateTime::now_utc().unix_timestamp() * 1000;
        system.meddle(&[&format!("UPDATE tokens SET ended_ms = {now}, ended_by = 'superseded' WHERE ended_ms IS NULL")]).await;
        assert_eq!(at(&system.restarted().await, &strict, 0).await.unwrap_err(), Refusal::Superseded);
    }

    async fn an_overlap_that_the_version_before_has_cut_short_is_over_at_once(system: System) {
        let (old, _) = system.issue(Mode::Strict).await;
        let (new, _) = system.issue(Mode::Overlap).await;
        authenticate(&system.restarted().await, "acme", &old).await.unwrap();
        // By a server whose clock is an hour ahead.
        let at = (OffsetDateTime::now_utc() + Duration::hours(1)).unix_timestamp() * 1000;
        system.meddle(&[&format!("UPDATE tokens SET ended_ms = {at} WHERE ended_ms IS NOT NULL")]).await;
        let tenants = system.restarted().await;
        assert_eq!(authenticate(&tenants, "acme", &old).await.unwrap_err(), Refusal::Superseded);
        authenticate(&tenants, "acme", &new).await.unwrap();
    }

    async fn who_was_let_in_is_refused_once_the_token_has_ended(system: System) {
        let (old, _) = system.issue(Mode::Strict).await;
        let mut who = system.authenticate("acme", &old).await.unwrap();
        system.tenants.confirm(&mut who).await.unwrap();
        system.tenants.set_enabled("acme", false).await.unwrap();
        assert_eq!(refusal(system.tenants.confirm(&mut who).await), Refusal::Disabled);
        system.tenants.set_enabled("acme", true).await.unwrap();
        system.tenants.confirm(&mut who).await.unwrap();
        assert!(who.tenant().is_enabled(), "it is the tenant of now");
        system.issue(Mode::Strict).await;
        assert_eq!(refusal(system.tenants.confirm(&mut who).await), Refusal::Superseded);
        system.tenants.delete("acme").await.unwrap();
        assert_eq!(refusal(system.tenants.confirm(&mut who).await), Refusal::Unknown);
    }

    async fn a_name_of_a_request_is_short_and_visible(system: System) {
        for request in [String::new(), "a b".to_owned(), "ä".to_owned(), "x".repeat(101)] {
            let asked = NewToken { request: Some(request), ..new(Mode::Strict) };
            assert!(matches!(system.tenants.issue("acme", &asked).await, Err(TenancyError::Invalid(_))));
        }
    }

    async fn the_policy_of_a_tenant_is_kept(system: System) {
        system.policy(json!({"token_modes": ["strict", "overlap"], "token_max_days": 90, "token_max_overlap_hours": 1})).await;
        let refusal = async |asked: NewToken| system.tenants.issue("acme", &asked).await.unwrap_err().to_string();
        let long = refusal(NewToken::of_days(91)).await;
        assert_eq!(long, "tenant \"acme\" allows tokens of at most 90 days (setting token_max_days)");
        // The first token takes no other one's place.
        let (first, _) = system.issue(Mode::Staged).await;
        assert_eq!(
            refusal(new(Mode::Staged)).await,
            "tenant \"acme\" does not allow the mode staged (setting token_modes); it allows strict, overlap"
        );
        assert_eq!(
            refusal(new(Mode::Overlap)).await,
            "tenant \"acme\" allows an overlap of at most 1 hours (setting token_max_overlap_hours)"
        );
        system.authenticate("acme", &first).await.unwrap();
        let short = NewToken { overlap: Some(Duration::hours(1)), ..new(Mode::Overlap) };
        system.tenants.issue("acme", &short).await.unwrap();
    }

    async fn an_overlap_has_a_length_and_no_other_mode_has_one(system: System) {
        for (mode, overlap) in [(Mode::Overlap, None), (Mode::Overlap, Some(Duration::ZERO)), (Mode::Strict, Some(Duration::HOUR))] {
            let asked = NewToken { overlap, ..new(mode) };
            assert!(matches!(system.tenants.issue("acme", &asked).await, Err(TenancyError::Invalid(_))), "{mode:?}");
        }
    }

    async fn a_wrong_policy_is_refused(system: System) {
        for (name, value) in [
            ("token_modes", json!([])),
            ("token_modes", json!(["sometimes"])),
            ("token_max_days", json!(0)),
            ("token_max_days", json!(3651)),
            ("token_max_overlap_hours", json!(8761)),
            ("token_networks", json!(["nowhere"])),
            ("token_contacts", json!(["nobody"])),
            ("failure_contacts", json!(["nobody"])),
            ("failure_contacts", json!(vec!["ada@acme.example"; 11])),
            ("token_contacts", json!(["ada@acme.example, eve@evil.example"])),
            ("token_contacts", json!(["ada@acme.example\r\nBcc: eve@evil.example"])),
        ] {
            let settings = json!({ name: value }).as_object().cloned().unwrap();
            let refused = system.tenants.update("acme", TenantChange { settings, ..TenantChange::default() }).await.unwrap_err();
            assert!(refused.to_string().starts_with(&format!("setting {name}")), "{refused}");
        }
    }
}
