#![expect(clippy::needless_pass_by_value, reason = "bodies are written where they are used")]

mod message;
mod order;
mod references;
mod results;

use serde_json::{Value, json};

use super::{BulkAction, BulkDone, BulkOperation, BulkRequest, BulkTask};
use crate::{Dialect, Quirk, ResourceKind, ScimError, ScimType};

const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BASE: &str = "https://gw.example/scim/v2";

fn message(operations: Value) -> Value {
    json!({ "schemas": [BULK_REQUEST], "Operations": operations })
}

fn parse(operations: Value) -> BulkRequest {
    BulkRequest::parse(message(operations), 100, &mut Dialect::strict()).unwrap()
}

fn post_user(bulk_id: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {"userName": bulk_id}})
}

fn post_group(bulk_id: &str, members: &[&str]) -> Value {
    let members: Vec<_> = members.iter().map(|member| json!({"value": format!("bulkId:{member}")})).collect();
    json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": {"displayName": bulk_id, "members": members}})
}

/// Runs everything against a directory that says yes, unless `decide` says otherwise. A resource created for bulkId `x`
/// gets the id `id-x`.
fn run(operations: Value, mut decide: impl FnMut(&BulkTask) -> Result<(), ScimError>) -> (Vec<BulkTask>, Value) {
    let names: Vec<_> = operations.as_array().unwrap().iter().map(|operation| operation["bulkId"].clone()).collect();
    let mut run = parse(operations).start();
    let mut tasks = Vec::new();
    while let Some(task) = run.next_task() {
        let result = decide(&task).map(|()| done(&task, &names[task.operation]));
        run.record(&task, result);
        tasks.push(task);
    }
    (tasks, run.finish(BASE))
}

fn done(task: &BulkTask, bulk_id: &Value) -> BulkDone {
    let version = Some("W/\"1\"".to_owned());
    match &task.action {
        BulkAction::Create { .. } => BulkDone { status: 201, id: format!("id-{}", bulk_id.as_str().unwrap()), version },
        BulkAction::Replace { id, .. } | BulkAction::Patch { id, .. } => {
            BulkDone { status: 200, id: id.clone(), version: Some("W/\"2\"".to_owned()) }
        }
        BulkAction::Delete { id, .. } => BulkDone { status: 204, id: id.clone(), version: None },
    }
}

fn run_all(operations: Value) -> (Vec<BulkTask>, Value) {
    run(operations, |_| Ok(()))
}

fn order(tasks: &[BulkTask]) -> Vec<usize> {
    tasks.iter().map(|task| task.operation).collect()
}

fn statuses(response: &Value) -> Vec<&str> {
    response["Operations"].as_array().unwrap().iter().map(|result| result["status"].as_str().unwrap()).collect()
}

/// The refusal of the only operation.
fn refusal(operation: Value) -> ScimError {
    let request = BulkRequest::parse(message(json!([operation])), 100, &mut Dialect::lenient()).unwrap();
    request.operations[0].action.clone().unwrap_err()
}

fn action(operation: Value) -> BulkAction {
    parse(json!([operation])).operations[0].action.clone().unwrap()
}
