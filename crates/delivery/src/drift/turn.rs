//! Taking the place of the worker that feeds a store: two never bring it something at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::DeliveryError;
use crate::running::{Running, Stop};
use crate::stores::Environment;
use crate::table::{self, At, Lease, Taken};
use crate::worker::{LEASE, MARGIN, RENEW};

/// The place of a store's worker, for as long as this is there.
pub(crate) struct Turn {
    environment: Arc<Environment>,
    lease: Lease,
    renewed: Instant,
    stopped: watch::Receiver<Stop>,
    _place: Place,
}

/// The place among the workers of this process.
struct Place {
    running: Arc<Running>,
    at: At,
}

/// What stands after the name of the process in a lease that is no worker's.
const MARK: &str = " compares";
/// How long to wait for the place in this process, once its worker was told to end.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

impl Drop for Place {
    fn drop(&mut self) {
        self.running.leave(self.at);
    }
}

impl Turn {
    /// Takes the place. What the worker before has under way is dropped, as when the store is paused: it is brought afterwards. When
    /// this returns, nobody brings the store anything.
    pub(crate) async fn take(
        environment: &Arc<Environment>,
        running: &Arc<Running>,
        (at, tenant): (At, &str),
    ) -> Result<Self, DeliveryError> {
        let holder = format!("{}{MARK}", environment.holder);
        let renewed = Instant::now();
        let (lease, before) = match table::take(&environment.database, at, (&holder, MARK), LEASE).await? {
            Taken::Mine { lease, before } => (lease, before),
            Taken::Gone => return Err(changed()),
            Taken::Compares => {
                return Err(DeliveryError::Conflict("the store is being compared already".to_owned()));
            }
        };
        // Whoever in this process feeds it is there now; whoever comes later gets no lease.
        running.end(at).await;
        let (place, stopped) = Self::enter(running, (at, tenant)).await?;
        let mut turn = Self { environment: Arc::clone(environment), lease, renewed, stopped, _place: place };
        // Another process may not have noticed before its own lease would have been over.
        if let Some(left) = before.filter(|(who, _)| *who != environment.holder).map(|(_, left)| left) {
            turn.hold(async {
                tokio::time::sleep(left.min(LEASE)).await;
                Ok(())
            })
            .await?;
        }
        Ok(turn)
    }

    async fn enter(
        running: &Arc<Running>,
        (at, tenant): (At, &str),
    ) -> Result<(Place, watch::Receiver<Stop>), DeliveryError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some((_, stopped)) = running.enter(at, tenant, false) {
                return Ok((Place { running: Arc::clone(running), at }, stopped));
            }
            if Instant::now() >= deadline {
                return Err(DeliveryError::Conflict("what feeds the store does not end; try again".to_owned()));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Does something as long as the place is there.
    ///
    /// # Errors
    /// [`DeliveryError::Conflict`] if the store is changed, fed by somebody else or deleted, or the server ends.
    pub(crate) async fn hold(
        &mut self,
        doing: impl Future<Output = Result<(), DeliveryError>>,
    ) -> Result<(), DeliveryError> {
        tokio::pin!(doing);
        let mut stopped = self.stopped.clone();
        loop {
            tokio::select! {
                // Whoever was stopped looks first whether the place is still there.
                biased;
                _ = stopped.wait_for(|stop| *stop != Stop::No) => return Err(changed()),
                () = tokio::time::sleep_until((self.renewed + RENEW).into()) => {}
                ended = &mut doing => return ended,
            }
            self.renew().await?;
        }
    }

    /// A database that does not answer ends nothing before the lease does.
    async fn renew(&mut self) -> Result<(), DeliveryError> {
        loop {
            let began = Instant::now();
            let left = LEASE.saturating_sub(self.renewed.elapsed() + MARGIN).max(MARGIN);
            match tokio::time::timeout(left, self.lease.renew(&self.environment.database, LEASE)).await {
                Ok(Ok(true)) => {
                    self.renewed = began;
                    return Ok(());
                }
                Ok(Ok(false)) => return Err(changed()),
                Ok(Err(error)) if self.is_doubtful() => return Err(error),
                Err(_) if self.is_doubtful() => return Err(changed()),
                Ok(Err(_)) | Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn is_doubtful(&self) -> bool {
        self.renewed.elapsed() >= LEASE - MARGIN
    }

    /// Gives the place back.
    pub(crate) async fn end(self) -> Result<(), DeliveryError> {
        self.lease.release(&self.environment.database).await.map(drop)
    }
}

fn changed() -> DeliveryError {
    DeliveryError::Conflict("the store was changed or deleted meanwhile, or the server ends; begin again".to_owned())
}
