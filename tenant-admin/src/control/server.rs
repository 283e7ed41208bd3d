//! The answering side of the control socket.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{LONGEST_LINE, Question, Reply, SOCKET, VERSION, line};
use crate::{Code, Command, Failure, Operator};

/// How many connections are served at once; more wait.
const CONNECTIONS: usize = 64;

/// The longest path a Unix socket may have on every system we know.
const LONGEST_PATH: usize = 103;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The path does not fit into the address of a socket.
    #[error("the control socket {path} has a path of more than {LONGEST_PATH} bytes; set data_dir to a shorter one")]
    Path {
        /// Where it was to be.
        path: PathBuf,
    },
    /// The system refuses it.
    #[error("the control socket {path} cannot be made")]
    Bind {
        /// Where it was to be.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The bound control socket; its file vanishes with it.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
}

impl Socket {
    /// Makes the socket in the data folder, in place of one that a killed server left behind. Only the process that
    /// holds the database's lock may call this.
    ///
    /// # Errors
    /// If the folder does not allow it.
    pub fn bind(data_folder: &Path) -> Result<Self, ControlError> {
        let path = data_folder.join(SOCKET);
        if path.as_os_str().len() > LONGEST_PATH {
            return Err(ControlError::Path { path });
        }
        let failed = |source| ControlError::Bind { path: path.clone(), source };
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { listener, path })
    }

    /// Answers until the future is dropped; what is under way then ends with it.
    pub async fn serve(&self, operator: Operator) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let operator = operator.clone();
                    connections.spawn(async move {
                        let _place = place;
                        if let Err(error) = converse(stream, &operator).await {
                            tracing::debug!(%error, "a command went away before its answer");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket accepts no connection");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // A file that stays harms nobody: the next server replaces it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Answers one line after the other until the other side has no more.
async fn converse(stream: UnixStream, operator: &Operator) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut question = Vec::new();
    while (&mut stream).take(LONGEST_LINE).read_until(b'\n', &mut question).await? > 0 {
        let reply = match read(&question) {
            Ok(command) => operator.run(command).await.into(),
            Err(failure) => Reply::Failure(failure),
        };
        stream.write_all(&line(&reply)?).await?;
        stream.flush().await?;
        question.clear();
    }
    Ok(())
}

fn read(question: &[u8]) -> Result<Command, Failure> {
    let unknown =
        |error| Failure::new(Code::Invalid, format!("the running server does not know this command: {error}"));
    let question: Question = serde_json::from_slice(question).map_err(unknown)?;
    if question.version != VERSION {
        return Err(Failure::new(
            Code::Invalid,
            "the running server is of another version than this program; restart it, or use its own program",
        ));
    }
    serde_json::from_value(question.command).map_err(unknown)
}
