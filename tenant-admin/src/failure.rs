//! Why a command was not done, in a form that travels.

use std::error::Error;

use directory::DirectoryError;
use serde::{Deserialize, Serialize};
use tenancy::{Conflict, KeyError, TenancyError};

/// A command that was not done: what a program decides by, and the sentence a person reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What sort of failure it is.
    pub code: Code,
    /// What is wrong and, where there is one, the way out.
    pub message: String,
}

/// The sorts of failure; the command line has an exit code for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// Something that is asked for in a wrong way.
    Invalid,
    /// Something that does not exist.
    NotFound,
    /// Something that exists already, or is not unique.
    Conflict,
    /// Something for whose API key it is too late.
    Unauthorized,
    /// Something that was changed since whoever asks has seen it.
    Changed,
    /// Something that is not as it should be, which is the answer to what was asked.
    Differs,
    /// The database or the server cannot be reached.
    Unavailable,
    /// Anything else.
    Failed,
}

impl Failure {
    /// A failure of this sort.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A failure whose sentence is an error with all its causes.
    #[must_use]
    pub fn caused(code: Code, error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let reason = error.to_string();
            // Some libraries repeat their causes.
            if !message.ends_with(&reason) {
                message = format!("{message}: {reason}");
            }
            cause = error.source();
        }
        Self { code, message }
    }
}

impl From<TenancyError> for Failure {
    fn from(error: TenancyError) -> Self {
        let code = match &error {
            TenancyError::NoTenant { .. }
            | TenancyError::NoProfile { .. }
            | TenancyError::NoToken { .. }
            | TenancyError::NoCurrentToken { .. }
            | TenancyError::NoOauthClient { .. }
            | TenancyError::NoOauthSecret { .. }
            | TenancyError::NoApiKey { .. }
            | TenancyError::Rotation(Conflict::NothingUnderWay) => Code::NotFound,
            TenancyError::NameTaken { .. }
            | TenancyError::HostTaken { .. }
            | TenancyError::OauthNameTaken { .. }
            | TenancyError::RequestReused { .. }
            | TenancyError::TooManyTokens { .. }
            | TenancyError::Rotation(_) => Code::Conflict,
            TenancyError::KeyEnded => Code::Unauthorized,
            TenancyError::Changed { .. } => Code::Changed,
            TenancyError::Invalid(_) => Code::Invalid,
            TenancyError::Database(_) | TenancyError::Unsettled | TenancyError::KeyMissing | TenancyError::FirstUse => {
                Code::Unavailable
            }
            TenancyError::Stored { .. } | TenancyError::Signing(_) | TenancyError::Randomness => Code::Failed,
        };
        Self::caused(code, &error)
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let code = match &error {
            KeyError::Unknown { .. } => Code::NotFound,
            KeyError::Signs { .. } => Code::Conflict,
            KeyError::ReadOnly { .. } => Code::Invalid,
            _ => Code::Failed,
        };
        Self::caused(code, &error)
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        let code = match &error {
            DirectoryError::Refused(refusal) => match refusal.status {
                404 => Code::NotFound,
                409 | 412 => Code::Conflict,
                _ => Code::Invalid,
            },
            DirectoryError::Unavailable(_) | DirectoryError::Busy => Code::Unavailable,
        };
        Self::caused(code, &error)
    }
}

impl From<scim::ScimError> for Failure {
    fn from(error: scim::ScimError) -> Self {
        DirectoryError::Refused(error).into()
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::caused(Code::Failed, &error)
    }
}
