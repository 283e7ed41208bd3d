//! What one thread that serves has for itself.

use std::rc::Rc;
use std::sync::Arc;

use crate::app::Gateway;
use crate::endpoints::discovery::Documents;

/// The gateway as one thread sees it. What is read in every request and never changes is held once a thread, because
/// threads that count references to the same thing wait for each other.
pub(crate) struct Worker {
    /// What all threads share.
    pub(crate) gateway: Arc<Gateway>,
    /// The large documents.
    pub(crate) documents: Documents,
}

impl Worker {
    /// One for a new thread.
    pub(crate) fn new(gateway: &Arc<Gateway>) -> Rc<Self> {
        Rc::new(Self { gateway: Arc::clone(gateway), documents: Documents::default() })
    }
}
