//! `tenantry profile …`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use tenant_admin::{Code, Command as Asked, Failure, ProfileChange, ProfileCommand};

use super::output::Output;
use super::table::{facts, items, moment, table, text};
use super::{ask, assignments};
use crate::settings::Settings;

/// How many users are named.
const NAMED: usize = 20;

pub(super) const EXAMPLES: &str = "\
Examples:
  tenantry profile list                            the applications there are profiles of
  tenantry profile show wats                       what it leaves to each tenant
  tenantry tenant set acme profile=wats            from now on acme is a tenant of that application
  tenantry profile import crm.toml                 an application of your own, or a new version of one
  tenantry profile rollback crm                    the version before, at once
  tenantry profile preview acme --user ada@acme.example --with crm.toml
  tenantry profile try acme --with crm.toml        of how many users something else would be told

How to write one: docs/profiles.md.";

const PREVIEW_EXAMPLES: &str = "\
Examples:
  tenantry profile preview acme --user ada@acme.example
  tenantry profile preview acme --user ada@acme.example --with wats.toml
  tenantry profile preview acme --request user.json profile=workato 'profile_options={\"environments\":true}'

Nothing is changed.";

const TRY_EXAMPLES: &str = "\
Examples:
  tenantry profile try acme --with wats.toml
  tenantry profile try acme profile=wizer

Nothing is changed. Stores learn of a change when users change, or when they are rebuilt (store rebuild).";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists the profiles, and how many tenants go by each
    #[command(after_help = "Examples:\n  tenantry profile list\n  tenantry profile list --json")]
    List,
    /// Shows what is particular to an application, and what it leaves to tenants
    #[command(after_help = "Examples:\n  tenantry profile show wats\n  tenantry profile show wats --text > wats.toml")]
    Show(Show),
    /// Reads a profile and says what is wrong with it, without changing anything
    #[command(after_help = "Example:\n  tenantry profile check crm.toml")]
    Check(File),
    /// Makes a file the newest version of the profile that it names; its tenants go by it at once
    #[command(after_help = "Example:\n  tenantry profile import crm.toml")]
    Import(File),
    /// Lists the versions of a profile
    #[command(after_help = "Example:\n  tenantry profile versions wats")]
    Versions(Name),
    /// Goes back to the version before, or to another one; 0 is the one that came with the program
    #[command(after_help = "Examples:\n  tenantry profile rollback wats\n  tenantry profile rollback wats --to 0")]
    Rollback(Rollback),
    /// Shows what the application is told of one user, before and after a change
    #[command(after_help = PREVIEW_EXAMPLES)]
    Preview(Preview),
    /// Counts of how many users of a tenant a change would tell something else, or refuse them
    #[command(after_help = TRY_EXAMPLES)]
    Try(Try),
}

#[derive(Debug, Args)]
pub(super) struct Name {
    /// The profile
    name: String,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The profile
    name: String,
    /// Prints its TOML
    #[arg(long, conflicts_with = "json")]
    text: bool,
}

