//! Tests of PATCH paths.

use std::sync::Arc;

use serde_json::json;

use crate::{Dialect, Path, Quirk, ResourceKind, Schemas, ScimError, ScimType, Target};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Does not end in `User`, and starts like another one of the tenant.
const BADGE: &str = "urn:acme:hr:1.0:User:Badge";

fn schemas() -> Arc<Schemas> {
    let badge = json!({"id": BADGE, "name": "Badge", "attributes": [{"name": "tags", "multiValued": true}]});
    let shorter = json!({"id": "urn:acme:hr:1.0:User", "name": "Short", "attributes": [{"name": "Badge"}]});
    Schemas::with_extensions([badge, shorter].map(|schema| serde_json::from_value(schema).unwrap()).to_vec()).unwrap()
}

fn parse_with(text: &str, dialect: &mut Dialect) -> Result<Option<Path>, ScimError> {
    Path::parse(text, schemas().of(ResourceKind::User), dialect)
}

/// The canonical text of a path that a strict dialect reads.
fn canonical(text: &str) -> String {
    parse_with(text, &mut Dialect::strict()).unwrap().unwrap().to_string()
}

fn refusal(text: &str) -> String {
    let error = parse_with(text, &mut Dialect::lenient()).expect_err(text);
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidPath)), "{text}");
    error.detail
}

#[test]
fn r019_paths_are_read_in_any_letter_case() {
    assert_eq!(canonical("USERNAME"), "userName");
    assert_eq!(canonical("Name.FAMILYname"), "name.familyName");
    assert_eq!(canonical("EMAILS[Type EQ \"work\"].Value"), "emails[type eq \"work\"].value");
    assert_eq!(
        canonical(&format!("{}:MANAGER.VALUE", ENTERPRISE.to_uppercase())),
        format!("{ENTERPRISE}:manager.value")
    );
    assert_eq!(canonical(&format!("{CORE}:emails[primary eq true]")), "emails[primary eq true]");
}

#[test]
fn r020_dollar_ref_is_a_path() {
    let schemas = schemas();
    let group = schemas.of(ResourceKind::Group);
    for text in ["members.$ref", "members[value eq \"x\"].$ref", "members[$ref eq \"x\"]"] {
        assert_eq!(Path::parse(text, group, &mut Dialect::strict()).unwrap().unwrap().to_string(), text);
    }
}

#[test]
fn a_path_selects_an_attribute_elements_or_a_schema() {
    let target = |text: &str| parse_with(text, &mut Dialect::lenient()).unwrap().unwrap().target;
    let Target::Attribute(path) = target("name.givenName") else { panic!("an attribute") };
    assert_eq!((path.attribute.name.as_str(), path.leaf().name.as_str()), ("name", "givenName"));
    let Target::Elements { attribute, filter, sub } = target("emails[type eq \"work\"].value") else {
        panic!("elements")
    };
    assert!(attribute.is_core("emails") && attribute.sub.is_none());
    assert!(filter.matches_element(&json!({"type": "WORK"})) && !filter.matches_element(&json!({"type": "home"})));
    assert_eq!(sub.unwrap().name, "value");
    assert!(matches!(target(ENTERPRISE), Target::Extension(schema) if &*schema.id == ENTERPRISE));
    assert!(matches!(target(CORE), Target::Resource(schema) if &*schema.id == CORE));
    let tags = target(&format!("{BADGE}:tags[value eq \"red\"]"));
    assert!(matches!(tags, Target::Elements { filter, sub: None, .. } if filter.matches_element(&json!("RED"))));
}

#[test]
fn q50_the_longest_known_urn_wins() {
    assert_eq!(canonical(&format!("{BADGE}:tags")), format!("{BADGE}:tags"));
    assert!(matches!(
        parse_with(BADGE, &mut Dialect::strict()).unwrap().unwrap().target,
        Target::Extension(schema) if &*schema.id == BADGE
    ));
}

#[test]
fn r110_malformed_paths_are_invalid_paths() {
    for text in [
        "",
        " ",
        "emails[type eq",
        "emails[type eq \"work\"",
        "emails[type eq \"work\"]value",
        "emails[type eq \"work\"].",
        "emails[type eq \"work\"].shoe",
        "emails[type eq \"work\"].value.x",
        "emails[type eq \"work\"].value eq \"x\"",
        "emails.value[type eq \"work\"]",
        "userName[value eq \"x\"]",
        "userName.x",
        "userName eq \"x\"",
        "shoeSize",
        "name.shoe",
        "members",
        "/emails",
        "emails/0",
        "$.emails",
    ] {
        refusal(text);
    }
    assert!(refusal("shoeSize").contains("User has no attribute \"shoeSize\""));
    assert!(refusal(&format!("{CORE}:shoeSize")).contains("shoeSize"));
    assert!(refusal(&"emails[".repeat(2000)).contains("8192 bytes"));
}

#[test]
fn r092_what_is_wrong_inside_the_brackets_is_wrong_with_the_filter() {
    for text in ["emails[type zz \"work\"]", "emails[shoe eq \"work\"]", "emails[]", "emails[emails[type pr]]"] {
        let error = parse_with(text, &mut Dialect::lenient()).expect_err(text);
        assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidFilter)), "{text}");
    }
}

#[test]
fn q51_a_path_into_an_unknown_extension_is_left_out() {
    for text in [
        "urn:example:unknown:2.0:User:shoe",
        "URN:example:unknown:2.0:User:shoe[type eq \"x\"].value",
        &format!("{ENTERPRISE}:shoe"),
    ] {
        let mut dialect = Dialect::lenient();
        assert_eq!(parse_with(text, &mut dialect).unwrap(), None, "{text}");
        assert!(dialect.repaired().contains(Quirk::UnknownExtensionPath));
        assert_eq!(parse_with(text, &mut Dialect::strict()).unwrap_err().scim_type, Some(ScimType::InvalidPath));
    }
}

#[test]
fn q11_an_extension_attribute_is_found_without_its_urn() {
    let mut dialect = Dialect::lenient();
    let path = parse_with("manager", &mut dialect).unwrap().unwrap();
    assert_eq!(path.to_string(), format!("{ENTERPRISE}:manager"));
    assert_eq!(dialect.repaired().iter().collect::<Vec<_>>(), [Quirk::UnqualifiedExtension]);
    assert_eq!(parse_with("manager", &mut Dialect::strict()).unwrap_err().scim_type, Some(ScimType::InvalidPath));
}

#[test]
fn q09_a_boolean_in_a_path_may_be_a_string() {
    let mut dialect = Dialect::lenient();
    let path = parse_with("roles[primary eq \"True\"].value", &mut dialect).unwrap().unwrap();
    assert_eq!(path.to_string(), "roles[primary eq true].value");
    assert!(dialect.repaired().contains(Quirk::BooleanAsString));
}

#[test]
fn a_dot_behind_the_urn_of_a_schema_is_a_colon() {
    for (text, meant) in [
        (format!("{ENTERPRISE}.department"), format!("{ENTERPRISE}:department")),
        (format!("{}.manager.value", ENTERPRISE.to_uppercase()), format!("{ENTERPRISE}:manager.value")),
        (format!("{CORE}.emails[primary eq true]"), "emails[primary eq true]".to_owned()),
    ] {
        let mut dialect = Dialect::lenient();
        assert_eq!(parse_with(&text, &mut dialect).unwrap().unwrap().to_string(), meant);
        assert_eq!(dialect.repaired().iter().collect::<Vec<_>>(), [Quirk::DottedUrn]);
        let error = parse_with(&text, &mut Dialect::strict()).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidPath), "{text}");
    }
}
