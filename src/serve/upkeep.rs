//! What a server does by itself beside answering: it writes when tokens were used, tells what happened to them, and warns
//! before one ends.

use std::time::{Duration, SystemTime};

use directory::Directories;
use telemetry::{Telemetry, TokenEnd};
use tenancy::Tenants;
use tokio::sync::Mutex;

use super::mail::Mail;

/// How often the uses of tokens are written.
const WRITE: Duration = Duration::from_secs(5);
/// How often tokens are looked through for those that end soon, and the log for events that could not be told at once.
const LOOK: Duration = Duration::from_secs(60);
/// How many days before its end a token is in the metric.
const DAYS: i64 = 30;

/// The upkeep of one server.
pub(super) struct Upkeep {
    pub(super) tenants: Tenants,
    pub(super) directories: Directories,
    pub(super) telemetry: Telemetry,
    /// The one who warns has it.
    pub(super) mail: Mutex<Option<Mail>>,
}

impl Upkeep {
    /// Goes on until it is dropped.
    pub(super) async fn run(&self) {
        tokio::join!(self.keep_writing(), self.keep_warning(), self.keep_telling());
    }

    /// Writes what would be lost with the process.
    pub(super) async fn finish(&self) {
        if let Err(error) = self.tenants.write_uses().await {
            tracing::warn!(%error, "the last uses of tokens could not be written");
        }
    }

    async fn keep_writing(&self) {
        loop {
            tokio::time::sleep(WRITE).await;
            if let Err(error) = self.tenants.write_uses().await {
                tracing::debug!(%error, "the uses of tokens are written later");
            }
        }
    }

    async fn keep_warning(&self) {
        loop {
            self.warn().await;
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn warn(&self) {
        match self.tenants.warn_of_ends().await {
            Ok(warned) => self.tell(&warned).await,
            Err(error) => tracing::warn!(%error, "tokens that end soon are told later"),
        }
        let end = |end: tenancy::TokenEnd| TokenEnd { tenant: end.tenant, at: moment(end.expires_ms) };
        self.telemetry.metrics().tokens_end(self.tenants.ending_within(DAYS).into_iter().map(end).collect());
    }

    async fn tell(&self, warned: &[tenancy::TokenEnd]) {
        let mut mail = self.mail.lock().await;
        for end in warned {
            let (tenant, token, days) = (&end.tenant, end.id, end.days_left);
            tracing::warn!(tenant.id = tenant, token.id = %token, days_left = days, "a token ends soon");
            if let (Some(mail), Ok(tenant)) = (mail.as_mut(), self.tenants.find(tenant)) {
                mail.tell(end, &tenant.settings().token_contacts);
            }
        }
        if let Some(mail) = mail.as_mut() {
            mail.send().await;
        }
    }

    /// What was left by a process that ended is told at the start, everything else when it happens.
    async fn keep_telling(&self) {
        loop {
            self.tell_notices().await;
            let _ = tokio::time::timeout(LOOK, self.tenants.noticed()).await;
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

fn moment(milliseconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default())
}
