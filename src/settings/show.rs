//! Settings as they are shown: without what must stay secret.

use serde_json::{Value, json};

use super::Layers;

impl Layers {
    /// Every setting with its value and source, for `config show`.
    pub(crate) fn to_json(&self) -> Value {
        let shown = |name: &str, value: &toml::Value| match name {
            "tokens.signing_key" => hidden(value),
            "database.url" | "replicas.redis_url" => {
                Value::String(without_password(value.as_str().unwrap_or_default()))
            }
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

/// `postgres://user:…@host/name?sslpassword=…`
pub(super) fn without_password(url: &str) -> String {
    let url = without_passwords_behind(url);
    let Some((scheme, rest)) = url.split_once("://") else { return url };
    let Some((user, host)) = rest.rsplit_once('@') else { return url };
    match user.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:…@{host}"),
        None => url,
    }
}

/// A password may also be among the parameters. Their names may be written with percent signs, so a name with one
/// counts as a password's.
fn without_passwords_behind(url: &str) -> String {
    let Some((address, parameters)) = url.split_once('?') else { return url.to_owned() };
    let shown = parameters.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if name.contains('%') || name.to_ascii_lowercase().contains("pass") => format!("{name}=…"),
        _ => parameter.to_owned(),
    });
    format!("{address}?{}", shown.collect::<Vec<_>>().join("&"))
}
