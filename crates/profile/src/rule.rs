//! One rule of the mapping: from what a client provisioned to one member of the normalized user.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::Unknown;
use crate::options::{Chosen, quoted};
use crate::source::{Given, Source};
use crate::target::Member;

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) to: Member,
    /// What its values are called in messages, such as `role`.
    pub(crate) what: String,
    /// In order: the first that has a value decides.
    pub(crate) from: Vec<Source>,
    /// The attributes that these read, for messages.
    pub(crate) origins: Vec<String>,
    /// As it was written, without layout.
    pub(crate) text: String,
    /// The values that options must have for the rule to count.
    pub(crate) when: BTreeMap<String, Value>,
    /// Whether it has any number of values.
    pub(crate) many: bool,
    /// Text that is taken out of every value.
    pub(crate) strip: Option<String>,
    /// What stands for a value; by its folded text.
    pub(crate) values: BTreeMap<String, Value>,
    /// The values there are; `None` for any.
    pub(crate) allowed: Option<Vec<String>>,
    /// The option that names more of them.
    pub(crate) allowed_option: Option<String>,
    pub(crate) unknown: Unknown,
    /// What it is where there is nothing.
    pub(crate) default: Option<Value>,
    /// The value that means nothing at all.
    pub(crate) none: Option<String>,
    /// Which value comes first where one is taken of several.
    pub(crate) order: Vec<String>,
    /// The option that names more of them.
    pub(crate) order_option: Option<String>,
}

/// Why a user cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) String);

impl Rule {
    /// Whether it counts for a tenant with these options.
    pub(crate) fn counts(&self, options: &Chosen) -> bool {
        self.when.iter().all(|(name, value)| options.is(name, value))
    }

    /// The values, or why there can be none.
    pub(crate) fn values(&self, given: Given<'_>, options: &Chosen) -> Result<Vec<Value>, Refused> {
        self.found(given, options).map(|(_, values)| values)
    }

    /// The same, with the place of the source that has decided, if one has.
    pub(crate) fn found(&self, given: Given<'_>, options: &Chosen) -> Result<(Option<usize>, Vec<Value>), Refused> {
        for (place, source) in self.from.iter().enumerate() {
            let sent = source.values(given);
            // Who is in a group did not choose its name for this.
            let unknown =
                if source.reads_groups() && self.unknown == Unknown::Reject { Unknown::Ignore } else { self.unknown };
            let mut found: Vec<Value> = Vec::new();
            for value in sent {
                match self.known(value, unknown, options)? {
                    Known::Nothing => return Ok((Some(place), Vec::new())),
                    Known::Value(value) if !found.contains(&value) => found.push(value),
                    Known::Value(_) | Known::PassedOver => {}
                }
            }
            if found.is_empty() {
                continue;
            }
            if !self.many && !source.reads_groups() && found.len() > 1 && self.is_of_list() {
                let sent: Vec<String> = found.iter().map(shown).collect();
                return Err(Refused(format!(
                    "there is exactly one {} for a user; {} were sent, send one of them",
                    self.what,
                    quoted(&sent)
                )));
            }
            if !self.many {
                found.sort_by_key(|value| self.rank(value, options));
                found.truncate(1);
            }
            return Ok((Some(place), found));
        }
        Ok((None, self.default.clone().into_iter().collect()))
    }

    /// Where a value is in the order; those that are not in it follow, in the order in which they came.
    fn rank(&self, value: &Value, options: &Chosen) -> usize {
        let folded = value.as_str().map(scim::fold);
        let own = self.order_option.as_deref().into_iter().flat_map(|name| options.names(name));
        let mut order = own.chain(self.order.iter().map(String::as_str));
        order.position(|known| folded.as_deref() == Some(&*scim::fold(known))).unwrap_or(usize::MAX)
    }

    /// Whether only certain values are accepted.
    fn is_of_list(&self) -> bool {
        self.allowed.is_some() || self.allowed_option.is_some()
    }

    fn known(&self, value: Value, unknown: Unknown, options: &Chosen) -> Result<Known, Refused> {
        let Value::String(text) = value else { return Ok(Known::Value(value)) };
        let text = self.stripped(&text);
        if text.is_empty() {
            return Ok(Known::PassedOver);
        }
        let folded = scim::fold(&text);
        if self.none.as_deref().is_some_and(|none| scim::fold(none) == folded) {
            return Ok(Known::Nothing);
        }
        if let Some(value) = self.values.get(folded.as_ref()) {
            return Ok(Known::Value(value.clone()));
        }
        if !self.is_of_list() {
            return Ok(Known::Value(text.into()));
        }
        // In the letter case of the list: clients write it in their own.
        let is_it = |known: &&str| scim::fold(&self.stripped(known)) == folded;
        if let Some(known) = self.all_allowed(options).find(is_it) {
            return Ok(Known::Value(known.into()));
        }
        match unknown {
            Unknown::Reject => Err(Refused(self.explain(&text, options))),
            Unknown::Ignore => Ok(Known::PassedOver),
            Unknown::Default => Ok(self.default.clone().map_or(Known::PassedOver, Known::Value)),
        }
    }

    /// Without what is taken out of every value.
    fn stripped(&self, text: &str) -> String {
        self.strip.as_deref().map_or_else(|| text.to_owned(), |strip| text.replace(strip, "").trim().to_owned())
    }

    fn all_allowed<'a>(&'a self, options: &'a Chosen) -> impl Iterator<Item = &'a str> {
        let own = self.allowed_option.as_deref().into_iter().flat_map(|name| options.names(name));
        self.allowed.iter().flatten().map(String::as_str).chain(own)
    }

    /// Names the value, what there is, and the way out.
    fn explain(&self, text: &str, options: &Chosen) -> String {
        let mut known: Vec<String> = self.all_allowed(options).map(str::to_owned).collect();
        let more = known.len().saturating_sub(20);
        known.truncate(20);
        let there_are = match (known.is_empty(), more) {
            (true, _) => "there is none yet".to_owned(),
            (false, 0) => format!("there are {}", quoted(&known)),
            (false, more) => format!("there are {} and {more} more", quoted(&known)),
        };
        let way_out = if self.allowed_option.is_some() {
            "send one of them, or have it added to the tenant and send the request again"
        } else {
            "send one of them"
        };
        format!("the {} \"{text}\" does not exist; {there_are}; {way_out}", self.what)
    }
}

enum Known {
    Value(Value),
    PassedOver,
    Nothing,
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
