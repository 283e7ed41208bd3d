//! `tenantry serve`: the server, from the settings to its end.

mod administration;
mod banner;
mod conversions;
mod digests;
mod feeding;
mod first_start;
mod invitations;
mod logs;
mod mail;
mod profiles;
mod signals;
mod upkeep;

#[cfg(test)]
mod tests;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use gateway::App;
use telemetry::Telemetry;
use tenant_admin::control::{Connection, Socket};
use tenant_admin::{Code, Failure, MailObstacle, Origin};

use crate::cli::Output;
use crate::deployment::{Deployment, Purpose, mail_obstacle, origin, reachable};
use crate::settings::Settings;
use administration::Administration;
use banner::Banner;
use feeding::Feeding;
use invitations::Inviting;
use mail::Mail;
use tokio::signal::unix::Signal;
use tokio::task::JoinHandle;
use upkeep::Upkeep;

pub(crate) const EXAMPLES: &str = "\
Examples:
  tenantry serve
  tenantry serve --config /etc/tenantry.toml
  TENANTRY_SERVER__LISTEN=0.0.0.0:8080 tenantry serve

The first start makes the data folder, the database and a tenant named demo, and prints how to reach it.
SIGTERM and Ctrl-C end the server after the requests under way.";

/// How long the last mails may take.
const PARTING: Duration = Duration::from_secs(1);

/// Runs the server until it is told to stop.
pub(crate) fn run(settings: &Settings, output: Output) -> Result<(), Failure> {
    let telemetry = Telemetry::start(&settings.log).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    let served = runtime.block_on(serve(settings, &telemetry, output));
    telemetry.flush();
    // Whatever keeps the server from running is one failure to whoever started it.
    served.map_err(|failure| Failure { code: Code::Failed, ..failure })
}

async fn serve(settings: &Settings, telemetry: &Telemetry, output: Output) -> Result<(), Failure> {
    // Whatever comes while it starts is waited with, not died of.
    let (stop, hangup) = (signals::stop().map_err(failed)?, signals::hangup().map_err(failed)?);
    let mut stop = Box::pin(stop);
    refuse_second(settings).await?;
    // The ports come first: who cannot have them leaves no trace in the data.
    let clients = listen(settings.server.listen, "server.listen")?;
    let operations = listen(settings.server.operations_listen, "server.operations_listen")?;
    let (administration, no_administration) = administration::listener(settings)?;
    let (feed, no_feed) = feeding::listener(settings)?;
    let deployment = tokio::select! {
        opened = Deployment::open(settings, Purpose::Serve) => opened?,
        () = &mut stop => return Ok(()),
    };
    let warnings: Vec<_> = [deployment.warning.clone(), no_administration, no_feed].into_iter().flatten().collect();
    let server = Server { settings, telemetry, deployment: &deployment, warnings };
    let served = Box::pin(server.serve((clients, operations, administration, feed), (stop, hangup), output)).await;
    deployment.tenants.leave_soon().await;
    served
}

/// The listeners for clients, for operators, for administration, and for stores.
type Listeners = (TcpListener, TcpListener, Option<TcpListener>, Option<TcpListener>);

/// A server with its data open.
struct Server<'a> {
    settings: &'a Settings,
    telemetry: &'a Telemetry,
    deployment: &'a Deployment,
    /// What must not be overlooked.
    warnings: Vec<String>,
}

