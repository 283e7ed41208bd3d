//! What a request to the token endpoint says: its form, and who it claims to be from.

use std::borrow::Cow;

use actix_http::RequestHead;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::OauthError;

/// The only way to send an assertion (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const FORM: &str = "application/x-www-form-urlencoded";

/// The parameters of a form, each once (RFC 6749 section 3.2). Those without a value are left out; unknown ones are passed
/// over.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form<'a> {
    pub(crate) grant_type: Option<Cow<'a, str>>,
    pub(crate) scope: Option<Cow<'a, str>>,
    client_id: Option<Cow<'a, str>>,
    client_secret: Option<Cow<'a, str>>,
    client_assertion: Option<Cow<'a, str>>,
    client_assertion_type: Option<Cow<'a, str>>,
}

/// Who a request claims to be from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// A client and its secret.
    Secret(String, String),
    /// Perhaps a client, and what its issuer says of it.
    Assertion(Option<String>, String),
}

impl<'a> Form<'a> {
    pub(crate) fn parse(request: &RequestHead, body: &'a [u8]) -> Result<Self, OauthError> {
        let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = media.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(FORM) {
            return Err(OauthError::invalid_request(format!("the Content-Type of a request for a token is {FORM}")));
        }
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let Some(place) = form.place(&name) else { continue };
            if place.is_some() {
                return Err(OauthError::invalid_request(format!("{name} is there twice")));
            }
            *place = Some(value);
        }
        for place in form.places() {
            place.take_if(|value| value.is_empty());
        }
        Ok(form)
    }

    fn places(&mut self) -> [&mut Option<Cow<'a, str>>; 6] {
        let Self { grant_type, scope, client_id, client_secret, client_assertion, client_assertion_type } = self;
        [grant_type, scope, client_id, client_secret, client_assertion, client_assertion_type]
    }

    fn place(&mut self, name: &str) -> Option<&mut Option<Cow<'a, str>>> {
        match name {
            "grant_type" => Some(&mut self.grant_type),
            "scope" => Some(&mut self.scope),
            "client_id" => Some(&mut self.client_id),
            "client_secret" => Some(&mut self.client_secret),
            "client_assertion" => Some(&mut self.client_assertion),
            "client_assertion_type" => Some(&mut self.client_assertion_type),
            _ => None,
        }
    }

    /// Who it is from; a client proves itself in one way (RFC 6749 section 2.3).
    pub(crate) fn credentials(&self, request: &RequestHead) -> Result<Credentials, OauthError> {
        let basic = basic(request)?;
        let text = |value: &Option<Cow<'_, str>>| value.as_deref().map(str::to_owned);
        let (id, secret, assertion) = (text(&self.client_id), text(&self.client_secret), text(&self.client_assertion));
        if assertion.is_none() && self.client_assertion_type.is_some() {
            return Err(OauthError::invalid_request("client_assertion_type is there without client_assertion"));
        }
        match (basic, secret, assertion) {
            (Some((basic_id, _)), None, None) if id.as_ref().is_some_and(|id| *id != basic_id) => {
                Err(OauthError::invalid_request("client_id differs from the Authorization header"))
            }
            (Some((id, secret)), None, None) => Ok(Credentials::Secret(id, secret)),
            (None, Some(secret), None) => id.map(|id| Credentials::Secret(id, secret)).ok_or_else(missing),
            (None, None, Some(assertion)) if self.client_assertion_type.as_deref() == Some(JWT_BEARER) => {
                Ok(Credentials::Assertion(id, assertion))
            }
            (None, None, Some(_)) => {
                Err(OauthError::invalid_request(format!("the only client_assertion_type is {JWT_BEARER}")))
            }
            (None, None, None) => Err(missing()),
            _ => Err(OauthError::invalid_request("a client proves itself in one way, and these are several")),
        }
    }
}

fn missing() -> OauthError {
    OauthError::invalid_client(
        "a client sends its client_id and client_secret in the form or as Basic, or a client_assertion",
    )
}

