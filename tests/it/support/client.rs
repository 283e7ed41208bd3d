//! A SCIM client.

use std::time::Duration;

use reqwest::Method;
use serde_json::Value;

use super::Answer;

/// Sends requests below one base URL, with the same headers each time.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    headers: Vec<(String, String)>,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Below the base URL, or a whole URL.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Request {
    /// Without headers and body.
    pub(crate) fn new(method: &str, path: impl Into<String>) -> Self {
        Self { method: method.to_owned(), path: path.into(), headers: Vec::new(), body: None }
    }

    /// With this header.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With this body, as `application/scim+json`.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string()).header("content-type", "application/scim+json")
    }

    /// With this body as it is.
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}

impl Client {
    /// A client without any headers.
    pub(crate) fn new(base: impl Into<String>) -> Self {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(120))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            // Tests speak HTTP alone; to read the system's certificates takes its time.
            .tls_certs_only([])
            .build()
            .expect("an HTTP client");
        Self { http, base: base.into(), headers: Vec::new() }
    }

    /// The same client with this header in every request.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same client with this token.
    pub(crate) fn with_token(self, token: &str) -> Self {
        self.with("authorization", format!("Bearer {token}"))
    }

    /// The same client without this header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
        self
    }

    /// The same client for another base URL.
    pub(crate) fn at(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::new("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::new("POST", path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::new("PUT", path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::new("PATCH", path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Request::new("DELETE", path)).await
    }

    /// Asks for what satisfies a filter.
    pub(crate) async fn find(&self, kind: &str, filter: &str) -> Answer {
        self.get(&format!("/{kind}?filter={}", encode(filter))).await
    }

    /// Sends a request; the answer is what every SCIM answer must be.
    pub(crate) async fn send(&self, request: Request) -> Answer {
        let (line, response) = self.exchange(request).await;
        let response = response.unwrap_or_else(|error| panic!("{line}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap_or_else(|error| panic!("{line}: {error:?}"));
        Answer::of_scim(line, status, headers, text)
    }

    /// Sends a request to what is no SCIM address.
    pub(crate) async fn send_any(&self, request: Request) -> Answer {
        let (line, response) = self.exchange(request).await;
        let response = response.unwrap_or_else(|error| panic!("{line}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap_or_else(|error| panic!("{line}: {error:?}"));
        Answer::new(line, status, headers, text)
    }

    /// Sends a request to a server that may vanish; its answer if there was one.
    pub(crate) async fn try_send(&self, request: Request) -> Option<Answer> {
        let (line, response) = self.exchange(request).await;
        let response = response.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Answer::of_scim(line, status, headers, response.text().await.ok()?))
    }

    /// The status of a GET on what is no SCIM address, if anybody answers.
    pub(crate) async fn try_get(&self, path: &str) -> Option<u16> {
        self.exchange(Request::new("GET", path)).await.1.ok().map(|response| response.status().as_u16())
    }

    async fn exchange(&self, request: Request) -> (String, Result<reqwest::Response, reqwest::Error>) {
        let url = if request.path.starts_with("http://") {
            request.path.clone()
        } else {
            format!("{}{}", self.base, request.path)
        };
        let line = format!("{} {url}", request.method);
        let method = Method::from_bytes(request.method.as_bytes()).expect("a method");
        let mut builder = self.http.request(method, &url);
        for (name, value) in &self.headers {
            if !request.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
                builder = builder.header(name, value);
            }
        }
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        (line, builder.send().await)
    }
}

/// Percent-encodes for a query.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
