//! The security events of RFC 9967: what a change is called in a security event token (SET, RFC 8417).

/// Whether a SET tells what the values are, or only which attributes changed (RFC 9967 section 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventContent {
    /// Names of attributes: `attributes`.
    Notice,
    /// Values: `data`.
    Full,
}

/// What happened, as the registry "SCIM Event URIs" names it (RFC 9967 section 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityEvent {
    /// A resource is in the stream from now on.
    FeedAdd,
    /// A resource was created.
    Create(EventContent),
    /// A resource was changed with PATCH.
    Patch(EventContent),
    /// A resource was replaced with PUT.
    Put(EventContent),
    /// A resource was deleted.
    Delete,
    /// A user may sign in again.
    Activate,
    /// A user may no longer sign in.
    Deactivate,
    /// A request that was to be answered asynchronously is done.
    AsyncResponse,
}

impl SecurityEvent {
    /// Its URI.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        use EventContent::{Full, Notice};
        match self {
            Self::FeedAdd => "urn:ietf:params:scim:event:feed:add",
            Self::Create(Notice) => "urn:ietf:params:scim:event:prov:create:notice",
            Self::Create(Full) => "urn:ietf:params:scim:event:prov:create:full",
            Self::Patch(Notice) => "urn:ietf:params:scim:event:prov:patch:notice",
            Self::Patch(Full) => "urn:ietf:params:scim:event:prov:patch:full",
            Self::Put(Notice) => "urn:ietf:params:scim:event:prov:put:notice",
            Self::Put(Full) => "urn:ietf:params:scim:event:prov:put:full",
            Self::Delete => "urn:ietf:params:scim:event:prov:delete",
            Self::Activate => "urn:ietf:params:scim:event:prov:activate",
            Self::Deactivate => "urn:ietf:params:scim:event:prov:deactivate",
            Self::AsyncResponse => "urn:ietf:params:scim:event:misc:asyncresp",
        }
    }

    /// Everything that a stream of this content can tell. A change of a password alone has no value to tell, and is a notice in
    /// either.
    #[must_use]
    pub fn of(content: EventContent) -> Vec<Self> {
        let own = [Self::FeedAdd, Self::Create(content), Self::Patch(content), Self::Put(content)];
        let notice = (content == EventContent::Full).then_some(Self::Patch(EventContent::Notice));
        let others = [Self::Delete, Self::Activate, Self::Deactivate, Self::AsyncResponse];
        own.into_iter().chain(notice).chain(others).collect()
    }
}
