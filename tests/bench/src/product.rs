//! The server under test: the real program with data of its own.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::arguments::{Database, Measure};
use crate::load::Connection;
use crate::machine::{Process, free_port, output};
use crate::target::Target;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
/// More requests a second than any machine answers: no limit must be what is measured, but each counts, as in production.
const NO_LIMIT: u32 = 1_000_000;

/// A running server.
#[derive(Debug)]
pub(crate) struct Product {
    process: Process,
    installed: Installed,
}

/// A server that may run: its program, its settings and its data.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    program: PathBuf,
    environment: Vec<(String, String)>,
    address: SocketAddr,
    operations: SocketAddr,
    folder: PathBuf,
    /// The URL of its database.
    pub(crate) url: String,
}

/// What creating a tenant answers.
#[derive(Deserialize)]
struct Created {
    base_url: String,
    token: String,
}

/// What issuing the token of a store answers.
#[derive(Deserialize)]
struct StoreToken {
    token: String,
}

impl Product {
    /// Starts it on a new database of this name and waits until it is ready.
    pub(crate) fn start(measure: &Measure, database: Database, name: &str) -> anyhow::Result<Self> {
        let folder = measure.places.work.join(format!("{name}-{}", database.name()));
        std::fs::create_dir(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let (address, operations) = (loopback(free_port()), loopback(free_port()));
        let url = match database {
            Database::Sqlite => format!("sqlite://{}", folder.join("tenantry.db").display()),
            Database::Postgres => crate::pgbench::create_database(&measure.places, &format!("tenantry_{name}"))?,
        };
        let mut environment = vec![
            ("TENANTRY_DATA_DIR".to_owned(), folder.join("data").display().to_string()),
            ("TENANTRY_DATABASE__URL".to_owned(), url.clone()),
            ("TENANTRY_SERVER__LISTEN".to_owned(), address.to_string()),
            ("TENANTRY_SERVER__OPERATIONS_LISTEN".to_owned(), operations.to_string()),
            ("TENANTRY_ADMIN__LISTEN".to_owned(), String::new()),
            ("TENANTRY_STORES__LISTEN".to_owned(), String::new()),
            ("TENANTRY_STORES__ALLOW_PRIVATE".to_owned(), "true".to_owned()),
            ("TENANTRY_LOG__FORMAT".to_owned(), "json".to_owned()),
            ("TENANTRY_LIMITS__ADDRESS_REQUESTS_PER_SECOND".to_owned(), NO_LIMIT.to_string()),
            ("TENANTRY_LIMITS__ADDRESS_REQUESTS_BURST".to_owned(), NO_LIMIT.to_string()),
        ];
        environment.extend(measure.settings.iter().filter_map(|setting| split(setting)));
        let program = measure.places.program.clone();
        Installed { program, environment, address, operations, folder, url }.start()
    }

    /// Ends it.
    pub(crate) fn stop(self) -> Installed {
        self.installed
    }

    /// The folder of the files of a tenant's stores.
    pub(crate) fn files_of_stores(&self, tenant: &str) -> PathBuf {
        self.installed.folder.join("data/stores").join(tenant)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Adds a tenant that may ask as often as it likes.
    pub(crate) fn create_tenant(&self, name: &str) -> anyhow::Result<Target> {
        let mut command = self.installed.command();
        command.args(["tenant", "create", name, "--with-token", "--json"]);
        for setting in ["rate_per_second", "rate_burst"] {
            command.arg("--set").arg(format!("{setting}={NO_LIMIT}"));
        }
        // So that as many connections as a measurement needs belong to one tenant.
        command.arg("--set").arg(format!("concurrency={NO_LIMIT}"));
        let created: Created = serde_json::from_str(&output(command)?).context("reading the new tenant")?;
        let path = created.base_url.splitn(4, '/').nth(3).context("a base URL without a path")?;
        Ok(Target::new(self.installed.address, &format!("/{path}"), &created.token))
    }
}

impl Product {
    /// Adds a store that programs fetch from to a tenant, and gives its token.
    pub(crate) fn issue_store_token(&self, tenant: &str) -> anyhow::Result<String> {
        let mut add = self.installed.command();
        add.args(["store", "add", tenant, "app", "--kind", "pull", "--json"]);
        output(add)?;
        let mut issue = self.installed.command();
        issue.args(["store", "token", tenant, "app", "--json"]);
        let issued: StoreToken = serde_json::from_str(&output(issue)?).context("reading the token of a store")?;
        Ok(issued.token)
    }

    /// Lets a tenant ask so often a second, and twice as often at once.
    pub(crate) fn limit_tenant(&self, name: &str, per_second: u32) -> anyhow::Result<()> {
        let rates = [format!("rate_per_second={per_second}"), format!("rate_burst={}", 2 * per_second)];
        self.tell(["tenant", "set", name].into_iter().chain(rates.iter().map(String::as_str)))
    }

    /// Runs a command of the operator.
    pub(crate) fn tell<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> anyhow::Result<()> {
        let mut command = self.installed.command();
        command.args(words);
        output(command).map(drop)
    }
}

impl Installed {
    /// Starts it and waits until it is ready.
    pub(crate) fn start(self) -> anyhow::Result<Product> {
        let log = self.folder.join("server.log");
        let mut command = self.command();
        let file = File::options().create(true).append(true).open(&log)?;
        command.arg("serve").stdout(file.try_clone()?).stderr(file);
        let mut process = Process::start(command)?;
        if let Err(error) = wait_until_ready(&mut process, self.operations) {
            bail!("{error}; it wrote:\n{}", std::fs::read_to_string(&log).unwrap_or_default());
        }
        Ok(Product { process, installed: self })
    }

    /// The program with these settings and none of the caller's.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TENANTRY_")) {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().cloned());
        command
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn split(setting: &str) -> Option<(String, String)> {
    let (name, value) = setting.split_once('=')?;
    Some((name.to_owned(), value.to_owned()))
}

fn wait_until_ready(process: &mut Process, operations: SocketAddr) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if runtime.block_on(is_ready(operations)) {
            return Ok(());
        }
        anyhow::ensure!(!process.has_ended(), "the server ended");
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("the server was not ready after {} seconds", PATIENCE.as_secs())
}

async fn is_ready(operations: SocketAddr) -> bool {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {operations}\r\n\r\n");
    let Ok(mut connection) = Connection::open(operations).await else { return false };
    connection.exchange(request.as_bytes()).await.is_ok_and(|answer| answer.status == 200)
}

/// The bare server, as a second process of this program.
#[derive(Debug)]
pub(crate) struct Bare {
    process: Process,
    pub(crate) address: SocketAddr,
}

impl Bare {
    /// Starts it and waits until it listens.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let port = free_port();
        let workers = std::thread::available_parallelism()?.to_string();
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", "--port", &port.to_string(), "--workers", &workers]);
        let mut process = Process::start(command)?;
        wait_until_ready(&mut process, loopback(port))?;
        Ok(Self { process, address: loopback(port) })
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}
