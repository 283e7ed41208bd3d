//! Reading what somebody answers, who may answer with anything.

use std::error::Error as _;

use reqwest::{Error, Response};

use crate::reach::Refused;

/// There is no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is longer than allowed.
    #[error("it answers with more than {0} bytes")]
    TooLong(usize),
    /// It broke off, or took too long.
    #[error("{}", reason(.0))]
    Broken(#[from] Error),
}

/// Reads an answer of so many bytes at most; of a longer one no more is kept or waited for.
///
/// # Errors
/// If it is longer, or breaks off.
pub async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, ReadError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(ReadError::TooLong(most));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why a call failed, with all that is behind it, which tells why. The URL is not in it, because there may be secrets in its
/// path or query.
#[must_use]
pub fn reason(error: &Error) -> String {
    if error.is_timeout() {
        let what = if error.is_connect() { "there was no connection" } else { "there was no answer" };
        return format!("{what} in time");
    }
    if let Some(refused) = refusal(error) {
        return refused.to_string();
    }
    let told: Vec<String> = causes(error).map(ToString::to_string).collect();
    if told.is_empty() { "the request could not be made".to_owned() } else { told.join(": ") }
}

/// The refusal that is behind the failure of a call: the host has no address that may be called.
#[must_use]
pub fn refusal(error: &Error) -> Option<&Refused> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// What is behind an error, from the nearest to the first.
fn causes(error: &Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}
