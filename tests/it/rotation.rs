//! Tokens: one valid at a time, and the old one dead at once.

use serde_json::{Value, json};

use crate::support::{Client, System, crowd, user};

on_both! {
    /// Once the command has returned, the old token opens nothing, however often it was used before.
    async fn a_superseded_token_is_refused_at_once(system) {
        let tenant = system.tenant("rotation");
        let mut current = tenant.clone();
        for _ in 0..5 {
            current.client().get("/Users").await.expect(200);
            let renewed = system.issue(&current);
            let refused = current.client().get("/Users").await.expect(401);
            let challenge = refused.header("www-authenticate").expect("a challenge");
            assert!(challenge.starts_with("Bearer") && challenge.contains("invalid_token"), "{challenge}");
            assert!(!refused.text.contains(&tenant.name), "the refusal names no tenant: {}", refused.text);
            renewed.client().get("/Users").await.expect(200);
            current = renewed;
        }
    }

    /// Also while clients use it at full speed: nothing is let in after the command has returned.
    async fn a_superseded_token_is_refused_at_once_under_load(system) {
        let tenant = system.tenant("rotation");
        let results = crowd(9, |number| {
            let (system, tenant) = (system.clone(), tenant.clone());
            async move {
                if number == 0 {
                    for _ in 0..20 {
                        tenant.client().get("/Users?count=0").await;
                    }
                    let renewed = tokio::task::spawn_blocking(move || system.issue(&tenant)).await.expect("a token");
                    return (renewed.client().get("/Users").await.status == 200, 0);
                }
                let client = tenant.client();
                let mut let_in = 0;
                while client.get("/Users?count=0").await.status == 200 {
                    let_in += 1;
                }
                // Once refused it stays refused.
                for _ in 0..20 {
                    client.get("/Users?count=0").await.expect(401);
                }
                (true, let_in)
            }
        })
        .await;
        assert!(results.iter().all(|(right, _)| *right));
        assert!(results.iter().any(|(_, let_in)| *let_in > 0), "the old token was in use");
    }

    /// A revoked token opens nothing, and the next one does.
    async fn a_revoked_token_is_refused_at_once(system) {
        let tenant = system.tenant("rotation");
        tenant.client().get("/Users").await.expect(200);
        let revoked = system.tenantry(&["token", "revoke", &tenant.name, "--json"]).expect(0).json();
        tenant.client().get("/Users").await.expect(401);
        let again = system.tenantry(&["token", "revoke", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(again["token_id"], revoked["token_id"]);
        let renewed = system.issue(&tenant);
        renewed.client().get("/Users").await.expect(200);
        tenant.client().get("/Users").await.expect(401);
    }

    /// A disabled tenant is shut; enabled again, its token is good as before.
    async fn a_disabled_tenant_is_shut_at_once(system) {
        let tenant = system.tenant("rotation");
        tenant.client().post("/Users", &user("ada")).await.expect(201);
        system.tenantry(&["tenant", "disable", &tenant.name]).expect(0);
        let refused = tenant.client().get("/Users").await;
        assert!(matches!(refused.status, 401 | 403), "{}", refused.status);
        system.tenantry(&["tenant", "enable", &tenant.name]).expect(0);
        assert_eq!(tenant.client().get("/Users").await.expect(200).total(), 1);
    }

    /// Of tokens that are issued at the same moment, one is valid.
    async fn of_tokens_issued_at_once_one_is_valid(system) {
        let tenant = system.tenant("rotation");
        let issued = crowd(6, |_| {
            let (system, tenant) = (system.clone(), tenant.clone());
            async move { tokio::task::spawn_blocking(move || system.issue(&tenant)).await.expect("a token") }
        })
        .await;
        let mut valid = 0;
        for tenant in &issued {
            valid += u32::from(tenant.client().get("/Users?count=0").await.status == 200);
        }
        assert_eq!(valid, 1);
        let listed = system.tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json();
        let tokens = listed["tokens"].as_array().expect("tokens");
        assert_eq!(tokens.len(), 7);
        assert_eq!(tokens.iter().filter(|token| token["ended"].is_null()).count(), 1, "{listed}");
    }

    /// Every way a token can be wrong is a 401 of the same kind.
    async fn a_wrong_token_is_401_whatever_is_wrong_with_it(system) {
        let tenant = system.tenant("rotation");
        let token = &tenant.token;
        let (head, rest) = token.split_once('.').expect("a JWT");
        let (claims, signature) = rest.split_once('.').expect("a JWT");
        let client = Client::new(tenant.base_url.as_str());
        client.get("/Users").await.expect(401);
        for wrong in [
            format!("Bearer {head}.{claims}."),
            format!("Bearer {head}.{claims}"),
            format!("Bearer {head}.{claims}.{}", signature.chars().rev().collect::<String>()),
            format!("Bearer {head}.{}.{signature}", claims.chars().rev().collect::<String>()),
            format!("Bearer {token}x"),
            format!("Bearer  {token} {token}"),
            format!("Bearer \"{token}\""),
            format!("Basic {token}"),
            format!("Token {token}"),
            token.clone(),
            "Bearer".to_owned(),
            String::new(),
            format!("Bearer {}", "a".repeat(6000)),
        ] {
            client.clone().with("authorization", wrong).get("/Users").await.expect(401);
        }
        client.clone().with("authorization", format!("bearer {token}")).get("/Users").await.expect(200);
    }

    /// The token is what the signing key and the database both say.
    async fn tokens_survive_a_restart_and_stay_dead_after_it(database: Database) {
        let system = System::start(database).await;
        let old = system.tenant("rotation");
        let current = system.issue(&old);
        assert!(system.server().stop().await.success());
        system.server().start_again().await;
        current.client().get("/Users").await.expect(200);
        old.client().get("/Users").await.expect(401);
    }

    /// The list shows what there was, and never a token.
    async fn the_list_of_tokens_shows_states_and_no_token(system) {
        let tenant = system.tenant("rotation");
        let renewed = system.issue(&tenant);
        system.tenantry(&["token", "revoke", &tenant.name]).expect(0);
        for arguments in [vec!["token", "list", &tenant.name, "--json"], vec!["token", "list", &tenant.name], vec!["tenant", "show", &tenant.name, "--json"]] {
            let listed = system.tenantry(&arguments).expect(0);
            assert!(!listed.stdout.contains(&tenant.token) && !listed.stdout.contains(&renewed.token));
        }
        let listed = system.tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json();
        let states: Vec<Value> = listed["tokens"].as_array().expect("tokens").iter().map(|token| token["state"].clone()).collect();
        assert_eq!(states.len(), 2);
        assert!(states.contains(&json!("superseded")) && states.contains(&json!("revoked")), "{listed}");
    }

    /// `--days` is how long it is valid, within bounds.
    async fn a_token_is_valid_for_as_long_as_was_asked(system) {
        let tenant = system.tenant("rotation");
        let issued = system.tenantry(&["token", "issue", &tenant.name, "--days", "90", "--json"]).expect(0).json();
        let expires = issued["expires"].as_str().expect("a moment");
        let expires = time::OffsetDateTime::parse(expires, &time::format_description::well_known::Rfc3339).expect("RFC 3339");
        let days = (expires - time::OffsetDateTime::now_utc()).whole_hours() / 24;
        assert!((89..=90).contains(&days), "{days}");
        for wrong in ["0", "3651", "-1", "many"] {
            system.tenantry(&["token", "issue", &tenant.name, "--days", wrong]).expect(2);
        }
        let token = issued["token"].as_str().expect("a token");
        tenant.client().with_token(token).get("/Users").await.expect(200);
    }
}
