//! Where a command is done: in the running server, or here when none runs.

use tenant_admin::control::Connection;
use tenant_admin::{Answer, Code, Command, Failure, Operator};

use crate::deployment::{Deployment, Purpose};
use crate::settings::Settings;

/// Does commands. Their effect is the same either way.
pub(crate) enum Session {
    /// Through the control socket of the running server.
    Server(Connection),
    /// In this process, which has the database for itself meanwhile, or shares it with replicas.
    Alone {
        /// Held for its lock.
        _deployment: Box<Deployment>,
        /// Does it.
        operator: Box<Operator>,
    },
}

impl Session {
    /// Finds the running server, or opens the data itself.
    pub(crate) async fn open(settings: &Settings, command: &Command) -> Result<Self, Failure> {
        if let Some(connection) = Connection::open(&settings.data_dir).await? {
            return Ok(Self::Server(connection));
        }
        let creates = matches!(command, Command::CreateTenant { .. });
        if !creates && settings.sqlite_file().is_some_and(|file| !file.exists()) {
            return Err(no_data(settings));
        }
        let deployment = Deployment::open(settings, Purpose::Command).await?;
        let operator = deployment.operator(settings, settings.server.listen);
        Ok(Self::Alone { _deployment: Box::new(deployment), operator: Box::new(operator) })
    }

    /// Does one command.
    pub(crate) async fn run(&mut self, command: Command) -> Result<Answer, Failure> {
        match self {
            Self::Server(connection) => connection.run(&command).await,
            Self::Alone { operator, .. } => operator.run(command).await,
        }
    }

    /// Whether others can change something meanwhile.
    pub(crate) fn is_shared(&self) -> bool {
        match self {
            Self::Server(_) => true,
            Self::Alone { _deployment: deployment, .. } => deployment.is_shared(),
        }
    }
}

/// A command in the wrong folder must not make a second, empty deployment there.
fn no_data(settings: &Settings) -> Failure {
    Failure::new(
        Code::Unavailable,
        format!(
            "there is no database in {} and no server runs on it; start one (tenantry serve), or name another folder \
             with --data-dir or --config",
            settings.data_dir.display()
        ),
    )
}
