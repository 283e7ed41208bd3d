//! Every refusal and failure, and what it looks like on the wire (RFC 7644 section 3.12).

use std::sync::Arc;
use std::time::Duration;

use actix_http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use directory::DirectoryError;
use scim::{ScimError, ScimType};
use tenancy::Refusal;

use crate::oauth::OauthError;
use crate::pipeline::Limited;
use crate::reply::{Answer, add, answer_with};

/// Why a request is not answered as asked.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// The sender is not let in.
    Unauthenticated(Refusal),
    /// The sender is no administrator of the tenant.
    NoAdministrator,
    /// The sender's token is for other things.
    OutOfScope(&'static str),
    /// The application is not ready for the tenant; the sentence says what is missing.
    NotReady(String),
    /// The sender asks too much.
    Limited(Limited),
    /// The path exists, the method does not.
    MethodNotAllowed {
        /// The methods that do.
        allow: &'static str,
    },
    /// The token endpoint refuses it.
    Oauth(OauthError),
    /// The protocol refuses it.
    Refused(ScimError),
    /// Something that we need is away: the client learns nothing but that it may try again.
    Unavailable(Arc<dyn std::error::Error + Send + Sync>),
    /// A fault of this program. The log has its place.
    Broken,
}

/// What stands on the wire.
struct Wire {
    error: ScimError,
    /// The reason in logs and metrics, if it was refused before the protocol.
    reason: Option<&'static str>,
}

impl Rejection {
    /// 404: the path names no endpoint.
    pub(crate) fn unknown_endpoint() -> Self {
        ScimError::new(
            404,
            "there is no such endpoint; there are /Users, /Groups, /Bulk, /.search, /ServiceProviderConfig, /ResourceTypes \
             and /Schemas below the base URL",
        )
        .into()
    }

    /// 404: the path is not below a base URL.
    pub(crate) fn unknown_base() -> Self {
        ScimError::new(
            404,
            "there is nothing here; the base URL is /t/TENANT/scim/v2, or /scim/v2 on a tenant's own host",
        )
        .into()
    }

    /// 400 `invalidVers` (RFC 7644 section 3.13).
    pub(crate) fn unserved_version() -> Self {
        ScimError::bad_request(ScimType::InvalidVers, "only version v2 of the protocol is served: /scim/v2").into()
    }

    /// 413, with the limit named (RFC 7644 section 3.7.4).
    pub(crate) fn too_large(limit: usize) -> Self {
        ScimError::new(413, format!("the body is larger than {limit} bytes; send less in one request")).into()
    }

    /// 408.
    pub(crate) fn too_slow(limit: Duration) -> Self {
        ScimError::new(408, format!("the body did not arrive within {} seconds", limit.as_secs())).into()
    }

    /// The keyword and the reason, for the log.
    pub(crate) fn labels(&self) -> (Option<&'static str>, Option<&'static str>) {
        let Wire { error, reason } = self.wire();
        (error.scim_type.map(ScimType::as_str), reason)
    }

