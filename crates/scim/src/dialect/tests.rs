use std::collections::HashSet;

use super::*;

#[test]
fn every_deviation_has_a_name_of_its_own_and_fits_the_set() {
    let labels: HashSet<_> = Quirk::ALL.iter().map(|quirk| quirk.label()).collect();
    assert_eq!(labels.len(), Quirk::ALL.len());
    assert!(Quirk::ALL.len() <= 64);
    assert!(labels.iter().all(|label| label.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_'))));
}

#[test]
fn a_lenient_dialect_remembers_what_it_repaired() {
    let mut dialect = Dialect::lenient();
    assert!(dialect.repaired().is_empty());
    dialect.repair(Quirk::OperationCase, || unreachable!()).unwrap();
    dialect.repair(Quirk::OldWording, || unreachable!()).unwrap();
    let mut whole = Dialect::lenient();
    whole.repair(Quirk::StringBoolean, || unreachable!()).unwrap();
    whole.absorb(dialect);
    let repaired: Vec<_> = whole.repaired().iter().collect();
    assert_eq!(repaired, [Quirk::StringBoolean, Quirk::OperationCase, Quirk::OldWording]);
    assert!(!whole.repaired().contains(Quirk::EmptyString));
}

#[test]
fn a_strict_dialect_refuses_with_the_reason() {
    let mut dialect = Dialect::strict();
    let refusal =
        dialect.repair(Quirk::OperationCase, || ScimError::invalid_syntax("op \"Add\" is unknown")).unwrap_err();
    assert_eq!(
        refusal.detail,
        "op \"Add\" is unknown (this tenant is strict: RFC 7644 section 3.5.2 spells op in lower case)"
    );
    assert!(dialect.repaired().is_empty());
}
