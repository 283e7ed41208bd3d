//! Assertions of an issuer in place of a secret.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::{
    AssertionKeys, CredentialId, Federation, GrantRefusal, NewOauthClient, OauthClientId, Proof, TokenRequest,
};

const ISSUER: &str = "https://login.example/tid/v2.0";
const AUDIENCE: &str = "api://scim";
const SUBJECT: &str = "oid-of-the-provisioning-service";
const URI: &str = "https://login.example/keys";

/// A key of an issuer.
struct Key {
    algorithm: Algorithm,
    encoding: EncodingKey,
    kid: &'static str,
}

impl Key {
    fn elliptic(kid: &'static str) -> Self {
        let random = aws_lc_rs::rand::SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self { algorithm: Algorithm::ES256, encoding: EncodingKey::from_ec_der(pkcs8.as_ref()), kid }
    }

    fn rsa(kid: &'static str) -> Self {
        let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let pkcs8 = pair.as_der().unwrap();
        // What stands before the key itself (RFC 8017 appendix A.1.2) has 26 bytes for this size.
        let encoding = EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]);
        Self { algorithm: Algorithm::RS256, encoding, kid }
    }

    fn public(&self) -> Value {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&self.encoding, self.algorithm).unwrap()).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk["use"] = json!("sig");
        jwk
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.encoding).unwrap()
    }
}

fn set(keys: &[&Key]) -> AssertionKeys {
    let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
    AssertionKeys::parse(json!({ "keys": keys }).to_string().as_bytes(), URI).unwrap()
}

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

fn said() -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT, "iat": now(), "nbf": now(), "exp": now() + 3600, "jti": "1" })
}

fn federated() -> NewOauthClient {
    let text = str::to_owned;
    let (issuer, audience, subject, jwks_uri) = (text(ISSUER), text(AUDIENCE), text(SUBJECT), text(URI));
    let federation = Some(Federation { issuer, audience, subject, jwks_uri });
    NewOauthClient { name: text("entra"), federation, ..NewOauthClient::default() }
}

impl System {
    fn assert(
        &self,
        tenant: &str,
        client: Option<OauthClientId>,
        assertion: &str,
        keys: &AssertionKeys,
    ) -> Result<crate::AccessToken, GrantRefusal> {
        let client = client.map(|id| id.to_string());
        let (client, proof) = (client.as_deref(), Proof::Assertion(assertion, keys));
        let (sender, now) = (std::net::Ipv4Addr::LOCALHOST.into(), OffsetDateTime::now_utc());
        let (scope, program, arrived) = (None, "entra", Instant::now());
        self.tenants.grant(&at_path(tenant), &TokenRequest { client, proof, scope, sender, program, now, arrived })
    }
}