/// Name and password of a Basic header; both are written as in a form (RFC 6749 section 2.3.1).
fn basic(request: &RequestHead) -> Result<Option<(String, String)>, OauthError> {
    let mut sent = request.headers().get_all(AUTHORIZATION);
    let (Some(header), None) = (sent.next(), sent.next()) else {
        let is_sent = request.headers().contains_key(AUTHORIZATION);
        return if is_sent { Err(OauthError::invalid_request("Authorization is there twice")) } else { Ok(None) };
    };
    let refused = || OauthError::invalid_client("the Authorization header has another form than Basic");
    let (scheme, encoded) = header.to_str().ok().and_then(|text| text.trim().split_once(' ')).ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Err(refused());
    }
    let decoded = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or_else(refused)?;
    let (id, secret) = decoded.split_once(':').ok_or_else(refused)?;
    Ok(Some((unescaped(id), unescaped(secret))))
}

fn unescaped(text: &str) -> String {
    // A name without a value, so what is a separator elsewhere stays.
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(escaped.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn request(authorization: Option<&str>) -> RequestHead {
        let mut request = RequestHead::default();
        request
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"));
        if let Some(value) = authorization {
            request.headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        request
    }

    fn credentials(authorization: Option<&str>, form: &str) -> Result<Credentials, &'static str> {
        let request = request(authorization);
        let form = Form::parse(&request, form.as_bytes()).map_err(|error| error.code())?;
        form.credentials(&request).map_err(|error| error.code())
    }

    fn basic_header(text: &str) -> String {
        format!("basic {}", STANDARD.encode(text))
    }

    #[test]
    fn a_client_proves_itself_in_one_of_three_ways() {
        let secret = |id: &str, secret: &str| Ok(Credentials::Secret(id.to_owned(), secret.to_owned()));
        assert_eq!(credentials(None, "client_id=a&client_secret=b%26c&x=y"), secret("a", "b&c"));
        assert_eq!(credentials(Some(&basic_header("a:b:c")), ""), secret("a", "b:c"));
        assert_eq!(credentials(Some(&basic_header("a%3A:b%25=&+c")), "client_id=a%3A"), secret("a:", "b%=& c"));
        let form = format!("client_assertion=j.w.t&client_assertion_type={JWT_BEARER}");
        assert_eq!(credentials(None, &form), Ok(Credentials::Assertion(None, "j.w.t".to_owned())));
        assert_eq!(
            credentials(None, &format!("{form}&client_id=a")),
            Ok(Credentials::Assertion(Some("a".to_owned()), "j.w.t".to_owned()))
        );
    }

    #[test]
    fn several_ways_or_none_are_refused() {
        let basic = basic_header("a:b");
        for (authorization, form, code) in [
            (None, "", "invalid_client"),
            (None, "client_id=a", "invalid_client"),
            (None, "client_secret=b", "invalid_client"),
            (None, "client_id=a&client_secret=", "invalid_client"),
            (Some("Bearer x"), "client_id=a&client_secret=b", "invalid_client"),
            (Some("Basic"), "", "invalid_client"),
            (Some("Basic ???"), "", "invalid_client"),
            (Some("Basic YWI="), "", "invalid_client"),
            (Some(basic.as_str()), "client_id=a&client_secret=b", "invalid_request"),
            (Some(basic.as_str()), "client_id=c", "invalid_request"),
            (None, "client_id=a&client_id=a&client_secret=b", "invalid_request"),
            (None, "client_id=&client_id=a&client_secret=b", "invalid_request"),
            (None, "scope=&scope=&client_id=a&client_secret=b", "invalid_request"),
            (None, "client_id=a&client_secret=b&client_assertion_type=saml", "invalid_request"),
            (Some(basic.as_str()), "client_assertion=x", "invalid_request"),
            (None, "client_assertion=x&client_assertion_type=saml", "invalid_request"),
            (None, "client_assertion=x", "invalid_request"),
            (None, "client_assertion=x&client_id=a&client_secret=b", "invalid_request"),
        ] {
            assert_eq!(credentials(authorization, form), Err(code), "{authorization:?} {form}");
        }
    }

    #[test]
    fn only_a_form_is_read() {
        let mut request = request(None);
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        assert_eq!(Form::parse(&request, b"{}").unwrap_err().code(), "invalid_request");
    }
}
