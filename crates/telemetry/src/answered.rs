//! What is told about an answered request.

use std::time::{Duration, SystemTime};

/// An answered request, as far as it is told: nothing that names a person or opens a door.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// When it was answered.
    pub at: SystemTime,
    /// Its id, which refusals carry in `X-Request-Id` and events in their data.
    pub request_id: &'a str,
    /// The tenant's name, once it is known whose request it was.
    pub tenant: Option<&'a str>,
    /// The id of the token, or of the OAuth client, that it was let in with.
    pub credential: Option<&'a str>,
    /// The HTTP method.
    pub method: Method,
    /// The template of the path, such as `/Users/{id}`: one of a short list.
    pub route: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// From the head of the request to the answer.
    pub duration: Duration,
    /// Which client it seems to be: one of a short list.
    pub client: &'static str,
    /// The keyword of the refusal.
    pub scim_type: Option<&'static str>,
    /// The reason of a refusal before the protocol: one of a short list.
    pub refused: Option<&'static str>,
    /// The deviations that were repaired.
    pub quirks: &'a [&'static str],
}

/// The methods that are told apart. Any word may be sent as a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
    /// Every other word.
    Other,
}

impl Method {
    /// How many there are.
    pub(crate) const COUNT: usize = 7;

    /// As it stands in logs and labels.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Other => "OTHER",
        }
    }
}

/// The classes of statuses, as labels.
pub(crate) const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

impl Answered<'_> {
    /// The place of its status in [`CLASSES`].
    pub(crate) fn class(&self) -> usize {
        usize::from(self.status / 100).clamp(1, CLASSES.len()) - 1
    }
}
