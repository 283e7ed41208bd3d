//! What an attribute is compared with.

use std::borrow::Cow;

use serde_json::{Number, Value};
use time::OffsetDateTime;

use crate::fold;

/// A literal whose type suits the attribute it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`: stands for an attribute without value; only with `eq` and `ne`.
    Null,
    /// For boolean attributes.
    Boolean(bool),
    /// For integer and decimal attributes.
    Number(Number),
    /// For strings, references and binaries, and for dateTimes under `co`, `sw` and `ew`.
    Text(Text),
    /// For dateTimes.
    Moment {
        /// The instant.
        at: OffsetDateTime,
        /// The text as sent.
        text: String,
    },
}

/// A text literal, with the form in which it is compared computed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    sent: String,
    folded: Option<String>,
    case_exact: bool,
}

impl Text {
    /// A literal for an attribute that is, or is not, caseExact.
    #[must_use]
    pub fn new(sent: impl Into<String>, case_exact: bool) -> Self {
        let sent = sent.into();
        let folded = if case_exact { None } else { changed(fold(&sent)) };
        Self { sent, folded, case_exact }
    }

    /// As the client wrote it, escapes resolved.
    #[must_use]
    pub fn as_sent(&self) -> &str {
        &self.sent
    }

    /// The form that is compared: case-folded, unless the attribute is caseExact.
    #[must_use]
    pub fn folded(&self) -> &str {
        self.folded.as_deref().unwrap_or(&self.sent)
    }

    /// Whether letter case matters.
    #[must_use]
    pub fn is_case_exact(&self) -> bool {
        self.case_exact
    }
}

fn changed(folded: Cow<'_, str>) -> Option<String> {
    match folded {
        Cow::Borrowed(_) => None,
        Cow::Owned(folded) => Some(folded),
    }
}

impl Literal {
    /// The text that is compared, if it is one.
    #[must_use]
    pub fn folded(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.folded()),
            _ => None,
        }
    }

    /// The JSON value of the literal, as it would stand in a resource.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.sent.clone()),
            Self::Moment { text, .. } => Value::String(text.clone()),
        }
    }
}
