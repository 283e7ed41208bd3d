//! `tenantry completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use tenant_admin::{Code, Failure};

use super::Cli;
use super::output::Output;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry completions bash > ~/.local/share/bash-completion/completions/tenantry
  tenantry completions zsh > ~/.zfunc/_tenantry
  tenantry completions fish > ~/.config/fish/completions/tenantry.fish";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(super) fn print(arguments: &Arguments, output: Output) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "tenantry", &mut script);
    let script = String::from_utf8(script).map_err(|error| Failure::caused(Code::Failed, &error))?;
    output.line(&script)
}
