//! Clients without a secret: an issuer says who they are, and its keys are fetched from a real server of the test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Answer, Client, Database, Request, System, Tenant, encode, until};

/// How long an issuer that has failed is not asked again.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);
const ISSUER: &str = "https://login.example/tid/v2.0";
const AUDIENCE: &str = "api://scim";
const SUBJECT: &str = "the-provisioning-service";
const CLOSED_NETWORK: [(&str, &str); 3] = [
    ("TENANTRY_OAUTH__ALLOW_PRIVATE_JWKS", "true"),
    ("TENANTRY_LIMITS__ADDRESS_PER_SECOND", "1000000"),
    ("TENANTRY_LIMITS__ADDRESS_BURST", "1000000"),
];

/// A key of the issuer.
struct Key {
    kid: &'static str,
    encoding: EncodingKey,
}

impl Key {
    fn new(kid: &'static str) -> Self {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
        Self { kid, encoding: EncodingKey::from_ec_der(pkcs8.as_ref()) }
    }

    fn public(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.encoding, Algorithm::ES256).expect("its public part");
        let mut jwk = serde_json::to_value(jwk).expect("JSON");
        jwk["kid"] = json!(self.kid);
        jwk
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.encoding).expect("an assertion")
    }
}

/// A server that answers every request with one answer, and counts them.
struct Issuer {
    url: String,
    answer: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start(keys: &[&Key]) -> Self {
        Self::start_with(keys, None).await
    }

    /// With this certificate, over TLS as `localhost`.
    async fn start_with(keys: &[&Key], tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let origin = if tls.is_some() { "https://localhost" } else { "http://127.0.0.1" };
        let issuer = Self { url: format!("{origin}:{port}/keys"), answer: Arc::default(), asked: Arc::default() };
        issuer.publish(keys);
        let (answer, asked) = (Arc::clone(&issuer.answer), Arc::clone(&issuer.asked));
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (answer, asked, tls) = (Arc::clone(&answer), Arc::clone(&asked), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(connection, &answer, &asked).await,
                        Some(tls) => {
                            let Ok(connection) = tls.accept(connection).await else { return };
                            serve(connection, &answer, &asked).await;
                        }
                    }
                });
            }
        });
        issuer
    }

    fn publish(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        self.answer_with("200 OK", "", &json!({ "keys": keys }).to_string());
    }

    fn answer_with(&self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().expect("the answer") =
            format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(mut connection: impl AsyncRead + AsyncWrite + Unpin, answer: &Mutex<String>, asked: &AtomicUsize) {
    asked.fetch_add(1, Ordering::SeqCst);
    let answer = answer.lock().expect("the answer").clone();
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match connection.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => head.extend_from_slice(&buffer[..count]),
        }
    }
    let _whoever_asked_may_have_gone = connection.write_all(answer.as_bytes()).await;
    let _ = connection.shutdown().await;
}

/// A certificate for `localhost`, as a server uses it and as others are told to trust it.
fn certificate() -> (TlsAcceptor, String) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).expect("its key");
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).expect("a configuration");
    (TlsAcceptor::from(Arc::new(config)), cert.pem())
}

fn claims() -> Value {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": SUBJECT, "iat": now, "nbf": now, "exp": now + 3600 })
}

/// Adds a client that is federated with the issuer; its id.
fn federate(system: &System, tenant: &Tenant, url: &str) -> String {
    let arguments = [
        "oauth",
        "client",
        "create",
        &tenant.name,
        "entra",
        "--json",
        "--issuer",
        ISSUER,
        "--audience",
        AUDIENCE,
        "--subject",
        SUBJECT,
        "--jwks-uri",
        url,
    ];
    let created = system.tenantry(&arguments).expect(0).json();
    assert_eq!(created["federation"]["jwks_uri"], url);
    created["client_id"].as_str().expect("a client id").to_owned()
}

