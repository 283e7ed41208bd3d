//! When credentials were used, with several processes and clocks.

use sea_orm::TransactionTrait as _;

use super::*;
use crate::{NewOauthClient, Proof, TokenRequest, Use};

/// When and from where the last token of a tenant was used, as whoever reads the data anew knows.
async fn stored(system: &System, tenant: &str) -> Option<Use> {
    system.restarted().await.list_tokens(tenant).await.unwrap().swap_remove(0).last_use
}

/// A request with an address and a moment of its own.
async fn use_from(tenants: &Tenants, sender: &str, header: &str, ago: time::Duration) {
    let (now, arrived) = (OffsetDateTime::now_utc() - ago, Instant::now());
    let sender = sender.parse().unwrap();
    let visit = Visit { authorization: Some(header), sender, client: "okta", now, arrived };
    tenants.authenticate(&at_path("acme"), &visit).await.unwrap();
}

/// The attack: somebody holds the row of one of two tokens while uses are written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_whose_row_is_held_is_written_later() {
    let system = System::on_postgres().await;
    let (acme, beta) = (system.token("acme").await, system.token("beta").await);
    system.authenticate("acme", &acme).await.unwrap();
    system.authenticate("beta", &beta).await.unwrap();
    let other = sea_orm::Database::connect(&system.url).await.unwrap();
    let holding = other.begin().await.unwrap();
    let id = system.tenants.list_tokens("acme").await.unwrap()[0].id;
    holding.execute_unprepared(&format!("SELECT 1 FROM tokens WHERE id = '{id}' FOR UPDATE")).await.unwrap();
    for _ in 0..2 {
        assert_eq!(system.tenants.write_uses().await.unwrap(), 1);
        assert_eq!(stored(&system, "acme").await, None);
        assert!(stored(&system, "beta").await.is_some());
    }
    holding.rollback().await.unwrap();
    assert_eq!(system.tenants.write_uses().await.unwrap(), 0);
    assert!(stored(&system, "acme").await.is_some());
}