on_both! {
    async fn an_assertion_of_the_issuer_stands_for_a_secret(system: System) {
        let id = system.tenants.create_oauth_client("acme", &federated()).await.unwrap().id;
        for key in [Key::elliptic("one"), Key::rsa("two")] {
            let assertion = key.sign(&said());
            let wanted = system.tenants.wanted_keys(&at_path("acme"), None, &assertion, OffsetDateTime::now_utc()).unwrap();
            assert_eq!((wanted.jwks_uri.as_str(), wanted.kid.as_deref()), (URI, Some(key.kid)));
            for client in [Some(id), None] {
                let token = system.assert("acme", client, &assertion, &set(&[&key])).unwrap();
                let header = format!("Bearer {}", token.token.expose_secret());
                let let_in = system.authenticate("acme", &header).await.unwrap();
                assert_eq!(let_in.credential(), CredentialId::Client(id));
            }
        }
    }

    // Of two clients whose assertions look alike, each is vouched for by the keys at its own address.
    async fn keys_of_one_address_vouch_for_no_client_of_another(system: System) {
        let other = "https://login.example/other-keys";
        let mut elsewhere = federated();
        elsewhere.name = "elsewhere".to_owned();
        elsewhere.federation.as_mut().unwrap().jwks_uri = other.to_owned();
        let elsewhere = system.tenants.create_oauth_client("acme", &elsewhere).await.unwrap().id;
        let key = Key::elliptic("one");
        let (assertion, keys) = (key.sign(&said()), set(&[&key]));
        for client in [Some(elsewhere), None] {
            let refused = system.assert("acme", client, &assertion, &keys).unwrap_err();
            assert!(matches!(refused, GrantRefusal::Client), "{refused:?}");
        }
        let own = system.tenants.create_oauth_client("acme", &federated()).await.unwrap().id;
        assert_eq!(system.assert("acme", None, &assertion, &keys).unwrap().client, own);
        let document = json!({ "keys": [key.public()] }).to_string();
        let theirs = AssertionKeys::parse(document.as_bytes(), other).unwrap();
        assert_eq!(system.assert("acme", None, &assertion, &theirs).unwrap().client, elsewhere);
        assert!(system.assert("acme", Some(own), &assertion, &theirs).is_err());
    }

    async fn each_claim_of_an_assertion_counts(system: System) {
        let id = system.tenants.create_oauth_client("acme", &federated()).await.unwrap().id;
        let key = Key::elliptic("one");
        let keys = set(&[&key]);
        let mut several = said();
        several["aud"] = json!(["other", AUDIENCE]);
        system.assert("acme", Some(id), &key.sign(&several), &keys).unwrap();
        for (name, value) in [
            ("iss", json!("https://login.example/other/v2.0")),
            ("iss", Value::Null),
            ("sub", json!("somebody else")),
            ("sub", Value::Null),
            ("aud", json!("api://other")),
            ("aud", json!(["api://other"])),
            ("aud", Value::Null),
            ("exp", json!(now() - 1)),
            ("exp", Value::Null),
            ("nbf", json!(now() + 300)),
            ("iat", json!(now() - 700)),
            ("iat", json!(now() + 300)),
            ("iat", Value::Null),
        ] {
            let mut wrong = said();
            wrong[name] = value;
            if wrong[name].is_null() {
                wrong.as_object_mut().unwrap().remove(name);
            }
            let refused = system.assert("acme", Some(id), &key.sign(&wrong), &keys);
            assert!(matches!(refused, Err(GrantRefusal::Client)), "{wrong}");
            // And nobody's keys are fetched for it.
            let wanted = system.tenants.wanted_keys(&at_path("acme"), None, &key.sign(&wrong), OffsetDateTime::now_utc());
            assert_eq!(wanted, None, "{wrong}");
        }
        // Some issuers write moments with a fraction.
        let mut exact = said();
        exact["iat"] = json!(now() as f64 + 0.25);
        exact["exp"] = json!(now() as f64 + 300.75);
        system.assert("acme", Some(id), &key.sign(&exact), &keys).unwrap();
        exact["exp"] = json!(1e300);
        assert!(system.assert("acme", Some(id), &key.sign(&exact), &keys).is_err());
        // Without `iat` it must end soon.
        let mut short = said();
        short.as_object_mut().unwrap().remove("iat");
        short["exp"] = json!(now() + 300);
        system.assert("acme", Some(id), &key.sign(&short), &keys).unwrap();
    }

    async fn an_assertion_that_the_issuer_did_not_sign_is_refused(system: System) {
        let id = system.tenants.create_oauth_client("acme", &federated()).await.unwrap().id;
        let (key, other) = (Key::elliptic("one"), Key::elliptic("one"));
        let refused = |assertion: &str, keys: &AssertionKeys| {
            matches!(system.assert("acme", Some(id), assertion, keys), Err(GrantRefusal::Client))
        };
        assert!(refused(&other.sign(&said()), &set(&[&key])), "another key of the same id");
        assert!(refused(&Key::rsa("one").sign(&said()), &set(&[&key])), "another algorithm");
        assert!(refused(&key.sign(&said()), &set(&[])), "no key");
        assert!(refused(&Key::elliptic("two").sign(&said()), &set(&[&key])), "another id");
        // The public key as a secret of HMAC, and no signature at all.
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
        let public = key.public()["x"].as_str().unwrap().to_owned();
        let confused = jsonwebtoken::encode(&header, &said(), &EncodingKey::from_secret(public.as_bytes())).unwrap();
        assert!(refused(&confused, &set(&[&key])), "HMAC");
        let genuine = key.sign(&said());
        let body = genuine.rsplit_once('.').unwrap().0;
        assert!(refused(&format!("{body}."), &set(&[&key])), "unsigned");
        assert!(refused("x", &set(&[&key])) && refused("", &set(&[&key])));
        // What must be understood is not (RFC 7515 section 4.1.11).
        let header = Header { kid: Some("one".to_owned()), crit: Some(vec!["b64".to_owned()]), ..Header::new(key.algorithm) };
        let critical = jsonwebtoken::encode(&header, &said(), &key.encoding).unwrap();
        assert!(refused(&critical, &set(&[&key])), "crit");
        // The key of another algorithm, or for other things (RFC 7517 sections 4.3 and 4.4).
        for (name, value) in [("alg", json!("ES384")), ("alg", json!("RS256")), ("key_ops", json!(["encrypt"]))] {
            let mut public = key.public();
            public.as_object_mut().unwrap().remove("use");
            public[name] = value;
            let keys = AssertionKeys::parse(json!({ "keys": [public] }).to_string().as_bytes(), URI).unwrap();
            assert!(refused(&genuine, &keys), "{name}");
        }
        assert!(!refused(&genuine, &set(&[&other, &key])), "of two keys of one id, one fits");
    }

    async fn an_assertion_is_for_one_client_of_one_tenant(system: System) {
        let own = system.tenants.create_oauth_client("acme", &federated()).await.unwrap().id;
        let plain = NewOauthClient { name: "plain".to_owned(), ..NewOauthClient::default() };
        let plain = system.tenants.create_oauth_client("acme", &plain).await.unwrap().id;
        let key = Key::elliptic("one");
        let (assertion, keys) = (key.sign(&said()), set(&[&key]));
        for (tenant, client) in [("acme", Some(plain)), ("beta", Some(own)), ("beta", None), ("nobody", None)] {
            let refused = system.assert(tenant, client, &assertion, &keys);
            assert!(matches!(refused, Err(GrantRefusal::Client)), "{tenant} {client:?}");
        }
        let token = system.assert("acme", Some(own), &assertion, &keys).unwrap();
        let header = format!("Bearer {}", token.token.expose_secret());
        system.tenants.enable_oauth_client("acme", own, false).await.unwrap();
        assert_eq!(system.authenticate("acme", &header).await.unwrap_err(), Refusal::AccessEnded);
    }
}

#[test]
fn keys_that_verify_nothing_are_passed_over() {
    let key = Key::elliptic("one");
    let mut encryption = key.public();
    encryption["use"] = json!("enc");
    encryption["kid"] = json!("two");
    let keys = json!({ "keys": [{ "kty": "new" }, 7, encryption, key.public()] });
    let keys = AssertionKeys::parse(keys.to_string().as_bytes(), URI).unwrap();
    assert_eq!((keys.has(Some("one")), keys.has(Some("two")), keys.has(None)), (true, false, true));
    for no_set in ["", "{}", "[]", "{\"keys\": 1}"] {
        assert!(AssertionKeys::parse(no_set.as_bytes(), URI).is_none(), "{no_set}");
    }
}
