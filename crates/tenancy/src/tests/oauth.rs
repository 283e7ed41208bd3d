//! Clients, their secrets and access tokens, and that they are never mistaken for provisioning tokens.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use time::Duration;

use super::*;
use crate::{
    AccessToken, CredentialId, GrantRefusal, Network, NewOauthClient, OauthClient, OauthClientId, Proof, SecretId,
    TenancyError, TenantChange, TokenRequest,
};

/// A client with a secret.
struct Holder {
    client: OauthClient,
    secret_id: SecretId,
    secret: String,
}

impl System {
    async fn holder(&self, tenant: &str, new: NewOauthClient) -> Holder {
        let client = self.tenants.create_oauth_client(tenant, &new).await.unwrap();
        let issued = self.tenants.issue_oauth_secret(tenant, client.id, 30).await.unwrap();
        Holder { client, secret_id: issued.record.id, secret: issued.secret.expose_secret().to_owned() }
    }

    fn grant(&self, tenant: &str, holder: &Holder, scope: Option<&str>) -> Result<AccessToken, GrantRefusal> {
        grant_at(&self.tenants, &at_path(tenant), holder, scope, OffsetDateTime::now_utc())
    }
}

fn grant_at(
    tenants: &Tenants,
    address: &Address<'_>,
    holder: &Holder,
    scope: Option<&str>,
    now: OffsetDateTime,
) -> Result<AccessToken, GrantRefusal> {
    let id = holder.client.id.to_string();
    let sender = std::net::Ipv4Addr::LOCALHOST.into();
    let (proof, arrived) = (Proof::Secret(&holder.secret), Instant::now());
    tenants.grant(address, &TokenRequest { client: Some(&id), proof, scope, sender, program: "entra", now, arrived })
}

fn header(token: &AccessToken) -> String {
    format!("Bearer {}", token.token.expose_secret())
}

fn named(name: &str) -> NewOauthClient {
    NewOauthClient { name: name.to_owned(), ..NewOauthClient::default() }
}

/// A token that is signed with the system's key and says this.
fn forged(system: &System, typ: &str, claims: &Value) -> String {
    let keys = system.tenants.signing_keys();
    let key = keys.signing();
    let header = Header { kid: Some(key.id().to_owned()), typ: Some(typ.to_owned()), ..Header::new(Algorithm::HS256) };
    format!("Bearer {}", jsonwebtoken::encode(&header, claims, key.encoding()).unwrap())
}

/// The claims of a token, unverified.
fn claims(token: &str) -> Value {
    jsonwebtoken::dangerous::insecure_decode_claims(token.strip_prefix("Bearer ").unwrap_or(token)).unwrap()
}

