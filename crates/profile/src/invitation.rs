//! Whether new users are invited, and what they are told: what a profile says, and what a tenant says in its place.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use toml::Spanned;

use crate::document::InvitationEntry;
use crate::error::Wrong;
use crate::options::quoted;
use crate::template::Template;

/// For how many days a link may be good.
const DAYS: std::ops::RangeInclusive<u32> = 1..=90;
/// The longest subject, text, name and URL, in letters.
const LONGEST_SUBJECT: usize = 200;
const LONGEST_TEXT: usize = 10_000;
const LONGEST_NAME: usize = 100;
const LONGEST_URL: usize = 500;

/// What stands for something in a mail.
const PLACES: [&str; 10] =
    ["link", "product", "workspace", "days", "name", "givenName", "familyName", "displayName", "userName", "email"];
/// The same in a subject: who reads it in a list of mails must not be led anywhere.
const PLACES_OF_SUBJECT: [&str; 4] = ["product", "workspace", "name", "givenName"];
/// What a tenant can decide, if its profile lets it.
const FIELDS: [&str; 5] = ["days", "subject", "text", "landing", "workspace"];

const SUBJECT: &str = "{workspace} invites you to {product}";
const TEXT: &str = "Hello {name},\n\nyou are invited to {workspace} in {product}. To join, verify your address:\n\n{link}\n\n\
                    The link is good for {days} days. If you expect no invitation, do nothing.\n";

/// How users of a tenant are invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// For how many days a link is good.
    pub days: u32,
    /// What the subject of the mail says.
    pub subject: Template,
    /// What the mail says.
    pub text: Template,
    /// What the workspace is called; the tenant's name, if nothing is said.
    pub workspace: Option<String>,
    landing: Option<Template>,
}

/// What a profile says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfProfile {
    usual: Invitation,
    open: BTreeSet<String>,
}

impl Invitation {
    /// The https URL where one who has accepted goes on, for the tenant of this name.
    #[must_use]
    pub fn landing(&self, tenant: &str) -> Option<String> {
        self.landing.as_ref().map(|landing| landing.fill(|_| tenant))
    }
}

impl OfProfile {
    pub(crate) fn read(entry: InvitationEntry) -> Result<Self, Wrong> {
        let days = entry.days.map_or(Ok(7), |days| checked(&days, |days| check_days(*days)))?;
        let text = |text: Option<Spanned<String>>, usual: &str, read: fn(&str) -> Result<Template, String>| match text {
            Some(text) => checked(&text, |text| read(text)),
            None => read(usual).map_err(|sentence| Wrong::at(0..0, sentence)),
        };
        let landing = entry.landing.map(|landing| checked(&landing, |landing| read_landing(landing))).transpose()?;
        let known = |name: &Spanned<String>| checked(name, |name| check_field(name));
        Ok(Self {
            usual: Invitation {
                days,
                subject: text(entry.subject, SUBJECT, read_subject)?,
                text: text(entry.text, TEXT, read_text)?,
                workspace: None,
                landing,
            },
            open: entry.tenants_decide.iter().map(known).collect::<Result<_, _>>()?,
        })
    }

    /// With what a tenant says in its place.
    pub(crate) fn of_tenant(&self, wanted: &Map<String, Value>, profile: &str) -> Result<Invitation, String> {
        let mut invitation = self.usual.clone();
        for (name, value) in wanted {
            if !self.open.contains(name) {
                let open: Vec<String> = self.open.iter().cloned().collect();
                return Err(match open.is_empty() {
                    true => format!("profile {profile} leaves nothing about invitations open; \"{name}\" is fixed"),
                    false => format!("invitation: profile {profile} leaves open {}, and not \"{name}\"", quoted(&open)),
                });
            }
            invitation.set(name, value).map_err(|sentence| format!("invitation: {name}: {sentence}"))?;
        }
        Ok(invitation)
    }
}

impl Invitation {
    fn set(&mut self, name: &str, value: &Value) -> Result<(), String> {
        if name == "days" {
            let days = value.as_u64().and_then(|days| u32::try_from(days).ok()).unwrap_or_default();
            self.days = check_days(days)?;
            return Ok(());
        }
        let text = value.as_str().ok_or("is a text")?;
        match name {
            "subject" => self.subject = read_subject(text)?,
            "text" => self.text = read_text(text)?,
            "landing" => self.landing = Some(read_landing(text)?),
            _ => self.workspace = Some(check_workspace(text)?),
        }
        Ok(())
    }
}

fn checked<T, R>(given: &Spanned<T>, check: impl Fn(&T) -> Result<R, String>) -> Result<R, Wrong> {
    check(given.as_ref()).map_err(|sentence| Wrong::at(given.span(), sentence))
}

fn check_days(days: u32) -> Result<u32, String> {
    if DAYS.contains(&days) { Ok(days) } else { Err("expected a number of days from 1 to 90".to_owned()) }
}

fn check_field(name: &str) -> Result<String, String> {
    if FIELDS.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(format!("tenants cannot decide \"{name}\"; expected {}", quoted(&FIELDS.map(str::to_owned))))
}

fn read_subject(text: &str) -> Result<Template, String> {
    check_line(text, LONGEST_SUBJECT)?;
    Template::parse(text, &PLACES_OF_SUBJECT)
}

fn read_text(text: &str) -> Result<Template, String> {
    if text.chars().count() > LONGEST_TEXT {
        return Err(format!("expected at most {LONGEST_TEXT} letters"));
    }
    if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
        return Err("expected letters and lines, and no control characters".to_owned());
    }
    let template = Template::parse(text, &PLACES)?;
    if template.has("link") { Ok(template) } else { Err("expected {link} in the text".to_owned()) }
}

fn check_workspace(text: &str) -> Result<String, String> {
    check_line(text, LONGEST_NAME)?;
    Ok(text.to_owned())
}

fn check_line(text: &str, most: usize) -> Result<(), String> {
    if text.trim().is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(format!("expected one line of 1 to {most} letters"));
    }
    Ok(())
}

/// Nobody but the operator says where people are led; over TLS alone, and with nothing in it that ends a header.
fn read_landing(text: &str) -> Result<Template, String> {
    let expected = || format!("expected a URL such as https://app.example.com/{{tenant}}; \"{text}\" is not");
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%{}[]".contains(&byte);
    let rest = text.strip_prefix("https://").ok_or_else(expected)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if text.len() > LONGEST_URL || host.is_empty() || host.contains('@') || !text.bytes().all(allowed) {
        return Err(expected());
    }
    Template::parse(text, &["tenant"])
}
