//! What is served here: `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`. Readable without token where the address
//! names a tenant, and then the same for every tenant, existing or not.

mod documents;

use std::sync::Arc;

use scim::discovery::{self, Capabilities};
use scim::{Schemas, ScimError, SecurityEvent};

pub(crate) use documents::Documents;

use crate::caller::Caller;
use crate::error::Rejection;
use crate::reply::Reply;
use crate::routes::Discovery;
use crate::worker::Worker;

/// What is known of who asks, beyond what everybody is told.
#[derive(Debug)]
pub(crate) struct Known {
    /// The most operations in one bulk request.
    most_operations: u32,
    /// What the streams of the tenant tell.
    security_events: Vec<SecurityEvent>,
}

impl Default for Known {
    /// Nothing.
    fn default() -> Self {
        Self { most_operations: u32::MAX, security_events: Vec::new() }
    }
}

/// Shows one of the documents to a client of a tenant.
pub(crate) fn tell(caller: &Caller<'_>, document: &Discovery<'_>) -> Result<Reply, Rejection> {
    let security_events = match document {
        Discovery::ServiceProviderConfig => {
            caller.worker().directories.announced_streams(caller.tenant()).security_events()
        }
        _ => Vec::new(),
    };
    let known = Known { most_operations: caller.most_operations(), security_events };
    read(caller.worker(), caller.query(), (caller.tenant().schemas(), caller.base()), document, known)
}

/// Shows one of the documents (RFC 7644 section 4). Who may run fewer operations in one bulk request than others, or has streams of
/// events, is told so.
pub(crate) fn read(
    worker: &Worker,
    query: &str,
    (schemas, base): (&Arc<Schemas>, &str),
    document: &Discovery<'_>,
    known: Known,
) -> Result<Reply, Rejection> {
    refuse_filter(query)?;
    let capabilities = &worker.gateway.capabilities;
    let documents = worker.documents.of(schemas, base);
    let is_usual = known.most_operations >= capabilities.max_operations && known.security_events.is_empty();
    let body = match document {
        Discovery::ServiceProviderConfig if !is_usual => {
            let own = Capabilities {
                max_operations: known.most_operations.min(capabilities.max_operations),
                security_events: known.security_events,
                ..capabilities.clone()
            };
            discovery::service_provider_config(&own, base).to_string().into()
        }
        Discovery::ServiceProviderConfig => documents.configuration(capabilities),
        Discovery::ResourceTypes => documents.resource_types(),
        Discovery::Schemas => documents.schemas(),
        Discovery::ResourceType(name) => discovery::resource_type(schemas, name, base)
            .ok_or_else(|| unknown("resource type", name))?
            .to_string()
            .into(),
        Discovery::Schema(urn) => {
            discovery::schema(schemas, urn, base).ok_or_else(|| unknown("schema", urn))?.to_string().into()
        }
    };
    Ok(Reply::ok(body))
}

/// RFC 7644 section 4: a filter on these is answered with 403. Every other parameter is ignored; nothing is paged.
fn refuse_filter(query: &str) -> Result<(), Rejection> {
    let is_filter = |pair: &str| pair.split('=').next().is_some_and(|name| name.eq_ignore_ascii_case("filter"));
    if query.split('&').any(is_filter) {
        return Err(ScimError::new(403, "what the service tells about itself cannot be filtered").into());
    }
    Ok(())
}

fn unknown(what: &str, name: &str) -> Rejection {
    let shown: String = name.chars().take(128).collect();
    ScimError::new(404, format!("{what} \"{shown}\" does not exist")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r154_a_filter_is_refused_and_other_parameters_are_ignored() {
        for query in ["filter=id%20eq%201", "count=1&FILTER=", "filter"] {
            assert!(refuse_filter(query).is_err(), "{query}");
        }
        for query in ["", "count=1", "aadOptscim062020", "x=filter"] {
            assert!(refuse_filter(query).is_ok(), "{query}");
        }
    }
}
