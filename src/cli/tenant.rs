//! `tenantry tenant …`

use std::io::{self, BufRead, IsTerminal, Write};

use clap::{Args, Subcommand};
use serde_json::Value;
use tenant_admin::{Code, Command as Asked, Failure};

use super::invitation::warning;
use super::output::Output;
use super::table::{facts, items, moment, table, text};
use super::{ask, assignments, breaker, token};
use crate::settings::Settings;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry tenant create acme --with-token
  tenantry tenant create acme --with-token --json     for scripts: prints base_url and token
  tenantry tenant set acme strict=true rate_per_second=50 --add-host scim.acme.example
  tenantry tenant disable acme";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Adds a tenant
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Create),
    /// Lists the tenants
    #[command(after_help = "Example:\n  tenantry tenant list --json")]
    List,
    /// Shows everything about a tenant
    #[command(after_help = "Example:\n  tenantry tenant show acme")]
    Show(Name),
    /// Changes settings and domain names
    #[command(after_help = SET_EXAMPLES)]
    Set(Set),
    /// Lets a tenant's client in again
    #[command(after_help = "Example:\n  tenantry tenant enable acme")]
    Enable(Name),
    /// Refuses a tenant's client (403); directory and token stay
    #[command(after_help = "Example:\n  tenantry tenant disable acme")]
    Disable(Name),
    /// Deletes a tenant with its users, groups, events and tokens, for good
    #[command(after_help = "Example:\n  tenantry tenant delete acme --yes")]
    Delete(Delete),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  tenantry tenant create acme --with-token --days 90
  tenantry tenant create acme --host scim.acme.example --set strict=true";

const SET_EXAMPLES: &str = "\
Examples:
  tenantry tenant set acme strict=true rate_per_second=50 rate_burst=100
  tenantry tenant set acme strict=                    the default again
  tenantry tenant set acme extensions=@schemas.json   a JSON array of schemas (RFC 7643 section 7)
  tenantry tenant set acme --add-host scim.acme.example --remove-host old.acme.example

  tenantry tenant set acme 'administrator={\"name\":\"Uma\",\"role\":\"User Manager\"}'   changes are attributed to her
  tenantry tenant set acme 'token_modes=[\"strict\",\"staged\"]' token_max_days=90 'token_networks=[\"192.0.2.0/24\"]'

Settings: strict, unique_group_names, rate_per_second, rate_burst, write_per_second, write_burst, concurrency,
group_answer_members, token_modes, token_max_days, token_max_overlap_hours, token_networks, token_contacts,
failure_contacts, oauth_token_minutes, profile, profile_options, prerequisites_met, administrator, invitation,
extensions";