async fn ask(tenant: &Tenant, client: Option<&str>, assertion: &str) -> Answer {
    let kind = encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    let client = client.map(|id| format!("&client_id={id}")).unwrap_or_default();
    let form =
        format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={assertion}{client}");
    let request = Request::new("POST", "/oauth2/token").body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    Client::new(tenant.base_url.as_str()).send_any(request).await
}

async fn closed_network(database: Database) -> System {
    System::start_with(database, &CLOSED_NETWORK).await
}

on_both! {
    /// Keys are fetched once and remembered; a key that is new is fetched, but not at every question.
    async fn a_federated_client_needs_no_secret(database: Database) {
        let system = closed_network(database).await;
        let tenant = system.tenant("federated");
        let (key, later) = (Key::new("one"), Key::new("two"));
        let issuer = Issuer::start(&[&key]).await;
        let id = federate(&system, &tenant, &issuer.url);
        let mut token = String::new();
        for client in [Some(id.as_str()), None, None] {
            let given = ask(&tenant, client, &key.sign(&claims())).await.expect(200);
            token = given.body["access_token"].as_str().expect("a token").to_owned();
        }
        let client = tenant.client().with_token(&token);
        client.get("/Users").await.expect(200);
        assert_eq!(issuer.asked(), 1);
        // An unknown key asks no second time within half a minute: it may be new, so nobody is told that it is wrong, and when it
        // is asked again does not move. The known one goes on.
        issuer.publish(&[&key, &later]);
        let mut before = 31;
        for _ in 0..3 {
            let told = ask(&tenant, None, &later.sign(&claims())).await.expect(503);
            assert_eq!(told.body["error"], "temporarily_unavailable");
            let seconds = told.retry_after();
            assert!((1..=before).contains(&seconds), "{seconds} after {before}");
            before = seconds;
        }
        ask(&tenant, None, &key.sign(&claims())).await.expect(200);
        assert_eq!(issuer.asked(), 1);
        // Nobody is asked while the token is used, and it ends with its client.
        client.get("/Users").await.expect(200);
        assert_eq!(issuer.asked(), 1);
        system.tenantry(&["oauth", "client", "delete", &tenant.name, &id]).expect(0);
        client.get("/Users").await.expect(401);
    }

    /// Many at once wait for one fetch.
    async fn keys_are_fetched_once_for_all_who_wait(database: Database) {
        let system = closed_network(database).await;
        let tenant = system.tenant("federated");
        let key = Key::new("one");
        let issuer = Issuer::start(&[&key]).await;
        federate(&system, &tenant, &issuer.url);
        let assertion = key.sign(&claims());
        let asking = (0..16).map(|_| {
            let (tenant, assertion) = (tenant.clone(), assertion.clone());
            tokio::spawn(async move { ask(&tenant, None, &assertion).await.status })
        });
        for task in asking.collect::<Vec<_>>() {
            assert_eq!(task.await.expect("an answer"), 200);
        }
        assert_eq!(issuer.asked(), 1);
    }

    /// Whatever does not fit a client has no keys fetched.
    async fn strangers_cannot_have_keys_fetched(database: Database) {
        let system = closed_network(database).await;
        let (tenant, other) = (system.tenant("federated"), system.tenant("intruder"));
        let key = Key::new("one");
        let issuer = Issuer::start(&[&key]).await;
        let id = federate(&system, &tenant, &issuer.url);
        for (name, value) in [("iss", "x"), ("aud", "x"), ("sub", "x")] {
            let mut wrong = claims();
            wrong[name] = json!(value);
            ask(&tenant, Some(&id), &key.sign(&wrong)).await.expect(401);
        }
        let mut late = claims();
        late["exp"] = json!(1);
        ask(&tenant, None, &key.sign(&late)).await.expect(401);
        ask(&tenant, None, "x.y.z").await.expect(401);
        ask(&other, None, &key.sign(&claims())).await.expect(401);
        ask(&other, Some(&id), &key.sign(&claims())).await.expect(401);
        assert_eq!(issuer.asked(), 0);
        // Another key under the same id is fetched for, and refused.
        ask(&tenant, None, &Key::new("one").sign(&claims())).await.expect(401);
    }

    /// Whoever answers with something else is not followed and not read on, and nobody gets a token.
    async fn an_issuer_that_answers_with_no_keys_lets_nobody_in(database: Database) {
        let system = closed_network(database).await;
        let key = Key::new("one");
        let target = Issuer::start(&[&key]).await;
        let elsewhere = format!("location: {}\r\n", target.url);
        let long = format!("{{\"keys\": [], \"x\": \"{}\"}}", "y".repeat(300 * 1024));
        for (status, headers, body) in [
            ("302 Found", elsewhere.as_str(), ""),
            ("200 OK", "", "no keys"),
            ("200 OK", "", long.as_str()),
            ("500 Internal Server Error", "", "{\"keys\": []}"),
        ] {
            let tenant = system.tenant("federated");
            let issuer = Issuer::start(&[&key]).await;
            issuer.answer_with(status, headers, body);
            federate(&system, &tenant, &issuer.url);
            let started = Instant::now();
            for _ in 0..3 {
                let failed = ask(&tenant, None, &key.sign(&claims())).await.expect(503);
                assert_eq!((&failed.body["error"], failed.header("retry-after")), (&json!("temporarily_unavailable"), Some("5")));
                assert!(!failed.text.contains(&issuer.url), "{}", failed.text);
            }
            assert!(issuer.asked() == 1 || started.elapsed() > FAILURE_PAUSE, "{status}");
        }
        assert_eq!(target.asked(), 0, "a redirect is not followed");
    }

    /// As long as an issuer fails nobody gets a token by it; soon after it answers, they do.
    async fn an_issuer_that_comes_back_is_asked_again(database: Database) {
        let system = closed_network(database).await;
        let (tenant, key) = (system.tenant("federated"), Key::new("one"));
        let issuer = Issuer::start(&[&key]).await;
        issuer.answer_with("503 Service Unavailable", "", "");
        federate(&system, &tenant, &issuer.url);
        ask(&tenant, None, &key.sign(&claims())).await.expect(503);
        issuer.publish(&[&key]);
        until("a token", async || (ask(&tenant, None, &key.sign(&claims())).await.status == 200).then_some(())).await;
        assert_eq!(issuer.asked(), 2);
    }

    /// Over TLS, with a certificate that the system trusts and with one that it does not.
    async fn an_issuer_needs_a_certificate_that_is_trusted(database: Database) {
        let folder = tempfile::tempdir().expect("a folder");
        let (trusted, pem) = certificate();
        let file = folder.path().join("trusted.pem");
        std::fs::write(&file, pem).expect("a file of certificates");
        let trust = [("SSL_CERT_FILE", file.to_str().expect("a path"))];
        let system = System::start_with(database, &[CLOSED_NETWORK.as_slice(), &trust].concat()).await;
        let key = Key::new("one");
        for (tls, status) in [(trusted, 200), (certificate().0, 503)] {
            let tenant = system.tenant("federated");
            let issuer = Issuer::start_with(&[&key], Some(tls)).await;
            federate(&system, &tenant, &issuer.url);
            ask(&tenant, None, &key.sign(&claims())).await.expect(status);
            assert_eq!(issuer.asked(), usize::from(status == 200));
        }
    }

    /// As it comes from the box, the server calls no address of its own network.
    async fn the_own_network_is_not_called(system) {
        let key = Key::new("one");
        let issuer = Issuer::start(&[&key]).await;
        let port = issuer.url.rsplit(':').next().expect("a port").to_owned();
        for host in ["http://127.0.0.1", "https://127.0.0.1", "https://localhost", "https://[::1]", "https://[::ffff:127.0.0.1]"] {
            let tenant = system.tenant("federated");
            federate(&system, &tenant, &format!("{host}:{port}"));
            ask(&tenant, None, &key.sign(&claims())).await.expect(503);
        }
        assert_eq!(issuer.asked(), 0);
    }
}
