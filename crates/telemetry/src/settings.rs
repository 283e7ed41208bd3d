//! How the log is written.

use serde::Deserialize;

/// The section `log` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// For machines or for people.
    pub format: Format,
    /// A level, or levels by module: `info`, `info,directory=debug`.
    pub level: String,
    /// Which requests get a line.
    pub requests: Requests,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: Format::default(), level: "info".to_owned(), requests: Requests::default() }
    }
}

/// The form of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object.
    Json,
    /// Readable text.
    #[default]
    Text,
}

/// Which requests get a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Requests {
    /// Every one.
    #[default]
    All,
    /// Those that were refused or failed.
    Failures,
    /// None.
    None,
}

impl Requests {
    /// Whether an answer with this status gets a line.
    pub(crate) fn covers(self, status: u16) -> bool {
        match self {
            Self::All => true,
            Self::Failures => status >= 400,
            Self::None => false,
        }
    }
}
