//! A profile that was read and checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use scim::{Schema, Schemas};
use serde_json::{Map, Value};
use toml::Spanned;

use crate::document::{
    AcceptedPasswords, Administrator, Document, InvitationEntry, RuleEntry, Switch, UntilMet, UntilNamed,
};
use crate::error::Wrong;
use crate::invitation::OfProfile;
use crate::naming;
use crate::options::{OptionKind, ProfileOption, quoted};
use crate::rule::Rule;
use crate::source::Source;
use crate::target::Member;
use crate::{AdministratorRule, BreakerSettings, ProfileError};

/// The longest profile, in bytes.
pub const LONGEST_PROFILE: usize = 256 * 1024;
/// The longest name.
const LONGEST_NAME: usize = 63;
/// How many rules and sources each user is read by.
const MOST_RULES: usize = 200;

/// An application, as data: where its clients find it, what its users are made of, and what each tenant decides.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) base_paths: Vec<String>,
    pub(crate) token_path: Option<String>,
    pub(crate) prerequisites: Vec<Prerequisite>,
    pub(crate) groups: When,
    /// When users are invited, and how.
    pub(crate) invitation: Option<(When, OfProfile)>,
    pub(crate) passwords: AcceptedPasswords,
    pub(crate) breaker: BreakerSettings,
    pub(crate) administrator: Option<AdministratorRule>,
    pub(crate) options: BTreeMap<String, ProfileOption>,
    pub(crate) extensions: Vec<Schema>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) forward: Option<Vec<String>>,
    text: Arc<str>,
}

/// What an operator must have marked as met before an application is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prerequisite {
    /// Its name in commands.
    pub name: String,
    /// What it is, for people.
    pub title: String,
    /// What holds until it is met.
    pub until_met: UntilMet,
}

/// For which tenants something is so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum When {
    #[default]
    Always,
    Never,
    If(String),
}

impl Profile {
    /// Reads a profile and checks all of it, so that nothing can fail later.
    ///
    /// # Errors
    /// [`ProfileError`], with the line of the first thing that is wrong and what was expected there.
    pub fn parse(text: &str, file: &str) -> Result<Self, ProfileError> {
        read(text).map_err(|wrong| wrong.in_file(file, text))
    }

    /// Its name, as tenants call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The application, for people.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// A sentence about it.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The TOML it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Paths of base URLs that its clients use beside `/scim/v2`: in lower case, without a slash at the end; the segment
    /// `{tenant}` stands for the name of a tenant.
    #[must_use]
    pub fn base_paths(&self) -> &[String] {
        &self.base_paths
    }

    /// The path of an endpoint that issues a token, in the form of [`Self::base_paths`].
    #[must_use]
    pub fn token_path(&self) -> Option<&str> {
        self.token_path.as_deref()
    }

    /// What must be met.
    #[must_use]
    pub fn prerequisites(&self) -> &[Prerequisite] {
        &self.prerequisites
    }

    /// What each tenant may decide, by name.
    #[must_use]
    pub fn options(&self) -> &BTreeMap<String, ProfileOption> {
        &self.options
    }

    /// Extensions of User that its clients use.
    #[must_use]
    pub fn extensions(&self) -> &[Schema] {
        &self.extensions
    }
}

fn read(text: &str) -> Result<Profile, Wrong> {
    if text.len() > LONGEST_PROFILE {
        return Err(Wrong::at(0..0, format!("the profile has more than {LONGEST_PROFILE} bytes")));
    }
    let document: Document =
        toml::from_str(text).map_err(|error| Wrong::at(error.span().unwrap_or(0..0), error.message()))?;
    let name = name(&document.name)?;
    let extensions = extensions(&document.extensions)?;
    let schemas = Schemas::with_extensions(extensions.clone()).map_err(|error| {
        let at = document.extensions.first().map_or(0..0, Spanned::span);
        Wrong::at(at, error.detail)
    })?;
    let options = options(document.options)?;
    if document.map.len() > MOST_RULES {
        return Err(Wrong::at(0..0, format!("the profile has more than {MOST_RULES} rules")));
    }
    let rules = document.map.into_iter().map(|entry| rule(entry, (&schemas, &options)));
    let rules = rules.collect::<Result<Vec<_>, _>>()?;
    for member in document.forward.iter().flatten() {
        Member::check_forwarded(member.as_ref()).map_err(|sentence| Wrong::at(member.span(), sentence))?;
    }
    Ok(Profile {
        name,
        title: document.title,
        description: document.description,
        base_paths: document.address.base_paths.iter().map(base_path).collect::<Result<_, _>>()?,
        token_path: token_path(&document.address)?,
        prerequisites: prerequisites(document.requires)?,
        groups: document.groups.enabled.map_or(Ok(When::Always), |enabled| when_enabled(enabled, &options))?,
        invitation: invitation(document.invitation, &options)?,
        passwords: document.passwords.accepted,
        breaker: breaker(document.breaker)?,
        administrator: document.administrator.map(administrator).transpose()?,
        options,
        extensions,
        rules,
        forward: document.forward.map(|members| members.into_iter().map(Spanned::into_inner).collect()),
        text: text.into(),
    })
}

