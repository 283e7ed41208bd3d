//! What names mean, on one type and on the root.

use serde_json::json;

use super::{ACME, ENTERPRISE, mara, parse, plain, refusal, schemas};
use crate::{Dialect, Filter, ResourceKind, ScimError};

fn root(text: &str, kind: ResourceKind) -> Result<Filter, ScimError> {
    Filter::parse_root(text, &schemas(), kind, &mut Dialect::lenient())
}

#[test]
fn r020_dollar_ref_can_be_asked_for() {
    let schemas = schemas();
    let group = schemas.of(ResourceKind::Group);
    for text in ["members.$ref pr", "members[$ref eq \"x\"]"] {
        let filter = Filter::parse(text, group, &mut Dialect::strict()).unwrap();
        assert_eq!(filter.to_string(), text);
    }
}

#[test]
fn r043_what_is_never_returned_cannot_be_found_out() {
    for text in ["password pr", "PassWord sw \"a\"", "urn:ietf:params:scim:schemas:core:2.0:User:password eq \"x\""] {
        assert!(refusal(text).contains("never returned"));
    }
    assert!(refusal(&format!("{ACME}:pin eq \"1\"")).contains("never returned"));
    assert!(root("password pr", ResourceKind::User).is_err());
}

#[test]
fn r105_a_complex_attribute_without_value_wants_a_sub_attribute() {
    assert!(refusal("name eq \"x\"").contains("sub-attribute"));
    assert!(refusal("addresses co \"x\"").contains("sub-attribute"));
    assert!(refusal("meta sw \"x\"").contains("sub-attribute"));
}

#[test]
fn r110_an_unknown_attribute_of_one_type_is_named() {
    assert!(refusal("shoeSize eq 44").contains("User has no attribute \"shoeSize\""));
    assert!(refusal("name.nick eq \"x\"").contains("name.nick"));
    assert!(refusal("emails[shoe eq \"x\"]").contains("emails has no sub-attribute \"shoe\""));
    assert!(refusal("urn:example:unknown:1.0:Thing:x eq 1").contains("urn:example:unknown"));
    assert!(refusal("members.value eq \"x\"").contains("members.value"));
    assert!(refusal(&format!("{ENTERPRISE}:shoe pr")).contains("shoe"));
}

#[test]
fn r110_an_unknown_operator_is_refused_on_one_type_and_on_the_root() {
    for text in ["userName regex \"x\"", "userName == \"x\"", "userName eq2 \"x\"", "userName \"x\"", "userName prx"] {
        assert!(refusal(text).contains("operator"), "{text}");
        assert!(root(text, ResourceKind::Group).is_err(), "{text}");
    }
}

#[test]
fn r110_on_the_root_an_attribute_the_type_lacks_has_no_value() {
    let tree = mara();
    for (text, expected) in [
        ("members pr", false),
        ("members.value eq \"x\"", false),
        ("members.value gt \"x\"", false),
        ("not (members pr)", true),
        ("members.value ne \"x\"", true),
        ("members eq null", true),
        ("members ne null", false),
        ("members[value eq \"x\"]", false),
        ("members[value ne \"x\"]", false),
        ("not (members[not (value eq \"x\")])", true),
        ("members[value eq \"x\"].display eq \"y\"", false),
        ("members[value eq \"x\"].display ne \"y\"", false),
        ("members pr or active eq true", true),
        ("members pr and active eq true", false),
        ("members ne \"x\" and active eq true", true),
        ("members ne \"x\" or active eq false", true),
        ("not (not (members ne \"x\"))", true),
        ("emails[shoe ne \"x\"]", true),
        ("emails[shoe eq \"x\"]", false),
        ("addresses[shoe ne \"x\"]", false),
        ("urn:example:unknown:1.0:Thing:x.y pr", false),
        ("displayName pr or userName eq \"MARA.voss@acme.example\"", true),
    ] {
        assert_eq!(root(text, ResourceKind::User).unwrap().matches(&tree), expected, "{text}");
    }
}

#[test]
fn r110_nothing_is_told_apart_without_looking_at_resources() {
    assert_eq!(root("userName eq \"x\"", ResourceKind::Group).unwrap(), Filter::Nothing);
    assert_eq!(root("userName eq \"x\" and id pr", ResourceKind::Group).unwrap(), Filter::Nothing);
    assert!(root("userName ne \"x\" or id pr", ResourceKind::Group).unwrap().is_everything());
}

#[test]
fn on_the_root_a_name_is_still_a_name() {
    for text in ["user@name eq \"x\"", "\"userName\" eq \"x\"", "1x pr", "= pr", "a/b pr"] {
        assert!(root(text, ResourceKind::User).is_err(), "{text}");
    }
}

#[test]
fn r131_a_filter_says_what_must_be_read() {
    let schemas = schemas();
    let group = schemas.of(ResourceKind::Group);
    let filter = Filter::parse("id eq \"g\" and members eq \"u\"", group, &mut Dialect::lenient()).unwrap();
    assert!(filter.mentions("members") && filter.mentions("id") && !filter.mentions("displayName"));
    assert_eq!(filter.to_string(), "id eq \"g\" and members.value eq \"u\"");
    let bracketed = parse("not (groups[value eq \"x\"])").unwrap();
    assert!(bracketed.mentions("groups") && !bracketed.mentions("value"));
    assert!(!parse(&format!("{ENTERPRISE}:manager pr")).unwrap().mentions("manager"));
}

#[test]
fn a_whole_extension_is_asked_for_by_its_urn() {
    for text in [format!("{ENTERPRISE} pr"), format!("{} PR", ENTERPRISE.to_uppercase())] {
        plain(&text);
        let mut without = mara();
        without.remove(ENTERPRISE);
        assert!(!parse(&text).unwrap().matches(&without));
        without.insert(ENTERPRISE.to_owned(), json!({"manager": {"value": "m"}}));
        assert!(parse(&format!("userName pr and not ({text}) or title pr and {text}")).unwrap().matches(&without));
    }
    let printed = parse(&format!("title pr and {ENTERPRISE} pr")).unwrap().to_string();
    assert!(printed.contains(&format!("{ENTERPRISE}:department pr or ")), "{printed}");
    assert_eq!(parse(&printed).unwrap().to_string(), printed);
    assert!(!parse(&format!("{ACME} pr")).unwrap().to_string().contains("pin"));
    assert!(refusal(&format!("{ENTERPRISE} eq \"x\"")).contains("only pr"));
    assert!(refusal(&format!("emails[{ENTERPRISE} pr]")).contains("sub-attribute"));
}
