//! Which user or group a body names. It is read a second time, and only where something failed: what is done costs nothing.

use std::fmt;

use journal::Named;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a body says about one resource.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) named: Named,
    /// What no sentence may repeat.
    pub(super) password: Option<String>,
    /// Whether a sentence may repeat what it quotes.
    pub(super) may_quote: bool,
}

impl Default for Said {
    fn default() -> Self {
        Self { named: Named::default(), password: None, may_quote: true }
    }
}

/// A body whose form is unknown: what it names before it becomes unreadable counts.
pub(super) fn of_resource(body: &[u8]) -> Said {
    let mut said = Said::default();
    let _as_far_as_it_goes = Members(&mut said).deserialize(&mut serde_json::Deserializer::from_slice(text_of(body)));
    said
}

/// The same for each operation of a bulk request, in their order.
pub(super) fn of_operations(body: &[u8]) -> Vec<Said> {
    let mut all = Vec::new();
    let _as_far_as_it_goes = Request(&mut all).deserialize(&mut serde_json::Deserializer::from_slice(text_of(body)));
    all
}

/// Without the byte order mark that some clients send.
fn text_of(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// The members of a resource.
struct Members<'a>(&'a mut Said);

/// The members of a bulk request.
struct Request<'a>(&'a mut Vec<Said>);

/// Its operations.
struct Operations<'a>(&'a mut Vec<Said>);

/// The members of one.
struct Operation<'a>(&'a mut Said);

macro_rules! seed {
    ($seed:ident) => {
        impl<'de> DeserializeSeed<'de> for $seed<'_> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                deserializer.deserialize_any(self)
            }
        }
    };
}

seed!(Members);
seed!(Request);
seed!(Operations);
seed!(Operation);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(Said { named, password, .. }) = self;
        while let Some(name) = map.next_key::<String>()? {
            let place = match name.to_ascii_lowercase().as_str() {
                "username" => &mut named.user_name,
                "displayname" => &mut named.display_name,
                "externalid" => &mut named.external_id,
                "password" => &mut *password,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let value: serde_json::Value = map.next_value()?;
            *place = value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Request<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a bulk request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name.eq_ignore_ascii_case("Operations") {
                map.next_value_seed(Operations(&mut *self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Operations<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("operations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        loop {
            let mut said = Said::default();
            if seq.next_element_seed(Operation(&mut said))?.is_none() {
                return Ok(());
            }
            self.0.push(said);
        }
    }
}

impl<'de> Visitor<'de> for Operation<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an operation")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name.eq_ignore_ascii_case("data") {
                // Data of another form ends the reading; the client is told so anyway.
                map.next_value_seed(Members(&mut *self.0)).map_err(A::Error::custom)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_names_its_resource_in_any_letter_case_and_as_far_as_it_is_readable() {
        let body = "\u{feff}{\"username\":\"ada\",\"emails\":[{\"value\":\"x\"}],\"externalId\":\"7\",\"password\":\"p\",\"displayName\":3, !";
        let Said { named, password, .. } = of_resource(body.as_bytes());
        let expected = Named { user_name: Some("ada".into()), external_id: Some("7".into()), ..Named::default() };
        assert_eq!((named, password.as_deref()), (expected, Some("p")));
        assert!(of_resource(b"[1]").named.is_nobody());
    }

    #[test]
    fn a_bulk_request_names_one_for_each_operation() {
        let body = r#"{"schemas":[],"Operations":[{"method":"POST","data":{"userName":"ada"}},{"path":"/Users/1"},
                       {"data":{"displayName":"Team"}}]}"#;
        let named: Vec<_> = of_operations(body.as_bytes()).into_iter().map(|said| said.named).collect();
        let user = Named { user_name: Some("ada".into()), ..Named::default() };
        let group = Named { display_name: Some("Team".into()), ..Named::default() };
        assert_eq!(named, [user, Named::default(), group]);
    }
}
