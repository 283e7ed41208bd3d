//! Listening: a connection of its own, which is made again when it breaks.

use std::time::Duration;

use futures::StreamExt;
use redis::{Client, Msg};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;

/// How long a connection may take, and how long Redis may be silent when asked whether it is there.
const PATIENCE: Duration = Duration::from_millis(500);
/// How often it is asked.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(200);
/// Messages that wait to be read. When more come, the oldest reader is at fault: the rest is dropped, as if it was lost.
const WAITING: usize = 1024;

/// The messages of some channels, as they come. Some may be missing: [`Heard::Gap`] says when.
#[derive(Debug)]
pub struct Messages {
    incoming: Receiver<Heard>,
    listening: JoinHandle<()>,
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message.
    Message {
        /// The full name of its channel, as [`Redis::key`](crate::Redis::key) makes it.
        channel: String,
        /// What was sent.
        text: String,
    },
    /// The connection was made, for the first time or again. What was sent before it was not heard.
    Gap,
}

impl Messages {
    pub(crate) fn start(client: Client, channels: Vec<String>) -> Self {
        let (outgoing, incoming) = channel(WAITING);
        let listening = tokio::spawn(async move {
            while !outgoing.is_closed() {
                if let Err(error) = listen(&client, &channels, &outgoing).await {
                    tracing::debug!(error = %error, "listening to Redis ended; it begins again");
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { incoming, listening }
    }

    /// The next one. Waits as long as it takes, also while Redis is away.
    pub async fn next(&mut self) -> Option<Heard> {
        self.incoming.recv().await
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Listens until the connection breaks.
async fn listen(client: &Client, channels: &[String], outgoing: &Sender<Heard>) -> redis::RedisResult<()> {
    let connecting = tokio::time::timeout(PATIENCE, client.get_async_pubsub());
    let (mut sink, mut stream) = connecting.await.map_err(|_| silent())??.split();
    tokio::time::timeout(PATIENCE, sink.subscribe(channels)).await.map_err(|_| silent())??;
    hand_on(outgoing, Heard::Gap);
    let mut looks = tokio::time::interval(BETWEEN_LOOKS);
    loop {
        tokio::select! {
            message = stream.next() => match message {
                Some(message) => hand_on(outgoing, heard(&message)),
                None => return Ok(()),
            },
            // A peer that vanished without a word is noticed by this alone.
            _ = looks.tick() => {
                tokio::time::timeout(PATIENCE, sink.ping::<redis::Value>()).await.map_err(|_| silent())??;
            }
        }
    }
}

fn heard(message: &Msg) -> Heard {
    let text = String::from_utf8_lossy(message.get_payload_bytes()).into_owned();
    Heard::Message { channel: message.get_channel_name().to_owned(), text }
}

fn hand_on(outgoing: &Sender<Heard>, heard: Heard) {
    if outgoing.try_send(heard).is_err() {
        tracing::debug!("a message of Redis was dropped, because too many wait");
    }
}

fn silent() -> redis::RedisError {
    (redis::ErrorKind::Io, "Redis does not answer in time").into()
}
