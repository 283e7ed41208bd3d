//! The answer (RFC 7644 section 3.7.3).

use super::*;

fn taken() -> ScimError {
    ScimError::uniqueness("userName \"a\" is taken")
}

fn fail_posts(task: &BulkTask) -> Result<(), ScimError> {
    if matches!(task.action, BulkAction::Create { .. }) { Err(taken()) } else { Ok(()) }
}

#[test]
fn r143_each_result_says_what_became_of_it() {
    let operations = json!([
        post_user("a"),
        {"method": "PUT", "path": "/Users/1", "bulkId": "p", "data": {"userName": "x"}},
        {"method": "DELETE", "path": "/Groups/2"}]);
    let (_, response) = run_all(operations);
    let expected = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
        "Operations": [
            {"location": format!("{BASE}/Users/id-a"), "method": "POST", "bulkId": "a", "version": "W/\"1\"", "status": "201"},
            {"location": format!("{BASE}/Users/1"), "method": "PUT", "bulkId": "p", "version": "W/\"2\"", "status": "200"},
            {"location": format!("{BASE}/Groups/2"), "method": "DELETE", "status": "204"}]});
    assert_eq!(response, expected);
}

#[test]
fn r143_an_error_carries_its_message_and_a_failed_post_no_location() {
    let operations = json!([post_user("a"), {"method": "PUT", "path": "/Users/1", "data": {}}]);
    let (_, response) = run(operations, |_| Err(taken()));
    let expected = json!([
        {"method": "POST", "bulkId": "a", "status": "409", "response": taken().to_json()},
        {"location": format!("{BASE}/Users/1"), "method": "PUT", "status": "409", "response": taken().to_json()}]);
    assert_eq!(response["Operations"], expected);
}

#[test]
fn r143_what_cannot_be_run_is_answered_too() {
    let operations = json!([
        {"method": "GET", "path": "/Users/1"},
        {"method": "POST", "path": "/Users", "bulkId": "a"},
        post_group("g", &["a"]),
        post_group("h", &["nobody"]),
        "x",
        post_user("b")]);
    let (tasks, response) = run_all(operations);
    assert_eq!(order(&tasks), [5]);
    assert_eq!(statuses(&response), ["400", "400", "409", "400", "400", "201"]);
}

#[test]
fn r144_without_fail_on_errors_everything_is_tried() {
    let operations = json!([post_user("a"), post_user("b"), {"method": "DELETE", "path": "/Users/1"}]);
    let (_, response) = run(operations, fail_posts);
    assert_eq!(statuses(&response), ["409", "409", "204"]);
}

#[test]
fn r144_fail_on_errors_stops_and_answers_what_was_tried() {
    let body = json!({"schemas": [BULK_REQUEST], "failOnErrors": 2,
        "Operations": [post_user("a"), {"method": "GET", "path": "/Users/1"}, post_user("b"), post_user("c")]});
    let mut run = BulkRequest::parse(body, 9, &mut Dialect::strict()).unwrap().start();
    let task = run.next_task().unwrap();
    run.record(&task, Err(taken()));
    // The GET is the second error.
    assert_eq!(run.next_task(), None);
    assert_eq!(statuses(&run.finish(BASE)), ["409", "400"]);
}

#[test]
fn r146_what_refers_to_a_failed_post_fails_and_so_does_its_circle() {
    let operations = json!([post_group("a", &["b"]), post_group("b", &["a"])]);
    let (tasks, response) = run(operations, |task| if task.operation == 1 { Err(taken()) } else { Ok(()) });
    // The first was created without its member, and is deleted again.
    assert_eq!(order(&tasks), [0, 1, 0]);
    assert_eq!(statuses(&response), ["409", "409"]);
    assert!(!response.to_string().contains("location"), "{response}");
}

#[test]
fn r146_a_failed_post_of_a_circle_fails_the_others() {
    let operations = json!([post_group("a", &["b"]), post_group("b", &["a"])]);
    let (tasks, response) = run(operations, |task| if task.operation == 0 { Err(taken()) } else { Ok(()) });
    assert_eq!(order(&tasks), [0]);
    assert_eq!(statuses(&response), ["409", "409"]);
}

#[test]
fn r144_a_circle_that_is_cut_off_is_an_error() {
    let body = json!({"schemas": [BULK_REQUEST], "failOnErrors": 1,
        "Operations": [post_group("a", &["b"]), post_group("b", &["a"])]});
    let mut run = BulkRequest::parse(body, 9, &mut Dialect::strict()).unwrap().start();
    let first = run.next_task().unwrap();
    run.record(&first, Ok(BulkDone { status: 201, id: "id-a".to_owned(), version: None }));
    let second = run.next_task().unwrap();
    run.record(&second, Err(taken()));
    let undo = run.next_task().unwrap();
    let delete = BulkAction::Delete { kind: ResourceKind::Group, id: "id-a".to_owned(), version: None };
    assert_eq!((undo.operation, &undo.action), (0, &delete));
    run.record(&undo, Ok(BulkDone { status: 204, id: "id-a".to_owned(), version: None }));
    assert_eq!(run.next_task(), None);
    let response = run.finish(BASE);
    assert_eq!(statuses(&response), ["409", "409"]);
    assert!(!response.to_string().contains("location"), "{response}");
}

