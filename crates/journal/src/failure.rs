//! One failure, as it is noted.

/// The longest name or id that is kept, in letters; ours are shorter.
const LONGEST_NAME: usize = 200;
/// The longest sentence that is kept, in letters.
const LONGEST_SENTENCE: usize = 1_000;

/// A request, or an operation of a bulk request, that was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whose client asked: the number of the tenant, as it stands in the tables.
    pub tenant: i64,
    /// When, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// The id that the client was told in `X-Request-Id`.
    pub request_id: String,
    /// The short name of the client.
    pub client: &'static str,
    /// What it wanted to do.
    pub operation: Operation,
    /// `User` or `Group`, if the request is about one sort.
    pub resource_type: Option<&'static str>,
    /// Which one.
    pub named: Named,
    /// The status that it was answered with, 400 to 599.
    pub status: u16,
    /// The keyword of the error, if it has one.
    pub scim_type: Option<&'static str>,
    /// To whom what the client changes is attributed.
    pub administrator: Option<String>,
    /// The sentence that it was told.
    pub detail: String,
}

/// What a client wanted to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// POST of a resource.
    Create,
    /// PUT.
    Replace,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// GET of one resource.
    Read,
    /// GET of a list, or a search.
    Search,
    /// A bulk request as a whole.
    Bulk,
    /// To get an access token.
    Authenticate,
    /// To join: an invited user accepts. It is noted when it is done, with the transaction that does it.
    AcceptInvitation,
    /// Anything else.
    Other,
}

/// Which user or group a request names, as far as it does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Named {
    /// `userName`
    pub user_name: Option<String>,
    /// `displayName`
    pub display_name: Option<String>,
    /// `externalId`
    pub external_id: Option<String>,
    /// Its id.
    pub id: Option<String>,
}

impl Operation {
    /// Its name in answers and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Read => "read",
            Self::Search => "search",
            Self::Bulk => "bulk",
            Self::Authenticate => "authenticate",
            Self::AcceptInvitation => "accept_invitation",
            Self::Other => "other",
        }
    }
}

impl Named {
    /// Whether it names nobody.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        *self == Self::default()
    }

    /// What it is looked for by: people write names in any letter case.
    pub(crate) fn key(&self) -> Option<String> {
        self.user_name.as_ref().or(self.display_name.as_ref()).map(|name| key(name))
    }

    fn shortened(self) -> Self {
        let short = |name: Option<String>| name.map(|name| shortened(&name, LONGEST_NAME));
        Self {
            user_name: short(self.user_name),
            display_name: short(self.display_name),
            external_id: short(self.external_id),
            id: short(self.id),
        }
    }
}

impl Failure {
    /// As it is kept: what a client sends has no bound of ours.
    pub(crate) fn shortened(self) -> Self {
        let administrator = self.administrator.map(|name| shortened(&name, LONGEST_NAME));
        let detail = shortened(&self.detail, LONGEST_SENTENCE);
        Self { named: self.named.shortened(), administrator, detail, ..self }
    }
}

/// A name as it is looked for.
pub(crate) fn key(name: &str) -> String {
    shortened(name, LONGEST_NAME).to_lowercase()
}

/// The first letters, without those that no text of PostgreSQL may have, and those that mean nothing there (`database::rows`).
fn shortened(text: &str, most: usize) -> String {
    let letters = text.chars().map(|letter| if matches!(letter, '\0' | '\u{ffff}') { '\u{fffd}' } else { letter });
    let mut short: String = letters.clone().take(most).collect();
    if letters.clone().nth(most).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One about nobody.
    pub(crate) fn failure() -> Failure {
        Failure {
            tenant: 1,
            time_ms: 0,
            request_id: "1".to_owned(),
            client: "entra",
            operation: Operation::Search,
            resource_type: Some("User"),
            named: Named::default(),
            status: 400,
            scim_type: None,
            administrator: None,
            detail: String::new(),
        }
    }

    #[test]
    fn what_a_client_sends_is_bounded() {
        assert_eq!(shortened("ada\0\u{ffff}", 10), "ada\u{fffd}\u{fffd}");
        assert_eq!(shortened("adalovelace", 3), "ada…");
        let long = Named { user_name: Some("Ä".repeat(300)), ..Named::default() }.shortened();
        assert_eq!(long.user_name.unwrap().chars().count(), 201);
        assert_eq!(key("Ada@ACME.example"), "ada@acme.example");
    }
}
