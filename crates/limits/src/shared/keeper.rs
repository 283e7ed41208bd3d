//! The scripts in Redis that keep the buckets. They go by the clock of Redis, so the clocks of replicas do not matter.

use std::time::Duration;

use redis::{Cmd, FromRedisValue, Pipeline};
use replicas::Redis;

use super::eviction::Eviction;
use crate::Rate;
use crate::lease::{Answer, Ask, LEASE, Micros};

/// How long Redis may take for an answer before it counts as gone.
const ANSWERING: Duration = Duration::from_millis(250);

/// For how many milliseconds what only shows that Redis can be used stays there.
const PROOF: u32 = 1_000;

/// Why Redis keeps no buckets at the moment.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeeperError {
    /// It does not answer.
    #[error("Redis does not answer in time")]
    Silent,
    /// It answers, and later than requests wait for it.
    #[error("Redis takes longer for its answers than requests wait for it")]
    Slow,
    /// It cannot be reached, or refuses.
    #[error("Redis cannot be used: {0}")]
    Redis(#[from] redis::RedisError),
}

/// A question about one bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) rate: Rate,
    pub(crate) holder: &'a str,
    /// Greater than those of all earlier questions of the holder.
    pub(crate) number: Micros,
    pub(crate) ask: Ask,
    /// How many requests wait for their turn at the holder.
    pub(crate) waiting: u32,
}

/// What a bucket's answer is, and how many requests wait for their turn at other holders.
pub(super) type Answered = (Answer, u32);

/// A script, and its name in Redis once it was loaded.
struct Script {
    code: &'static str,
    name: Option<String>,
}

/// Redis, as far as it keeps buckets.
pub(crate) struct Keeper {
    redis: Redis,
    lease: Script,
}

impl Keeper {
    pub(crate) fn new(redis: Redis) -> Self {
        let lease = Script { code: include_str!("lease.lua"), name: None };
        Self { redis, lease }
    }

    /// Asks all questions in one round trip. Of each rate this part is shared.
    pub(crate) async fn ask(&mut self, questions: &[Question<'_>], part: f64) -> Result<Vec<Answered>, KeeperError> {
        let answers: Vec<(u32, u32, Micros, u32)> =
            self.lease.run(&self.redis, |name| lease_commands(name, questions, part)).await?;
        let answered = |(granted, free, wait, elsewhere)| (Answer { granted, free, wait }, elsewhere);
        Ok(answers.into_iter().map(answered).collect())
    }

    /// Finds out whether Redis keeps what it is told: without memory it answers and does not.
    pub(crate) async fn probe(&self) -> Result<(), KeeperError> {
        let mut command = redis::cmd("SET");
        command.arg(self.redis.key("limits:probe")).arg(1).arg("PX").arg(PROOF);
        let mut connection = self.redis.connection();
        let within = command.query_async::<()>(&mut connection);
        Ok(tokio::time::timeout(ANSWERING, within).await.map_err(|_| KeeperError::Silent)??)
    }
}

impl Keeper {
    /// What becomes of buckets when Redis is full; nothing if it does not say, as one may not ask everywhere.
    pub(super) async fn eviction(&self) -> Option<Eviction> {
        let mut command = redis::cmd("INFO");
        command.arg("memory");
        let mut connection = self.redis.connection();
        let within = command.query_async::<String>(&mut connection);
        Eviction::parse(&tokio::time::timeout(ANSWERING, within).await.ok()?.ok()?)
    }
}

fn lease_commands(name: &str, questions: &[Question<'_>], part: f64) -> Pipeline {
    let mut pipeline = Pipeline::with_capacity(questions.len());
    for Question { bucket, rate, holder, number, ask, waiting } in questions {
        let mut command = call(name, bucket);
        command.arg(rate.per_second.max(1)).arg(rate.burst.max(1)).arg(holder).arg(number);
        command.arg(ask.held).arg(ask.want).arg(ask.back).arg(ask.debt).arg(ask.beyond).arg(ask.age).arg(LEASE);
        command.arg(waiting).arg(format!("{part:.4}"));
        pipeline.add_command(command);
    }
    pipeline
}

fn call(name: &str, key: &str) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(name).arg(1).arg(key);
    command
}

impl Script {
    /// Runs what the function makes of the script's name. A Redis that was started anew has forgotten the script.
    async fn run<T: FromRedisValue>(
        &mut self,
        redis: &Redis,
        commands: impl Fn(&str) -> Pipeline,
    ) -> Result<T, KeeperError> {
        let within = async {
            let mut connection = redis.connection();
            if let Some(name) = &self.name {
                match commands(name).query_async(&mut connection).await {
                    Err(error) if error.code() == Some("NOSCRIPT") => {}
                    answered => return Ok(answered?),
                }
            }
            let name = redis::cmd("SCRIPT").arg("LOAD").arg(self.code).query_async::<String>(&mut connection).await?;
            let name = self.name.insert(name);
            Ok(commands(name).query_async(&mut connection).await?)
        };
        tokio::time::timeout(ANSWERING, within).await.map_err(|_| KeeperError::Silent)?
    }
}
