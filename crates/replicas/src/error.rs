//! What can go wrong between us and Redis.

/// A failure of Redis. It never repeats the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    /// The URL cannot be used.
    #[error("{0}")]
    Url(String),
    /// Redis does not answer in time.
    #[error("Redis does not answer in time")]
    Silent,
    /// Redis cannot be reached, or refuses.
    #[error("Redis cannot be used")]
    Redis(#[from] redis::RedisError),
}
