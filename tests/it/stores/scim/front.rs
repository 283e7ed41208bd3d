//! Something before a service that lets requests through, answers some itself, and remembers all.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request on its way.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    /// With the query.
    pub(super) path: String,
    /// Null if there is none.
    pub(super) body: Value,
}

/// What is answered in place of the service: a status, a type of content, more headers and a body.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) status: &'static str,
    pub(super) content: &'static str,
    pub(super) more: &'static str,
    pub(super) body: &'static str,
}

type Rule = Box<dyn FnMut(&Seen) -> Option<Own> + Send>;

/// Listens before a service; one request a connection.
pub(super) struct Front {
    address: SocketAddr,
    rule: Arc<Mutex<Rule>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Front {
    /// One that lets everything through.
    pub(super) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_| None)));
        let seen = Arc::default();
        let (rules, memory) = (Arc::clone(&rule), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, port, Arc::clone(&rules), Arc::clone(&memory)));
            }
        });
        Self { address, rule, seen }
    }

    /// `http://127.0.0.1:…`
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on these are answered here.
    pub(super) fn rule(&self, rule: impl FnMut(&Seen) -> Option<Own> + Send + 'static) {
        *self.rule.lock().expect("the rule") = Box::new(rule);
    }

    /// What came since the last time.
    pub(super) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().expect("the memory"))
    }
}

async fn serve(mut client: TcpStream, port: u16, rule: Arc<Mutex<Rule>>, memory: Arc<Mutex<Vec<Seen>>>) {
    let Some((head, body)) = request(&mut client).await else { return };
    let mut words = head.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let seen = Seen { method: word(), path: word(), body: serde_json::from_slice(&body).unwrap_or_default() };
    memory.lock().expect("the memory").push(seen.clone());
    let own = (rule.lock().expect("the rule"))(&seen);
    if let Some(Own { status, content, more, body }) = own {
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {content}\r\nContent-Length: {length}\r\n{more}Connection: close\r\n\r\n{body}"
        );
        // Who has gone is not answered.
        let _ = client.write_all(answer.as_bytes()).await;
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (first, rest) = head.split_once("\r\n").expect("a line");
    let told = format!("{first}\r\nConnection: close\r\n{rest}");
    if server.write_all(told.as_bytes()).await.is_ok() && server.write_all(&body).await.is_ok() {
        let _ = tokio::io::copy(&mut server, &mut client).await;
    }
}

/// The head with its empty line, and the body.
async fn request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        (client.read_buf(&mut read).await.ok()? > 0).then_some(())?;
    };
    let mut body = read.split_off(end);
    let head = String::from_utf8(read).expect("a head in UTF-8");
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then(|| value.parse().expect("a length"))
    });
    while body.len() < length.unwrap_or(0) {
        (client.read_buf(&mut body).await.ok()? > 0).then_some(())?;
    }
    Some((head, body))
}