on_both! {
    async fn who_was_let_in_with_an_access_token_is_refused_once_its_client_is_gone(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let token = header(&system.grant("acme", &holder, None).unwrap());
        let mut who = system.authenticate("acme", &token).await.unwrap();
        system.tenants.confirm(&mut who).await.unwrap();
        let ended = |confirmed: Result<(), Denied>| {
            let refused = confirmed.unwrap_err();
            assert!(matches!(refused, Denied::Refused { refusal: Refusal::AccessEnded, .. }), "{refused:?}");
        };
        system.tenants.enable_oauth_client("acme", holder.client.id, false).await.unwrap();
        ended(system.tenants.confirm(&mut who).await);
        system.tenants.enable_oauth_client("acme", holder.client.id, true).await.unwrap();
        system.tenants.confirm(&mut who).await.unwrap();
        system.tenants.revoke_oauth_secret("acme", holder.client.id, holder.secret_id).await.unwrap();
        ended(system.tenants.confirm(&mut who).await);
    }

    async fn an_access_token_lets_its_client_in(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let token = system.grant("acme", &holder, None).unwrap();
        assert_eq!((token.expires_in, token.tenant.name()), (3600, "acme"));
        for _ in 0..2 {
            let let_in = system.authenticate("acme", &header(&token)).await.unwrap();
            assert_eq!((let_in.tenant().name(), let_in.scopes()), ("acme", crate::Scopes::ALL));
            assert_eq!(let_in.credential(), CredentialId::Client(holder.client.id));
        }
        // After a restart all is the same.
        authenticate(&system.restarted().await, "acme", &header(&token)).await.unwrap();
        grant_at(&system.restarted().await, &at_path("acme"), &holder, None, OffsetDateTime::now_utc()).unwrap();
    }

    async fn nobody_else_gets_a_token(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let other = system.holder("beta", named("entra")).await;
        let swapped = Holder { secret: other.secret.clone(), ..system.holder("acme", named("okta")).await };
        let empty = Holder { secret: String::new(), client: holder.client.clone(), ..other };
        let stranger = OauthClient { id: OauthClientId::random().unwrap(), ..holder.client.clone() };
        let stranger = Holder { client: stranger, secret: holder.secret.clone(), ..holder };
        for (tenant, asker) in [("acme", &swapped), ("acme", &empty), ("acme", &stranger), ("beta", &holder), ("nobody", &holder)] {
            let refused = system.grant(tenant, asker, None).unwrap_err();
            assert!(matches!(refused, GrantRefusal::Client), "{tenant} {refused}");
        }
        let foreign = system.grant("acme", &holder, None).unwrap();
        for tenant in ["beta", "nobody"] {
            assert_eq!(system.authenticate(tenant, &header(&foreign)).await.unwrap_err(), Refusal::Unknown);
        }
    }

    async fn at_a_shared_address_the_client_names_its_tenant(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let shared = at_host("localhost");
        let token = grant_at(&system.tenants, &shared, &holder, None, OffsetDateTime::now_utc()).unwrap();
        assert_eq!(token.tenant.name(), "acme");
        let let_in = visit(&system.tenants, &shared, Some(&header(&token)), OffsetDateTime::now_utc()).await.unwrap();
        assert_eq!(let_in.tenant().name(), "acme");
        system.tenants.delete_oauth_client("acme", holder.client.id).await.unwrap();
        let refused = grant_at(&system.tenants, &shared, &holder, None, OffsetDateTime::now_utc()).unwrap_err();
        assert!(matches!(refused, GrantRefusal::Client), "{refused}");
    }

    async fn several_secrets_are_valid_at_once_and_each_ends_alone(system: System) {
        let first = system.holder("acme", named("entra")).await;
        let issued = system.tenants.issue_oauth_secret("acme", first.client.id, 60).await.unwrap();
        let (secret, secret_id) = (issued.secret.expose_secret().to_owned(), issued.record.id);
        let second = Holder { client: first.client.clone(), secret_id, secret };
        let tokens = [&first, &second].map(|holder| header(&system.grant("acme", holder, None).unwrap()));
        for _ in 0..2 {
            system.tenants.revoke_oauth_secret("acme", first.client.id, first.secret_id).await.unwrap();
        }
        assert!(matches!(system.grant("acme", &first, None), Err(GrantRefusal::Client)));
        assert_eq!(system.authenticate("acme", &tokens[0]).await.unwrap_err(), Refusal::AccessEnded);
        system.authenticate("acme", &tokens[1]).await.unwrap();
        system.grant("acme", &second, None).unwrap();
        let listed = system.tenants.list_oauth_secrets("acme", first.client.id).await.unwrap();
        let mut ended: Vec<_> = listed.iter().map(|known| (known.id == first.secret_id, known.ended_ms.is_some())).collect();
        ended.sort_unstable();
        assert_eq!(ended, [(false, false), (true, true)]);
        assert_eq!(authenticate(&system.restarted().await, "acme", &tokens[0]).await.unwrap_err(), Refusal::AccessEnded);
    }

    async fn a_secret_ends_with_its_days_and_its_tokens_with_it(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let start = OffsetDateTime::now_utc();
        let late = start + Duration::days(30) - Duration::minutes(10);
        let token = grant_at(&system.tenants, &at_path("acme"), &holder, None, late).unwrap();
        assert!(token.expires_in <= 601, "{}", token.expires_in);
        let at = async |now| visit(&system.tenants, &at_path("acme"), Some(&header(&token)), now).await;
        at(late + Duration::minutes(9)).await.unwrap();
        // Within its last second a secret gives no token that would be over at once.
        let end = OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(system.tenants.list_oauth_secrets("acme", holder.client.id).await.unwrap()[0].expires_ms);
        let last = (end - Duration::milliseconds(1)).replace_millisecond(0).unwrap();
        for now in [end - Duration::milliseconds(1), last] {
            match grant_at(&system.tenants, &at_path("acme"), &holder, None, now) {
                Ok(token) => assert!(token.expires_in > 0),
                Err(refused) => assert!(matches!(refused, GrantRefusal::Client | GrantRefusal::Expired(_)), "{refused}"),
            }
        }
        assert!(grant_at(&system.tenants, &at_path("acme"), &holder, None, end).is_err());
        let after = start + Duration::days(30) + Duration::seconds(1);
        assert_eq!(at(after).await.unwrap_err(), Refusal::AccessExpired);
        let refused = grant_at(&system.tenants, &at_path("acme"), &holder, None, after).unwrap_err();
        assert!(matches!(refused, GrantRefusal::Expired(_)), "{refused}");
    }

    async fn an_access_token_lives_as_long_as_its_tenant_says(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let set = async |minutes: Value| {
            let settings = json!({ "oauth_token_minutes": minutes }).as_object().cloned().unwrap();
            system.tenants.update("acme", TenantChange { settings, ..TenantChange::default() }).await
        };
        set(json!(360)).await.unwrap();
        assert_eq!(system.grant("acme", &holder, None).unwrap().expires_in, 6 * 3600);
        for wrong in [0, 4, 361] {
            assert!(matches!(set(json!(wrong)).await, Err(TenancyError::Invalid(_))), "{wrong}");
        }
        set(json!(5)).await.unwrap();
        let token = system.grant("acme", &holder, None).unwrap();
        let end = OffsetDateTime::now_utc() + Duration::minutes(5);
        let late = visit(&system.tenants, &at_path("acme"), Some(&header(&token)), end).await.unwrap_err();
        assert_eq!(late, Refusal::AccessExpired);
    }

    async fn what_is_switched_off_or_deleted_is_refused_at_once(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let token = header(&system.grant("acme", &holder, None).unwrap());
        let enable = async |enabled| system.tenants.enable_oauth_client("acme", holder.client.id, enabled).await.unwrap();
        enable(false).await;
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::AccessEnded);
        assert!(matches!(system.grant("acme", &holder, None), Err(GrantRefusal::Disabled(_))));
        enable(true).await;
        system.authenticate("acme", &token).await.unwrap();
        system.tenants.set_enabled("acme", false).await.unwrap();
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Disabled);
        assert!(matches!(system.grant("acme", &holder, None), Err(GrantRefusal::Disabled(_))));
        system.tenants.set_enabled("acme", true).await.unwrap();
        system.tenants.delete_oauth_client("acme", holder.client.id).await.unwrap();
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::AccessEnded);
        assert!(matches!(system.grant("acme", &holder, None), Err(GrantRefusal::Client)));
        let again = system.tenants.delete_oauth_client("acme", holder.client.id).await.unwrap_err();
        assert!(matches!(again, TenancyError::NoOauthClient { .. }), "{again}");
    }

    async fn a_deleted_tenant_takes_its_clients_along(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let token = header(&system.grant("acme", &holder, None).unwrap());
        system.tenants.delete("acme").await.unwrap();
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Unknown);
        assert!(matches!(system.grant("acme", &holder, None), Err(GrantRefusal::Client)));
    }

    async fn a_retired_key_takes_its_access_tokens_along(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let token = header(&system.grant("acme", &holder, None).unwrap());
        system.tenants.replace_keys(SigningKey::random().unwrap().0.into()).await;
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Unknown);
        system.authenticate("acme", &header(&system.grant("acme", &holder, None).unwrap())).await.unwrap();
    }

    async fn a_scope_narrows_and_never_widens(system: System) {
        let scopes = "read-only users".parse().unwrap();
        let holder = system.holder("acme", NewOauthClient { scopes, ..named("entra") }).await;
        for (asked, given) in [(None, "read-only users"), (Some("users"), "read-only users"), (Some("users groups"), "read-only users")] {
            let token = system.grant("acme", &holder, asked).unwrap();
            assert_eq!(token.scopes.to_string(), given);
            assert_eq!(system.authenticate("acme", &header(&token)).await.unwrap().scopes().to_string(), given);
        }
        for wrong in ["groups", "read-only groups", "openid", "Users"] {
            assert!(matches!(system.grant("acme", &holder, Some(wrong)), Err(GrantRefusal::Scope(_))), "{wrong}");
        }
        // Nothing that a token says gives it more than its client has.
        let mut said = claims(&header(&system.grant("acme", &holder, None).unwrap()));
        said.as_object_mut().unwrap().remove("scope");
        let token = forged(&system, "at+jwt", &said);
        assert_eq!(system.authenticate("acme", &token).await.unwrap().scopes().to_string(), "read-only users");
        let whole = system.holder("acme", named("whole")).await;
        let token = system.grant("acme", &whole, Some("groups")).unwrap();
        assert_eq!(system.authenticate("acme", &header(&token)).await.unwrap().scopes().to_string(), "groups");
    }

    async fn networks_hold_for_getting_and_for_using_a_token(system: System) {
        let networks = |text: &str| vec![Network::parse(text).unwrap()];
        let away = system.holder("acme", NewOauthClient { networks: networks("192.0.2.0/24"), ..named("away") }).await;
        assert!(matches!(system.grant("acme", &away, None), Err(GrantRefusal::Address(_))));
        let home = system.holder("acme", NewOauthClient { networks: networks("127.0.0.1"), ..named("home") }).await;
        let token = header(&system.grant("acme", &home, None).unwrap());
        system.authenticate("acme", &token).await.unwrap();
        let sender = "192.0.2.7".parse().unwrap();
        let (now, arrived) = (OffsetDateTime::now_utc(), Instant::now());
        let elsewhere = Visit { authorization: Some(&token), sender, client: "okta", now, arrived };
        let refused = system.tenants.authenticate(&at_path("acme"), &elsewhere).await.unwrap_err();
        assert!(matches!(refused, Denied::Refused { refusal: Refusal::Address, .. }), "{refused}");
        let settings = json!({ "token_networks": ["192.0.2.0/24"] }).as_object().cloned().unwrap();
        system.tenants.update("acme", TenantChange { settings, ..TenantChange::default() }).await.unwrap();
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Address);
        assert!(matches!(system.grant("acme", &home, None), Err(GrantRefusal::Address(_))));
    }

    // The attack: genuine claims and signatures of one sort under the header of the other, and mixtures of both.
    async fn the_two_sorts_of_tokens_are_never_confused(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let access = header(&system.grant("acme", &holder, None).unwrap());
        let provisioning = system.token("acme").await;
        let (of_access, of_provisioning) = (claims(&access), claims(&provisioning));
        for typ in ["JWT", "jwt", "at+JWT", "application/at+jwt", ""] {
            let token = forged(&system, typ, &of_access);
            assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Unknown, "{typ}");
        }
        for typ in ["at+jwt", "jwt", ""] {
            let token = forged(&system, typ, &of_provisioning);
            assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Unknown, "{typ}");
        }
        let mut both = of_provisioning.clone();
        for (name, value) in of_access.as_object().unwrap() {
            both.as_object_mut().unwrap().entry(name).or_insert(value.clone());
        }
        for typ in ["JWT", "at+jwt"] {
            let token = forged(&system, typ, &both);
            assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Unknown, "{typ}");
        }
        // A secret, an id, or a token of the one sort is no proof for the other.
        let id = holder.client.id.to_string();
        for text in [holder.secret.as_str(), id.as_str()] {
            assert_eq!(system.authenticate("acme", &format!("Bearer {text}")).await.unwrap_err(), Refusal::Unknown);
        }
        for secret in [&access, &provisioning] {
            let secret = secret.strip_prefix("Bearer ").unwrap().to_owned();
            let asker = Holder { secret, client: holder.client.clone(), secret_id: holder.secret_id };
            assert!(matches!(system.grant("acme", &asker, None), Err(GrantRefusal::Client)));
        }
    }

    // Of what an access token must say, each thing is needed, and must be true.
    async fn the_signing_key_alone_makes_no_access_token(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let genuine = claims(&header(&system.grant("acme", &holder, None).unwrap()));
        system.authenticate("acme", &forged(&system, "at+jwt", &genuine)).await.unwrap();
        let nobody = OauthClientId::random().unwrap().to_string();
        let beta = system.tenants.find("beta").unwrap().id().to_string();
        for (name, value) in [
            ("client_id", json!(nobody)),
            ("secret", json!(nobody)),
            ("secret", Value::Null),
            ("aud", json!("other")),
            ("aud", Value::Null),
            ("iss", json!("other")),
            ("tenant", json!(beta)),
            ("tenant", json!("x")),
            ("exp", json!(1)),
            ("scope", json!("everything")),
        ] {
            let mut said = genuine.clone();
            said[name] = value;
            assert!(system.authenticate("acme", &forged(&system, "at+jwt", &said)).await.is_err(), "{said}");
        }
        for algorithm in [Algorithm::HS256, Algorithm::HS512] {
            let kid = Some(system.tenants.signing_keys().signing().id().to_owned());
            let header = Header { kid, typ: Some("at+jwt".to_owned()), ..Header::new(algorithm) };
            let token = jsonwebtoken::encode(&header, &genuine, &EncodingKey::from_secret(&[7; 64])).unwrap();
            assert_eq!(system.authenticate("acme", &format!("Bearer {token}")).await.unwrap_err(), Refusal::Unknown);
        }
    }

    async fn what_no_tenant_may_have_is_refused(system: System) {
        for name in ["", " ", "a\nb", &"x".repeat(101)] {
            let refused = system.tenants.create_oauth_client("acme", &named(name)).await.unwrap_err();
            assert!(matches!(refused, TenancyError::Invalid(_)), "{name:?} {refused}");
        }
        let client = system.tenants.create_oauth_client("acme", &named("entra")).await.unwrap();
        system.tenants.create_oauth_client("beta", &named("entra")).await.unwrap();
        let again = system.tenants.create_oauth_client("acme", &named("entra")).await.unwrap_err();
        assert!(matches!(again, TenancyError::OauthNameTaken { .. }), "{again}");
        for days in [0, 3651] {
            assert!(system.tenants.issue_oauth_secret("acme", client.id, days).await.is_err());
        }
        let foreign = system.tenants.issue_oauth_secret("beta", client.id, 1).await.unwrap_err();
        assert!(matches!(foreign, TenancyError::NoOauthClient { .. }), "{foreign}");
        for _ in 0..10 {
            system.tenants.issue_oauth_secret("acme", client.id, 1).await.unwrap();
        }
        assert!(system.tenants.issue_oauth_secret("acme", client.id, 1).await.is_err());
        let unknown = system.tenants.revoke_oauth_secret("acme", client.id, SecretId::random().unwrap()).await.unwrap_err();
        assert!(matches!(unknown, TenancyError::NoOauthSecret { .. }), "{unknown}");
    }

    async fn no_secret_is_stored(system: System) {
        let holder = system.holder("acme", named("entra")).await;
        let sql = "SELECT id || client_id || digest FROM oauth_secrets";
        let reader = database(&system.url).await;
        let row = reader.query(crate::store::statement(reader.reader(), sql, [])).await.unwrap();
        let stored: String = row[0].try_get_by_index(0).unwrap();
        assert!(stored.contains(&holder.client.id.to_string()) && !stored.contains(&holder.secret), "{stored}");
        assert_eq!(holder.secret.len(), 43, "256 bits in base64");
    }
}
