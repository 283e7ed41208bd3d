//! The asking side of the control socket.

use std::io;
use std::path::Path;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::{LONGEST_LINE, Question, Reply, SOCKET, VERSION, line};
use crate::{Answer, Code, Command, Failure};

/// A connection to the running server.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<UnixStream>,
}

impl Connection {
    /// Reaches the server of this data folder; `None` if none runs.
    ///
    /// # Errors
    /// If there is one, but it may not be talked to.
    pub async fn open(data_folder: &Path) -> Result<Option<Self>, Failure> {
        let path = data_folder.join(SOCKET);
        match UnixStream::connect(&path).await {
            Ok(stream) => Ok(Some(Self { stream: BufReader::new(stream) })),
            // No file, or one that a killed server left behind.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(error) => Err(Failure::new(
                Code::Unavailable,
                format!("the running server cannot be reached through {}: {error}", path.display()),
            )),
        }
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// What the server answers, or that it went away.
    pub async fn run(&mut self, command: &Command) -> Result<Answer, Failure> {
        let question = line(&Question { version: VERSION, command: serde_json::to_value(command)? })?;
        let reply = self.exchange(&question).await.map_err(|error| gone(&error))?;
        serde_json::from_slice::<Reply>(&reply)
            .map_err(|error| Failure::new(Code::Failed, format!("the server's answer cannot be read: {error}")))?
            .into()
    }

    async fn exchange(&mut self, question: &[u8]) -> io::Result<Vec<u8>> {
        self.stream.write_all(question).await?;
        let mut reply = Vec::new();
        (&mut self.stream).take(LONGEST_LINE).read_until(b'\n', &mut reply).await?;
        if reply.last() == Some(&b'\n') { Ok(reply) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

fn gone(error: &io::Error) -> Failure {
    Failure::new(
        Code::Unavailable,
        format!("the server stopped before it answered ({error}); see whether it was done before asking again"),
    )
}
