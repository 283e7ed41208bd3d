//! The part of the client protocol of NATS that a publisher needs
//! (<https://docs.nats.io/reference/reference-protocols/nats-protocol>): sign in, publish with headers, and read answers.
//!
//! There is no task in the background, and nothing is sent again by itself: what was sent and what was answered is known to
//! the caller at any time.

use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf, split};

use super::settings::{Settings, SignIn};
use crate::store::broker::Line;
use crate::store::{Failure, Place};

/// The longest line; the server's greeting lists the servers of its cluster.
const LONGEST_LINE: u64 = 64 << 10;
/// The longest answer.
const LONGEST_ANSWER: usize = 1 << 20;

/// A connection that is signed in.
pub(super) struct Client {
    pub(super) reader: Reader,
    pub(super) writer: WriteHalf<Line>,
    /// The longest message that the server takes.
    pub(super) max_payload: usize,
    /// What the subjects of answers to this client begin with, with a dot at the end.
    pub(super) inbox: String,
}

/// What the server sends.
pub(super) struct Reader(BufReader<ReadHalf<Line>>);

/// One thing that the server sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Ping,
    Pong,
    /// A message to this subject, with what follows `NATS/1.0` in its headers, such as `503`.
    Message {
        subject: String,
        status: String,
        payload: Vec<u8>,
    },
    /// It refuses something.
    Error(String),
    /// Nothing that matters.
    Other,
}

/// How the server greets.
#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    max_payload: usize,
    #[serde(default)]
    tls_required: bool,
    #[serde(default)]
    headers: bool,
    nonce: Option<String>,
}

impl Client {
    /// Connects and signs in.
    pub(super) async fn connect(settings: &Settings, place: &Place) -> Result<Self, Failure> {
        let (line, info) = greet(settings, place).await?;
        if !info.headers {
            return Err(Failure::refused("the server knows no headers: it must be NATS 2.2 or newer"));
        }
        let (reader, writer) = split(line);
        let inbox = format!("{}.{}.", settings.inbox, uuid::Uuid::now_v7().simple());
        let reader = Reader(BufReader::new(reader));
        let mut client = Self { reader, writer, max_payload: info.max_payload, inbox };
        let sign_in = sign_in(settings, &info)?;
        client.send(&format!("CONNECT {sign_in}\r\nPING\r\nSUB {}* 1\r\n", client.inbox)).await?;
        loop {
            match client.reader.next().await? {
                Said::Pong => return Ok(client),
                Said::Error(why) => return Err(refused(&why)),
                Said::Ping => client.send("PONG\r\n").await?,
                Said::Message { .. } | Said::Other => {}
            }
        }
    }

    /// Asks the server's API.
    pub(super) async fn ask(&mut self, subject: &str, question: &Value) -> Result<Value, Failure> {
        let (question, to) = (question.to_string(), format!("{}ask", self.inbox));
        self.send(&format!("PUB {subject} {to} {}\r\n{question}\r\n", question.len())).await?;
        loop {
            match self.reader.next().await? {
                Said::Message { subject, payload, .. } if subject == to && payload.is_empty() => {
                    return Err(Failure::refused("the server has no JetStream, or this account has none"));
                }
                Said::Message { subject, payload, .. } if subject == to => {
                    return serde_json::from_slice(&payload).map_err(|_| garbage());
                }
                Said::Ping => self.send("PONG\r\n").await?,
                Said::Error(why) => return Err(refused(&why)),
                Said::Message { .. } | Said::Pong | Said::Other => {}
            }
        }
    }

    async fn send(&mut self, text: &str) -> Result<(), Failure> {
        self.writer.write_all(text.as_bytes()).await.map_err(broken)?;
        self.writer.flush().await.map_err(broken)
    }
}

/// Connects, listens to the greeting, and speaks TLS if either side wants to.
async fn greet(settings: &Settings, place: &Place) -> Result<(Line, Info), Failure> {
    let mut line = settings.address.reach(place).await?;
    if settings.is_tls_first {
        line = settings.address.secure(line, &settings.trust).await?;
    }
    let info = greeting(&mut line).await?;
    if (settings.address.is_tls || info.tls_required) && !settings.is_tls_first {
        line = settings.address.secure(line, &settings.trust).await?;
    }
    Ok((line, info))
}