on_both! {
    async fn of_two_processes_the_later_use_stays(system: System) {
        let header = system.token("acme").await;
        let (one, other) = (system.restarted().await, system.restarted().await);
        use_from(&one, "192.0.2.1", &header, time::Duration::seconds(5)).await;
        use_from(&other, "192.0.2.2", &header, time::Duration::ZERO).await;
        for tenants in [&other, &one, &other] {
            assert_eq!(tenants.write_uses().await.unwrap(), 0);
            assert_eq!(stored(&system, "acme").await.unwrap().address, "192.0.2.2");
        }
        // What the other one wrote is listed here, too.
        assert_eq!(one.list_tokens("acme").await.unwrap()[0].last_use.as_ref().unwrap().address, "192.0.2.2");
    }

    // The attack: the last use was noted by a clock that is an hour ahead.
    async fn what_a_clock_wrote_that_was_ahead_hides_no_use(system: System) {
        let header = system.token("acme").await;
        use_from(&system.restarted().await, "192.0.2.1", &header, time::Duration::ZERO).await;
        let ahead = system.restarted().await;
        use_from(&ahead, "192.0.2.1", &header, -time::Duration::HOUR).await;
        ahead.write_uses().await.unwrap();
        use_from(&system.tenants, "192.0.2.2", &header, time::Duration::ZERO).await;
        assert_eq!(system.tenants.list_tokens("acme").await.unwrap()[0].last_use.as_ref().unwrap().address, "192.0.2.2");
        system.tenants.write_uses().await.unwrap();
        assert_eq!(stored(&system, "acme").await.unwrap().address, "192.0.2.2");
    }

    async fn the_last_use_of_a_secret_and_of_its_client_is_listed(system: System) {
        let new = NewOauthClient { name: "entra".to_owned(), ..NewOauthClient::default() };
        let id = system.tenants.create_oauth_client("acme", &new).await.unwrap().id;
        let issued = system.tenants.issue_oauth_secret("acme", id, 30).await.unwrap();
        let unused = system.tenants.issue_oauth_secret("acme", id, 60).await.unwrap().record.id;
        let secret = issued.secret.expose_secret().to_owned();
        let listed = async |tenants: &Tenants| {
            let client = tenants.show_oauth_client("acme", id).await.unwrap();
            let secrets = tenants.list_oauth_secrets("acme", id).await.unwrap();
            let of = |id| secrets.iter().find(|known| known.id == id).unwrap().last_use.clone();
            let shown = client.secrets.iter().map(|known| known.last_use.clone()).collect::<Vec<_>>();
            assert_eq!(shown, [of(issued.record.id), of(unused)]);
            let programs = [client.last_use, of(issued.record.id), of(unused)];
            programs.map(|used| used.map(|used| (used.client, used.address)))
        };
        assert_eq!(listed(&system.tenants).await, [None, None, None]);
        let (client, sender) = (id.to_string(), "192.0.2.7".parse().unwrap());
        let (now, arrived) = (OffsetDateTime::now_utc(), Instant::now());
        let asked = TokenRequest { client: Some(&client), proof: Proof::Secret(&secret), scope: None, sender, program: "entra", now, arrived };
        let given = system.tenants.grant(&at_path("acme"), &asked).unwrap();
        let asking = Some(("entra".to_owned(), "192.0.2.7".to_owned()));
        assert_eq!(listed(&system.tenants).await, [asking.clone(), asking.clone(), None]);
        assert_eq!(system.tenants.write_uses().await.unwrap(), 0);
        let restarted = system.restarted().await;
        assert_eq!(listed(&restarted).await, [asking.clone(), asking, None]);
        // With the access token, at another process.
        let header = format!("Bearer {}", given.token.expose_secret());
        authenticate(&restarted, "acme", &header).await.unwrap();
        restarted.write_uses().await.unwrap();
        let using = Some(("okta".to_owned(), "127.0.0.1".to_owned()));
        for tenants in [&system.tenants, &system.restarted().await] {
            assert_eq!(listed(tenants).await, [using.clone(), using.clone(), None]);
        }
        // The use of a secret that ends is not lost.
        system.tenants.grant(&at_path("acme"), &TokenRequest { arrived: arrived + std::time::Duration::from_secs(5), now: now + time::Duration::seconds(5), ..asked }).unwrap();
        system.tenants.revoke_oauth_secret("acme", id, issued.record.id).await.unwrap();
        assert_eq!(system.tenants.write_uses().await.unwrap(), 0);
        let secrets = system.restarted().await.list_oauth_secrets("acme", id).await.unwrap();
        let ended = secrets.iter().find(|known| known.id == issued.record.id).unwrap();
        assert_eq!(ended.last_use.as_ref().map(|used| used.client.as_str()), Some("entra"));
    }

    async fn uses_of_what_is_gone_are_not_tried_for_ever(system: System) {
        let new = NewOauthClient { name: "entra".to_owned(), ..NewOauthClient::default() };
        let id = system.tenants.create_oauth_client("acme", &new).await.unwrap().id;
        let issued = system.tenants.issue_oauth_secret("acme", id, 30).await.unwrap();
        let (client, sender) = (id.to_string(), std::net::Ipv4Addr::LOCALHOST.into());
        let (now, arrived) = (OffsetDateTime::now_utc(), Instant::now());
        let proof = Proof::Secret(issued.secret.expose_secret());
        let asked = TokenRequest { client: Some(&client), proof, scope: None, sender, program: "entra", now, arrived };
        system.tenants.grant(&at_path("acme"), &asked).unwrap();
        system.tenants.delete_oauth_client("acme", id).await.unwrap();
        assert_eq!(system.tenants.write_uses().await.unwrap(), 0);
    }
}
