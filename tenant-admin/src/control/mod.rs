//! The control socket: how a command reaches the server that runs.
//!
//! A Unix socket in the data folder that only its owner can open. One line of JSON asks, one line answers, in turn.

mod client;
mod server;

use serde::{Deserialize, Serialize};

pub use client::Connection;
pub use server::{ControlError, Socket};

use crate::{Answer, Failure};

/// The name of the socket in the data folder.
pub const SOCKET: &str = "control.sock";

/// Rises when a command or an answer changes so that an older program would misread it.
const VERSION: u32 = 1;

/// The longest line that is read. Extension schemas and pages of resources are what is long.
const LONGEST_LINE: u64 = 64 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    version: u32,
    /// A [`Command`](crate::Command), as far as both programs are of one version.
    command: serde_json::Value,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reply {
    Answer(Answer),
    Failure(Failure),
}

impl From<Result<Answer, Failure>> for Reply {
    fn from(result: Result<Answer, Failure>) -> Self {
        match result {
            Ok(answer) => Self::Answer(answer),
            Err(failure) => Self::Failure(failure),
        }
    }
}

impl From<Reply> for Result<Answer, Failure> {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Answer(answer) => Ok(answer),
            Reply::Failure(failure) => Err(failure),
        }
    }
}

/// A value as one line.
fn line(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}