impl Server<'_> {
    async fn serve(
        &self,
        (clients, operations, administration, feed): Listeners,
        (stop, hangup): (impl Future<Output = ()> + Send + 'static, Signal),
        output: Output,
    ) -> Result<(), Failure> {
        let Self { settings, deployment, .. } = *self;
        let (listening, operations_at) = (address(&clients)?, reachable(address(&operations)?));
        let admin = administration.as_ref().map(address).transpose()?.map(reachable);
        let operator = deployment.operator(settings, listening);
        let socket = Socket::bind(&settings.data_dir).map_err(failed)?;
        let app = self.app()?;
        let left_out = profiles::import(&settings.profiles.folder, &operator).await?;
        let tenants = first_start::tenants(settings, &operator).await?;
        let (database, warning) = (settings.database_name(), self.warnings(left_out));
        Banner { tenants, operations: operations_at, admin, database, warning }.print(output)?;
        let (mail, post) = Mail::open(&settings.mail).map_err(failed)?.unzip();
        let obstacle = mail_obstacle(settings, listening);
        self.warn_of_invitations(obstacle);
        let upkeep = self.upkeep(mail, (origin(settings, listening), obstacle));
        let post = post.map(|post| tokio::spawn(post.run()));
        let mut feeding = Feeding::start(&deployment.stores, feed).map_err(failed)?;
        let mut administration = Administration::start(administration, &operator, settings).map_err(failed)?;
        let served = tokio::select! {
            served = app.serve(clients, operations, stop) => served.map_err(failed),
            () = upkeep.run() => Ok(()),
            () = signals::reload(hangup, operator.clone()) => Ok(()),
            () = socket.serve(operator) => Ok(()),
            ended = administration.ended() => ended.map_err(failed),
            ended = feeding.ended() => ended.map_err(failed),
            () = deployment.lock.lost() => Err(Failure::new(
                Code::Failed,
                "another tenantry process took over the database while it could not be reached from here; this one stops, \
                 because what it remembers may be out of date",
            )),
        };
        administration.finish().await;
        feeding.finish().await;
        upkeep.finish().await;
        drop(upkeep);
        send_the_last(post).await;
        served
    }

    fn warnings(&self, more: Vec<String>) -> Option<String> {
        let all: Vec<String> = self.warnings.iter().cloned().chain(more).collect();
        (!all.is_empty()).then(|| all.join(". "))
    }

    fn app(&self) -> Result<App, Failure> {
        let Deployment { tenants, directories, redis, journal, .. } = self.deployment;
        let noted = journal.clone();
        self.telemetry.metrics().observe_failures(move || noted.dropped());
        if self.deployment.is_shared() {
            let tenants = tenants.clone();
            self.telemetry.metrics().observe_replication(move || numbers(&tenants.replication()));
        }
        let (settings, telemetry) = (gateway_settings(self.settings), self.telemetry.clone());
        let parts = (tenants.clone(), directories.clone());
        App::build(settings, parts, (telemetry, journal.clone()), redis.clone()).map_err(failed)
    }

    /// Whoever sets mail up wrong learns it from the log of the start, and not from those who wait for a mail.
    fn warn_of_invitations(&self, obstacle: Option<MailObstacle>) {
        let tenants = self.deployment.tenants.list();
        let waiting = tenants.iter().filter(|tenant| tenant.profile().invitation().is_some()).count();
        if let Some(obstacle) = obstacle.filter(|_| waiting > 0) {
            tracing::warn!(tenants = waiting, "invitations are not sent: {}", obstacle.sentence());
        }
    }

    fn upkeep(&self, mail: Option<Mail>, (origin, obstacle): (Origin, Option<MailObstacle>)) -> Upkeep {
        let (tenants, directories) = (self.deployment.tenants.clone(), self.deployment.directories.clone());
        let post = mail.as_ref().filter(|_| obstacle.is_none()).map(Mail::for_invitations);
        Upkeep {
            inviting: post.map(|post| Inviting::new(tenants.clone(), directories.clone(), origin, post)),
            tenants,
            directories,
            stores: self.deployment.stores.clone(),
            journal: self.deployment.journal.clone(),
            retention_days: self.settings.events.retention_days,
            telemetry: self.telemetry.clone(),
            mail,
        }
    }
}

/// What was written last goes out, if the mail server is quick.
async fn send_the_last(post: Option<JoinHandle<()>>) {
    let Some(post) = post else { return };
    if tokio::time::timeout(PARTING, post).await.is_err() {
        tracing::warn!("mails may be lost with the process; the mail server does not answer");
    }
}

async fn refuse_second(settings: &Settings) -> Result<(), Failure> {
    if Connection::open(&settings.data_dir).await?.is_some() {
        let folder = settings.data_dir.display();
        return Err(Failure::new(
            Code::Failed,
            format!(
                "a server runs on the data folder {folder} already; stop it first, or set data_dir to another folder"
            ),
        ));
    }
    Ok(())
}

fn listen(address: SocketAddr, setting: &str) -> Result<TcpListener, Failure> {
    let listener = std::net::TcpListener::bind(address).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::AddrInUse => "another program has it".to_owned(),
            _ => error.to_string(),
        };
        Failure::new(Code::Failed, format!("cannot listen on {address}: {reason}; set {setting} to another address"))
    })?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener.local_addr().map_err(failed)
}

fn gateway_settings(settings: &Settings) -> gateway::Settings {
    let server = &settings.server;
    gateway::Settings {
        public_url: server.public_url.as_ref().map(|origin| origin.parsed().clone()),
        documentation_url: server.documentation_url.as_ref().map(|page| page.as_str().to_owned()),
        trusted_proxies: server.trusted_proxies.clone(),
        allow_private_jwks: settings.oauth.allow_private_jwks,
        workers: (server.workers > 0).then_some(usize::from(server.workers)),
        limits: settings.limits.clone(),
    }
}

/// As the metrics know them.
fn numbers(replication: &tenancy::ReplicationNumbers) -> telemetry::ReplicationNumbers {
    telemetry::ReplicationNumbers {
        is_trusted: replication.is_trusted,
        living: replication.living,
        by_share: replication.by_share,
        renewals: replication.renewals,
        renewals_failed: replication.renewals_failed,
        acknowledged: replication.acknowledged,
        waited: replication.waited,
        agreeing: replication.agreeing,
        messages_lost: replication.messages_lost,
    }
}

fn failed(error: impl std::error::Error) -> Failure {
    Failure::caused(Code::Failed, &error)
}
