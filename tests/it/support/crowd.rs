//! Many clients at once.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Runs so many tasks that all begin at the same moment; their results in order of their numbers.
pub(crate) async fn crowd<T, F>(size: usize, mut task: impl FnMut(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(size));
    let mut running = JoinSet::new();
    for number in 0..size {
        let (barrier, task) = (Arc::clone(&barrier), task(number));
        running.spawn(async move {
            barrier.wait().await;
            (number, task.await)
        });
    }
    let mut results = running.join_all().await;
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
