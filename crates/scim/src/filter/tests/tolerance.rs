//! What clients send beside the grammar.

use super::{CORE, ENTERPRISE, MANAGER, matches, parse, plain, refusal, repaired};
use crate::Quirk;

#[test]
fn q07_a_comparison_after_a_value_path_means_the_same_element() {
    repaired("emails[type eq \"work\"].value eq \"mara.voss@acme.example\"", Quirk::ComparedValuePath);
    repaired("emails[type eq \"home\"].value sw \"mv\" and active eq true", Quirk::ComparedValuePath);
    repaired("emails[type eq \"work\"].value pr", Quirk::ComparedValuePath);
    repaired(&format!("not ({CORE}:emails[type eq \"home\"].value co \"voss\")"), Quirk::ComparedValuePath);
    assert!(!matches("emails[type eq \"home\"].value eq \"mara.voss@acme.example\""));
    assert!(!matches("emails[type eq \"work\"].value ne \"mara.voss@acme.example\""));
    assert_eq!(
        parse("emails[type eq \"work\" or type eq \"home\"].value eq \"x\"").unwrap().to_string(),
        "emails[(type eq \"work\" or type eq \"home\") and value eq \"x\"]"
    );
}

#[test]
fn q09_a_boolean_may_be_compared_with_a_string() {
    repaired("active eq \"True\"", Quirk::BooleanAsString);
    repaired("active ne \"false\"", Quirk::BooleanAsString);
    repaired("roles[primary eq \"True\" and value eq \"Editor\"]", Quirk::BooleanAsString);
    repaired("active eq True", Quirk::BooleanAsString);
    assert!(!matches("active eq \"FALSE\""));
}

#[test]
fn q11_an_extension_attribute_is_found_without_its_urn() {
    repaired("department eq \"research\"", Quirk::UnqualifiedExtension);
}

#[test]
fn q19_letter_case_of_values_follows_the_schema() {
    plain("displayName ne \"x\" and emails[type eq \"WORK\" and value eq \"Mara.Voss@ACME.example\"]");
}

#[test]
fn q22_a_complex_attribute_is_compared_by_its_value() {
    repaired(&format!("{ENTERPRISE}:manager eq \"{MANAGER}\""), Quirk::ComparedComplex);
    repaired("groups eq \"g1\"", Quirk::ComparedComplex);
    assert!(matches(&format!("manager eq \"{MANAGER}\"")));
}

#[test]
fn q23_r105_emails_are_compared_by_their_value() {
    repaired("emails eq \"MV@home.example\"", Quirk::ComparedComplex);
    repaired("emails co \"home.example\"", Quirk::ComparedComplex);
    assert!(!matches("emails co \"example.com\""));
}

#[test]
fn q24_r108_a_literal_may_lack_its_quotes() {
    repaired("userName eq mara.voss@acme.example", Quirk::BareLiteral);
    repaired("(userName eq mara.voss@acme.example)", Quirk::BareLiteral);
    repaired("meta.resourceType eq User", Quirk::BareLiteral);
    repaired("emails[type eq work and value sw mara]", Quirk::BareLiteral);
    repaired("meta.created eq 2026-11-01T08:00:00Z", Quirk::BareLiteral);
    repaired(&format!("{ENTERPRISE}:manager.value eq {MANAGER}"), Quirk::BareLiteral);
    refusal("userName eq mara voss");
    refusal("userName eq mara\"x\"");
}

#[test]
fn q24_a_number_for_a_text_is_its_digits() {
    let mut tree = super::mara();
    tree.insert("title".to_owned(), "701984".into());
    assert!(parse("title eq 701984").unwrap().matches(&tree));
    tree.insert("title".to_owned(), "true".into());
    assert!(parse("title eq true").unwrap().matches(&tree));
    repaired("title ne 701984", Quirk::Coerced);
    repaired(&format!("{}:grade eq \"12\"", super::ACME), Quirk::Coerced);
}

#[test]
fn q25_names_and_operators_in_odd_case() {
    plain("username Eq \"mara.voss@acme.example\"");
    plain("EMAILS[Type eQ \"work\" AND vAlUe Co \"voss\"]");
}

#[test]
fn q26_white_space_may_be_missing_or_superfluous() {
    repaired("userName eq\"mara.voss@acme.example\"", Quirk::LooseFilter);
    repaired("  userName  eq \"mara.voss@acme.example\" ", Quirk::LooseFilter);
    repaired("( userName pr )", Quirk::LooseFilter);
    repaired("emails[ type eq \"work\" ]", Quirk::LooseFilter);
    repaired("userName pr\tand title pr", Quirk::LooseFilter);
    repaired("(userName pr)and(title pr)", Quirk::LooseFilter);
    refusal("emails [type eq \"work\"]");
}

#[test]
fn q26_single_quotes_are_read_as_quotes() {
    repaired("userName eq 'mara.voss@acme.example'", Quirk::LooseFilter);
    repaired("userName eq'mara.voss@acme.example'", Quirk::LooseFilter);
    repaired("title ne 'O'Brien' and emails[type eq 'work']", Quirk::LooseFilter);
    refusal("userName eq 'mara");
}
