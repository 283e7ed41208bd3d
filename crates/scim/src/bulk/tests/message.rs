//! Reading the message (RFC 7644 section 3.7).

use super::*;

fn lenient(body: Value, quirk: Quirk) -> BulkRequest {
    let mut dialect = Dialect::lenient();
    let request = BulkRequest::parse(body, 100, &mut dialect).unwrap();
    assert_eq!(dialect.repaired().iter().collect::<Vec<_>>(), [quirk]);
    request
}

fn whole_refusal(body: Value) -> ScimError {
    BulkRequest::parse(body, 2, &mut Dialect::lenient()).unwrap_err()
}

#[test]
fn r141_a_bulk_request_names_its_schema_and_has_operations() {
    for body in [
        json!([]),
        json!({"schemas": [BULK_REQUEST]}),
        json!({"schemas": [BULK_REQUEST], "Operations": {}}),
        json!({"schemas": [PATCH_OP], "Operations": []}),
    ] {
        let refusal = whole_refusal(body);
        assert_eq!((refusal.status, refusal.scim_type), (400, Some(ScimType::InvalidSyntax)));
    }
    lenient(json!({"Operations": [post_user("a")]}), Quirk::MessageSchemas);
    lenient(json!({"schemas": [BULK_REQUEST], "operations": [post_user("a")]}), Quirk::ForeignMember);
    assert_eq!(parse(json!([])).operations, []);
}

