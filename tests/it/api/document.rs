//! The OpenAPI document itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Admin;

on_both! {
    /// OpenAPI 3.1; every operation has a name of its own, words, and the shape of its answer and its problems; whatever is
    /// referred to is there. (`tests/run openapi` has a validator look at it, too.)
    async fn the_document_is_whole(system) {
        let admin = Admin::operator(&system).await;
        let document = admin.document();
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
        assert_eq!(document["servers"][0]["url"], "/api/v1");
        assert_eq!(document["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");
        let mut names = BTreeSet::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let name = operation["operationId"].as_str().expect("a name");
                assert!(names.insert(name.to_owned()), "{name} twice");
                assert!(operation["summary"].as_str().is_some_and(|words| words.len() > 10 && !words.contains('\n')), "{method} {path}");
                let problem = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"];
                assert_eq!(problem["$ref"], "#/components/schemas/Problem");
                let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
                for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                    assert!(parameters.iter().any(|known| known["name"] == part && known["in"] == "path"), "{part} of {path}");
                }
            }
        }
        check_references(document, document);
    }
}

fn check_references(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target} is not there");
            }
            members.values().for_each(|member| check_references(document, member));
        }
        Value::Array(items) => items.iter().for_each(|item| check_references(document, item)),
        _ => {}
    }
}
