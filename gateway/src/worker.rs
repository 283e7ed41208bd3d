//! What one thread that serves has for itself.

use std::rc::Rc;
use std::sync::Arc;

use directory::{Directories, DirectoryError};

use crate::app::Gateway;
use crate::endpoints::discovery::Documents;

/// The gateway as one thread sees it. What is read in every request and never changes is held once a thread, because
/// threads that count references to the same thing wait for each other.
pub(crate) struct Worker {
    /// What all threads share.
    pub(crate) gateway: Arc<Gateway>,
    /// The directories, read over connections of this thread.
    pub(crate) directories: Directories,
    /// The large documents.
    pub(crate) documents: Documents,
}

impl Worker {
    /// One for a new thread, to be made on it.
    pub(crate) async fn start(gateway: &Arc<Gateway>) -> Result<Rc<Self>, DirectoryError> {
        let directories = gateway.directories.of_thread(gateway.settings.threads()).await?;
        Ok(Rc::new(Self { gateway: Arc::clone(gateway), directories, documents: Documents::default() }))
    }
}
