//! What a server does by itself beside answering: it writes when credentials were used, tells what happened to them, warns
//! before one ends, forgets those that ended long ago, writes what clients did not get, and shortens the logs.

use std::time::{Duration, SystemTime};

use delivery::Stores;
use directory::Directories;
use journal::Journal;
use telemetry::{CredentialEnd, Telemetry};
use tenancy::{EndOf, Tenants};

use super::invitations::Inviting;
use super::mail::Mail;
use super::{conversions, digests, logs};

/// How often the uses of credentials are written.
const WRITE: Duration = Duration::from_secs(5);
/// How often tokens and secrets are looked through for those that end soon or ended long ago, and the log for events that could not be told
/// at once.
const LOOK: Duration = Duration::from_secs(60);
/// How often the metrics of stores and breakers are renewed, what is known of streams, and mail is written about breakers that have tripped.
const MEASURE: Duration = Duration::from_secs(5);
/// How often the log is shortened.
const SHORTEN: Duration = Duration::from_secs(60 * 60);
/// How many days before its end a token or secret is in the metric.
const DAYS: i64 = 30;
/// How often the last uses are written at the end, where somebody holds their rows.
const LAST_TRIES: u32 = 10;
/// And how long each of these waits for the one before.
const MOMENT: Duration = Duration::from_millis(100);

/// How long the last failures may take to be written.
const PARTING: Duration = Duration::from_secs(2);

/// The upkeep of one server.
pub(super) struct Upkeep {
    pub(super) tenants: Tenants,
    pub(super) directories: Directories,
    pub(super) stores: Stores,
    pub(super) journal: Journal,
    /// For how many days events are kept; 0 for ever.
    pub(super) retention_days: u32,
    pub(super) telemetry: Telemetry,
    pub(super) mail: Option<Mail>,
    /// What sends invitations, if there is a way out for mail.
    pub(super) inviting: Option<Inviting>,
}

impl Upkeep {
    /// Goes on until it is dropped.
    pub(super) async fn run(&self) {
        tokio::join!(
            self.keep_writing(),
            self.keep_warning(),
            self.keep_telling(),
            self.keep_forgetting(),
            self.keep_shortening(),
            self.keep_measuring(),
            self.journal.keep_writing(),
            logs::keep_pruning(&self.journal, &self.tenants),
            digests::keep_telling(self),
            self.keep_inviting(),
            conversions::keep_converting(&self.tenants, &self.directories, self.stores.holder())
        );
    }

    async fn keep_inviting(&self) {
        match &self.inviting {
            Some(inviting) => inviting.run().await,
            None => std::future::pending().await,
        }
    }

    /// Writes what would be lost with the process.
    pub(super) async fn finish(&self) {
        if let Some(inviting) = &self.inviting {
            inviting.finish().await;
        }
        if tokio::time::timeout(PARTING, self.journal.write_rest()).await.is_err() {
            tracing::warn!("the last failures are not in the provisioning log");
        }
        for _ in 0..LAST_TRIES {
            match self.tenants.write_uses().await {
                Ok(0) => return,
                Ok(_) => tokio::time::sleep(MOMENT).await,
                Err(error) => {
                    tracing::warn!(%error, "the last uses of credentials could not be written");
                    return;
                }
            }
        }
        tracing::warn!("some last uses of credentials could not be written");
    }

    async fn keep_writing(&self) {
        loop {
            tokio::time::sleep(WRITE).await;
            if let Err(error) = self.tenants.write_uses().await {
                tracing::debug!(%error, "the uses of credentials are written later");
            }
        }
    }

