use scim::ResourceKind;
use serde_json::json;

use super::on_both;
use super::support::{ALL, System, draft, member_ids, patch, status};
use crate::Condition;

on_both! {
    async fn what_is_created_can_be_read(system: System) {
        let created = system.user("ada@acme.example").await;
        let read = system.get(&created).await.unwrap();
        assert_eq!(read.document, created.document);
        assert_eq!((read.version, read.created_ms, read.modified_ms), (1, created.created_ms, created.created_ms));
        assert_eq!(status(&system.directory.get(ResourceKind::Group, &created.id, ALL).await.unwrap_err()), 404);
        assert_eq!(status(&system.other.get(ResourceKind::User, &created.id, ALL).await.unwrap_err()), 404);
        let upper = created.id.to_uppercase();
        assert_eq!(status(&system.directory.get(ResourceKind::User, &upper, ALL).await.unwrap_err()), 404);
        assert_eq!(system.event_types().await, ["user.created"]);
    }

    async fn a_patch_that_changes_nothing_writes_nothing(system: System) {
        let ada = system.user("ada").await;
        let once = system.patch(&ada, json!([{ "op": "add", "path": "title", "value": "Countess" }])).await.unwrap();
        let twice = system.patch(&ada, json!([{ "op": "add", "path": "title", "value": "Countess" }])).await.unwrap();
        assert_eq!((once.version, twice.version), (2, 2));
        assert_eq!(once.modified_ms, twice.modified_ms);
        assert_eq!(system.event_types().await, ["user.created", "user.updated"]);
    }

    async fn a_taken_name_is_refused_until_it_is_free(system: System) {
        let ada = system.user("Ada").await;
        let bob = system.user("bob").await;
        let rename = json!([{ "op": "replace", "path": "userName", "value": "ADA" }]);
        assert_eq!(status(&system.patch(&bob, rename.clone()).await.unwrap_err()), 409);
        assert_eq!(status(&system.create(ResourceKind::User, json!({ "userName": "aDa" })).await.unwrap_err()), 409);
        system.directory.delete(ResourceKind::User, &ada.id, Condition::None).await.unwrap();
        assert_eq!(system.patch(&bob, rename).await.unwrap().version, 2);
        assert_eq!(system.get(&ada).await.map_err(|error| status(&error)).unwrap_err(), 404);
    }

    async fn texts_that_mean_nothing_to_a_database_are_names_all_the_same(system: System) {
        for name in ["\u{ffff}", "a\0b"] {
            let created = system.user(name).await;
            assert_eq!(status(&system.create(ResourceKind::User, json!({ "userName": name })).await.unwrap_err()), 409);
            let filter = format!("userName eq {}", serde_json::Value::from(name));
            let page = crate::PageRequest::Index { start: 1, count: 10 };
            let found = system.list(ResourceKind::User, Some(&filter), page).await;
            assert_eq!(found.records.iter().map(|record| &record.id).collect::<Vec<_>>(), [&created.id]);
        }
    }

    async fn one_of_many_equal_creates_wins(system: System) {
        let creates = (0..32).map(|_| {
            let directory = system.directory.clone();
            tokio::spawn(async move {
                let draft = draft(ResourceKind::User, json!({ "userName": "race" }));
                directory.create(ResourceKind::User, draft, ALL).await.map_err(|error| status(&error))
            })
        });
        let mut answers = Vec::new();
        for create in creates.collect::<Vec<_>>() {
            answers.push(create.await.unwrap());
        }
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert!(answers.iter().all(|answer| answer.as_ref().err().is_none_or(|status| *status == 409)));
        assert_eq!(system.event_types().await, ["user.created"]);
    }

    async fn a_stale_version_is_refused(system: System) {
        let ada = system.user("ada").await;
        let title = || patch(ResourceKind::User, &json!([{ "op": "add", "path": "title", "value": "x" }]));
        let stale = system.directory.patch(ResourceKind::User, &ada.id, title(), Condition::Versions(vec![7]), ALL).await;
        assert_eq!(status(&stale.unwrap_err()), 412);
        let fresh = system.directory.patch(ResourceKind::User, &ada.id, title(), Condition::Versions(vec![1]), ALL).await;
        assert_eq!(fresh.unwrap().record.version, 2);
    }

    async fn a_deleted_user_leaves_no_reference(system: System) {
        let boss = system.user("boss").await;
        let ada = system.user("ada").await;
        let manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";
        system.patch(&ada, json!([{ "op": "add", "path": manager, "value": boss.id }])).await.unwrap();
        let group = system.group("Lab", &[&boss, &ada]).await;
        system.directory.delete(ResourceKind::User, &boss.id, Condition::None).await.unwrap();
        assert!(!system.get(&ada).await.unwrap().document.contains(&boss.id));
        let left = system.get(&group).await.unwrap();
        assert_eq!(member_ids(&left), [ada.id.as_str()]);
        assert_eq!(left.version, 2);
        let types = system.event_types().await;
        assert_eq!(&types[4..], ["group.member_removed", "user.updated", "user.deleted"]);
    }

    async fn deactivation_is_told_before_other_changes(system: System) {
        let ada = system.user("ada").await;
        let both = json!([
            { "op": "replace", "path": "active", "value": false },
            { "op": "replace", "path": "title", "value": "gone" },
        ]);
        system.patch(&ada, both).await.unwrap();
        system.patch(&ada, json!([{ "op": "replace", "path": "active", "value": "True" }])).await.unwrap();
        assert_eq!(system.event_types().await, ["user.created", "user.deactivated", "user.activated"]);
        let told: serde_json::Value = serde_json::to_value(&system.events().await[1].data).unwrap();
        let expected = json!([
            { "path": "active", "old": true, "new": false },
            { "path": "title", "new": "gone" },
        ]);
        assert_eq!(told["changed"], expected);
    }

    async fn concurrent_changes_number_their_events_without_gaps(system: System) {
        let changes = (0..200).map(|n| {
            let directory = system.directory.clone();
            tokio::spawn(async move {
                let draft = draft(ResourceKind::User, json!({ "userName": format!("user{}", n % 150) }));
                directory.create(ResourceKind::User, draft, ALL).await.is_ok()
            })
        });
        let mut created = 0;
        for change in changes.collect::<Vec<_>>() {
            created += usize::from(change.await.unwrap());
        }
        assert_eq!(created, 150);
        assert_eq!(system.events().await.len(), 150);
    }
}