#[derive(Debug, Args)]
pub(super) struct File {
    /// A file with TOML
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Rollback {
    /// The profile
    name: String,
    /// The version
    #[arg(long, value_name = "VERSION")]
    to: Option<i64>,
}

#[derive(Debug, Args)]
pub(super) struct Preview {
    /// The tenant
    tenant: String,
    /// A user of its directory: an id or a userName
    #[arg(long, value_name = "USER", required_unless_present = "request", conflicts_with = "request")]
    user: Option<String>,
    /// A user as a client would send it: a file with JSON
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// With this profile
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// With these settings
    #[arg(value_name = "SETTING=VALUE")]
    settings: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Try {
    /// The tenant
    tenant: String,
    /// With this profile
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// With these settings
    #[arg(value_name = "SETTING=VALUE")]
    settings: Vec<String>,
}

pub(super) async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), Failure> {
    let (asked, shown): (_, fn(&Value) -> String) = match command {
        Command::List => (ProfileCommand::List, list_text),
        Command::Show(Show { name, text: true }) => {
            let answer = ask(settings, Asked::Profile(ProfileCommand::Show { name })).await?;
            return output.line(&text(&answer, "text"));
        }
        Command::Show(Show { name, .. }) => (ProfileCommand::Show { name }, shown_text),
        Command::Check(File { file }) => return check(&file, output),
        Command::Import(File { file }) => {
            let (text, file) = read(&file)?;
            (ProfileCommand::Import { text, file, unless_known: false }, imported_text)
        }
        Command::Versions(Name { name }) => (ProfileCommand::Versions { name }, versions_text),
        Command::Rollback(Rollback { name, to }) => (ProfileCommand::RollBack { name, to }, imported_text),
        Command::Preview(Preview { tenant, user, request, with, settings }) => {
            let change = change(tenant, with.as_deref(), &settings)?;
            let request = request.as_deref().map(json_of).transpose()?;
            (ProfileCommand::Preview { change, user, request }, preview_text)
        }
        Command::Try(Try { tenant, with, settings: wanted }) => {
            let answer = try_out(settings, change(tenant, with.as_deref(), &wanted)?, output).await?;
            return output.answer(&answer, tried_text);
        }
    };
    output.answer(&ask(settings, Asked::Profile(asked)).await?, shown)
}

fn check(file: &Path, output: Output) -> Result<(), Failure> {
    let (text, name) = read(file)?;
    let profile =
        profile::Profile::parse(&text, &name).map_err(|error| Failure::new(Code::Invalid, error.to_string()))?;
    let answer = json!({ "name": profile.name(), "title": profile.title(), "correct": true });
    output.answer(&answer, |_| format!("{name} is a profile of {}.", profile.title()))
}

/// Step by step, telling how far it has come.
async fn try_out(settings: &Settings, change: ProfileChange, output: Output) -> Result<Value, Failure> {
    let mut sum = Sum::default();
    let mut after = None;
    loop {
        let step = ProfileCommand::TryOut { change: change.clone(), after };
        let step = ask(settings, Asked::Profile(step)).await?;
        sum.add(&step);
        after = step.get("next").and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            return Ok(json!({
                "tenant": change.tenant,
                "users": sum.users,
                "changed": sum.changed,
                "refused": sum.refused,
                "members": sum.members,
                "examples": sum.examples,
                "collisions": sum.collisions,
            }));
        }
        output.note(&format!("  {} of {} users", sum.users, text(&step, "total")));
    }
}

/// What the steps came to.
#[derive(Default)]
struct Sum {
    users: u64,
    changed: u64,
    refused: u64,
    members: BTreeMap<String, u64>,
    examples: Vec<Value>,
    /// All that there are: the first step looks at everybody.
    collisions: Value,
}

impl Sum {
    fn add(&mut self, step: &Value) {
        let count = |name: &str| step.get(name).and_then(Value::as_u64).unwrap_or_default();
        self.users += count("users");
        if let Some(collisions) = step.get("collisions").filter(|collisions| !collisions.is_null()) {
            self.collisions = collisions.clone();
        }
        self.changed += count("changed");
        self.refused += count("refused");
        for (name, count) in step.get("members").and_then(Value::as_object).into_iter().flatten() {
            *self.members.entry(name.clone()).or_default() += count.as_u64().unwrap_or_default();
        }
        let left = NAMED.saturating_sub(self.examples.len());
        self.examples.extend(items(step, "examples").iter().take(left).cloned());
    }
}

fn change(tenant: String, with: Option<&Path>, settings: &[String]) -> Result<ProfileChange, Failure> {
    let (text, file) = with.map(read).transpose()?.unzip();
    let settings: Map<String, Value> = assignments::parse_like("profile=wats", settings)?;
    Ok(ProfileChange { tenant, settings, text, file })
}

fn read(file: &Path) -> Result<(String, String), Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(Code::Invalid, format!("{name} cannot be read: {error}")))?;
    Ok((text, name))
}

fn json_of(file: &Path) -> Result<Value, Failure> {
    let (text, name) = read(file)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::new(Code::Invalid, format!("{name} does not hold JSON: {error}")))
}

fn list_text(answer: &Value) -> String {
    let row = |profile: &Value| {
        vec![text(profile, "name"), text(profile, "title"), version_of(profile), text(profile, "tenants")]
    };
    table(&["NAME", "APPLICATION", "VERSION", "TENANTS"], items(answer, "profiles").iter().map(row))
}

