//! What events tell: of what changed, all of it, and of nothing else.

use scim::ResourceKind;
use serde_json::{Value, json};

use super::on_both;
use super::support::{ALL, System, draft, patch};
use crate::{Condition, Directory, Record};

const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

/// The `data` of the newest events, without who made them.
async fn told(system: &System, newest: usize) -> Vec<Value> {
    let events = system.events().await;
    let events = events.iter().skip(events.len() - newest);
    events.map(|event| json!({ "type": event.event_type, "subject": event.subject, "data": event.data })).collect()
}

fn titled(title: &str) -> Value {
    json!([{ "op": "replace", "path": "title", "value": title }])
}

fn member(op: &str, user: &Record) -> Value {
    match op {
        "add" => json!([{ "op": "add", "path": "members", "value": [{ "value": user.id }] }]),
        _ => json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", user.id) }]),
    }
}

async fn change(directory: &Directory, record: &Record, operations: Value) -> Record {
    let patch = patch(record.kind, &operations);
    directory.patch(record.kind, &record.id, patch, Condition::None, ALL).await.unwrap().record
}

on_both! {
    async fn groups_follow_what_was_changed_before_in_the_same_batch(system: System) {
        let (ada, lab) = (system.user("ada").await, system.group("Lab", &[]).await);
        let old = system.group("Old", &[&ada]).await;
        let directory = &system.directory;
        let changes = [
            // Whatever is made first by itself: the others wait meanwhile, and share a commit.
            (&old, json!([{ "op": "replace", "path": "externalId", "value": "old" }])),
            (&ada, titled("one")),
            (&lab, member("add", &ada)),
            (&ada, titled("two")),
            (&lab, json!([{ "op": "replace", "path": "displayName", "value": "Laboratory" }])),
            (&ada, titled("three")),
            (&old, member("remove", &ada)),
            (&ada, titled("four")),
        ];
        let changes = changes.into_iter().map(|(record, operations)| change(directory, record, operations));
        let answers = futures::future::join_all(changes).await;
        let shown = |record: &Record| -> Vec<String> { record.groups.iter().filter_map(|group| group.display.clone()).collect() };
        let users = answers.iter().filter(|record| record.kind == ResourceKind::User);
        let expected = [vec!["Old"], vec!["Lab", "Old"], vec!["Laboratory", "Old"], vec!["Laboratory"]];
        assert_eq!(users.map(shown).collect::<Vec<_>>(), expected);
        let events = told(&system, 8).await;
        let groups = events.iter().filter(|event| event["type"] == "user.updated").map(|event| &event["data"]["user"]["groups"]);
        let names = |groups: &Value| -> Vec<String> {
            groups.as_array().into_iter().flatten().filter_map(|group| Some(group["displayName"].as_str()?.to_owned())).collect()
        };
        assert_eq!(groups.map(names).collect::<Vec<_>>(), expected);
        assert_eq!(system.get(&ada).await.unwrap().groups, answers.last().unwrap().groups);
    }

    async fn a_deleted_user_tells_what_it_was_and_its_groups_and_reports_what_they_lost(system: System) {
        let (boss, ada) = (system.user("boss").await, system.user("ada").await);
        let lab = system.group("Lab", &[&boss, &ada]).await;
        system.patch(&ada, json!([{ "op": "add", "path": MANAGER, "value": boss.id }])).await.unwrap();
        // Who is his own manager is not told to have lost himself.
        let boss = system.patch(&boss, json!([{ "op": "add", "path": MANAGER, "value": boss.id }])).await.unwrap();
        system.directory.delete(ResourceKind::User, &boss.id, Condition::None).await.unwrap();
        let events = told(&system, 3).await;
        assert_eq!(events[0]["type"], "group.member_removed");
        assert_eq!(events[0]["subject"], format!("Groups/{}", lab.id));
        let gone = json!({ "added": [], "removed": [{ "id": boss.id, "type": "User", "displayName": "boss" }] });
        assert_eq!(events[0]["data"]["members"], gone);
        assert_eq!(events[1]["type"], "user.updated");
        assert_eq!(events[1]["data"]["changed"], json!([{ "path": format!("{MANAGER}.value"), "old": boss.id }]));
        assert_eq!(events[2]["type"], "user.deleted");
        let (user, version) = (&events[2]["data"]["user"], &events[2]["data"]["version"]);
        assert_eq!((&user["userName"], version), (&json!("boss"), &json!(boss.version)));
        assert_eq!(user["groups"], json!([{ "id": lab.id, "displayName": "Lab" }]), "as it was");
        assert_eq!(system.event_types().await.len(), 8, "and nothing else");
    }

    async fn a_deleted_group_tells_who_was_in_it(system: System) {
        let (ada, bob) = (system.user("ada").await, system.user("bob").await);
        let lab = system.group("Lab", &[&ada, &bob]).await;
        let all = system.group("All", &[&lab]).await;
        system.directory.delete(ResourceKind::Group, &lab.id, Condition::None).await.unwrap();
        let events = told(&system, 2).await;
        assert_eq!((&events[0]["type"], &events[0]["data"]["group"]["id"]), (&json!("group.member_removed"), &json!(all.id)));
        let nested = json!([{ "id": lab.id, "type": "Group", "displayName": "Lab" }]);
        assert_eq!(events[0]["data"]["members"], json!({ "added": [], "removed": nested }));
        let members = |user: &Record, name| json!({ "id": user.id, "type": "User", "displayName": name });
        assert_eq!(events[1]["type"], "group.deleted");
        assert_eq!(events[1]["data"]["members"], json!({ "added": [], "removed": [members(&ada, "ada"), members(&bob, "bob")] }));
    }

    async fn a_member_under_another_name_is_told(system: System) {
        let ada = system.user("ada").await;
        let lab = system.group("Lab", &[&ada]).await;
        let named = |name: &str| json!([{ "op": "replace", "path": "members", "value": [{ "value": ada.id, "display": name }] }]);
        system.patch(&lab, named("Countess")).await.unwrap();
        system.patch(&lab, named("Ada L")).await.unwrap();
        system.patch(&lab, named("Ada L")).await.unwrap();
        let path = format!("members[value eq \"{}\"].display", ada.id);
        let events = told(&system, 2).await;
        let changed: Vec<_> = events.iter().map(|event| (&event["type"], &event["data"]["changed"])).collect();
        let expected = [
            json!([{ "path": path, "new": "Countess" }]),
            json!([{ "path": path, "old": "Countess", "new": "Ada L" }]),
        ];
        assert_eq!(changed, expected.iter().map(|changed| (&events[0]["type"], changed)).collect::<Vec<_>>());
        assert_eq!(events[0]["type"], "group.updated");
        assert_eq!(events[0]["data"]["members"], json!({ "added": [], "removed": [] }));
    }

    async fn an_event_has_the_times_of_its_resource(system: System) {
        let ada = system.user("ada").await;
        let changed = system.patch(&ada, titled("Countess")).await.unwrap();
        system.directory.delete(ResourceKind::User, &ada.id, Condition::None).await.unwrap();
        let moments: Vec<Value> = told(&system, 3).await.iter().map(|event| json!([event["data"]["user"]["created"], event["data"]["user"]["lastModified"]])).collect();
        let at = |milliseconds: i64| {
            let moment = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).unwrap();
            moment.format(&time::format_description::well_known::Rfc3339).unwrap()
        };
        let (created, modified) = (at(ada.created_ms), at(changed.modified_ms));
        assert_eq!(moments, [json!([created, created]), json!([created, modified]), json!([created, modified])]);
    }

    async fn many_changes_of_one_user_in_one_request_are_one_event(system: System) {
        let draft = draft(ResourceKind::User, json!({ "userName": "ada", "title": "x", "active": true }));
        let ada = system.directory.create(ResourceKind::User, draft, ALL).await.unwrap();
        system.patch(&ada, json!([
            { "op": "replace", "path": "title", "value": "y" },
            { "op": "replace", "path": "active", "value": false },
            { "op": "add", "path": "name.givenName", "value": "Ada" },
            { "op": "replace", "path": "title", "value": "z" },
            { "op": "add", "path": "nickName", "value": "a" },
            { "op": "remove", "path": "nickName" },
        ])).await.unwrap();
        let events = told(&system, 1).await;
        assert_eq!(events[0]["type"], "user.deactivated");
        assert_eq!(events[0]["data"]["changed"], json!([
            { "path": "title", "old": "x", "new": "z" },
            { "path": "active", "old": true, "new": false },
            { "path": "name.givenName", "new": "Ada" },
        ]));
        assert_eq!(system.events().await.len(), 2);
    }
}
