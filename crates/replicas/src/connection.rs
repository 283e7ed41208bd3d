//! The connection to Redis: for commands one that is shared, and for messages one of their own.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, IntoConnectionInfo};

use crate::{Messages, RedisError, ReplicaId};

/// How long a connection may take, and an answer. Whoever waits for Redis holds somebody up.
const CONNECTING: Duration = Duration::from_millis(250);
const ANSWERING: Duration = Duration::from_millis(250);

/// How long both together may take, whatever the library does in between.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often Redis is asked whether it is there, and after how many questions without an answer the connection is given
/// up: the library keeps one that is silent until the system finds it dead, which takes minutes.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
const UNANSWERED: u32 = 2;

/// The Redis of a deployment. Clones share a connection.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    commands: Arc<RwLock<ConnectionManager>>,
    prefix: Arc<str>,
    replica: ReplicaId,
}

impl fmt::Debug for Redis {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Redis({}, {})", self.prefix, self.replica)
    }
}

/// Refuses a URL with which no Redis can be reached. What is said does not repeat the URL.
///
/// # Errors
/// A clause about the URL.
pub fn check_url(url: &str) -> Result<(), String> {
    let known = ["redis://", "rediss://", "redis+unix://", "unix://"].iter().any(|scheme| url.starts_with(scheme));
    if !known {
        return Err(
            "it begins with none of redis://, rediss:// and unix://, as in redis://:password@host:6379".to_owned()
        );
    }
    url.into_connection_info().map(drop).map_err(|_| {
        "it is not of the form redis://user:password@host:port/number; in a password, write characters such as \
         / ? # @ as %2F %3F %23 %40"
            .to_owned()
    })
}

impl Redis {
    /// Prepares the connection, which is made when it is needed: a Redis that is away keeps nobody from starting. A task of
    /// the runtime in which this is called looks after it.
    /// `deployment` is what all replicas of the deployment agree on, and no other deployment has.
    ///
    /// # Errors
    /// [`RedisError::Url`]
    pub fn new(url: &str, deployment: &str) -> Result<Self, RedisError> {
        check_url(url).map_err(RedisError::Url)?;
        let client = Client::open(url)?;
        let commands = Arc::new(RwLock::new(connect(&client)?));
        tokio::spawn(replace_silent(client.clone(), Arc::downgrade(&commands)));
        Ok(Self { client, commands, prefix: prefix(deployment).into(), replica: ReplicaId::random() })
    }

    /// This process.
    #[must_use]
    pub fn replica(&self) -> ReplicaId {
        self.replica
    }

    /// The full name of a key or channel of this deployment.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Does one command, within half a second. Keys in it are made by [`Self::key`].
    ///
    /// # Errors
    /// If Redis does not answer in time, or refuses.
    pub async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let mut commands = self.connection();
        let answer = tokio::time::timeout(PATIENCE, command.query_async(&mut commands)).await;
        Ok(answer.map_err(|_| RedisError::Silent)??)
    }

    /// The connection of now, for scripts. Whoever uses it bounds the time, and does not keep it.
    #[must_use]
    pub fn connection(&self) -> ConnectionManager {
        current(&self.commands)
    }

    /// Sends a message to whoever listens to the channel now, and tells how many did.
    ///
    /// # Errors
    /// If Redis does not answer in time, or refuses. The message may have been sent all the same.
    pub async fn publish(&self, channel: &str, message: &str) -> Result<u64, RedisError> {
        self.run(redis::cmd("PUBLISH").arg(self.key(channel)).arg(message)).await
    }

    /// Listens to channels from now on.
    #[must_use]
    pub fn listen(&self, channels: &[&str]) -> Messages {
        Messages::start(self.client.clone(), channels.iter().map(|channel| self.key(channel)).collect())
    }
}

fn current(commands: &RwLock<ConnectionManager>) -> ConnectionManager {
    commands.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A connection that is made when it is needed.
fn connect(client: &Client) -> redis::RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECTING))
        .set_response_timeout(Some(ANSWERING))
        // The next command tries again; to wait and try again in this one would hold it up.
        .set_number_of_retries(0);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

/// Gives up a connection from which no answers come, until nobody has it any more.
async fn replace_silent(client: Client, commands: Weak<RwLock<ConnectionManager>>) {
    let mut unanswered = 0;
    loop {
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let Some(commands) = commands.upgrade() else { return };
        let (mut connection, ping) = (current(&commands), redis::cmd("PING"));
        let answer = tokio::time::timeout(PATIENCE, ping.query_async::<redis::Value>(&mut connection)).await;
        let is_silent = answer.map_or(true, |answer| answer.is_err_and(|error| error.is_timeout()));
        unanswered = if is_silent { unanswered + 1 } else { 0 };
        if unanswered >= UNANSWERED
            && let Ok(fresh) = connect(&client)
        {
            *commands.write().unwrap_or_else(PoisonError::into_inner) = fresh;
            unanswered = 0;
        }
    }
}

/// Short, because it stands in every key, and the same in every replica.
fn prefix(deployment: &str) -> String {
    let digest = digest(&SHA256, deployment.as_bytes());
    let name: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("tenantry:{name}")
}

#[cfg(test)]
mod tests {
    use super::{check_url, prefix};

    #[test]
    fn what_is_wrong_with_a_url_does_not_repeat_it() {
        for url in ["http://:hunter2@host", "redis://:hunter2@host:many", "redis://:hunter2@host/x", "hunter2"] {
            let sentence = check_url(url).unwrap_err();
            assert!(!sentence.contains("hunter2"), "{sentence}");
        }
        for url in ["redis://host", "rediss://ada:hunter2@host:6380/1", "unix:///run/redis.sock"] {
            check_url(url).unwrap();
        }
    }

    #[test]
    fn deployments_do_not_meet() {
        assert_eq!(prefix("one"), prefix("one"));
        assert_ne!(prefix("one"), prefix("other"));
        assert!(prefix("one").len() <= 32);
    }
}