#[derive(Debug, Args)]
pub(super) struct Name {
    /// The tenant
    #[arg(value_name = "TENANT")]
    name: String,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Its name in URLs: a-z, 0-9 and -, at most 63
    name: String,
    /// Issues a provisioning token and prints it
    #[arg(long)]
    with_token: bool,
    /// For how many days the token is valid
    #[arg(long, requires = "with_token")]
    days: Option<u32>,
    /// A domain name of its own; may be repeated
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// A setting that differs from its default; may be repeated
    #[arg(long = "set", value_name = "SETTING=VALUE")]
    settings: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// The tenant
    #[arg(value_name = "TENANT")]
    name: String,
    /// Settings; @FILE as a value reads JSON from a file
    #[arg(value_name = "SETTING=VALUE", required_unless_present_any = ["add_hosts", "remove_hosts"])]
    settings: Vec<String>,
    /// A domain name it gets; may be repeated
    #[arg(long = "add-host", value_name = "HOST")]
    add_hosts: Vec<String>,
    /// A domain name it gives up; may be repeated
    #[arg(long = "remove-host", value_name = "HOST")]
    remove_hosts: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Delete {
    /// The tenant
    #[arg(value_name = "TENANT")]
    name: String,
    /// Does not ask
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    if let Command::Delete(Delete { name, yes: false }) = &command {
        confirm(name)?;
    }
    let text = match &command {
        Command::List => list_text,
        Command::Create(_) => created_text,
        Command::Delete(_) => deleted_text,
        _ => shown_text,
    };
    output.answer(&ask(settings, command.asked()?).await?, text)
}

impl Command {
    fn asked(self) -> Result<Asked, Failure> {
        Ok(match self {
            Self::Create(Create { name, with_token, days, hosts, settings }) => {
                Asked::CreateTenant { name, hosts, settings: assignments::parse(&settings)?, with_token, days }
            }
            Self::List => Asked::ListTenants,
            Self::Show(Name { name }) => Asked::ShowTenant { name },
            Self::Set(Set { name, settings, add_hosts, remove_hosts }) => Asked::ChangeTenant {
                name,
                settings: assignments::parse(&settings)?,
                add_hosts,
                remove_hosts,
                if_version: None,
            },
            Self::Enable(Name { name }) => Asked::EnableTenant { name, enabled: true },
            Self::Disable(Name { name }) => Asked::EnableTenant { name, enabled: false },
            Self::Delete(Delete { name, .. }) => Asked::DeleteTenant { name },
        })
    }
}

/// Asks a person for the name again; a script has to say `--yes`.
fn confirm(name: &str) -> Result<(), Failure> {
    let refused = |sentence: String| Err(Failure::new(Code::Invalid, sentence));
    if !io::stdin().is_terminal() {
        return refused(format!("deleting \"{name}\" cannot be undone; add --yes to do it"));
    }
    let asked = write!(io::stderr().lock(), "This deletes every user, group and event of {name}. Type its name: ");
    let mut typed = String::new();
    asked
        .and_then(|()| io::stdin().lock().read_line(&mut typed))
        .map_err(|error| Failure::caused(Code::Failed, &error))?;
    if typed.trim() == name { Ok(()) } else { refused("nothing was deleted".to_owned()) }
}

fn list_text(answer: &Value) -> String {
    let rows: Vec<_> = items(answer, "tenants")
        .iter()
        .map(|tenant| vec![text(tenant, "name"), state(tenant), moment(tenant, "created"), text(tenant, "base_url")])
        .collect();
    if rows.is_empty() {
        return "There is no tenant. Create one: tenantry tenant create NAME --with-token".to_owned();
    }
    table(&["NAME", "STATE", "CREATED", "TENANT URL"], rows)
}

pub(super) fn created_text(answer: &Value) -> String {
    let (name, warning) = (text(answer, "name"), warning(answer));
    if answer.get("token").is_some() {
        let facts = facts(token::issued_facts(answer));
        return format!("{warning}Tenant {name} is created.\n\n{facts}{}", token::SHOWN_ONCE);
    }
    let facts = facts([("Tenant URL", text(answer, "base_url"))]);
    format!("{warning}Tenant {name} is created.\n\n{facts}\nIt has no token yet: tenantry token issue {name}\n")
}

fn deleted_text(answer: &Value) -> String {
    format!("Tenant {} is deleted.", text(answer, "name"))
}

fn shown_text(answer: &Value) -> String {
    let mut shown = vec![
        ("Name", text(answer, "name")),
        ("State", state(answer)),
        ("Tenant URL", text(answer, "base_url")),
        ("By host", text(answer, "host_urls")),
        ("Created", moment(answer, "created")),
        ("Modified", moment(answer, "modified")),
        ("Breaker", answer.get("breaker").map(breaker::state).unwrap_or_default()),
        ("Administrator", text(answer, "administrator_problem")),
    ];
    if let Some(token) = answer.get("token") {
        shown.push(("Token", token_text(token)));
        shown.extend(items(answer, "other_tokens").iter().map(|other| ("Also valid", token_text(other))));
    }
    shown.retain(|(_, value)| !value.is_empty());
    format!("{}{}\nSettings\n{}", warning(answer), facts(shown), settings_text(answer))
}

fn token_text(token: &Value) -> String {
    if token.is_null() {
        return "none".to_owned();
    }
    let verb = if text(token, "state") == "expired" { "expired" } else { "expires" };
    format!("{} {verb} {}", text(token, "id"), moment(token, "expires"))
}

fn settings_text(answer: &Value) -> String {
    let settings = answer.get("settings").and_then(Value::as_object);
    let line = |(name, value): (&String, &Value)| match value.as_array() {
        Some(schemas) if name == "extensions" => format!("  {name} = {}\n", ids(schemas)),
        None if value.is_null() => format!("  {name} =\n"),
        _ => format!("  {name} = {value}\n"),
    };
    settings.into_iter().flatten().map(line).collect()
}

fn ids(schemas: &[Value]) -> String {
    let ids: Vec<_> = schemas.iter().map(|schema| text(schema, "id")).collect();
    if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
}

fn state(tenant: &Value) -> String {
    let enabled = tenant.get("enabled").and_then(Value::as_bool).unwrap_or_default();
    if enabled { "enabled" } else { "disabled" }.to_owned()
}
