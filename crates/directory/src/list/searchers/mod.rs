//! Searches that read a whole directory, on threads of their own that give way to all others.
//!
//! Nothing interrupts a thread that serves while it compares a filter with five hundred users, so whoever's short request
//! it serves as well would wait. These threads are of a lower priority: whatever else there is to do is done first. The
//! tenants take turns, and no tenant has more than half of the threads, so one that searches much keeps no other from it.

mod queue;

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::thread::Builder;

use database::Database;
use futures::FutureExt as _;
use sea_orm::DbErr;
use tokio::sync::oneshot;

use super::scan::Wanted;
use super::{List, Lister, Listing};
use crate::DirectoryError;
use crate::read::{Loader, Lookups, MemberReader};
use queue::Queue;

/// A search asks the database for one thing at a time.
const LOADERS: usize = 1;

/// How far these threads give way (`setpriority`): beside a thread that is always busy they still get a tenth of a
/// processor.
const NICENESS: i32 = 10;

type Found = Result<Listing, DirectoryError>;

/// One search that somebody waits for.
#[derive(Debug)]
struct Job {
    tenant: i64,
    list: List,
    reply: oneshot::Sender<Found>,
}

/// The threads; they end with the last handle.
#[derive(Clone, Debug)]
pub(crate) struct Searchers(Arc<Open>);

/// What closes the queue when nobody can ask any more.
#[derive(Debug)]
struct Open(Arc<Queue>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Searchers {
    /// Starts as many threads, each with connections of its own.
    pub(crate) fn start(database: &Database, threads: usize) -> Result<Self, DbErr> {
        let failed = |error: std::io::Error| DbErr::Custom(format!("a thread that searches cannot start: {error}"));
        let queue = Arc::new(Queue::new((threads / 2).max(1)));
        let open = Open(Arc::clone(&queue));
        for _ in 0..threads {
            let (database, queue) = (database.clone(), Arc::clone(&queue));
            Builder::new().name("searcher".to_owned()).spawn(move || run(&database, &queue)).map_err(failed)?;
        }
        Ok(Self(Arc::new(open)))
    }

    /// Answers a list when its turn comes. Who stops waiting has stopped the search.
    pub(crate) async fn list(&self, tenant: i64, list: &List) -> Found {
        let (reply, answer) = oneshot::channel();
        self.0.0.push(Job { tenant, list: list.clone(), reply });
        answer.await.map_err(|_| DbErr::Custom("the threads that search have stopped".to_owned()))?
    }
}

fn run(database: &Database, queue: &Queue) {
    give_way();
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(serve(database, queue)),
        Err(error) => tracing::error!(%error, "a thread that searches has no runtime"),
    }
}

/// Only this thread: on Linux each has a priority of its own. Elsewhere, and where it is refused, it is like the others.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS) {
        tracing::debug!(%error, "a thread that searches has the priority of all others");
    }
}

/// One search after the other.
async fn serve(database: &Database, queue: &Queue) {
    // Opened here, so that with SQLite, too, whose connections are threads, it gives way and takes none from others.
    let database = match database.of_one_thread().await {
        Ok(database) => database,
        Err(error) => return tracing::error!(%error, "a thread that searches has no connections"),
    };
    let loader = Loader::start(&database, &Arc::new(Lookups::new(database.backend())), LOADERS);
    let lister = Lister::new(&database, loader, MemberReader::new(&database));
    while let Some(job) = queue.next().await {
        let tenant = job.tenant;
        // What panics is answered by the reply that is dropped, and the next one comes.
        let _panicked = AssertUnwindSafe(search(&lister, job)).catch_unwind().await;
        queue.done(tenant);
    }
}

/// Who has gone meanwhile does not want it: then it ends with what it has asked the database for, and not before, because
/// neither the connection nor the database is free until then.
async fn search(lister: &Lister, Job { tenant, list, mut reply }: Job) {
    let wanted = Wanted::default();
    let lister = lister.wanted_by(&wanted);
    let mut listing = pin!(lister.list(tenant, &list));
    let found = tokio::select! {
        () = reply.closed() => {
            wanted.end();
            drop(listing.await);
            return;
        }
        found = &mut listing => found,
    };
    let _nobody = reply.send(found);
}
