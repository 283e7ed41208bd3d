//! The command line.

mod api_key;
mod assignments;
mod breaker;
mod completions;
mod config;
mod conversion;
mod duration;
mod events;
mod failures;
mod invitation;
mod key;
mod limits;
mod migrate;
mod oauth;
mod output;
mod profile;
mod resource;
mod store;
mod table;
mod tenant;
#[cfg(test)]
mod tests;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tenant_admin::{Code, Failure};

use crate::serve;
use crate::session::Session;
use crate::settings::{Layers, Settings};
pub(crate) use output::Output;
pub(crate) use table::{facts, text};

/// A multi-tenant SCIM 2.0 provisioning gateway.
///
/// Identity providers push users and groups to it; each tenant has its own directory, its own token, and its own log of
/// numbered events.
#[derive(Debug, Parser)]
#[command(name = "tenantry", version, max_term_width = 100, after_help = EXAMPLES, propagate_version = true)]
pub(crate) struct Cli {
    /// Reads settings from this file instead of ./tenantry.toml
    #[arg(long, global = true, value_name = "FILE", env = "TENANTRY_CONFIG")]
    config: Option<PathBuf>,
    /// Uses this data folder instead of the one in the settings
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Prints JSON for scripts instead of text for people
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  tenantry                                    starts the server, as `tenantry serve` does
  tenantry tenant create acme --with-token    adds a tenant; prints its Tenant URL and token
  tenantry user list acme                     shows what its identity provider has pushed
  tenantry events tail acme --follow          prints every change as it comes

Commands take effect at once, on the running server if there is one, and on all that share its database.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 conflict, 5 server or database unavailable,
6 something differs (store drift).";

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the server
    #[command(after_help = serve::EXAMPLES)]
    Serve,
    /// Brings the database to the version of this program, without starting the server
    #[command(after_help = migrate::EXAMPLES)]
    Migrate,
    /// Creates, shows, changes and deletes tenants
    #[command(subcommand, after_help = tenant::EXAMPLES)]
    Tenant(tenant::Command),
    /// Issues, rotates, lists and revokes provisioning tokens
    #[command(subcommand, after_help = token::EXAMPLES)]
    Token(token::Command),
    /// Keeps the OAuth clients of tenants, which get access tokens that live for an hour
    #[command(subcommand, after_help = oauth::EXAMPLES)]
    Oauth(oauth::Command),
    /// Makes, lists and revokes the keys of programs that administer over HTTP
    #[command(subcommand, after_help = api_key::EXAMPLES)]
    ApiKey(api_key::Command),
    /// Shows and changes how often one network address may ask, while servers run
    #[command(subcommand, after_help = limits::EXAMPLES)]
    Limits(limits::Command),
    /// Rotates, lists and retires the keys that sign tokens
    #[command(subcommand, after_help = key::EXAMPLES)]
    Key(key::Command),
    /// Shows the users of a tenant, and gives all of them other names
    #[command(subcommand, after_help = resource::USER_EXAMPLES)]
    User(resource::UserCommand),
    /// Shows the groups of a tenant
    #[command(subcommand, after_help = resource::GROUP_EXAMPLES)]
    Group(resource::GroupCommand),
    /// Prints the changes of a tenant's directory
    #[command(subcommand, after_help = events::EXAMPLES)]
    Events(events::Command),
    /// Shows what identity providers asked for users and groups and did not get, and why
    #[command(subcommand, after_help = failures::EXAMPLES)]
    Failures(failures::Command),
    /// Shows who was invited, sends mails again, and takes invitations back
    #[command(subcommand, after_help = invitation::EXAMPLES)]
    Invitation(invitation::Command),
    /// Keeps the stores of tenants, to which their events are brought
    #[command(subcommand, after_help = store::EXAMPLES)]
    Store(store::Command),
    /// Guards the stores of tenants against a client that deactivates or deletes too many users at once
    #[command(subcommand, after_help = breaker::EXAMPLES)]
    Breaker(breaker::Command),
    /// Keeps application profiles: what is particular to a product, as data
    #[command(subcommand, after_help = profile::EXAMPLES)]
    Profile(profile::Command),
    /// Shows and checks the settings
    #[command(subcommand, after_help = config::EXAMPLES)]
    Config(config::Command),
    /// Prints a completion script for a shell
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::Arguments),
}

/// Reads the arguments, does what they say, and tells how it went.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    match cli.run(output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Whoever asked whether something differs has been told all.
            if failure.code != Code::Differs {
                output.fail(&failure);
            }
            exit_code(failure.code)
        }
    }
}

/// The codes are documented in the help: scripts decide by them.
fn exit_code(code: Code) -> ExitCode {
    ExitCode::from(match code {
        Code::Failed | Code::Unauthorized => 1,
        Code::Invalid => 2,
        Code::NotFound => 3,
        Code::Conflict | Code::Changed => 4,
        Code::Unavailable => 5,
        Code::Differs => 6,
    })
}

impl Cli {
    fn run(self, output: Output) -> Result<(), Failure> {
        match self.command {
            Some(Command::Completions(arguments)) => completions::print(&arguments, output),
            Some(Command::Config(config::Command::Default)) => config::print_default(output),
            _ => self.run_with_settings(output),
        }
    }

    fn run_with_settings(self, output: Output) -> Result<(), Failure> {
        let layers = Layers::read(self.config.as_deref(), self.data_dir.as_deref(), std::env::vars_os())
            .map_err(|error| Failure::caused(Code::Failed, &error))?;
        let settings = layers.settings().map_err(|error| Failure::caused(Code::Failed, &error))?;
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(&settings, output),
            Command::Migrate => in_runtime(migrate::run(&settings, output)),
            Command::Config(command) => config::run(&command, &layers, output),
            Command::Tenant(command) => in_runtime(tenant::run(command, &settings, output)),
            Command::Token(command) => in_runtime(token::run(command, &settings, output)),
            Command::Oauth(command) => in_runtime(oauth::run(command, &settings, output)),
            Command::ApiKey(command) => in_runtime(api_key::run(command, &settings, output)),
            Command::Limits(command) => in_runtime(limits::run(command, &settings, output)),
            Command::Key(command) => in_runtime(key::run(command, &settings, output)),
            Command::User(command) => in_runtime(resource::run_users(command, &settings, output)),
            Command::Group(command) => in_runtime(resource::run(command.into(), &settings, output)),
            Command::Store(command) => in_runtime(store::run(command, &settings, output)),
            Command::Breaker(command) => in_runtime(breaker::run(command, &settings, output)),
            Command::Invitation(command) => in_runtime(invitation::run(command, &settings, output)),
            Command::Failures(command) => in_runtime(failures::run(command, &settings, output)),
            Command::Profile(command) => in_runtime(profile::run(command, &settings, output)),
            Command::Events(command) => in_runtime(events::run(command, &settings, output)),
            Command::Completions(arguments) => completions::print(&arguments, output),
        }
    }
}

fn in_runtime(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| Failure::caused(Code::Failed, &error))?.block_on(work)
}

/// Does one command wherever it can be done.
async fn ask(settings: &Settings, command: tenant_admin::Command) -> Result<tenant_admin::Answer, Failure> {
    let mut session = Box::pin(Session::open(settings, &command)).await?;
    Box::pin(session.run(command)).await
}