    /// Something of ours failed.
    pub(crate) fn unavailable(failure: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(failure))
    }

    /// The message that the client reads.
    pub(crate) fn to_error(&self) -> ScimError {
        self.wire().error
    }

    /// Tells the log what failed, if it is ours. Called once, where the request is answered.
    pub(crate) fn log(&self, request_id: &str) {
        if let Self::Unavailable(failure) = self {
            tracing::error!(request.id = request_id, error = chain(&**failure), "request failed");
        }
    }

    /// The answer.
    pub(crate) fn to_answer(&self) -> Answer {
        if let Self::Oauth(error) = self {
            return error.to_answer();
        }
        let error = self.wire().error;
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = answer_with(status, error.to_json().to_string());
        match self {
            Self::Unauthenticated(refusal) => add(&mut answer, WWW_AUTHENTICATE, &challenge(*refusal)),
            Self::NoAdministrator => {
                add(&mut answer, WWW_AUTHENTICATE, "Basic realm=\"administrators\", charset=\"UTF-8\"");
            }
            Self::OutOfScope(_) => {
                add(&mut answer, WWW_AUTHENTICATE, "Bearer realm=\"scim\", error=\"insufficient_scope\"");
            }
            Self::MethodNotAllowed { allow } => add(&mut answer, ALLOW, allow),
            Self::Limited(_)
            | Self::Unavailable(_)
            | Self::Refused(_)
            | Self::Oauth(_)
            | Self::NotReady(_)
            | Self::Broken => {}
        }
        if let Some(seconds) = self.retry_after() {
            add(&mut answer, RETRY_AFTER, &seconds.to_string());
        }
        answer
    }

    /// The seconds after which it makes sense to come again.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Limited(limited) => Some(limited.retry_after),
            Self::Unavailable(_) => Some(5),
            _ => None,
        }
    }

    fn wire(&self) -> Wire {
        match self {
            Self::Unauthenticated(refusal) => {
                Wire { error: ScimError::new(status(*refusal), refusal.to_string()), reason: Some(label(*refusal)) }
            }
            Self::NoAdministrator => {
                let sentence = "sign in as an administrator of the tenant: the password is an API key (tenantry api-key create); \
                                nothing has changed";
                Wire { error: ScimError::new(401, sentence), reason: Some("administrator") }
            }
            Self::NotReady(sentence) => {
                Wire { error: ScimError::new(403, sentence.as_str()), reason: Some("prerequisite") }
            }
            Self::OutOfScope(sentence) => Wire { error: ScimError::new(403, *sentence), reason: Some("scope") },
            Self::Limited(limited @ Limited { scope, retry_after }) => {
                let sentence = format!("too many requests ({}); try again in {retry_after} s", explain(scope));
                Wire { error: ScimError::new(limited.status(), sentence), reason: Some("limited") }
            }
            Self::MethodNotAllowed { allow } => {
                Wire { error: ScimError::new(405, format!("this endpoint takes {allow}")), reason: Some("method") }
            }
            Self::Oauth(error) => {
                Wire { error: ScimError::new(error.status(), error.sentence()), reason: Some(error.code()) }
            }
            Self::Refused(error) => Wire { error: error.clone(), reason: None },
            Self::Unavailable(_) => {
                let sentence = "the request could not be served now; try again later";
                Wire { error: ScimError::new(503, sentence), reason: Some("unavailable") }
            }
            Self::Broken => {
                let sentence = "the server failed; tell its operator the id of this request";
                Wire { error: ScimError::new(500, sentence), reason: Some("broken") }
            }
        }
    }
}

/// A token of a tenant that is switched off, or from elsewhere, is genuine: who sends it is known and not allowed.
fn status(refusal: Refusal) -> u16 {
    if matches!(refusal, Refusal::Disabled | Refusal::Address) { 403 } else { 401 }
}

/// RFC 6750 section 3: without credentials the scheme alone, else what was wrong with them, and what to do about it. No
/// sentence has a character that a quoted string may not have.
fn challenge(refusal: Refusal) -> String {
    match refusal {
        Refusal::Missing | Refusal::NotBearer => "Bearer realm=\"scim\"".to_owned(),
        _ => format!("Bearer realm=\"scim\", error=\"invalid_token\", error_description=\"{refusal}\""),
    }
}

fn label(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Missing => "token_missing",
        Refusal::NotBearer => "token_not_bearer",
        Refusal::Unknown => "token_unknown",
        Refusal::Expired => "token_expired",
        Refusal::AccessExpired => "access_expired",
        Refusal::AccessEnded => "access_ended",
        Refusal::Superseded => "token_superseded",
        Refusal::Revoked => "token_revoked",
        Refusal::Address => "token_address",
        Refusal::Disabled => "tenant_disabled",
    }
}

