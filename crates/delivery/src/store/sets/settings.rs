//! What both kinds of streams are told: who speaks, to whom, and how much.

use scim::EventContent;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::store::read;

const LONGEST: usize = 1024;
const MOST_AUDIENCES: usize = 16;

/// Who speaks to whom in a stream.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Stream {
    /// `iss`
    pub(super) issuer: String,
    /// `aud`
    pub(super) audience: Audience,
    /// How much is told.
    #[serde(default)]
    content: Content,
}

/// One receiver, or several that know themselves by different names.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Content {
    #[default]
    Notice,
    Full,
}

impl Audience {
    pub(super) fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

impl Stream {
    /// Reads them out of the settings of a kind, and takes them out there.
    pub(super) fn take(settings: &Map<String, Value>) -> Result<(Self, Map<String, Value>), String> {
        let mut others = settings.clone();
        let own = ["issuer", "audience", "content"];
        let own: Map<String, Value> = own.iter().filter_map(|name| others.shift_remove_entry(*name)).collect();
        let stream: Self = read(&own).map_err(|error| sentence(&own, &error))?;
        stream.check()?;
        Ok((stream, others))
    }

    /// Reads them out of the settings of a store that was checked.
    pub(crate) fn of(settings: &Map<String, Value>) -> Result<Self, String> {
        Self::take(settings).map(|(stream, _)| stream)
    }

    pub(crate) fn content(&self) -> EventContent {
        match self.content {
            Content::Notice => EventContent::Notice,
            Content::Full => EventContent::Full,
        }
    }

    fn check(&self) -> Result<(), String> {
        let fits = |text: &String| !text.is_empty() && text.len() <= LONGEST && !text.contains(char::is_control);
        if !fits(&self.issuer) {
            return Err(format!(
                "issuer is a text of at most {LONGEST} bytes, such as https://scim.example.com/t/acme"
            ));
        }
        let names = self.audience.names();
        if !(1..=MOST_AUDIENCES).contains(&names.len()) || !names.iter().all(fits) {
            return Err(format!(
                "audience is how the receiver is called, or a list of at most {MOST_AUDIENCES} such names"
            ));
        }
        Ok(())
    }
}

/// What is wrong, with the way out.
fn sentence(own: &Map<String, Value>, error: &str) -> String {
    if !own.contains_key("issuer") {
        return "issuer is missing: who the receiver knows the events to be from, such as https://scim.example.com/t/acme"
            .to_owned();
    }
    if !own.contains_key("audience") {
        return "audience is missing: how the receiver is called, such as https://receiver.example.com".to_owned();
    }
    if error.contains("unknown variant") {
        return "content is notice (names of attributes) or full (their values)".to_owned();
    }
    "issuer is a text, audience a text or a list of texts, and content is notice or full".to_owned()
}
