//! A connection to a broker with one channel, in which every message is confirmed (AMQP 0-9-1, and RabbitMQ's publisher confirms,
//! <https://www.rabbitmq.com/docs/confirms>).
//!
//! There is no task in the background, and nothing is sent again by itself: what was sent and what was confirmed is known to
//! the caller at any time. No heartbeats are written: something is sent before their time is over, or the connection ends.

use secrecy::ExposeSecret as _;
use tokio::io::{AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf, split};

use super::refusal::{broken, closed, garbage};
use super::settings::Settings;
use super::wire::{Arguments, Field, Frame, GREETING, LONGEST_FRAME, Method, Writing, read, table};
use crate::store::broker::Line;
use crate::store::{Failure, Place};

const START: Method = (10, 10);
const START_OK: Method = (10, 11);
const TUNE: Method = (10, 30);
const TUNE_OK: Method = (10, 31);
const OPEN: Method = (10, 40);
const OPENED: Method = (10, 41);
const CLOSE: Method = (10, 50);
const CLOSED: Method = (10, 51);
const BLOCKED: Method = (10, 60);
const UNBLOCKED: Method = (10, 61);
const CHANNEL_OPEN: Method = (20, 10);
const CHANNEL_OPENED: Method = (20, 11);
const CHANNEL_CLOSE: Method = (20, 40);
const EXCHANGE_DECLARE: Method = (40, 10);
const EXCHANGE_DECLARED: Method = (40, 11);
const CONFIRM: Method = (85, 10);
const CONFIRMED: Method = (85, 11);
pub(super) const PUBLISH: Method = (60, 40);
pub(super) const RETURN: Method = (60, 50);
pub(super) const ACK: Method = (60, 80);
pub(super) const NACK: Method = (60, 120);

/// The one channel.
pub(super) const CHANNEL: u16 = 1;
/// For how many seconds the broker may hear nothing. More than an answer may take.
const HEARTBEAT: u16 = 90;
const SHORTEST_FRAME: u32 = 4096;

/// A connection that is signed in.
pub(super) struct Client {
    pub(super) reader: BufReader<ReadHalf<Line>>,
    pub(super) writer: WriteHalf<Line>,
    pub(super) longest_frame: u32,
    /// Whether the broker takes nothing now, because its memory or disk is full.
    pub(super) is_blocked: bool,
    exchange: String,
}

impl Client {
    /// Connects, signs in, and opens the channel.
    pub(super) async fn connect(settings: &Settings, place: &Place) -> Result<Self, Failure> {
        let (reader, writer) = split(settings.address.dial(place, &settings.trust).await?);
        let (reader, exchange) = (BufReader::new(reader), settings.exchange.clone());
        let mut client = Self { reader, writer, longest_frame: LONGEST_FRAME, is_blocked: false, exchange };
        client.send(GREETING).await?;
        client.expect(START).await?;
        client.send(&sign_in(settings)).await?;
        client.tune().await?;
        let open = Writing::method(0, OPEN).text(&settings.virtual_host).text("").octet(0).end();
        client.send(&open).await?;
        client.expect(OPENED).await?;
        client.send(&Writing::method(CHANNEL, CHANNEL_OPEN).text("").end()).await?;
        client.expect(CHANNEL_OPENED).await?;
        client.send(&Writing::method(CHANNEL, CONFIRM).octet(0).end()).await?;
        client.expect(CONFIRMED).await?;
        Ok(client)
    }

    /// Looks whether the exchange is there, or creates it.
    pub(super) async fn declare(&mut self, is_created: bool) -> Result<(), Failure> {
        const PASSIVE: u8 = 1;
        const DURABLE: u8 = 1 << 1;
        let how = if is_created { DURABLE } else { PASSIVE };
        let declare = Writing::method(CHANNEL, EXCHANGE_DECLARE).short(0).text(&self.exchange).text("topic");
        self.send(&declare.octet(how).bytes(&[]).end()).await?;
        self.expect(EXCHANGE_DECLARED).await.map(drop)
    }

    /// Says goodbye, and waits for the answer.
    pub(super) async fn close(mut self) -> Result<(), Failure> {
        let close = Writing::method(0, CLOSE).short(200).text("goodbye").short(0).short(0).end();
        self.send(&close).await?;
        while !matches!(read(&mut self.reader).await?, Frame::Method(CLOSED, _)) {}
        Ok(())
    }

    /// Agrees on the length of frames and the time of heartbeats.
    async fn tune(&mut self) -> Result<(), Failure> {
        let mut wanted = self.expect(TUNE).await?;
        let (channels, longest, heartbeat) = (wanted.short()?, wanted.long()?, wanted.short()?);
        self.longest_frame = if longest == 0 { LONGEST_FRAME } else { longest.clamp(SHORTEST_FRAME, LONGEST_FRAME) };
        let heartbeat = if heartbeat == 0 { 0 } else { HEARTBEAT };
        let tuned = Writing::method(0, TUNE_OK).short(channels).long(self.longest_frame).short(heartbeat);
        self.send(&tuned.end()).await
    }

    async fn send(&mut self, frame: &[u8]) -> Result<(), Failure> {
        self.writer.write_all(frame).await.map_err(broken)?;
        self.writer.flush().await.map_err(broken)
    }

    /// Reads until this method comes.
    async fn expect(&mut self, wanted: Method) -> Result<Arguments, Failure> {
        loop {
            match next(&mut self.reader, &mut self.is_blocked, &self.exchange).await? {
                Some((method, arguments)) if method == wanted => return Ok(arguments),
                Some(_) => return Err(garbage()),
                None => {}
            }
        }
    }
}

/// The next method that the caller has to look at.
pub(super) async fn next(
    reader: &mut BufReader<ReadHalf<Line>>,
    is_blocked: &mut bool,
    exchange: &str,
) -> Result<Option<(Method, Arguments)>, Failure> {
    let Frame::Method(method, mut arguments) = read(reader).await? else { return Ok(None) };
    match method {
        CLOSE | CHANNEL_CLOSE => Err(closed(arguments.short()?, &arguments.text()?, exchange)),
        BLOCKED | UNBLOCKED => {
            *is_blocked = method == BLOCKED;
            Ok(None)
        }
        _ => Ok(Some((method, arguments))),
    }
}

/// `PLAIN` (RFC 4616), and that the broker may say when it refuses that.
fn sign_in(settings: &Settings) -> Vec<u8> {
    let abilities = table(&[("authentication_failure_close", Field::Yes), ("connection.blocked", Field::Yes)]);
    let about = table(&[
        ("product", Field::Text("Tenantry")),
        ("version", Field::Text(env!("CARGO_PKG_VERSION"))),
        ("capabilities", Field::Table(&abilities)),
    ]);
    let response = ["", settings.user.as_str(), settings.password.expose_secret()].join("\0");
    let start = Writing::method(0, START_OK).bytes(&about).text("PLAIN").bytes(response.as_bytes());
    start.text("en_US").end()
}
