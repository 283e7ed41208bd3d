//! The first use of a token that waits for it. It takes two changes: the first one ends every other token, and the second
//! one, made when no server lets those in any more, lets this one in without further ado. Whoever meets a token between the
//! two, in whichever process, brings it to its end.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::tell::told;
use crate::actor::Actor;
use crate::notice::{NoticeType, leave};
use crate::replication::Change;
use crate::rotation::{self, Plan};
use crate::token_store::{Sought, tokens};
use crate::{TenancyError, Tenant, Tenants, TokenId, TokenRecord};

/// How long a request waits until no server lets the other tokens in any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many requests wait for one of them at once; further ones are told to come back at once. None takes the place of another
/// tenant's.
const WAITING: usize = 64;

/// How often the tokens are looked at: for each of the two changes, and once more because a command came in between.
const LOOKS: usize = 4;

/// A change of the tokens of a tenant that was begun: whose, when in milliseconds since 1970, and on which tokens.
pub(super) type Begun<'a> = (Change<'a>, Arc<Tenant>, i64, Vec<TokenRecord>);

/// The first uses under way in this process: one for each token, however many requests there are.
#[derive(Debug, Default)]
pub(crate) struct FirstUses {
    under_way: Mutex<HashMap<TokenId, FirstUse>>,
}

/// One of them, for those who wait for it.
#[derive(Clone, Debug)]
pub(crate) struct FirstUse {
    over: watch::Receiver<()>,
    pub(crate) places: Arc<Semaphore>,
}

impl FirstUses {
    fn under_way(&self) -> MutexGuard<'_, HashMap<TokenId, FirstUse>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them. It is over when this goes, however.
struct UnderWay {
    tenants: Tenants,
    id: TokenId,
    actor: Actor,
    _over: watch::Sender<()>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.tenants.inner.first_uses.under_way().remove(&self.id);
    }
}

impl Tenants {
    /// Comes back when the first use of a token is over, or has taken too long for a request to wait. Whether the token
    /// waits any longer is then to be asked again.
    pub(crate) async fn wait_for_first_use(&self, tenant: &Arc<Tenant>, id: TokenId) {
        // It is begun whoever finds a place.
        let mut first = self.begin_first_use(tenant, id, Actor::Client);
        let places = Arc::clone(&first.places);
        if let Ok(_place) = places.try_acquire() {
            // Nothing is ever sent.
            let _ = tokio::time::timeout(PATIENCE, first.over.changed()).await;
        }
    }

    /// Comes back when the first use of a token is over. It goes on without whoever began it, who is told as its actor.
    pub(super) async fn use_first(&self, tenant: &Arc<Tenant>, id: TokenId, actor: Actor) {
        let _ = self.begin_first_use(tenant, id, actor).over.changed().await;
    }

    pub(crate) fn begin_first_use(&self, tenant: &Arc<Tenant>, id: TokenId, actor: Actor) -> FirstUse {
        match self.inner.first_uses.under_way().entry(id) {
            Occupied(under_way) => under_way.get().clone(),
            Vacant(free) => {
                let (sender, over) = watch::channel(());
                let first = free.insert(FirstUse { over, places: Arc::new(Semaphore::new(WAITING)) }).clone();
                let under_way = UnderWay { tenants: self.clone(), id, actor, _over: sender };
                tokio::spawn(under_way.complete(Arc::clone(tenant)));
                first
            }
        }
    }
}

impl UnderWay {
    async fn complete(self, tenant: Arc<Tenant>) {
        if let Err(error) = self.tenants.complete_first_use(&tenant, self.id, &self.actor).await {
            tracing::warn!(tenant.id = tenant.name(), token.id = %self.id, error = %error,
                "the first use of a token is not written yet; the next request with it tries again");
        }
    }
}

impl Tenants {
    async fn complete_first_use(&self, tenant: &Tenant, id: TokenId, actor: &Actor) -> Result<(), TenancyError> {
        let mut is_agreed = false;
        for _ in 0..LOOKS {
            let change = self.inner.begin().await?;
            let now_ms = self.inner.time.now_ms();
            let sought = Sought { id: Some(id), ..Sought::default() };
            let rows = tokens(&*change, tenant.id, sought, now_ms).await?;
            let Some(plan) = rotation::first_use(&rows, id, now_ms) else { return Ok(()) };
            if plan.settles.is_none() {
                self.end_others(change, tenant, (&plan, &rows), (now_ms, actor)).await?;
            } else if is_agreed {
                self.inner.carry_out(&change, tenant, &plan).await?;
                return self.inner.publish_unawaited(change, tenant.id, now_ms).await;
            } else {
                // Whoever ended the others has perhaps not lived to see it known everywhere.
                self.inner.made_before(change).await?;
            }
            is_agreed = true;
        }
        Err(TenancyError::FirstUse)
    }

    /// Returns when no server lets them in.
    async fn end_others(
        &self,
        change: Change<'_>,
        tenant: &Tenant,
        (plan, rows): (&Plan, &[TokenRecord]),
        (now_ms, actor): (i64, &Actor),
    ) -> Result<(), TenancyError> {
        self.inner.carry_out(&change, tenant, plan).await?;
        if let Some(token) = rows.iter().find(|token| Some(token.id) == plan.subject) {
            leave(&*change, tenant.id, NoticeType::Rotated, token.id, (told(token, plan), actor)).await?;
        }
        self.inner.publish(change, tenant.id, now_ms).await?;
        self.inner.told.notify_one();
        Ok(())
    }

    /// Begins a change of the tokens of a tenant, when none of them is in the middle of its first use. One that waits for
    /// it is used before, if `is_to_be_used`. Of the tokens that have ended, these are among them: the newest and what is
    /// `sought`.
    pub(super) async fn begin_with_tokens(
        &self,
        name: &str,
        sought: Sought<'_>,
        is_to_be_used: impl Fn(TokenId) -> bool,
    ) -> Result<Begun<'_>, TenancyError> {
        for _ in 0..LOOKS {
            let change = self.begin().await?;
            let tenant = self.find(name)?;
            let now_ms = self.inner.time.now_ms();
            let rows = tokens(&*change, tenant.id, sought, now_ms).await?;
            match rotation::in_use(&rows, &is_to_be_used) {
                None => return Ok((change, tenant, now_ms, rows)),
                Some(id) => {
                    drop(change);
                    self.use_first(&tenant, id, self.actor()).await;
                }
            }
        }
        Err(TenancyError::FirstUse)
    }
}
