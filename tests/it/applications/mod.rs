//! Applications by their profiles alone: what their guides promise to administrators, by the numbers of the requirements.

mod account;
mod administrators;
mod collisions;
mod floods;
mod invitations;
mod own;
mod stories;
mod wats;
mod wizer;
mod workato;
mod workteam;

use serde_json::{Value, json};

use crate::support::{System, Tenant, urn};

/// A tenant of an application whose prerequisites are met, with these options.
fn tenant_of(system: &System, profile: &str, met: &[&str], options: &Value) -> Tenant {
    let settings = json!({
        "profile": profile, "prerequisites_met": met, "profile_options": options,
        "administrator": { "name": "the test", "role": "Administrator" },
        "rate_per_second": 1_000_000, "rate_burst": 1_000_000
    });
    system.tenant_with(profile, &settings)
}

/// A user as clients send it, with these attributes.
fn user_with(name: &str, attributes: &Value) -> Value {
    let mut user = json!({ "schemas": [urn::USER], "userName": name, "active": true });
    user.as_object_mut().expect("an object").extend(attributes.as_object().expect("an object").clone());
    user
}

/// The users of the events, as the application is told of them.
fn told(system: &System, tenant: &Tenant) -> Vec<Value> {
    let events = system.events(tenant, 0).into_iter();
    events.map(|mut event| event["data"]["user"].take()).filter(|user| !user.is_null()).collect()
}

/// The last of them.
fn told_last(system: &System, tenant: &Tenant) -> Value {
    told(system, tenant).pop().expect("an event of a user")
}

/// The base URL with another path.
fn at_path(tenant: &Tenant, path: &str) -> String {
    let origin = tenant.base_url.split("/t/").next().expect("it is there");
    format!("{origin}{path}")
}
