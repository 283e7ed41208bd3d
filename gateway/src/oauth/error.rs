//! What the token endpoint refuses, as RFC 6749 section 5.2 has it.

use std::borrow::Cow;

use actix_http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::json;

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
        let body = json!({ "error": self.code, "error_description": self.sentence });
        let mut answer = answer_with(status, body.to_string());
        answer.headers_mut().insert(CONTENT_TYPE, JSON);
        forbid_keeping(&mut answer);
        if status == StatusCode::UNAUTHORIZED {
            add(&mut answer, WWW_AUTHENTICATE, "Basic realm=\"scim\"");
        }
        answer
    }
}
