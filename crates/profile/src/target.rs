//! What a rule fills: a member of the normalized user, or a value of the application's own.

use std::fmt;

/// Members of the normalized user that have one text.
const TEXTS: [&str; 22] = [
    "userName",
    "email",
    "displayName",
    "nickName",
    "title",
    "userType",
    "department",
    "organization",
    "division",
    "costCenter",
    "employeeNumber",
    "preferredLanguage",
    "locale",
    "timezone",
    "profileUrl",
    "name.formatted",
    "name.givenName",
    "name.familyName",
    "name.middleName",
    "name.honorificPrefix",
    "name.honorificSuffix",
    "externalId",
];
/// Members that are lists of values, of which a rule fills `value`.
const LISTS: [&str; 2] = ["roles", "entitlements"];
/// Other members that may be forwarded.
const OTHERS: [&str; 9] =
    ["manager", "emails", "phoneNumbers", "ims", "photos", "addresses", "x509Certificates", "groups", "custom"];
/// What begins the values of the application's own.
const APPLICATION: &str = "application.";

/// What a rule fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    /// One text; the path within the normalized user.
    Text(Vec<String>),
    /// A list of values.
    List(String),
    /// A value of the application's own, by its path below `application`.
    Application(Vec<String>),
}

impl Member {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        if TEXTS.contains(&text) {
            return Ok(Self::Text(parts(text)));
        }
        if LISTS.contains(&text) {
            return Ok(Self::List(text.to_owned()));
        }
        match text.strip_prefix(APPLICATION) {
            Some(rest) if !rest.is_empty() && rest.split('.').all(|part| !part.is_empty()) => {
                Ok(Self::Application(parts(rest)))
            }
            _ => Err(format!(
                "\"{text}\" is no member that a rule fills; expected one of {}, {}, or a name of the application's own such \
                 as application.level",
                TEXTS.join(", "),
                LISTS.join(", ")
            )),
        }
    }

    /// Refuses what is no member of the normalized user.
    pub(crate) fn check_forwarded(text: &str) -> Result<(), String> {
        if TEXTS.contains(&text) || LISTS.contains(&text) || OTHERS.contains(&text) || text == "application" {
            return Ok(());
        }
        Err(format!(
            "\"{text}\" is no member of the normalized user; expected some of {}, {}, {}, application",
            TEXTS.join(", "),
            LISTS.join(", "),
            OTHERS.join(", ")
        ))
    }
}

impl fmt::Display for Member {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(path) => out.write_str(&path.join(".")),
            Self::List(name) => out.write_str(name),
            Self::Application(path) => write!(out, "{APPLICATION}{}", path.join(".")),
        }
    }
}