    async fn keep_warning(&self) {
        loop {
            if let Err(error) = self.tenants.warn_of_ends(|end| self.tell(&end)).await {
                tracing::warn!(%error, "some tokens or secrets that end soon are told later");
            }
            let ends = self.tenants.ending_within(DAYS).into_iter().map(shown);
            self.telemetry.metrics().credentials_end(ends.collect());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Called for each warning as soon as it is claimed: whatever comes afterwards, the mail is written.
    fn tell(&self, end: &tenancy::CredentialEnd) {
        let (tenant, days) = (&end.tenant, end.days_left);
        match &end.of {
            EndOf::Token(id) => {
                tracing::warn!(tenant.id = tenant, token.id = %id, days_left = days, "a token ends soon");
            }
            EndOf::Secret { id, client, .. } => tracing::warn!(
                tenant.id = tenant,
                oauth.client = %client,
                oauth.secret = %id,
                days_left = days,
                "a secret of an OAuth client ends soon"
            ),
        }
        if let (Some(mail), Ok(tenant)) = (&self.mail, self.tenants.find(tenant)) {
            mail.tell(end, &tenant.settings().token_contacts);
        }
    }

    /// A small step each time: however many there are, nobody notices.
    async fn keep_forgetting(&self) {
        loop {
            match self.tenants.forget_ended().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "tokens and secrets that ended long ago are forgotten"),
                Err(error) => tracing::debug!(%error, "what ended long ago is forgotten later"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What was left by a process that ended is told at the start, everything else when it happens.
    async fn keep_telling(&self) {
        loop {
            self.tell_notices().await;
            let _ = tokio::time::timeout(LOOK, self.tenants.noticed()).await;
        }
    }

    /// One tenant after the other, each in small steps.
    async fn keep_shortening(&self) {
        if self.retention_days == 0 {
            return;
        }
        let retention = Duration::from_secs(u64::from(self.retention_days) * 24 * 60 * 60);
        loop {
            let oldest =
                SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(retention);
            let oldest = i64::try_from(oldest.as_millis()).unwrap_or_default();
            for tenant in self.tenants.list() {
                match self.stores.prune(&tenant, oldest).await {
                    Ok(0) => {}
                    Ok(events) => {
                        tracing::info!(
                            tenant.id = tenant.name(),
                            events,
                            "the oldest events were removed from the log"
                        );
                    }
                    Err(error) => {
                        tracing::debug!(tenant.id = tenant.name(), %error, "the log is shortened later");
                    }
                }
            }
            tokio::time::sleep(SHORTEN).await;
        }
    }

    async fn keep_measuring(&self) {
        loop {
            match self.stores.numbers().await {
                Ok(numbers) => self.telemetry.metrics().stores(numbers.into_iter().map(measured).collect()),
                Err(error) => tracing::debug!(%error, "the metrics of stores are renewed later"),
            }
            match self.directories.breaker_numbers().await {
                Ok(numbers) => self.telemetry.metrics().breakers(numbers.into_iter().map(breaker).collect()),
                Err(error) => tracing::debug!(%error, "the metrics of breakers are renewed later"),
            }
            self.tell_alarms().await;
            self.stores.renew_announced().await;
            tokio::time::sleep(MEASURE).await;
        }
    }

    /// The event and the log have told of them already.
    async fn tell_alarms(&self) {
        let Some(mail) = &self.mail else { return };
        match self.directories.take_alarms().await {
            Ok(alarms) => {
                for alarm in alarms {
                    if let Ok(tenant) = self.tenants.find(&alarm.tenant) {
                        mail.tell_alarm(&alarm, &tenant.settings().token_contacts);
                    }
                }
            }
            Err(error) => tracing::debug!(%error, "the alarms of breakers are told later"),
        }
    }

    async fn tell_notices(&self) {
        let names = self.tenants.with_notices().await.unwrap_or_default();
        for administered in names.iter().filter_map(|name| self.tenants.administer(name).ok()) {
            if let Err(error) = self.directories.administered(&administered).tell_notices().await {
                tracing::debug!(%error, "the events of tokens are told later");
            }
        }
    }
}

/// As the metrics know it.
fn shown(end: tenancy::CredentialEnd) -> CredentialEnd {
    let oauth_client = match &end.of {
        EndOf::Token(_) => None,
        EndOf::Secret { client, .. } => Some(client.to_string()),
    };
    CredentialEnd { tenant: end.tenant, oauth_client, at: moment(end.expires_ms) }
}

/// As the metrics know it.
fn measured(store: delivery::StoreNumbers) -> telemetry::StoreNumbers {
    let delivery::StoreNumbers { tenant, store, state, lag, dead_letters, taken, failed } = store;
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    let (lag, dead_letters) = (number(lag), number(dead_letters));
    telemetry::StoreNumbers { tenant, store, state, lag, dead_letters, taken, failed }
}

/// As the metrics know it.
fn breaker(breaker: directory::BreakerNumbers) -> telemetry::BreakerNumbers {
    let directory::BreakerNumbers { tenant, state, held, trips } = breaker;
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    telemetry::BreakerNumbers { tenant, state: state.as_str(), held: number(held), trips: number(trips) }
}

fn moment(milliseconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}
