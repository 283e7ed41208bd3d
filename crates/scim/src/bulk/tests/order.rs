//! The order of the operations (RFC 7644 sections 3.7 and 3.7.1).

use super::*;

fn delete(id: &str) -> Value {
    json!({"method": "DELETE", "path": format!("/Users/{id}")})
}

fn patch_user(id: &str, manager: &str) -> Value {
    let operations = json!([{"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": manager}]);
    json!({"method": "PATCH", "path": format!("/Users/{id}"), "data": {"schemas": [PATCH_OP], "Operations": operations}})
}

#[test]
fn without_references_the_clients_order_is_kept() {
    let (tasks, _) = run_all(json!([post_user("a"), delete("x"), post_user("b"), delete("y")]));
    assert_eq!(order(&tasks), [0, 1, 2, 3]);
}

#[test]
fn r145_an_operation_waits_for_what_it_refers_to() {
    let (tasks, response) = run_all(json!([post_group("g", &["a", "b"]), post_user("a"), post_user("b")]));
    assert_eq!(order(&tasks), [1, 2, 0]);
    assert_eq!(tasks[2].action.data().unwrap()["members"], json!([{"value": "id-a"}, {"value": "id-b"}]));
    // The answer is in the client's order.
    let names: Vec<_> = response["Operations"].as_array().unwrap().iter().map(|result| &result["bulkId"]).collect();
    assert_eq!(names, ["g", "a", "b"]);
}

#[test]
fn a_post_never_moves_before_a_delete_that_makes_room_for_it() {
    let (tasks, _) = run_all(json!([post_group("g", &["a"]), delete("old-a"), post_user("a")]));
    assert_eq!(order(&tasks), [1, 2, 0]);
}

#[test]
fn operations_on_one_resource_never_overtake_each_other() {
    let (tasks, _) = run_all(json!([patch_user("u", "bulkId:m"), patch_user("u", "u9"), post_user("m"), delete("u")]));
    assert_eq!(order(&tasks), [2, 0, 1, 3]);
}

#[test]
fn r145_a_path_can_refer_to_a_new_resource() {
    let (tasks, response) = run_all(json!([patch_user("bulkId:a", "u9"), post_user("a")]));
    assert_eq!(order(&tasks), [1, 0]);
    assert_eq!(tasks[1].action.id(), Some("id-a"));
    assert_eq!(response["Operations"][0]["location"], json!(format!("{BASE}/Users/id-a")));
}

#[test]
fn r145_an_operation_waits_for_what_a_key_refers_to() {
    let value = json!({"members[value eq \"bulkId:a\"]": {"value": "bulkId:a"}});
    let data = json!({"schemas": [PATCH_OP], "Operations": [{"op": "add", "value": value}]});
    let patch = json!({"method": "PATCH", "path": "/Groups/g", "data": data});
    let (tasks, response) = run_all(json!([patch, post_user("a")]));
    assert_eq!(order(&tasks), [1, 0]);
    let expected = json!({"members[value eq \"id-a\"]": {"value": "id-a"}});
    assert_eq!(tasks[1].action.data().unwrap()["Operations"][0]["value"], expected);
    assert_eq!(statuses(&response), ["200", "201"]);
}

#[test]
fn r146_a_circle_is_created_in_parts() {
    let (tasks, response) = run_all(json!([post_group("a", &["b"]), post_group("b", &["a"])]));
    assert_eq!(order(&tasks), [0, 1, 0]);
    assert_eq!(tasks[0].action.data().unwrap(), &json!({"displayName": "a", "members": []}));
    assert_eq!(tasks[1].action.data().unwrap()["members"], json!([{"value": "id-a"}]));
    let operations = json!([{"op": "add", "path": "members", "value": [{"value": "id-b"}]}]);
    let completion = BulkAction::Patch {
        kind: ResourceKind::Group,
        id: "id-a".to_owned(),
        version: None,
        data: json!({"schemas": [PATCH_OP], "Operations": operations}),
    };
    assert_eq!(tasks[2].action, completion);
    assert_eq!(statuses(&response), ["201", "201"]);
    // The version after the completion.
    assert_eq!(response["Operations"][0]["version"], json!("W/\"2\""));
}

#[test]
fn r146_only_what_is_in_the_circle_is_deferred() {
    let mut first = post_group("a", &["b", "c"]);
    first["data"]["members"].as_array_mut().unwrap().push(json!({"value": "known"}));
    let (tasks, _) = run_all(json!([post_group("z", &["a"]), first, post_group("b", &["a"]), post_user("c")]));
    assert_eq!(order(&tasks), [3, 1, 2, 1, 0]);
    assert_eq!(tasks[1].action.data().unwrap()["members"], json!([{"value": "id-c"}, {"value": "known"}]));
    assert_eq!(tasks[3].action.data().unwrap()["Operations"][0]["value"], json!([{"value": "id-b"}]));
}

#[test]
fn r146_a_resource_can_refer_to_itself() {
    let manager = json!({"method": "POST", "path": "/Users", "bulkId": "a",
        "data": {"userName": "a", (ENTERPRISE): {"department": "x", "manager": {"value": "bulkId:a"}}}});
    let (tasks, response) = run_all(json!([manager]));
    assert_eq!(tasks[0].action.data().unwrap(), &json!({"userName": "a", (ENTERPRISE): {"department": "x"}}));
    let addition = json!([{"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": {"value": "id-a"}}]);
    assert_eq!(tasks[1].action.data().unwrap()["Operations"], addition);
    assert_eq!(statuses(&response), ["201"]);
}

#[test]
fn r146_operations_on_a_resource_of_a_circle_wait_for_its_completion() {
    let remove = json!({"method": "DELETE", "path": "/Groups/bulkId:a"});
    let (tasks, _) = run_all(json!([post_group("a", &["b"]), remove, post_group("b", &["a"])]));
    assert_eq!(order(&tasks), [0, 2, 0, 1]);
}

#[test]
fn two_circles_and_a_long_chain_end() {
    let names: Vec<_> = (0..60).map(|n| format!("n{n}")).collect();
    let operations: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| post_group(name, &[names[(n + 1) % 60].as_str(), names[(n / 2 + 59) % 60].as_str()]))
        .collect();
    let (tasks, response) = run_all(operations.into());
    assert!(tasks.len() >= 60);
    assert!(statuses(&response).iter().all(|status| *status == "201"));
}
