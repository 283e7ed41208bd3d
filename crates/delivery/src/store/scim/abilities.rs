//! What the service says that it can do (RFC 7643 section 5).

use serde_json::Value;

use super::call::{Call, Service, no_scim};
use crate::Failure;

/// What the service can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abilities {
    /// Change parts of a resource.
    pub(super) patch: bool,
    /// Search.
    pub(super) filter: bool,
    /// Compare versions.
    pub(super) etag: bool,
    /// How many members are moved with one request.
    pub(super) members: usize,
    /// How many resources it lists at once.
    pub(super) page: usize,
}

/// More members are moved with several requests.
const MOST_MEMBERS: usize = 1000;
const MOST_LISTED: usize = 500;

impl Default for Abilities {
    /// What nearly every service can do that does not tell. Where one cannot, its refusals show that.
    fn default() -> Self {
        Self { patch: true, filter: true, etag: false, members: MOST_MEMBERS, page: 100 }
    }
}

impl Abilities {
    /// Asks the service.
    pub(super) async fn ask(service: &Service) -> Result<Self, Failure> {
        let reply = service.send(&Call::get(&["ServiceProviderConfig"])).await?;
        if reply.status.as_u16() == 410 {
            return Err(Failure::Gone { why: "the service says that it is gone for good (410)".to_owned() });
        }
        if !reply.is_success() {
            return Ok(Self::default());
        }
        if !reply.body.is_object() {
            return Err(no_scim(reply.status));
        }
        Ok(Self::of(&reply.body))
    }

    fn of(config: &Value) -> Self {
        let supports = |name: &str, usual: bool| {
            config.get(name).and_then(|found| found.get("supported")).and_then(Value::as_bool).unwrap_or(usual)
        };
        let number = |name: &str, limit: &str| config.get(name)?.get(limit)?.as_u64().filter(|number| *number > 0);
        let bounded = |found: Option<u64>, most: usize| {
            found.map_or(most, |number| usize::try_from(number).unwrap_or(most).min(most))
        };
        let usual = Self::default();
        Self {
            patch: supports("patch", usual.patch),
            filter: supports("filter", usual.filter),
            etag: supports("etag", usual.etag),
            members: bounded(number("bulk", "maxOperations").filter(|_| supports("bulk", false)), MOST_MEMBERS),
            page: bounded(number("filter", "maxResults"), MOST_LISTED),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_it_tells_is_obeyed() {
        let config = json!({
            "patch": { "supported": false },
            "bulk": { "supported": true, "maxOperations": 20 },
            "filter": { "supported": true, "maxResults": 50 },
            "etag": { "supported": true },
        });
        let told = Abilities { patch: false, filter: true, etag: true, members: 20, page: 50 };
        assert_eq!(Abilities::of(&config), told);
    }

    #[test]
    fn limits_of_what_it_cannot_do_and_beyond_ours_do_not_count() {
        let config = json!({ "bulk": { "supported": false, "maxOperations": 0 }, "filter": { "supported": true, "maxResults": 100_000 } });
        let told = Abilities { page: 500, ..Abilities::default() };
        assert_eq!(Abilities::of(&config), told);
    }
}
