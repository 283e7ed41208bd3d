//! Members of groups, which are kept beside the group.

use super::*;
use crate::{Filter, Member};

fn steps(operations: Value) -> Vec<MemberStep> {
    group_steps(operations, &mut Dialect::lenient()).unwrap().1
}

/// The steps, and exactly these repairs.
fn steps_repairing(operations: Value, quirks: &[Quirk]) -> Vec<MemberStep> {
    let mut dialect = Dialect::lenient();
    let (_, steps) = group_steps(operations.clone(), &mut dialect).unwrap();
    assert_eq!(dialect.repaired().iter().collect::<Vec<_>>(), quirks, "{operations}");
    assert_eq!(group_steps(operations, &mut Dialect::strict()).is_ok(), quirks.is_empty());
    steps
}

fn people(ids: &[&str]) -> Vec<Member> {
    ids.iter().copied().map(Member::new).collect()
}

fn named(id: &str, display: &str) -> Member {
    Member { id: id.to_owned(), display: Some(display.to_owned()) }
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

fn refusal(operation: Value) -> ScimError {
    group_steps(json!([operation]), &mut Dialect::lenient()).unwrap_err()
}

#[test]
fn r078_members_are_added() {
    let operations =
        json!([{"op": "add", "path": "members", "value": [{"value": "u1", "display": "Mara"}, {"value": "u2"}]}]);
    assert_eq!(steps_repairing(operations, &[]), [MemberStep::Add(vec![named("u1", "Mara"), Member::new("u2")])]);
    let operations = json!([{"op": "add", "value": {"members": [{"value": "u1"}]}}]);
    assert_eq!(steps_repairing(operations, &[]), [MemberStep::Add(people(&["u1"]))]);
    let operations = json!([{"op": "add", "path": "members", "value": {"value": "u1"}}]);
    assert_eq!(steps_repairing(operations, &[Quirk::SingleForArray]), [MemberStep::Add(people(&["u1"]))]);
}

#[test]
fn q13_members_are_removed_by_value_path() {
    let operations = json!([{"op": "remove", "path": "members[value eq \"u1\"]"}]);
    assert_eq!(steps_repairing(operations, &[]), [MemberStep::Remove(ids(&["u1"]))]);
    let operations = json!([{"op": "remove", "path": "members[value eq \"u1\" or value eq \"u2\"]"}]);
    assert_eq!(steps_repairing(operations, &[]), [MemberStep::Remove(ids(&["u1", "u2"]))]);
    let rfc_sample = json!([{"op": "remove", "path": "members[value eq\"u1\"]"}]);
    assert_eq!(steps_repairing(rfc_sample, &[Quirk::LooseFilter]), [MemberStep::Remove(ids(&["u1"]))]);
}

#[test]
fn r081_other_filters_are_asked_of_each_member() {
    let found = steps(json!([{"op": "remove", "path": "members[type eq \"Group\" or display sw \"M\"]"}]));
    let [MemberStep::RemoveWhere(filter)] = found.as_slice() else { panic!("{found:?}") };
    let matches = |filter: &Filter, element: Value| filter.matches_element(&element);
    assert!(matches(filter, json!({"value": "g", "type": "Group", "display": "Lab"})));
    assert!(matches(filter, json!({"value": "u", "type": "User", "display": "mara"})));
    assert!(!matches(filter, json!({"value": "u", "type": "User", "display": "Ada"})));
}

#[test]
fn q12_members_are_removed_by_value() {
    for (value, expected) in [
        (json!([{"$ref": null, "value": "u1"}]), ids(&["u1"])),
        (json!([{"value": "u1"}, {"value": "u2", "display": "x"}]), ids(&["u1", "u2"])),
        (json!({"value": "u1"}), ids(&["u1"])),
        (json!("u1"), ids(&["u1"])),
    ] {
        assert_eq!(steps(json!([{"op": "remove", "path": "members", "value": value}])), [MemberStep::Remove(expected)]);
    }
    let operations = json!([{"op": "remove", "path": "members", "value": [{"value": "u1"}]}]);
    assert_eq!(steps_repairing(operations, &[Quirk::RemoveByValue]), [MemberStep::Remove(ids(&["u1"]))]);
}

#[test]
fn q12_an_empty_value_removes_nobody() {
    assert_eq!(steps(json!([{"op": "remove", "path": "members", "value": []}])), []);
    assert_eq!(steps(json!([{"op": "Remove", "path": "members", "value": ""}])), []);
}

#[test]
fn r081_without_value_all_members_go() {
    assert_eq!(steps_repairing(json!([{"op": "remove", "path": "members"}]), &[]), [MemberStep::Clear]);
    assert_eq!(steps_repairing(json!([{"op": "remove", "path": "members", "value": null}]), &[]), [MemberStep::Clear]);
    assert_eq!(steps_repairing(json!([{"op": "replace", "path": "members", "value": []}]), &[]), [MemberStep::Clear]);
    assert_eq!(steps_repairing(json!([{"op": "replace", "path": "members", "value": null}]), &[]), [MemberStep::Clear]);
}

#[test]
fn q14_replace_sets_exactly_these_members() {
    let operations =
        json!([{"op": "replace", "path": "members", "value": [{"value": "u1", "display": "m"}, {"value": "u1"}]}]);
    assert_eq!(steps_repairing(operations, &[]), [MemberStep::Replace(vec![named("u1", "m")])]);
}

#[test]
fn q15_other_operations_leave_members_alone() {
    let operations = json!([{"op": "replace", "value": {"id": "g1", "displayName": "Optics Lab"}}]);
    let mut dialect = Dialect::lenient();
    let (patch, steps) = group_steps(operations, &mut dialect).unwrap();
    assert_eq!(steps, []);
    assert!(dialect.repaired().contains(Quirk::ReadOnlyNoise));
    let group = Resource::from_document("{\"displayName\":\"Lab\"}").unwrap();
    let after = patch.apply(&group, &group_type(), &mut dialect).unwrap();
    assert_eq!(after.display_name(), Some("Optics Lab"));
}

#[test]
fn r072_member_operations_keep_their_order_and_the_rest_stays() {
    let operations = json!([
        {"op": "remove", "path": "members"},
        {"op": "replace", "path": "displayName", "value": "Lab"},
        {"op": "add", "path": "members", "value": [{"value": "u1"}]}]);
    let (patch, steps) = group_steps(operations, &mut Dialect::strict()).unwrap();
    assert_eq!(steps, [MemberStep::Clear, MemberStep::Add(people(&["u1"]))]);
    assert!(patch.touches("displayName") && !patch.touches("members") && !patch.is_empty());
}

#[test]
fn q16_malformed_member_operations_are_refused() {
    for operation in [
        json!({"op": "add", "path": "members"}),
        json!({"op": "replace", "path": "members"}),
        json!({"op": "add", "path": "members", "value": [null]}),
        json!({"op": "add", "path": "members", "value": 7}),
        json!({"op": "add", "path": "members", "value": [7]}),
        json!({"op": "add", "path": "members", "value": [{}]}),
        json!({"op": "replace", "path": "members", "value": [{"display": "Mara"}]}),
        json!({"op": "replace", "path": "members", "value": [{"value": ""}]}),
        json!({"op": "remove", "path": "members", "value": [{"display": "Mara"}]}),
        json!({"op": "replace", "value": {"members": [{"value": "u1"}, {"value": null}]}}),
    ] {
        let refusal = refusal(operation.clone());
        assert_eq!(keyword(&refusal), (400, Some(ScimType::InvalidValue)), "{operation}: {refusal}");
    }
    assert_eq!(keyword(&refusal(json!({"op": "remove", "value": [{"value": "u1"}]}))), (400, Some(ScimType::NoTarget)));
}

#[test]
fn r046_members_are_not_edited() {
    for operation in [
        json!({"op": "replace", "path": "members[value eq \"u1\"]", "value": {"value": "u2"}}),
        json!({"op": "replace", "path": "members[value eq \"u1\"].value", "value": "u2"}),
        json!({"op": "replace", "path": "members[value eq \"u1\"].display", "value": "x"}),
        json!({"op": "remove", "path": "members.value"}),
        json!({"op": "remove", "path": "members[value eq \"u1\"].type"}),
    ] {
        assert_eq!(keyword(&refusal(operation)), (400, Some(ScimType::Mutability)));
    }
    let operations = json!([{"op": "add", "path": "members[value eq \"u1\"]", "value": {"value": "u1"}}]);
    assert_eq!(steps(operations), [MemberStep::Add(people(&["u1"]))]);
}

#[test]
fn r082_a_group_keeps_its_name() {
    for operation in
        [json!({"op": "remove", "path": "displayName"}), json!({"op": "replace", "path": "displayName", "value": ""})]
    {
        let (patch, _) = group_steps(json!([operation]), &mut Dialect::lenient()).unwrap();
        let group = Resource::from_document("{\"displayName\":\"Lab\"}").unwrap();
        patch.apply(&group, &group_type(), &mut Dialect::lenient()).unwrap_err();
    }
}

#[test]
fn many_members_are_read_in_one_operation() {
    let value: Value = (0..50_000).map(|n| json!({"value": format!("u{n}")})).collect();
    let found = steps_repairing(json!([{"op": "add", "path": "members", "value": value}]), &[]);
    let [MemberStep::Add(added)] = found.as_slice() else { panic!() };
    assert_eq!(added.len(), 50_000);
}

#[test]
fn members_never_get_into_the_group_itself() {
    let operations = json!([{"op": "add", "path": "members", "value": [{"value": "u1"}]}]);
    let patch = Patch::parse(message(operations), &group_type(), 9, &mut Dialect::strict()).unwrap();
    let group = Resource::from_document("{\"displayName\":\"Lab\"}").unwrap();
    assert_eq!(patch.apply(&group, &group_type(), &mut Dialect::strict()).unwrap(), group);
}
