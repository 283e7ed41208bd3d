//! What the token endpoint refuses, as RFC 6749 section 5.2 has it.

use std::borrow::Cow;

use actix_http::StatusCode;
use actix_http::body::EitherBody;
use actix_web::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use bytes::Bytes;
use serde_json::json;

use crate::error::Rejection;
use crate::reply::{Answer, JSON, add, answer_with, forbid_keeping};

/// A refusal of the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OauthError {
    code: &'static str,
    sentence: Cow<'static, str>,
}

impl OauthError {
    /// The request is damaged, or says something twice.
    pub(crate) fn invalid_request(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { code: "invalid_request", sentence: sentence.into() }
    }

    /// The client is not known, or did not prove to be the one.
    pub(crate) fn invalid_client(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { code: "invalid_client", sentence: sentence.into() }
    }

    /// The client is the one, and may not.
    pub(crate) fn unauthorized_client(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { code: "unauthorized_client", sentence: sentence.into() }
    }

    /// More than it may do.
    pub(crate) fn invalid_scope(sentence: impl Into<Cow<'static, str>>) -> Self {
        Self { code: "invalid_scope", sentence: sentence.into() }
    }

    /// Another way of asking than there is.
    pub(crate) fn unsupported_grant_type() -> Self {
        Self { code: "unsupported_grant_type", sentence: "the only grant_type is client_credentials".into() }
    }

    /// The keyword of the RFC; a label of logs and metrics.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// What a person reads.
    pub(crate) fn sentence(&self) -> &str {
        &self.sentence
    }

    /// 401 for clients that are not known, 400 for everything else.
    pub(crate) fn status(&self) -> u16 {
        if self.code == "invalid_client" { 401 } else { 400 }
    }

    /// The answer.
    pub(crate) fn to_answer(&self) -> Answer {
        let status = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut answer = told(answer_with(status, Bytes::new()), self.code, &self.sentence);
        if status == StatusCode::UNAUTHORIZED {
            add(&mut answer, WWW_AUTHENTICATE, "Basic realm=\"scim\"");
        }
        answer
    }
}

/// The answer to whatever a request to the authorization server is refused for or fails with: the status and the headers that
/// it has everywhere, and a body that clients of OAuth read. What is ours has the words of RFC 6749 section 4.1.2.1; section
/// 5.2 has none for it.
pub(crate) fn answer_to(rejection: &Rejection) -> Answer {
    if let Rejection::Oauth(error) = rejection {
        return error.to_answer();
    }
    let error = rejection.to_error();
    let code = match error.status {
        429 | 503 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    };
    told(rejection.to_answer(), code, &error.detail)
}

fn told(answer: Answer, code: &str, sentence: &str) -> Answer {
    let body = json!({ "error": code, "error_description": plain(sentence) });
    let mut answer = answer.set_body(EitherBody::left(Bytes::from(body.to_string())));
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    forbid_keeping(&mut answer);
    answer
}

/// A sentence in the characters that it may have (RFC 6749 section 5.2): ASCII without `"` and `\`.
fn plain(sentence: &str) -> String {
    let plain = |letter: char| match letter {
        '"' => '\'',
        ' '..='~' if letter != '\\' => letter,
        _ => '?',
    };
    sentence.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Limited;
    use actix_web::body::to_bytes;
    use actix_web::http::header::{ALLOW, RETRY_AFTER};
    use scim::ScimError;
    use serde_json::Value;
    use std::time::Duration;

    async fn shown(rejection: &Rejection) -> (u16, Value) {
        let answer = answer_to(rejection);
        assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), "application/json");
        assert_eq!(answer.headers().get("cache-control").unwrap(), "no-store");
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&to_bytes(answer.into_body()).await.ok().unwrap()).unwrap())
    }

    #[actix_web::test]
    async fn whatever_is_refused_has_a_body_of_oauth() {
        let io = || Rejection::unavailable(std::io::Error::other("x"));
        for (rejection, status, code) in [
            (Rejection::too_slow(Duration::from_secs(5)), 408, "invalid_request"),
            (Rejection::too_large(7), 413, "invalid_request"),
            (Rejection::MethodNotAllowed { allow: "POST" }, 405, "invalid_request"),
            (ScimError::new(400, "the Host header is no host name").into(), 400, "invalid_request"),
            (Limited { scope: "address", retry_after: 2 }.into(), 429, "temporarily_unavailable"),
            (Limited { scope: "server", retry_after: 2 }.into(), 503, "temporarily_unavailable"),
            (io(), 503, "temporarily_unavailable"),
            (Rejection::Broken, 500, "server_error"),
            (OauthError::unsupported_grant_type().into(), 400, "unsupported_grant_type"),
        ] {
            let (answered, body) = shown(&rejection).await;
            assert_eq!((answered, body["error"].as_str()), (status, Some(code)), "{rejection:?}");
            assert!(body["error_description"].as_str().unwrap().len() > 10, "{body}");
            assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        }
    }

    #[test]
    fn headers_are_those_of_every_refusal() {
        let limited = answer_to(&Limited { scope: "address", retry_after: 3 }.into());
        assert_eq!(limited.headers().get(RETRY_AFTER).unwrap(), "3");
        let wrong = answer_to(&Rejection::MethodNotAllowed { allow: "POST" });
        assert_eq!(wrong.headers().get(ALLOW).unwrap(), "POST");
    }

    #[test]
    fn a_sentence_has_no_character_that_it_may_not_have() {
        assert_eq!(plain("a \"b\" \\ ä\n!"), "a 'b' ? ??!");
    }
}
