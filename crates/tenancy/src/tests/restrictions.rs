//! What a token may do, from where, and when it was used.

use std::net::IpAddr;

use secrecy::ExposeSecret;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{System, at_path, on_both, visit};
use crate::{Authenticated, Denied, Network, NewToken, Refusal, Scopes, TenantChange, Visit};

impl System {
    async fn restricted(&self, new: &NewToken) -> String {
        let issue = self.tenants.issue("acme", new).await.unwrap();
        format!("Bearer {}", issue.token.unwrap().expose_secret())
    }

    async fn from(&self, sender: &str, header: &str) -> Result<Authenticated, Denied> {
        let (sender, now): (IpAddr, _) = (sender.parse().unwrap(), OffsetDateTime::now_utc());
        let arrived = std::time::Instant::now();
        let visit = Visit { authorization: Some(header), sender, client: "okta", now, arrived };
        self.tenants.authenticate(&at_path("acme"), &visit).await
    }

    async fn refusal(&self, sender: &str, header: &str) -> (Refusal, Option<String>) {
        match self.from(sender, header).await {
            Err(Denied::Refused { refusal, tenant }) => (refusal, tenant.map(|tenant| tenant.name().to_owned())),
            other => panic!("{other:?}"),
        }
    }
}

fn networks(texts: &[&str]) -> Vec<Network> {
    texts.iter().map(|text| Network::parse(text).unwrap()).collect()
}

on_both! {
    async fn the_scopes_of_a_token_are_what_is_stored(system: System) {
        let scopes = Scopes::of(["read-only", "users"]).unwrap();
        let header = system.restricted(&NewToken { scopes, ..NewToken::of_days(30) }).await;
        for _ in 0..2 {
            assert_eq!(system.authenticate("acme", &header).await.unwrap().scopes(), scopes);
        }
        let claims = crate::token::Claims::verify(header.strip_prefix("Bearer ").unwrap(), &system.tenants.signing_keys());
        assert_eq!(serde_json::to_value(claims.unwrap()).unwrap()["scope"], "read-only users");
        let plain = system.token("acme").await;
        assert_eq!(system.authenticate("acme", &plain).await.unwrap().scopes(), Scopes::ALL);
    }

    async fn a_token_is_refused_from_outside_its_networks_whether_or_not_it_was_seen(system: System) {
        let asked = NewToken { networks: networks(&["192.0.2.0/24", "2001:db8::/32"]), ..NewToken::of_days(30) };
        let header = system.restricted(&asked).await;
        let own = Some("acme".to_owned());
        assert_eq!(system.refusal("198.51.100.1", &header).await, (Refusal::Address, own.clone()));
        for sender in ["192.0.2.9", "2001:db8::1", "::ffff:192.0.2.9"] {
            system.from(sender, &header).await.unwrap();
        }
        assert_eq!(system.refusal("198.51.100.1", &header).await, (Refusal::Address, own));
    }

    async fn the_networks_of_a_tenant_hold_for_all_its_tokens(system: System) {
        let header = system.token("acme").await;
        system.from("198.51.100.1", &header).await.unwrap();
        let settings = json!({"token_networks": ["192.0.2.0/24"]}).as_object().cloned().unwrap();
        system.tenants.update("acme", TenantChange { settings, ..TenantChange::default() }).await.unwrap();
        assert_eq!(system.refusal("198.51.100.1", &header).await.0, Refusal::Address);
        system.from("192.0.2.1", &header).await.unwrap();
        // Both lists count.
        let asked = NewToken { networks: networks(&["198.51.100.0/24"]), ..NewToken::of_days(30) };
        let header = system.restricted(&asked).await;
        for sender in ["198.51.100.1", "192.0.2.1"] {
            assert_eq!(system.refusal(sender, &header).await.0, Refusal::Address);
        }
    }

    async fn a_refusal_names_the_tenant_of_a_genuine_token_and_of_no_other(system: System) {
        let header = system.token("acme").await;
        system.token("acme").await;
        assert_eq!(system.refusal("192.0.2.1", &header).await, (Refusal::Superseded, Some("acme".to_owned())));
        let foreign = system.token("beta").await;
        for unknown in [foreign.as_str(), "Bearer garbage", &format!("{header}x")] {
            assert_eq!(system.refusal("192.0.2.1", unknown).await, (Refusal::Unknown, None));
        }
    }

    async fn a_token_ends_with_its_last_second(system: System) {
        let issue = system.tenants.issue("acme", &NewToken { lifetime: Duration::hours(1), ..NewToken::of_days(1) }).await.unwrap();
        let header = format!("Bearer {}", issue.token.unwrap().expose_secret());
        let end = OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(issue.record.expires_ms);
        let at = async |now| visit(&system.tenants, &at_path("acme"), Some(&header), now).await;
        for _ in 0..2 {
            at(end - Duration::milliseconds(1)).await.unwrap();
            assert_eq!(at(end).await.unwrap_err(), Refusal::Expired);
        }
    }

    async fn the_last_use_is_listed_at_once_and_written_later(system: System) {
        let header = system.token("acme").await;
        let listed = async |tenants: &crate::Tenants| tenants.list_tokens("acme").await.unwrap()[0].last_use.clone();
        assert_eq!(listed(&system.tenants).await, None);
        system.from("192.0.2.9", &header).await.unwrap();
        let used = listed(&system.tenants).await.unwrap();
        assert_eq!((used.address.as_str(), used.client.as_str()), ("192.0.2.9", "okta"));
        assert_eq!(listed(&system.restarted().await).await, None);
        assert_eq!(system.tenants.write_uses().await.unwrap(), 0);
        assert_eq!(listed(&system.restarted().await).await, Some(used));
    }

    async fn the_last_use_of_a_token_that_ends_is_not_lost(system: System) {
        let header = system.token("acme").await;
        system.from("192.0.2.9", &header).await.unwrap();
        system.token("acme").await;
        let shown = system.tenants.list_tokens("acme").await.unwrap()[1].last_use.clone();
        assert!(shown.is_some());
        system.tenants.write_uses().await.unwrap();
        let old = &system.restarted().await.list_tokens("acme").await.unwrap()[1];
        assert_eq!(old.last_use.as_ref().map(|used| used.address.as_str()), Some("192.0.2.9"));
    }

    async fn a_refused_request_is_no_use(system: System) {
        let header = system.restricted(&NewToken { networks: networks(&["192.0.2.0/24"]), ..NewToken::of_days(30) }).await;
        system.refusal("198.51.100.1", &header).await;
        assert_eq!(system.tenants.list_tokens("acme").await.unwrap()[0].last_use, None);
    }

    async fn every_change_leaves_one_notice(system: System) {
        assert_eq!(system.tenants.with_notices().await.unwrap(), Vec::<String>::new());
        system.token("beta").await;
        system.token("acme").await;
        assert_eq!(system.tenants.with_notices().await.unwrap(), ["acme", "beta"]);
    }
}
