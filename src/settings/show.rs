//! Settings as they are shown: without what must stay secret.

use serde_json::{Value, json};

use super::Layers;

impl Layers {
    /// Every setting with its value and source, for `config show`.
    pub(crate) fn to_json(&self) -> Value {
        let shown = |name: &str, value: &toml::Value| match name {
            "tokens.signing_key" => hidden(value),
            "database.url" => Value::String(without_password(value.as_str().unwrap_or_default())),
            _ => serde_json::to_value(value).unwrap_or_default(),
        };
        let settings = self.iter().map(
            |(name, value, source)| json!({"name": name, "value": shown(name, value), "from": source.to_string()}),
        );
        json!({ "settings": settings.collect::<Vec<_>>() })
    }
}

fn hidden(value: &toml::Value) -> Value {
    let set = value.as_str().is_some_and(|text| !text.is_empty());
    Value::from(if set { "(hidden)" } else { "" })
}

/// `postgres://user:…@host/name`
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((user, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    match user.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:…@{host}"),
        None => url.to_owned(),
    }
}