/// Reads `INFO {…}`, and not one byte more, because TLS may follow.
async fn greeting(line: &mut Line) -> Result<Info, Failure> {
    let mut text = Vec::new();
    while text.last() != Some(&b'\n') {
        if text.len() as u64 > LONGEST_LINE {
            return Err(garbage());
        }
        text.push(line.read_u8().await.map_err(broken)?);
    }
    let text = text.strip_prefix(b"INFO ").ok_or_else(garbage)?;
    serde_json::from_slice(text).map_err(|_| garbage())
}

fn sign_in(settings: &Settings, info: &Info) -> Result<Value, Failure> {
    let Value::Object(mut sign_in) = json!({
        "verbose": false, "pedantic": false, "lang": "rust", "version": env!("CARGO_PKG_VERSION"), "protocol": 1,
        "name": "tenantry", "echo": false, "headers": true, "no_responders": true, "tls_required": settings.address.is_tls,
    }) else {
        return Err(garbage());
    };
    let mut set = |name: &str, value: &str| drop(sign_in.insert(name.to_owned(), value.into()));
    let nonce = || info.nonce.as_deref().ok_or_else(|| Failure::refused("the server knows no keys (nkeys) of users"));
    match &settings.sign_in {
        SignIn::Nobody => {}
        SignIn::Password { user, password } => {
            set("user", user);
            set("pass", password.expose_secret());
        }
        SignIn::Token(token) => set("auth_token", token.expose_secret()),
        SignIn::Key(key) => {
            set("nkey", &key.public());
            set("sig", &key.sign(nonce()?));
        }
        SignIn::Credentials(credentials) => {
            set("jwt", credentials.jwt.expose_secret());
            set("sig", &credentials.key.sign(nonce()?));
        }
    }
    Ok(Value::Object(sign_in))
}

impl Reader {
    /// The next thing that the server sends. It loses nothing of it if it is dropped between two.
    pub(super) async fn next(&mut self) -> Result<Said, Failure> {
        let mut line = Vec::new();
        let read = (&mut self.0).take(LONGEST_LINE).read_until(b'\n', &mut line).await.map_err(broken)?;
        if read == 0 {
            return Err(Failure::unavailable("the NATS server closed the connection"));
        }
        let line = std::str::from_utf8(&line).map_err(|_| garbage())?;
        let line = line.strip_suffix("\r\n").ok_or_else(garbage)?;
        let (verb, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "MSG" => self.message(rest, false).await,
            "HMSG" => self.message(rest, true).await,
            "PING" => Ok(Said::Ping),
            "PONG" => Ok(Said::Pong),
            "-ERR" => Ok(Said::Error(rest.trim_matches('\'').to_owned())),
            "+OK" | "INFO" => Ok(Said::Other),
            _ => Err(garbage()),
        }
    }

    /// `SUBJECT SID [REPLY] [HEADERS] BYTES`
    async fn message(&mut self, line: &str, has_headers: bool) -> Result<Said, Failure> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let subject = words.first().ok_or_else(garbage)?;
        let number = |word: Option<&&str>| word.and_then(|word| word.parse::<usize>().ok()).ok_or_else(garbage);
        let length = number(words.last())?;
        let headers = if has_headers { number(words.iter().nth_back(1))? } else { 0 };
        if length > LONGEST_ANSWER || headers > length {
            return Err(garbage());
        }
        let mut payload = vec![0; length + 2];
        self.0.read_exact(&mut payload).await.map_err(broken)?;
        payload.truncate(length);
        let rest = payload.split_off(headers);
        let head = String::from_utf8_lossy(&payload);
        let status = head.lines().next().and_then(|line| line.strip_prefix("NATS/1.0")).unwrap_or_default();
        Ok(Said::Message { subject: (*subject).to_owned(), status: status.trim().to_owned(), payload: rest })
    }
}

/// What the server refuses, for an administrator. It names subjects, and no secret.
pub(super) fn refused(why: &str) -> Failure {
    let lower = why.to_ascii_lowercase();
    if lower.contains("authorization") || lower.contains("authentication") {
        return Failure::refused("the NATS server refuses the user: look at user, password, token, nkey or creds");
    }
    if let Some(what) = lower.contains("permissions violation").then(|| why.split_once(" for ")).flatten() {
        return Failure::refused(format!("the NATS server does not allow the user: {}", what.1));
    }
    Failure::unavailable(format!("the NATS server says: {why}"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is for map_err")]
pub(super) fn broken(error: std::io::Error) -> Failure {
    Failure::unavailable(format!("the connection to the NATS server broke: {error}"))
}

pub(super) fn garbage() -> Failure {
    Failure::unavailable("what answers does not speak the protocol of NATS")
}
