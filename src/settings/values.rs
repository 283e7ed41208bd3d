//! The values of settings that are more than numbers and words. What is wrong with one is told by example.

use std::fmt;
use std::net::SocketAddr;

use gateway::{Network, PublicUrl};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::MailAddress;

/// The most days a token may be valid.
const MOST_DAYS: u32 = 3650;

/// An origin such as `https://scim.example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    text: String,
    parsed: PublicUrl,
}

impl Origin {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// As the gateway reads it.
    pub(crate) fn parsed(&self) -> &PublicUrl {
        &self.parsed
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parsed = PublicUrl::parse(&text)?;
        Ok(Self { text, parsed })
    }
}

/// The URL of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebAddress(String);

impl WebAddress {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for WebAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_web = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme) && text.len() > scheme.len());
        if !is_web || text.contains(char::is_whitespace) {
            return Err(format!("\"{text}\" is not a web address such as https://example.com/help"));
        }
        Ok(Self(text))
    }
}

/// A domain name in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Domain(String);

impl Domain {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Domain {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let domain = text.trim_matches('.').to_ascii_lowercase();
        let label = |label: &str| {
            let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !label.is_empty() && label.len() <= 63 && label.bytes().all(letter)
        };
        if domain.len() > 253 || !domain.split('.').all(label) {
            return Err(format!("\"{text}\" is not a domain name such as scim.example.com, without a wildcard"));
        }
        Ok(Self(domain))
    }
}

/// The URL of a database. It may hold a password, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DatabaseUrl(…)")
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        database::check_url(&text).map(|()| Self(text))
    }
}

/// The URL of a Redis. It may hold a password, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RedisUrl(String);

impl RedisUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RedisUrl(…)")
    }
}

impl TryFrom<String> for RedisUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        replicas::check_url(&text).map(|()| Self(text))
    }
}

/// A text that is never shown.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

impl TryFrom<String> for Secret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        tenancy::SigningKeys::parse(&text).map_err(|error| error.to_string())?;
        Ok(Self(text))
    }
}

/// A value, or nothing for the empty text.
pub(super) fn optional<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<String, Error = String>,
{
    let text = String::deserialize(from)?;
    if text.is_empty() { Ok(None) } else { T::try_from(text).map(Some).map_err(D::Error::custom) }
}

/// An address and port to listen on.
pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(from)?;
    let refused = |_| D::Error::custom(format!("\"{text}\" is not an address and port such as 127.0.0.1:8080"));
    text.parse().map_err(refused)
}

/// The same, or nothing for the empty text.
pub(super) fn optional_address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(from)?;
    let refused = |_| D::Error::custom(format!("\"{text}\" is not an address and port such as 127.0.0.1:8081"));
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(refused) }
}

pub(super) fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Network>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts.iter().map(|text| Network::parse(text.trim())).collect::<Result<_, _>>().map_err(D::Error::custom)
}

pub(super) fn mail_addresses<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<MailAddress>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts.into_iter().map(MailAddress::try_from).collect::<Result<_, _>>().map_err(D::Error::custom)
}

pub(super) fn connections<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    between(from, 1, 1000)
}

pub(super) fn days<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    between(from, 1, MOST_DAYS)
}

/// Failures of a tenant that are kept.
pub(super) fn most_failures<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    between(from, 1, 1_000_000)
}

/// Days; 0 is for ever.
pub(super) fn retention<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    between(from, 0, MOST_DAYS)
}

pub(super) fn lease<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    between(from, 200, 60_000)
}

fn between<'de, D: Deserializer<'de>>(from: D, least: u32, most: u32) -> Result<u32, D::Error> {
    let number = i64::deserialize(from)?;
    match u32::try_from(number) {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(D::Error::custom(format!("{number} is not between {least} and {most}"))),
    }
}