#[test]
fn r143_what_cannot_be_completed_is_deleted_again() {
    let operations = json!([post_group("z", &["a"]), post_group("a", &["b"]), post_group("b", &["a"])]);
    let (tasks, response) = run(operations, |task| match task.action {
        BulkAction::Patch { .. } => Err(ScimError::invalid_value("no")),
        _ => Ok(()),
    });
    assert_eq!(order(&tasks), [1, 2, 1, 2, 1]);
    for (task, id) in tasks.iter().skip(3).zip(["id-b", "id-a"]) {
        let delete = BulkAction::Delete { kind: ResourceKind::Group, id: id.to_owned(), version: None };
        assert_eq!(task.action, delete);
    }
    assert_eq!(statuses(&response), ["409", "400", "409"]);
    assert!(!response.to_string().contains("location"), "{response}");
}

#[test]
fn r143_what_cannot_be_deleted_again_is_told() {
    let operations = json!([post_group("a", &["b"]), post_group("b", &["a"])]);
    let (_, response) = run(operations, |task| match task.action {
        BulkAction::Create { .. } if task.operation == 0 => Ok(()),
        BulkAction::Delete { .. } => Err(ScimError::new(503, "later")),
        _ => Err(taken()),
    });
    assert_eq!(response["Operations"][0]["location"], json!(format!("{BASE}/Groups/id-a")));
    assert!(response["Operations"][0]["response"]["detail"].as_str().unwrap().contains("later"));
}

#[test]
fn r143_a_group_in_itself_is_refused_before_it_is_created() {
    let (tasks, response) = run_all(json!([post_group("a", &["a"])]));
    assert_eq!(tasks, []);
    assert_eq!(statuses(&response), ["400"]);
    assert_eq!(response["Operations"][0].get("location"), None);
}

fn away() -> ScimError {
    ScimError::new(503, "away")
}

/// Runs a request that is stopped when a task gets this far; the tasks that are handed out after that fail or not.
fn run_until(operations: Value, stops: impl Fn(&BulkTask) -> bool, undoes: bool) -> (Vec<BulkTask>, Value) {
    let names: Vec<_> = operations.as_array().unwrap().iter().map(|operation| operation["bulkId"].clone()).collect();
    let mut run = parse(operations).start();
    let (mut tasks, mut is_stopped) = (Vec::new(), false);
    while let Some(task) = run.next_task() {
        let fails = if is_stopped { !undoes } else { stops(&task) };
        run.record(&task, if fails { Err(away()) } else { Ok(done(&task, &names[task.operation])) });
        if fails {
            is_stopped = true;
            run.stop(ScimError::new(503, "not begun"));
        }
        tasks.push(task);
    }
    (tasks, run.finish(BASE))
}

fn details(response: &Value) -> Vec<Option<&str>> {
    response["Operations"].as_array().unwrap().iter().map(|result| result["response"]["detail"].as_str()).collect()
}

#[test]
fn r143_what_was_not_begun_is_told_one_by_one() {
    let operations = json!([
        post_user("a"), post_user("b"), post_group("g", &["a", "b"]), post_user("c"),
        {"method": "DELETE", "path": "/Users/1"}, {"method": "GET", "path": "/Users/1"}]);
    let (tasks, response) = run_until(operations, |task| task.operation == 1, true);
    assert_eq!(order(&tasks), [0, 1]);
    assert_eq!(statuses(&response), ["201", "503", "503", "503", "503", "503"]);
    let not_begun = Some("not begun");
    assert_eq!(details(&response), [None, Some("away"), not_begun, not_begun, not_begun, not_begun]);
    // Only what exists has a place.
    let places: Vec<_> = (0..6).filter(|number| !response["Operations"][number]["location"].is_null()).collect();
    assert_eq!(places, [0, 4]);
}

#[test]
fn r146_a_circle_that_was_stopped_is_taken_back_and_can_be_sent_again() {
    for stop in [1, 2] {
        let operations = json!([post_group("a", &["b"]), post_group("b", &["a"])]);
        let count = std::cell::Cell::new(0);
        let at = |_: &BulkTask| count.replace(count.get() + 1) == stop;
        let (tasks, response) = run_until(operations, at, true);
        assert!(tasks.iter().skip(stop + 1).all(|task| matches!(task.action, BulkAction::Delete { .. })), "{tasks:?}");
        assert_eq!(tasks.len(), 2 * stop + 1, "each that was created is deleted: {tasks:?}");
        assert_eq!(statuses(&response), ["503", "503"]);
        assert!(!response.to_string().contains("location"), "{response}");
    }
}

#[test]
fn r146_of_a_stopped_circle_what_could_not_be_taken_back_is_told() {
    let operations = json!([post_group("a", &["b"]), post_group("b", &["a"])]);
    let (_, response) = run_until(operations, |task| task.operation == 1, false);
    assert_eq!(statuses(&response), ["503", "503"]);
    assert_eq!(response["Operations"][0]["location"], json!(format!("{BASE}/Groups/id-a")));
    let told = "not begun; what was created could not be deleted again: away";
    assert_eq!(details(&response), [Some(told), Some("away")]);
}

#[test]
fn r144_what_fail_on_errors_has_ended_is_not_stopped() {
    let body = json!({"schemas": [BULK_REQUEST], "failOnErrors": 1,
        "Operations": [post_user("a"), post_user("b")]});
    let mut run = BulkRequest::parse(body, 9, &mut Dialect::strict()).unwrap().start();
    let task = run.next_task().unwrap();
    run.record(&task, Err(away()));
    run.stop(away());
    assert_eq!(run.next_task(), None);
    assert_eq!(statuses(&run.finish(BASE)), ["503"]);
}
