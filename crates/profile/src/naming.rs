//! By which name an application knows a user, where that is not the one that the client provisions: two users may then want the same.

use scim::Resource;
use serde_json::{Value, json};

use crate::Applied;
use crate::document::RuleEntry;
use crate::options::Chosen;
use crate::rule::Rule;
use crate::source::Given;
use crate::target::Member;

/// The name by which an application knows a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldName<'a> {
    /// The name.
    pub name: String,
    /// The attribute that it was made of.
    pub origin: &'a str,
}

const USER_NAME: &str = "userName";

impl Member {
    /// Whether this is the name by which the application knows a user.
    pub(crate) fn is_user_name(&self) -> bool {
        matches!(self, Self::Text(path) if path.as_slice() == [USER_NAME])
    }
}

impl Applied {
    /// A number for the way in which names are made: another one where they may become others, 0 where users have the names that their
    /// client provisions.
    #[must_use]
    pub fn naming(&self) -> i64 {
        self.naming
    }

    /// The name by which the application knows a user; `None` where it is the provisioned one.
    #[must_use]
    pub fn told_name(&self, user: &Resource) -> Option<ToldName<'_>> {
        if self.naming == 0 {
            return None;
        }
        let given = Given { resource: user, groups: &[] };
        let told = self.rules().filter(|rule| rule.to.is_user_name()).find_map(|rule| self.named(rule, given));
        told.or_else(|| Some(ToldName { name: user.user_name()?.to_owned(), origin: USER_NAME }))
    }

    fn named<'a>(&'a self, rule: &'a Rule, given: Given<'_>) -> Option<ToldName<'a>> {
        let (source, values) = rule.found(given, &self.options).ok()?;
        let name = match values.into_iter().next()? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let origin =
            source.and_then(|place| rule.origins.get(place)).map_or("the default of the profile", String::as_str);
        Some(ToldName { name, origin })
    }
}

/// Of the rules that count, with what they read of the options.
pub(crate) fn naming<'a>(rules: impl Iterator<Item = &'a Rule>, options: &Chosen) -> i64 {
    let of_rule = |rule: &Rule| {
        let read = rule.allowed_option.iter().chain(&rule.order_option);
        let names: Vec<Vec<&str>> = read.map(|name| options.names(name).collect()).collect();
        json!([rule.text, names])
    };
    let named: Vec<Value> = rules.filter(|rule| rule.to.is_user_name()).map(of_rule).collect();
    if named.is_empty() {
        return 0;
    }
    // The same on every server and in every version: it is stored. FNV-1a, as there is nobody to be defended against.
    let hash = Value::from(named)
        .to_string()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash.cast_signed() | 1
}

/// What a rule is, in one form for all ways to write it.
pub(crate) fn text(entry: &RuleEntry) -> String {
    json!([
        entry.from.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        entry.many,
        entry.when.iter().map(|(name, value)| (name.as_ref().as_str(), value)).collect::<Vec<_>>(),
        entry.strip,
        entry.values,
        entry.allowed,
        entry.unknown.as_ref().map(|unknown| format!("{:?}", unknown.as_ref())),
        entry.default,
        entry.none,
        entry.order,
    ])
    .to_string()
}
