//! A receiver of webhooks that believes only what the library of Standard Webhooks verifies, and behaves as it is told. Security
//! event tokens it keeps as they came, for whoever verifies them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A secret of both sides.
pub(in crate::stores) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";

/// How it answers.
#[derive(Clone, Debug)]
pub(in crate::stores) enum Manner {
    /// Takes what is signed.
    Take,
    /// The same, after a while.
    Slowly(Duration),
    /// Says this, whatever it is, and hangs up.
    Say(String),
    /// Never answers.
    Hang,
}

/// One request that it took.
#[derive(Clone, Debug)]
pub(in crate::stores) struct Delivery {
    pub(in crate::stores) id: String,
    pub(in crate::stores) content_type: String,
    pub(in crate::stores) authorization: Option<String>,
    pub(in crate::stores) events: Vec<Value>,
}

struct Shared {
    secret: Mutex<String>,
    manner: Mutex<Manner>,
    taken: Mutex<Vec<Delivery>>,
    asked: AtomicU32,
    connected: AtomicU32,
}

/// A server on a port of its own.
pub(in crate::stores) struct Receiver {
    port: u16,
    shared: Arc<Shared>,
    serving: Mutex<JoinHandle<()>>,
    tls: Option<TlsAcceptor>,
}

impl Receiver {
    pub(in crate::stores) async fn start() -> Self {
        Self::start_with(None).await
    }

    pub(in crate::stores) async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared {
            secret: Mutex::new(SECRET.to_owned()),
            manner: Mutex::new(Manner::Take),
            taken: Mutex::default(),
            asked: AtomicU32::new(0),
            connected: AtomicU32::new(0),
        });
        let serving = Mutex::new(tokio::spawn(serve(listener, Arc::clone(&shared), tls.clone())));
        Self { port, shared, serving, tls }
    }

    /// As the setting `url`.
    pub(in crate::stores) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("url={scheme}://localhost:{}/hook", self.port)
    }

    pub(in crate::stores) fn port(&self) -> u16 {
        self.port
    }

    /// The secret that it verifies with from now on.
    pub(in crate::stores) fn trust(&self, secret: &str) {
        secret.clone_into(&mut self.shared.secret.lock().expect("the secret"));
    }

    /// How it behaves from now on.
    pub(in crate::stores) fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().expect("the manner") = manner;
    }

    /// Ends it; connections break.
    pub(in crate::stores) async fn stop(&self) {
        let serving = {
            let mut serving = self.serving.lock().expect("the task");
            std::mem::replace(&mut *serving, tokio::spawn(async {}))
        };
        serving.abort();
        let _aborted = serving.await;
    }

    /// The same again, on the same port.
    pub(in crate::stores) async fn start_again(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.expect("the port");
        let serving = tokio::spawn(serve(listener, Arc::clone(&self.shared), self.tls.clone()));
        *self.serving.lock().expect("the task") = serving;
    }

    /// How many requests it was sent.
    pub(in crate::stores) fn asked(&self) -> u32 {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// How many connections were made to it.
    pub(in crate::stores) fn connected(&self) -> u32 {
        self.shared.connected.load(Ordering::SeqCst)
    }

    /// What it took, in that order.
    pub(in crate::stores) fn taken(&self) -> Vec<Delivery> {
        self.shared.taken.lock().expect("deliveries").clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.lock().expect("the task").abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, tls: Option<TlsAcceptor>) {
    // Connections end with it.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.connected.fetch_add(1, Ordering::SeqCst);
        let (shared, tls) = (Arc::clone(&shared), tls.clone());
        connections.spawn(async move {
            match tls {
                None => answer_all(stream, &shared).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => answer_all(stream, &shared).await,
                    Err(_) => None,
                },
            }
        });
    }
}

async fn answer_all(stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (headers, body) = request(&mut stream).await?;
        shared.asked.fetch_add(1, Ordering::SeqCst);
        let manner = shared.manner.lock().expect("the manner").clone();
        match manner {
            Manner::Take => {}
            Manner::Slowly(time) => tokio::time::sleep(time).await,
            Manner::Say(text) => {
                stream.write_all(text.as_bytes()).await.ok()?;
                return stream.shutdown().await.ok();
            }
            Manner::Hang => std::future::pending().await,
        }
        let is_token = headers.get("content-type").is_some_and(|kind| kind == "application/secevent+jwt");
        let status = match is_token {
            true => keep(shared, &headers, body),
            false if take(shared, &headers, &body) => "204 No Content",
            false => "401 Unauthorized",
        };
        stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.ok()?;
    }
}

/// Remembers a security event token.
fn keep(shared: &Shared, headers: &HeaderMap, body: Vec<u8>) -> &'static str {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().expect("a text").to_owned());
    let token = String::from_utf8(body).expect("a token");
    let (content_type, authorization) = (text("content-type").expect("a type"), text("authorization"));
    let delivery = Delivery { id: String::new(), content_type, authorization, events: vec![token.into()] };
    shared.taken.lock().expect("deliveries").push(delivery);
    "202 Accepted"
}

/// Verifies a request, and remembers what is in it.
fn take(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> bool {
    let verifier = Webhook::new(&shared.secret.lock().expect("the secret")).expect("a secret");
    if verifier.verify(body, headers).is_err() {
        return false;
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().expect("a text").to_owned());
    let content_type = text("content-type").expect("a type");
    let body: Value = serde_json::from_slice(body).expect("JSON");
    let events = if content_type.contains("batch") { body.as_array().expect("a list").clone() } else { vec![body] };
    let delivery =
        Delivery { id: text("webhook-id").expect("an id"), content_type, authorization: text("authorization"), events };
    shared.taken.lock().expect("deliveries").push(delivery);
    true
}

async fn request(stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>) -> Option<(HeaderMap, Vec<u8>)> {
    let mut headers = HeaderMap::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            headers.insert(name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"));
        } else {
            assert_eq!(line, "POST /hook HTTP/1.1\r\n");
        }
    }
    let length: usize = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((headers, body))
}
