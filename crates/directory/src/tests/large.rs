//! Events of large groups.

use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Value, json};

use super::on_both;
use super::support::System;
use crate::Record;

const MEMBERS: usize = 100_000;
/// More than a few events, and less than one of such a group.
const BYTES: u32 = 1 << 20;

/// Users that nobody has to make one by one; their ids, in order.
async fn many_users(system: &System) -> Vec<String> {
    let tenant = system.tenant.tenant().id().as_i64();
    let (numbers, id) = match system.database.backend() {
        DbBackend::Sqlite => (
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)",
            "printf('00000000-0000-7000-8000-%012d', n)",
        ),
        _ => (
            "WITH numbers AS (SELECT n FROM generate_series(1, 100000) AS n)",
            "CAST('00000000-0000-7000-8000-' || lpad(n::text, 12, '0') AS uuid)",
        ),
    };
    let sql = format!(
        "INSERT INTO resources (tenant_id, id, kind, position, version, created, modified, active, user_name, display, \
         member_count, document) {numbers} SELECT {tenant}, {id}, 1, n + 1000, 1, 0, 0, true, 'user' || n, 'User number ' || n, 0, \
         '{{\"userName\":\"user' || n || '\"}}' FROM numbers"
    );
    system.database.writer().execute_unprepared(&sql).await.unwrap();
    (1..=MEMBERS).map(|n| format!("00000000-0000-7000-8000-{n:012}")).collect()
}

async fn add_all(system: &System, group: &Record, users: &[String]) {
    let members: Vec<Value> = users.iter().map(|id| json!({ "value": id })).collect();
    let operations = json!([{ "op": "add", "path": "members", "value": members }]);
    let patch = super::support::patch(group.kind, &operations);
    system
        .directory
        .patch(group.kind, &group.id, patch, crate::Condition::None, crate::Include::NOTHING)
        .await
        .unwrap();
}

on_both! {
    // One change is one event, however many members it moves; and however many such events wait, one at a time is in memory.
    async fn a_change_of_a_hundred_thousand_members_is_one_event_and_is_read_by_itself(system: System) {
        let users = many_users(&system).await;
        let (small, lab) = (system.group("Small", &[]).await, system.group("Lab", &[]).await);
        add_all(&system, &lab, &users).await;
        let none = json!([{ "op": "replace", "path": "members", "value": [] }]);
        system.patch(&lab, none).await.unwrap();
        for n in 0..3 {
            system.patch(&small, json!([{ "op": "replace", "path": "externalId", "value": n.to_string() }])).await.unwrap();
        }
        let mut read = Vec::new();
        let mut after = 0;
        loop {
            let batch = system.events.batch(system.tenant.tenant(), after, 1000, BYTES).await.unwrap();
            let Some(last) = batch.last() else { break };
            after = last.sequence;
            let numbers: Vec<i64> = batch.iter().map(|event| event.sequence).collect();
            for event in &batch {
                let told = serde_json::to_value(&event.data).unwrap();
                let count = |which: &str| told["members"][which].as_array().unwrap().len();
                read.push((event.event_type.as_str(), count("added"), count("removed")));
            }
            let bytes = serde_json::to_vec(&batch).unwrap().len();
            assert!(numbers.last() == Some(&3) || numbers.last() == Some(&4) || bytes < BYTES as usize, "{numbers:?}: {bytes}");
        }
        let expected = [
            ("group.created", 0, 0),
            ("group.created", 0, 0),
            ("group.member_added", MEMBERS, 0),
            ("group.member_removed", 0, MEMBERS),
            ("group.updated", 0, 0),
            ("group.updated", 0, 0),
            ("group.updated", 0, 0),
        ];
        assert_eq!(read, expected);
        let first = system.events.batch(system.tenant.tenant(), 2, 1000, BYTES).await.unwrap();
        assert_eq!(first.iter().map(|event| event.sequence).collect::<Vec<_>>(), [3], "nothing beside a large one");
        let member = serde_json::to_value(&first[0].data).unwrap()["members"]["added"][41].clone();
        assert_eq!(member, json!({ "id": users[41], "type": "User", "displayName": "User number 42" }));
    }
}