#[test]
fn r142_each_method_has_its_form() {
    let data = json!({"userName": "m"});
    let kind = ResourceKind::User;
    let (id, version) = ("6f1c".to_owned(), Some("W/\"3\"".to_owned()));
    let operation = |method: &str| json!({"method": method, "path": "/Users/6f1c", "version": "W/\"3\"", "data": data});
    assert_eq!(
        action(json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": data})),
        BulkAction::Create { kind, data: data.clone() }
    );
    assert_eq!(
        action(operation("PUT")),
        BulkAction::Replace { kind, id: id.clone(), version: version.clone(), data: data.clone() }
    );
    assert_eq!(
        action(operation("PATCH")),
        BulkAction::Patch { kind, id: id.clone(), version: version.clone(), data: data.clone() }
    );
    assert_eq!(action(operation("DELETE")), BulkAction::Delete { kind, id, version });
    let group = action(json!({"method": "DELETE", "path": "/Groups/g1"}));
    assert_eq!((group.kind(), group.id(), group.data()), (ResourceKind::Group, Some("g1"), None));
}

#[test]
fn r142_what_an_operation_lacks_is_its_own_error() {
    for (operation, word) in [
        (json!({"method": "POST", "path": "/Users", "data": {}}), "bulkId"),
        (json!({"method": "POST", "path": "/Users", "bulkId": "", "data": {}}), "bulkId"),
        (json!({"method": "POST", "path": "/Users", "bulkId": "a"}), "data"),
        (json!({"method": "POST", "path": "/Users", "bulkId": "a", "data": null}), "data"),
        (json!({"method": "POST", "path": "/Users/1", "bulkId": "a", "data": {}}), "POST"),
        (json!({"method": "PUT", "path": "/Users/1"}), "data"),
        (json!({"method": "PATCH", "path": "/Users", "data": {}}), "one resource"),
        (json!({"method": "DELETE", "path": "/Users/"}), "one resource"),
        (json!({"method": "DELETE"}), "path"),
        (json!({"path": "/Users"}), "method"),
        (json!({"method": 7, "path": "/Users"}), "method"),
        (json!("DELETE /Users/1"), "object"),
    ] {
        let refusal = refusal(operation.clone());
        assert_eq!(refusal.status, 400);
        assert!(refusal.detail.contains(word), "{operation}: {refusal}");
    }
}

#[test]
fn r149_a_bulk_request_holds_neither_reads_nor_other_endpoints() {
    for (method, path) in [
        ("GET", "/Users/1"),
        ("HEAD", "/Users"),
        ("BULK", "/Users"),
        ("POST", "/Bulk"),
        ("POST", "/Me"),
        ("POST", "/Users/.search/x"),
        ("DELETE", "/Schemas/1"),
        ("DELETE", ""),
        ("DELETE", "/"),
        ("PATCH", "/Users/1/2"),
        ("POST", "https://gw.example/Users"),
    ] {
        let refusal = refusal(json!({"method": method, "path": path, "bulkId": "a", "data": {}}));
        assert_eq!(
            (refusal.status, refusal.scim_type),
            (400, Some(ScimType::InvalidValue)),
            "{method} {path}: {refusal}"
        );
    }
}

#[test]
fn r142_a_bulk_id_is_unique() {
    let refusal = whole_refusal(message(json!([post_user("a"), post_group("a", &[])])));
    assert_eq!(refusal.scim_type, Some(ScimType::InvalidValue));
    assert!(refusal.detail.contains("\"a\""), "{refusal}");
}

#[test]
fn r147_more_operations_than_the_limit_are_413_by_name() {
    let refusal = whole_refusal(message(json!([post_user("a"), post_user("b"), post_user("c")])));
    assert_eq!((refusal.status, refusal.scim_type), (413, None));
    assert!(refusal.detail.contains("maxOperations (2)"), "{refusal}");
}

#[test]
fn r144_fail_on_errors_is_a_whole_number() {
    let with = |count: Value| json!({"schemas": [BULK_REQUEST], "failOnErrors": count, "Operations": []});
    let strict = |count: Value| BulkRequest::parse(with(count), 9, &mut Dialect::strict()).unwrap().fail_on_errors;
    assert_eq!((strict(json!(1)), strict(json!(null))), (Some(1), None));
    assert_eq!(lenient(with(json!("3")), Quirk::Coerced).fail_on_errors, Some(3));
    assert_eq!(lenient(with(json!(0)), Quirk::Coerced).fail_on_errors, None);
    for count in [json!(-1), json!(1.5), json!("x"), json!([])] {
        assert_eq!(whole_refusal(with(count)).scim_type, Some(ScimType::InvalidValue));
    }
}

#[test]
fn methods_and_member_names_may_be_in_other_letter_case() {
    let operation = json!({"method": "delete", "path": "/Users/1"});
    assert_eq!(lenient(message(json!([operation])), Quirk::OperationCase).operations[0].method, "DELETE");
    let operation = json!({"method": "DELETE", "Path": "/Users/1"});
    lenient(message(json!([operation])), Quirk::ForeignMember).operations[0].action.clone().unwrap();
}

#[test]
fn r148_the_operations_of_a_patch_may_be_bare() {
    let operations = json!([{"op": "remove", "path": "nickName"}]);
    let operation = json!({"method": "PATCH", "path": "/Users/1", "data": operations});
    let request = lenient(message(json!([operation])), Quirk::BareOperations);
    let data = request.operations[0].action.as_ref().unwrap().data().cloned();
    assert_eq!(data, Some(json!({"schemas": [PATCH_OP], "Operations": operations})));
    let strict = BulkRequest::parse(message(json!([operation])), 9, &mut Dialect::strict()).unwrap();
    strict.operations[0].action.clone().unwrap_err();
}

#[test]
fn a_refused_operation_keeps_its_method_and_bulk_id() {
    let request = parse(json!([{"method": "POST", "bulkId": "a", "path": "/Nothing", "data": {}}]));
    let BulkOperation { method, bulk_id, action } = &request.operations[0];
    assert_eq!((method.as_str(), bulk_id.as_deref(), action.is_err()), ("POST", Some("a"), true));
}

#[test]
fn r149_a_path_has_no_query() {
    for path in ["/Users/x?attributes=id", "/Users?count=1", "/Users/x#y"] {
        let refusal = refusal(json!({"method": "DELETE", "path": path}));
        assert_eq!((refusal.status, refusal.scim_type), (400, Some(ScimType::InvalidValue)), "{path}");
    }
}