fn name(name: &Spanned<String>) -> Result<String, Wrong> {
    let text: &String = name.as_ref();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || text.len() > LONGEST_NAME || !text.bytes().all(plain) {
        return Err(Wrong::at(
            name.span(),
            format!("expected a name of 1 to {LONGEST_NAME} of a-z, 0-9 and -; \"{text}\" is not"),
        ));
    }
    Ok(text.clone())
}

/// `/api/scim/v2`, or with a segment `{tenant}`.
fn base_path(path: &Spanned<String>) -> Result<String, Wrong> {
    let text: &String = path.as_ref();
    let lower = text.trim_end_matches('/').to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let segments: Vec<&str> = lower.split('/').skip(1).collect();
    let well_formed = |segment: &&str| *segment == "{tenant}" || (!segment.is_empty() && segment.bytes().all(plain));
    let tenants = segments.iter().filter(|segment| **segment == "{tenant}").count();
    if !lower.starts_with('/') || !segments.iter().all(well_formed) || segments.is_empty() || tenants > 1 {
        return Err(Wrong::at(
            path.span(),
            format!("expected a path such as /api/scim/v2 or /{{tenant}}/scim, \"{text}\" is not"),
        ));
    }
    let is_served_otherwise = match segments.as_slice() {
        ["scim"] | ["scim", "v2"] => false,
        [first, ..] => ["scim", "t", "oauth2", ".well-known", "jwks.json", "invitations"].contains(first),
        [] => false,
    };
    if is_served_otherwise {
        let sentence = format!(
            "\"{text}\" begins like a path that is served otherwise; expected another one such as /api/scim/v2"
        );
        return Err(Wrong::at(path.span(), sentence));
    }
    if segments.iter().all(|segment| *segment == "{tenant}") {
        return Err(Wrong::at(path.span(), "expected a path with more than the tenant, such as /{tenant}/scim"));
    }
    Ok(lower)
}

/// Below a base path that only this application has.
fn token_path(address: &crate::document::Address) -> Result<Option<String>, Wrong> {
    let Some(path) = &address.token_path else { return Ok(None) };
    let read = base_path(path)?;
    let is_below = |base: &Spanned<String>| {
        base_path(base)
            .is_ok_and(|base| !matches!(base.as_str(), "/scim" | "/scim/v2") && format!("{base}/token") == read)
    };
    if address.base_paths.iter().any(is_below) {
        return Ok(Some(read));
    }
    let text: &String = path.as_ref();
    Err(Wrong::at(
        path.span(),
        format!("expected one of base_paths, other than /scim and /scim/v2, with /Token; \"{text}\" is not"),
    ))
}

fn extensions(entries: &[Spanned<Schema>]) -> Result<Vec<Schema>, Wrong> {
    for entry in entries {
        entry.as_ref().check().map_err(|error| Wrong::at(entry.span(), error.detail))?;
    }
    Ok(entries.iter().map(|entry| entry.as_ref().clone()).collect())
}

fn options(
    entries: BTreeMap<Spanned<String>, crate::document::OptionEntry>,
) -> Result<BTreeMap<String, ProfileOption>, Wrong> {
    let option = |(name, entry): (Spanned<String>, _)| {
        let option = ProfileOption::of(entry)
            .map_err(|sentence| Wrong::at(name.span(), format!("option \"{}\": {sentence}", name.as_ref())))?;
        Ok((name.into_inner(), option))
    };
    entries.into_iter().map(option).collect()
}

fn administrator(entry: Administrator) -> Result<AdministratorRule, Wrong> {
    let at = entry.roles.span();
    let roles = entry.roles.into_inner();
    if roles.is_empty() || roles.iter().any(|role| role.trim().is_empty()) {
        return Err(Wrong::at(at, "expected the primary roles that qualify, at least one and none of them empty"));
    }
    Ok(AdministratorRule { title: entry.title, roles, is_required: entry.until_named == UntilNamed::Refuse })
}

/// Settings beside the usual ones.
fn breaker(entries: BTreeMap<Spanned<String>, Value>) -> Result<BreakerSettings, Wrong> {
    entries.into_iter().try_fold(BreakerSettings::default(), |settings, (name, value)| {
        let at = name.span();
        settings.changed(&Map::from_iter([(name.into_inner(), value)])).map_err(|sentence| Wrong::at(at, sentence))
    })
}