fn explain(scope: &str) -> &'static str {
    match scope {
        "tenant" => "more than the tenant's rate",
        "writes" => "more changes than the tenant's rate of changes",
        "concurrency" => "too many of the tenant run at once",
        "memory" => "the bodies of the tenant's requests are too large together",
        "server" => "the bodies of all requests are too large together",
        "overload" => "the server has more to do than it can",
        "issuer" => "the keys of an issuer were asked for a moment ago, and this one was not among them",
        "address_requests" => "more than the rate of one network address",
        _ => "without a valid token",
    }
}

impl From<ScimError> for Rejection {
    fn from(error: ScimError) -> Self {
        Self::Refused(error)
    }
}

impl From<OauthError> for Rejection {
    fn from(error: OauthError) -> Self {
        Self::Oauth(error)
    }
}

impl From<Limited> for Rejection {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

impl From<DirectoryError> for Rejection {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Refused(error) => Self::Refused(error),
            failure @ DirectoryError::Unavailable(_) => Self::unavailable(failure),
            DirectoryError::Busy => Limited { scope: "overload", retry_after: 1 }.into(),
        }
    }
}

/// A stored document that is no JSON.
impl From<serde_json::Error> for Rejection {
    fn from(error: serde_json::Error) -> Self {
        Self::unavailable(error)
    }
}

/// An error with everything behind it.
fn chain(failure: &(dyn std::error::Error + Send + Sync)) -> String {
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use serde_json::{Value, json};

    async fn answer(rejection: Rejection) -> (u16, Vec<(String, String)>, Value) {
        let response = rejection.to_answer();
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .filter(|(name, _)| name != "content-type")
            .collect();
        assert_eq!(response.headers().get("content-type").unwrap(), "application/scim+json");
        (status, headers, serde_json::from_slice(&to_bytes(response.into_body()).await.ok().unwrap()).unwrap())
    }

    #[actix_web::test]
    async fn r001_a_401_names_the_scheme() {
        let (status, headers, body) = answer(Rejection::Unauthenticated(Refusal::Superseded)).await;
        assert_eq!(status, 401);
        let challenge = "Bearer realm=\"scim\", error=\"invalid_token\", error_description=\"the provisioning token was \
                         replaced by a newer one; enter that one in the identity provider\"";
        assert_eq!(headers, [("www-authenticate".to_owned(), challenge.to_owned())]);
        assert_eq!(body["status"], "401");
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    }

    #[actix_web::test]
    async fn a_429_says_when_to_come_again() {
        let (status, headers, body) = answer(Limited { scope: "tenant", retry_after: 3 }.into()).await;
        assert_eq!((status, headers), (429, vec![("retry-after".to_owned(), "3".to_owned())]));
        assert_eq!(body["detail"], "too many requests (more than the tenant's rate); try again in 3 s");
    }

    #[actix_web::test]
    async fn a_server_without_room_is_unavailable_for_a_while() {
        let (status, headers, body) = answer(Limited { scope: "server", retry_after: 1 }.into()).await;
        assert_eq!((status, headers), (503, vec![("retry-after".to_owned(), "1".to_owned())]));
        assert_eq!(body["status"], "503");
    }

    #[actix_web::test]
    async fn a_405_lists_what_is_allowed() {
        let (status, headers, body) = answer(Rejection::MethodNotAllowed { allow: "POST" }).await;
        assert_eq!((status, headers), (405, vec![("allow".to_owned(), "POST".to_owned())]));
        assert_eq!(body.get("scimType"), None);
    }

    #[actix_web::test]
    async fn what_failed_on_our_side_is_not_told() {
        let failure = Rejection::Unavailable(Arc::new(std::io::Error::other("password of the database is wrong")));
        let (status, _, body) = answer(failure).await;
        assert_eq!(status, 503);
        assert!(!body.to_string().contains("password"));
        let (status, _, body) = answer(Rejection::Broken).await;
        assert_eq!((status, body["status"].as_str()), (500, Some("500")));
    }
}