fn version_of(answer: &Value) -> String {
    match answer.get("version").and_then(Value::as_i64) {
        Some(0) => "of the program".to_owned(),
        _ => text(answer, "version"),
    }
}

fn shown_text(answer: &Value) -> String {
    let mut shown = vec![
        ("Name", text(answer, "name")),
        ("Application", text(answer, "title")),
        ("What", text(answer, "description")),
        ("Version", version_of(answer)),
        ("Tenants", text(answer, "tenants")),
        ("Base paths", text(answer, "base_paths")),
        ("Token at", text(answer, "token_path")),
    ];
    shown.retain(|(_, value)| !value.is_empty());
    let mut out = facts(shown);
    for known in items(answer, "prerequisites") {
        out.push_str(&format!("\nPrerequisite {}: {}\n", text(known, "name"), text(known, "title")));
    }
    let options = items(answer, "options");
    if !options.is_empty() {
        let row = |option: &Value| {
            let kind = match text(option, "values") {
                values if values.is_empty() => text(option, "type"),
                values => values,
            };
            vec![text(option, "name"), kind, text(option, "default"), text(option, "title")]
        };
        out.push_str("\nOptions of a tenant (setting profile_options)\n");
        out.push_str(&table(&["NAME", "VALUES", "DEFAULT", "WHAT"], options.iter().map(row)));
    }
    out
}

fn imported_text(answer: &Value) -> String {
    let (name, version) = (text(answer, "name"), version_of(answer));
    match answer.get("changed").and_then(Value::as_bool) {
        Some(true) => format!("Tenants of {name} go by version {version} now.\n"),
        _ => format!("Nothing has changed: {name} is at version {version}.\n"),
    }
}

fn versions_text(answer: &Value) -> String {
    let row = |version: &Value| {
        let current = version.get("current").and_then(Value::as_bool).unwrap_or_default();
        vec![version_of(version), moment(version, "imported"), if current { "current" } else { "" }.to_owned()]
    };
    table(&["VERSION", "IMPORTED", ""], items(answer, "versions").iter().map(row))
}

fn preview_text(answer: &Value) -> String {
    let part = |name: &str, refused: &str| {
        let user = answer.get(name).map(|user| serde_json::to_string_pretty(user).unwrap_or_default());
        let refused = text(answer, refused);
        let refused = if refused.is_empty() { refused } else { format!("refused: {refused}\n") };
        format!("{refused}{}\n", user.unwrap_or_default())
    };
    if answer.get("before") == answer.get("after") && answer.get("refused_before") == answer.get("refused_after") {
        return format!("The same before and after:\n{}", part("after", "refused_after"));
    }
    format!("Before:\n{}\nAfter:\n{}", part("before", "refused_before"), part("after", "refused_after"))
}

fn tried_text(answer: &Value) -> String {
    let mut out = format!(
        "Of {} users, {} would be told otherwise, and {} would be refused.\n",
        text(answer, "users"),
        text(answer, "changed"),
        text(answer, "refused")
    );
    for (name, count) in answer.get("members").and_then(Value::as_object).into_iter().flatten() {
        out.push_str(&format!("  {name}: {count}\n"));
    }
    for example in items(answer, "examples") {
        let why = match text(example, "refused") {
            refused if refused.is_empty() => text(example, "members"),
            refused => refused,
        };
        out.push_str(&format!("  {}: {why}\n", text(example, "user")));
    }
    collisions_text(answer, &mut out);
    out
}

fn collisions_text(answer: &Value, out: &mut String) {
    let Some(collisions) = answer.get("collisions").filter(|collisions| text(collisions, "users") != "0") else {
        return;
    };
    let users = items(collisions, "shown");
    if users.is_empty() {
        return;
    }
    out.push_str(&format!(
        "{} users would be called like another one by the application; that is refused:\n",
        text(collisions, "users")
    ));
    for user in users.iter().take(NAMED) {
        let (name, told, other) = (text(user, "user_name"), text(user, "told_name"), text(user, "other_id"));
        out.push_str(&format!("  {name}: \"{told}\", like the user {other}\n"));
    }
}
