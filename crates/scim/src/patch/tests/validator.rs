//! The "verbose" PATCH of Microsoft's SCIM Validator: every mapped path in one request.

use super::*;

/// All mapped paths with the value that is sent and where it shows afterwards.
fn verbose(op: &str) -> (Value, Value) {
    let enterprise = |name: &str| format!("{ENTERPRISE}:{name}");
    let simple = [
        "displayName",
        "nickName",
        "title",
        "preferredLanguage",
        "userType",
        "locale",
        "timezone",
        "profileUrl",
        "name.givenName",
        "name.familyName",
        "name.formatted",
        "name.middleName",
        "name.honorificPrefix",
        "name.honorificSuffix",
    ]
    .map(str::to_owned);
    let parts = [
        "emails[type eq \"work\"].value",
        "emails[type eq \"home\"].value",
        "emails[type eq \"other\"].value",
        "phoneNumbers[type eq \"work\"].value",
        "phoneNumbers[type eq \"mobile\"].value",
        "phoneNumbers[type eq \"fax\"].value",
        "addresses[type eq \"work\"].formatted",
        "addresses[type eq \"work\"].streetAddress",
        "addresses[type eq \"work\"].locality",
        "addresses[type eq \"work\"].region",
        "addresses[type eq \"work\"].postalCode",
        "addresses[type eq \"work\"].country",
        "roles[primary eq \"True\"].display",
        "roles[primary eq \"True\"].value",
        "roles[primary eq \"True\"].type",
    ]
    .map(str::to_owned);
    let extension =
        ["employeeNumber", "costCenter", "organization", "division", "department", "manager"].map(enterprise);
    let operations: Vec<_> = simple
        .iter()
        .chain(&parts)
        .chain(&extension)
        .enumerate()
        .map(|(number, path)| json!({"op": op, "path": path, "value": format!("v{number}")}))
        .chain([json!({"op": op, "path": "active", "value": "True"})])
        .collect();
    assert_eq!(operations.len(), 36);
    (operations.into(), expected())
}

fn expected() -> Value {
    json!({
        "userName": "min@acme.example",
        "displayName": "v0", "nickName": "v1", "title": "v2", "preferredLanguage": "v3", "userType": "v4", "locale": "v5",
        "timezone": "v6", "profileUrl": "v7",
        "name": {"givenName": "v8", "familyName": "v9", "formatted": "v10", "middleName": "v11", "honorificPrefix": "v12",
            "honorificSuffix": "v13"},
        "emails": [{"type": "work", "value": "v14"}, {"type": "home", "value": "v15"}, {"type": "other", "value": "v16"}],
        "phoneNumbers": [{"type": "work", "value": "v17"}, {"type": "mobile", "value": "v18"}, {"type": "fax", "value": "v19"}],
        "addresses": [{"type": "work", "formatted": "v20", "streetAddress": "v21", "locality": "v22", "region": "v23",
            "postalCode": "v24", "country": "v25"}],
        "roles": [{"primary": true, "display": "v26", "value": "v27", "type": "v28"}],
        (ENTERPRISE): {"employeeNumber": "v29", "costCenter": "v30", "organization": "v31", "division": "v32",
            "department": "v33", "manager": {"value": "v34"}},
        "active": true,
    })
}

#[test]
fn the_validator_adds_every_path_to_a_minimal_user() {
    let (operations, expected) = verbose("Add");
    assert_eq!(patched(&json!({"userName": "min@acme.example"}), operations), expected);
}

#[test]
fn the_validator_replaces_every_path() {
    let (operations, expected) = verbose("Replace");
    assert_eq!(patched(&json!({"userName": "min@acme.example"}), operations.clone()), expected);
    assert_eq!(patched(&expected, operations), expected);
}

#[test]
fn the_validator_replaces_every_path_of_a_full_user() {
    let user = with(mara(), "/userName", json!("min@acme.example"));
    let (operations, mut expected) = verbose("Replace");
    expected["externalId"] = user["externalId"].clone();
    expected[BADGE] = user[BADGE].clone();
    expected["emails"][0]["primary"] = json!(true);
    assert_eq!(patched(&user, operations), expected);
}

#[test]
fn the_validator_clears_every_path() {
    let (operations, full) = verbose("Replace");
    for value in [json!(""), json!(null)] {
        let mut operations = operations.clone();
        for operation in operations.as_array_mut().unwrap() {
            operation["value"] = value.clone();
        }
        assert_eq!(patched(&full, operations), json!({"userName": "min@acme.example"}));
    }
}
