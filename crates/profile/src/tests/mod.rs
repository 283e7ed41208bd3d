//! Profiles that come with the program, and what is wrong with others.

mod applications;
mod errors;
mod mapping;

use std::sync::Arc;

use scim::{Dialect, Draft, MemberReference, Resource, ResourceKind, Schemas};
use serde_json::{Map, Value, json};

use crate::{Applied, Profile, builtin};

/// A profile that comes with the program, with options of a tenant.
fn applied(name: &str, options: Value) -> Applied {
    let profile = builtin().iter().find(|profile| profile.name() == name).unwrap();
    with(Arc::clone(profile), options)
}

fn with(profile: Arc<Profile>, options: Value) -> Applied {
    Applied::new(profile, options.as_object().unwrap(), &[]).unwrap()
}

fn written(text: &str) -> Applied {
    let text = format!("name = \"own\"\ntitle = \"Own\"\n{text}");
    with(Arc::new(Profile::parse(&text, "own.toml").unwrap()), json!({}))
}

/// A user as the directory keeps it.
fn user(applied: &Applied, attributes: Value) -> Resource {
    let schemas = Schemas::with_extensions(applied.profile().extensions().to_vec()).unwrap();
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@acme.example", "active": true
    });
    body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    Draft::parse(body, schemas.of(ResourceKind::User), &mut Dialect::lenient()).unwrap().creating().resource
}

fn groups(names: &[&str]) -> Vec<MemberReference> {
    let group = |name: &&str| MemberReference {
        id: (*name).to_owned(),
        kind: ResourceKind::Group,
        display: Some((*name).to_owned()),
    };
    names.iter().map(group).collect()
}

/// What is told of a user of whom nothing but this would be told.
fn told(applied: &Applied, attributes: Value, in_groups: &[&str], told: Value) -> Map<String, Value> {
    let user = user(applied, attributes);
    let Value::Object(mut told) = told else { panic!("no object") };
    if let Some(mapped) = applied.map(&user, &groups(in_groups)) {
        mapped.apply(&mut told);
    }
    told
}
