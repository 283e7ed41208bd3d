//! Whether a change waits for others to share its commit.
//!
//! Clients that wait for one commit send their next changes right after it, within a fraction of what a commit takes. The
//! first of them would go alone, and all the others wait for it. So, if there was company before, the first waits for as
//! much company again, but never longer than a quarter of a commit. A client that is alone never waits.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;

use super::writer::BATCH;

/// However long a commit takes, nobody waits longer for company.
const LONGEST: Duration = Duration::from_millis(1);

/// What the last batches tell of the next.
#[derive(Debug, Default)]
pub(super) struct Company {
    /// How many changes to expect.
    expected: usize,
    /// How long to wait for them.
    patience: Duration,
}

impl Company {
    /// Takes what waits in the queue, and what is expected to come.
    pub(super) async fn gather<T: Send>(&self, queue: &mut Receiver<T>, waiting: &mut VecDeque<T>) {
        take_waiting(queue, waiting);
        if waiting.len() >= self.expected {
            return;
        }
        let patience = self.patience;
        // The runtime's own timer counts whole milliseconds.
        let mut nap = tokio::task::spawn_blocking(move || std::thread::sleep(patience));
        while waiting.len() < self.expected {
            tokio::select! {
                biased;
                came = queue.recv() => match came {
                    Some(change) => waiting.push_back(change),
                    None => return,
                },
                _ = &mut nap => break,
            }
        }
        take_waiting(queue, waiting);
    }

    /// A batch of this size took so long.
    pub(super) fn seen(&mut self, changes: usize, took: Duration) {
        // A batch that was cut short by one that must be alone says little; half of what was is expected again.
        self.expected = changes.max(self.expected / 2).min(BATCH);
        self.patience = (took / 4).min(LONGEST);
    }
}

fn take_waiting<T>(queue: &mut Receiver<T>, waiting: &mut VecDeque<T>) {
    while waiting.len() < BATCH {
        match queue.try_recv() {
            Ok(change) => waiting.push_back(change),
            Err(_) => return,
        }
    }
}