fn prerequisites(entries: Vec<crate::document::Prerequisite>) -> Result<Vec<Prerequisite>, Wrong> {
    let mut all: Vec<Prerequisite> = Vec::new();
    for entry in entries {
        let name = name(&entry.name)?;
        if all.iter().any(|other| other.name == name) {
            return Err(Wrong::at(entry.name.span(), format!("prerequisite \"{name}\" is there twice")));
        }
        all.push(Prerequisite { name, title: entry.title, until_met: entry.until_met });
    }
    Ok(all)
}

fn invitation(
    entry: Option<InvitationEntry>,
    options: &BTreeMap<String, ProfileOption>,
) -> Result<Option<(When, OfProfile)>, Wrong> {
    let Some(mut entry) = entry else { return Ok(None) };
    let enabled =
        when_enabled(std::mem::replace(&mut entry.enabled, Spanned::new(0..0, Switch::Fixed(false))), options)?;
    Ok(Some((enabled, OfProfile::read(entry)?)))
}

fn when_enabled(enabled: Spanned<Switch>, options: &BTreeMap<String, ProfileOption>) -> Result<When, Wrong> {
    let at = enabled.span();
    match enabled.into_inner() {
        Switch::Fixed(true) => Ok(When::Always),
        Switch::Fixed(false) => Ok(When::Never),
        Switch::Option(name) => match options.get(&name).map(|option| &option.kind) {
            Some(OptionKind::Switch { .. }) => Ok(When::If(name)),
            _ => Err(Wrong::at(
                at,
                format!("expected true, false, or the name of an option of type \"switch\"; \"{name}\" is none"),
            )),
        },
    }
}

fn rule(entry: RuleEntry, (schemas, options): (&Schemas, &BTreeMap<String, ProfileOption>)) -> Result<Rule, Wrong> {
    let to = Member::parse(entry.to.as_ref()).map_err(|sentence| Wrong::at(entry.to.span(), sentence))?;
    let source = |entry: &Spanned<crate::document::SourceEntry>| {
        Source::parse(entry.as_ref(), schemas).map_err(|sentence| Wrong::at(entry.span(), sentence))
    };
    let from = entry.from.iter().map(source).collect::<Result<Vec<_>, _>>()?;
    if let Some(place) = from.iter().position(Source::reads_groups).filter(|_| to.is_user_name()) {
        let at = entry.from.get(place).map_or(0..0, Spanned::span);
        return Err(Wrong::at(at, "userName cannot come from groups: all who are in one would be called the same"));
    }
    let written = naming::text(&entry);
    for name in entry.allowed_option.iter().chain(&entry.order_option) {
        check_names(name, options)?;
    }
    let is_of_list = entry.allowed.is_some() || entry.allowed_option.is_some();
    if let Some(unknown) = entry.unknown.as_ref().filter(|_| !is_of_list) {
        return Err(Wrong::at(unknown.span(), "\"unknown\" means nothing without \"allowed\" or \"allowed_option\""));
    }
    let what = entry.what.unwrap_or_else(|| to.to_string());
    Ok(Rule {
        what,
        from,
        origins: entry.from.iter().map(|source| Source::origin(source.as_ref())).collect(),
        text: written,
        when: when(entry.when, options)?,
        many: entry.many,
        strip: entry.strip.filter(|text| !text.is_empty()),
        values: entry.values.into_iter().map(|(text, value)| (scim::fold(&text).into_owned(), value)).collect(),
        allowed: entry.allowed,
        allowed_option: entry.allowed_option.map(Spanned::into_inner),
        unknown: entry.unknown.map(Spanned::into_inner).unwrap_or_default(),
        default: entry.default,
        none: entry.none,
        order: entry.order,
        order_option: entry.order_option.map(Spanned::into_inner),
        to,
    })
}

fn check_names(name: &Spanned<String>, options: &BTreeMap<String, ProfileOption>) -> Result<(), Wrong> {
    match options.get(name.as_ref()).map(|option| &option.kind) {
        Some(OptionKind::Names { .. }) => Ok(()),
        _ => {
            let sentence = format!("expected the name of an option of type \"names\"; \"{}\" is none", name.as_ref());
            Err(Wrong::at(name.span(), sentence))
        }
    }
}

fn when(
    entries: BTreeMap<Spanned<String>, Value>,
    options: &BTreeMap<String, ProfileOption>,
) -> Result<BTreeMap<String, Value>, Wrong> {
    let condition = |(name, value): (Spanned<String>, Value)| {
        let Some(option) = options.get(name.as_ref()) else {
            let known: Vec<String> = options.keys().cloned().collect();
            return Err(Wrong::at(
                name.span(),
                format!("there is no option \"{}\"; expected one of {}", name.as_ref(), quoted(&known)),
            ));
        };
        option.check(&value).map_err(|sentence| {
            Wrong::at(name.span(), format!("option \"{}\" {sentence}; {value} is not", name.as_ref()))
        })?;
        Ok((name.into_inner(), value))
    };
    entries.into_iter().map(condition).collect()
}
