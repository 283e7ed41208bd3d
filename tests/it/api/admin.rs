//! A program with a key.

use std::sync::Arc;

use serde_json::Value;

use super::shape;
use crate::support::{Answer, Client, Request, System};

/// A key and what is asked with it.
#[derive(Clone)]
pub(super) struct Admin {
    pub(super) key: String,
    pub(super) id: String,
    client: Client,
    base: String,
    document: Arc<Value>,
}

impl Admin {
    /// Makes a key with these arguments.
    pub(super) async fn with(system: &System, arguments: &[&str]) -> Self {
        let all = [&["api-key", "create", "--name", "tests", "--json"], arguments].concat();
        let made = system.tenantry(&all).expect(0).json();
        let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("no {name} in {made}")).to_owned();
        Self::holding(system, &text("key"), &text("id")).await
    }

    /// One for all tenants.
    pub(super) async fn operator(system: &System) -> Self {
        Self::with(system, &[]).await
    }

    /// One with this key, whatever it is.
    pub(super) async fn holding(system: &System, key: &str, id: &str) -> Self {
        let base = system.server().admin();
        let document = Client::new(base.as_str()).send_any(Request::new("GET", "/openapi.json")).await.expect(200);
        let client = Client::new(base.as_str()).with_token(key);
        Self { key: key.to_owned(), id: id.to_owned(), client, base, document: Arc::new(document.body) }
    }

    /// The part of the key that nobody can guess.
    pub(super) fn secret(&self) -> &str {
        self.key.splitn(3, '_').nth(2).expect("a secret")
    }

    /// The same key at another server.
    pub(super) fn at(&self, system: &System) -> Self {
        let base = system.server().admin();
        Self { client: self.client.clone().at(base.as_str()), base, ..self.clone() }
    }

    /// The same with this header in every request.
    pub(super) fn sending(&self, name: &str, value: &str) -> Self {
        Self { client: self.client.clone().with(name, value), ..self.clone() }
    }

    /// The OpenAPI document.
    pub(super) fn document(&self) -> &Value {
        &self.document
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::new("GET", path)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, body).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.ask(Request::new("DELETE", path)).await
    }

    /// Issues a token under the name of a call.
    pub(super) async fn issue(&self, tenant: &str, call: &str, wishes: &Value) -> Answer {
        let path = format!("/tenants/{tenant}/tokens");
        let request = Request::new("POST", path).body(wishes.to_string()).header("content-type", "application/json");
        self.ask(request.header("idempotency-key", call)).await
    }

    /// Completes, cancels or revokes under the name of a call.
    pub(super) async fn named(&self, tenant: &str, what: &str, call: &str, wishes: &Value) -> Answer {
        let path = format!("/tenants/{tenant}/tokens/{what}");
        let request = Request::new("POST", path).body(wishes.to_string()).header("content-type", "application/json");
        self.ask(request.header("idempotency-key", call)).await
    }

    pub(super) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::new(method, path).body(body.to_string());
        self.ask(request.header("content-type", "application/json")).await
    }

    /// Asks, and checks what is true of every answer.
    pub(super) async fn ask(&self, request: Request) -> Answer {
        let method = request.method.clone();
        let path = request.path.split('?').next().expect("a path").to_owned();
        let answer = self.client.send_any(request).await;
        check_headers(&answer);
        if answer.status >= 400 {
            check_problem(&answer);
        } else if let Err(reason) = shape::check_answer(&self.document, (&method, &path), &answer) {
            panic!("{}: {reason}\n{}", answer.request, answer.text);
        }
        answer
    }

    /// Where the API is.
    pub(super) fn base(&self) -> &str {
        &self.base
    }
}

#[track_caller]
fn check_headers(answer: &Answer) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name} of {answer:?}");
    }
    assert!(answer.header("x-request-id").is_some_and(|id| id.len() == 36), "{answer:?}");
    assert_eq!(answer.header("www-authenticate").is_some(), answer.status == 401, "{answer:?}");
}

/// RFC 9457: a type of its own, its title, the status, and a sentence.
#[track_caller]
fn check_problem(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let text = |name: &str| answer.body[name].as_str().unwrap_or_else(|| panic!("no {name}: {answer:?}"));
    assert!(text("type").starts_with("urn:tenantry:problem:"), "{answer:?}");
    assert!(text("title").len() > 5 && text("detail").len() > 20, "{answer:?}");
    assert_eq!(answer.body["status"], answer.status, "{answer:?}");
    let waits = answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|s| s > 0));
    assert_eq!(waits, matches!(answer.status, 429 | 503), "{answer:?}");
}
