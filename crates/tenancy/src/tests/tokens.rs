//! At most one token of a tenant is valid, at once and everywhere.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use sea_orm::ConnectionTrait as _;
use secrecy::ExposeSecret;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{System, at_host, at_path, authenticate, database, on_both, visit};
use crate::authenticate::milliseconds;
use crate::{NewToken, Refusal, TenancyError, TokenState};

on_both! {
    async fn the_current_token_is_accepted_and_names_its_tenant(system: System) {
        let issued = system.tenants.issue_token("acme", 30).await.unwrap();
        let header = format!("Bearer {}", issued.token.expose_secret());
        for _ in 0..3 {
            let authenticated = system.authenticate("acme", &header).await.unwrap();
            assert_eq!(authenticated.tenant().name(), "acme");
            assert_eq!(authenticated.credential(), crate::CredentialId::Token(issued.id));
        }
    }

    async fn a_token_survives_a_restart(system: System) {
        let token = system.token("acme").await;
        authenticate(&system.restarted().await, "acme", &token).await.unwrap();
    }

    async fn the_scheme_counts_in_any_letter_case_and_with_more_spaces(system: System) {
        let header = system.token("acme").await;
        let token = header.strip_prefix("Bearer ").unwrap();
        for form in [format!("bearer {token}"), format!("BEARER   {token} "), format!(" Bearer\t{token}")] {
            system.authenticate("acme", &form).await.unwrap();
        }
    }

    async fn a_header_of_another_form_is_refused(system: System) {
        let header = system.token("acme").await;
        let token = header.strip_prefix("Bearer ").unwrap();
        let missing = visit(&system.tenants, &at_path("acme"), None, OffsetDateTime::now_utc()).await;
        assert_eq!(missing.unwrap_err(), Refusal::Missing);
        assert_eq!(system.authenticate("acme", "").await.unwrap_err(), Refusal::Missing);
        assert_eq!(system.authenticate("acme", token).await.unwrap_err(), Refusal::NotBearer);
        assert_eq!(system.authenticate("acme", "Basic YTpi").await.unwrap_err(), Refusal::NotBearer);
        assert_eq!(system.authenticate("acme", "Bearer").await.unwrap_err(), Refusal::NotBearer);
    }

    async fn a_rotated_token_is_refused_at_once_and_told_so(system: System) {
        let old = system.token("acme").await;
        // Twice: so that it is remembered, and what is remembered must not outlive the rotation.
        system.authenticate("acme", &old).await.unwrap();
        system.authenticate("acme", &old).await.unwrap();
        let new = system.token("acme").await;
        assert_eq!(system.authenticate("acme", &old).await.unwrap_err(), Refusal::Superseded);
        system.authenticate("acme", &new).await.unwrap();
        let restarted = system.restarted().await;
        assert_eq!(authenticate(&restarted, "acme", &old).await.unwrap_err(), Refusal::Superseded);
        authenticate(&restarted, "acme", &new).await.unwrap();
    }

    async fn a_rotation_leaves_other_tenants_alone(system: System) {
        let beta = system.token("beta").await;
        system.token("acme").await;
        system.token("acme").await;
        system.authenticate("beta", &beta).await.unwrap();
    }

    async fn of_rotations_at_once_exactly_one_token_is_left(system: System) {
        let issuing = (0..16).map(|_| {
            let tenants = system.tenants.clone();
            tokio::spawn(async move { tenants.issue_token("acme", 1).await.unwrap() })
        });
        let mut tokens = Vec::new();
        for task in issuing.collect::<Vec<_>>() {
            tokens.push(format!("Bearer {}", task.await.unwrap().token.expose_secret()));
        }
        let mut accepted = 0;
        for token in &tokens {
            accepted += u32::from(system.authenticate("acme", token).await.is_ok());
        }
        assert_eq!(accepted, 1);
        let listed = system.tenants.list_tokens("acme").await.unwrap();
        assert_eq!(listed.iter().filter(|token| token.state == TokenState::Current).count(), 1);
        assert_eq!(listed.len(), 16);
    }

    async fn a_foreign_token_is_refused_like_an_unknown_one(system: System) {
        let beta = system.token("beta").await;
        system.token("acme").await;
        system.authenticate("beta", &beta).await.unwrap();
        assert_eq!(system.authenticate("acme", &beta).await.unwrap_err(), Refusal::Unknown);
        assert_eq!(system.authenticate("nobody", &beta).await.unwrap_err(), Refusal::Unknown);
        assert_eq!(system.authenticate("acme", "Bearer garbage").await.unwrap_err(), Refusal::Unknown);
        assert_eq!(system.authenticate("acme", &format!("Bearer {}", "x".repeat(5000))).await.unwrap_err(), Refusal::Unknown);
    }

    async fn a_rotated_foreign_token_tells_nothing(system: System) {
        let old = system.token("beta").await;
        system.token("beta").await;
        assert_eq!(system.authenticate("acme", &old).await.unwrap_err(), Refusal::Unknown);
    }

    async fn any_change_of_a_token_makes_it_unknown(system: System) {
        let token = system.token("acme").await;
        system.authenticate("acme", &token).await.unwrap();
        for position in "Bearer ".len()..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(system.authenticate("acme", &forged).await.unwrap_err(), Refusal::Unknown, "position {position}");
        }
    }

    async fn a_token_signed_with_another_key_or_algorithm_is_unknown(system: System) {
        let issued = system.tenants.issue_token("acme", 30).await.unwrap();
        let tenant = system.tenants.find("acme").unwrap().id().to_string();
        let exp = issued.expires.unix_timestamp();
        let claims = json!({"iss": "tenantry", "sub": tenant, "jti": issued.id, "iat": exp - 9, "exp": exp});
        let key_id = system.tenants.signing_keys().signing().id().to_owned();
        for algorithm in [Algorithm::HS256, Algorithm::HS512] {
            let header = Header { kid: Some(key_id.clone()), ..Header::new(algorithm) };
            let forged = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&[7; 64])).unwrap();
            assert_eq!(system.authenticate("acme", &format!("Bearer {forged}")).await.unwrap_err(), Refusal::Unknown);
        }
        // {"alg":"none"}
        let unsigned = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ0ZW5hbnRyeSJ9.";
        assert_eq!(system.authenticate("acme", &format!("Bearer {unsigned}")).await.unwrap_err(), Refusal::Unknown);
    }

    async fn the_signing_key_alone_makes_no_valid_token(system: System) {
        system.token("acme").await;
        let id = crate::TokenId::random().unwrap();
        let now = OffsetDateTime::now_utc();
        let tenant = system.tenants.find("acme").unwrap().id();
        let claims = crate::token::Claims::new(tenant, id, now, now + Duration::days(1));
        let forged = claims.sign(system.tenants.signing_keys().signing()).unwrap();
        let header = format!("Bearer {}", forged.expose_secret());
        assert_eq!(system.authenticate("acme", &header).await.unwrap_err(), Refusal::Unknown);
    }

    async fn an_expired_token_is_refused_whether_or_not_it_was_seen_before(system: System) {
        let token = system.token("acme").await;
        let after = OffsetDateTime::now_utc() + Duration::days(365);
        let late = async || visit(&system.tenants, &at_path("acme"), Some(&token), after).await.unwrap_err();
        assert_eq!(late().await, Refusal::Expired);
        system.authenticate("acme", &token).await.unwrap();
        assert_eq!(late().await, Refusal::Expired);
    }

    async fn a_revoked_token_is_refused_at_once(system: System) {
        let token = system.token("acme").await;
        system.authenticate("acme", &token).await.unwrap();
        let id = system.tenants.list_tokens("acme").await.unwrap()[0].id;
        assert_eq!(system.tenants.revoke_token("acme", Some(id)).await.unwrap(), id);
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Revoked);
        assert_eq!(authenticate(&system.restarted().await, "acme", &token).await.unwrap_err(), Refusal::Revoked);
        // Once more changes nothing.
        assert_eq!(system.tenants.revoke_token("acme", Some(id)).await.unwrap(), id);
        assert_eq!(system.tenants.revoke_token("acme", None).await.unwrap(), id);
        let never = system.tenants.revoke_token("beta", None).await.unwrap_err();
        assert!(matches!(never, TenancyError::NoCurrentToken { .. }), "{never}");
    }

    async fn revoking_a_foreign_token_is_refused(system: System) {
        let token = system.token("beta").await;
        let id = system.tenants.list_tokens("beta").await.unwrap()[0].id;
        let refused = system.tenants.revoke_token("acme", Some(id)).await.unwrap_err();
        assert!(matches!(refused, TenancyError::NoToken { .. }), "{refused}");
        system.authenticate("beta", &token).await.unwrap();
    }

    async fn tokens_are_listed_with_their_state_and_never_shown(system: System) {
        let first = system.tenants.issue_token("acme", 10).await.unwrap();
        let second = system.tenants.issue_token("acme", 20).await.unwrap();
        let listed = system.tenants.list_tokens("acme").await.unwrap();
        let states: Vec<_> = listed.iter().map(|token| (token.id, token.state, token.ended_ms.is_some())).collect();
        assert_eq!(states, [(second.id, TokenState::Current, false), (first.id, TokenState::Superseded, true)]);
        assert!(!format!("{second:?}").contains(second.token.expose_secret()));
    }

    async fn a_token_is_valid_for_at_least_a_day_and_at_most_ten_years(system: System) {
        for days in [0, 3651, u32::MAX] {
            let refused = system.tenants.issue_token("acme", days).await.unwrap_err();
            assert_eq!(refused.to_string(), format!("a token is valid for 1 to 3650 days, not for {days}"));
        }
        system.tenants.issue_token("acme", 3650).await.unwrap();
    }

    async fn on_a_shared_endpoint_the_token_alone_says_who_it_is(system: System) {
        let token = system.token("beta").await;
        for _ in 0..2 {
            let shared = at_host("10.0.0.1");
            let authenticated = visit(&system.tenants, &shared, Some(&token), OffsetDateTime::now_utc()).await.unwrap();
            assert_eq!(authenticated.tenant().name(), "beta");
        }
    }

    // Old tokens are not read with every change; what is still needed of them is found.
    async fn of_many_tokens_the_ones_that_matter_are_found(system: System) {
        let first = system.tenants.issue_token("acme", 30).await.unwrap();
        let named = NewToken { request: Some("call".to_owned()), ..NewToken::of_days(30) };
        let (oldest, named_id) = (first.id, system.tenants.issue("acme", &named).await.unwrap().record.id);
        fill(&system, 300, 2).await;
        let current = system.tenants.issue_token("acme", 30).await.unwrap();
        let again = system.tenants.issue("acme", &named).await.unwrap();
        assert!(again.repeated && again.record.id == named_id);
        assert_eq!(system.tenants.revoke_tokens("acme", Some(oldest)).await.unwrap(), [oldest]);
        assert_eq!(system.tenants.list_tokens("acme").await.unwrap().len(), 303);
        assert_eq!(system.tenants.revoke_tokens("acme", None).await.unwrap(), [current.id]);
        assert_eq!(system.tenants.revoke_tokens("acme", None).await.unwrap(), [current.id], "it answers the same");
    }

    // A list has an end, and so has the number of tokens of a day.
    async fn more_tokens_in_a_day_than_anybody_needs_are_refused(system: System) {
        fill(&system, 999, 0).await;
        let old = system.token("acme").await;
        let refused = system.tenants.issue_token("acme", 30).await.unwrap_err();
        assert!(matches!(refused, TenancyError::TooManyTokens { most: 1000, .. }), "{refused}");
        system.authenticate("acme", &old).await.unwrap();
        let beta = system.token("beta").await;
        system.authenticate("beta", &beta).await.unwrap();
        fill(&system, 100, 2).await;
        assert_eq!(system.tenants.list_tokens("acme").await.unwrap().len(), 1000);
    }
}

/// So many tokens of the tenant that have ended, issued some days ago.
async fn fill(system: &System, count: i64, days: i64) {
    let database = database(&system.url).await;
    let id = system.tenants.find("acme").unwrap().id().as_i64();
    let issued_ms = milliseconds(OffsetDateTime::now_utc() - Duration::days(days) - Duration::hours(1));
    let rows = (0..count).map(|number| {
        let token = uuid::Uuid::now_v7();
        let at = issued_ms + number;
        format!("('{token}', {id}, {at}, {}, {at}, 'superseded', 0, '', '')", at + 1000)
    });
    let columns = "id, tenant_id, issued_ms, expires_ms, ended_ms, ended_by, overlap_until_ms, scopes, networks";
    let rows = rows.collect::<Vec<_>>().join(", ");
    database.reader().execute_unprepared(&format!("INSERT INTO tokens ({columns}) VALUES {rows}")).await.unwrap();
}
