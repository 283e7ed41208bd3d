use scim::ResourceKind;
use serde_json::json;

use super::on_both;
use super::support::{ALL, System, draft, member_ids, patch, status};
use crate::{Condition, Include, Members};

on_both! {
    async fn members_are_added_and_removed_one_by_one(system: System) {
        let (ada, bob) = (system.user("ada").await, system.user("bob").await);
        let group = system.group("Lab", &[&ada]).await;
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": bob.id }, { "value": ada.id }] }]);
        let added = system.patch(&group, add.clone()).await.unwrap();
        assert_eq!(member_ids(&added), [ada.id.as_str(), bob.id.as_str()]);
        assert_eq!(system.patch(&group, add).await.unwrap().version, 2);
        let remove = json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", ada.id) }]);
        assert_eq!(member_ids(&system.patch(&group, remove.clone()).await.unwrap()), [bob.id.as_str()]);
        assert_eq!(system.patch(&group, remove).await.unwrap().version, 3);
        assert_eq!(system.get(&bob).await.unwrap().groups[0].display.as_deref(), Some("Lab"));
        assert!(system.get(&ada).await.unwrap().groups.is_empty());
        assert_eq!(system.event_types().await[2..], ["group.created", "group.member_added", "group.member_removed"]);
    }

    async fn the_whole_list_can_be_set_and_emptied(system: System) {
        let (ada, bob, cleo) = (system.user("ada").await, system.user("bob").await, system.user("cleo").await);
        let group = system.group("Lab", &[&ada, &bob]).await;
        let set = json!([{ "op": "replace", "path": "members", "value": [{ "value": bob.id }, { "value": cleo.id }] }]);
        assert_eq!(member_ids(&system.patch(&group, set).await.unwrap()), [bob.id.as_str(), cleo.id.as_str()]);
        let by_name = json!([{ "op": "remove", "path": "members[display eq \"CLEO\"]" }]);
        assert_eq!(member_ids(&system.patch(&group, by_name).await.unwrap()), [bob.id.as_str()]);
        let empty = json!([{ "op": "replace", "path": "members", "value": [] }]);
        assert!(member_ids(&system.patch(&group, empty).await.unwrap()).is_empty());
        let told: serde_json::Value = serde_json::to_value(&system.events().await[4].data).unwrap();
        assert_eq!(told["members"]["added"], json!([{ "id": cleo.id, "type": "User", "displayName": "cleo" }]));
        assert_eq!(told["members"]["removed"], json!([{ "id": ada.id, "type": "User", "displayName": "ada" }]));
    }

    async fn an_unknown_member_is_refused_and_nothing_changes(system: System) {
        let ada = system.user("ada").await;
        let stranger = system.other.create(ResourceKind::User, draft(ResourceKind::User, json!({ "userName": "s" })), ALL).await.unwrap();
        let group = system.group("Lab", &[]).await;
        for id in ["nobody", stranger.id.as_str(), group.id.as_str()] {
            let add = json!([{ "op": "add", "path": "members", "value": [{ "value": ada.id }, { "value": id }] }]);
            assert_eq!(status(&system.patch(&group, add).await.unwrap_err()), 400);
        }
        let unchanged = system.get(&group).await.unwrap();
        assert_eq!((unchanged.version, unchanged.members.unwrap().len()), (1, 0));
    }

    async fn many_patches_at_once_lose_no_member(system: System) {
        let mut users = Vec::new();
        for n in 0..64 {
            users.push(system.user(&format!("user{n}")).await);
        }
        let group = system.group("Lab", &[]).await;
        let adds = users.iter().map(|user| {
            let (directory, group) = (system.directory.clone(), group.id.clone());
            let add = json!([{ "op": "add", "path": "members", "value": [{ "value": user.id }] }]);
            tokio::spawn(async move {
                let patch = patch(ResourceKind::Group, &add);
                directory.patch(ResourceKind::Group, &group, patch, Condition::None, Include::NOTHING).await.unwrap();
            })
        });
        for add in adds.collect::<Vec<_>>() {
            add.await.unwrap();
        }
        assert_eq!(system.get(&group).await.unwrap().members.unwrap().len(), 64);
        assert_eq!(system.events().await.len(), 64 + 1 + 64);
    }

    async fn the_members_of_a_large_group_are_read_only_on_demand(system: System) {
        let (ada, bob) = (system.user("ada").await, system.user("bob").await);
        let group = system.group("Lab", &[&ada, &bob]).await;
        let read = |members| system.directory.get(ResourceKind::Group, &group.id, Include { groups: false, members });
        assert_eq!(read(Members::UpTo(1)).await.unwrap().members.map(|members| members.len()), None);
        assert_eq!(read(Members::UpTo(2)).await.unwrap().members.map(|members| members.len()), Some(2));
        assert_eq!(read(Members::None).await.unwrap().members.map(|members| members.len()), None);
    }

    async fn one_change_looks_at_a_bounded_number_of_members(system: System) {
        let mut users = Vec::new();
        for n in 0..300 {
            users.push(system.user(&format!("user{n}")).await);
        }
        let group = system.group("Lab", &users.iter().collect::<Vec<_>>()).await;
        let filter = json!({ "op": "remove", "path": "members[display ew \"nobody\"]" });
        let error = system.patch(&group, json!(vec![filter; 1000])).await.unwrap_err();
        assert_eq!(status(&error), 400);
        assert_eq!(system.get(&group).await.unwrap().version, 1);
    }

    async fn a_member_has_the_name_that_was_sent_or_else_its_own(system: System) {
        let (ada, bob) = (system.user("ada").await, system.user("bob").await);
        let group = system.group("Lab", &[]).await;
        let shown = |record: &crate::Record| -> Vec<Option<String>> {
            record.members.iter().flatten().map(|member| member.display.clone()).collect()
        };
        let set = |display: &str| json!([{ "op": "replace", "path": "members", "value": [
            { "value": ada.id, "display": display }, { "value": bob.id },
        ] }]);
        let named = system.patch(&group, set("Countess")).await.unwrap();
        assert_eq!(shown(&named), [Some("Countess".to_owned()), Some("bob".to_owned())]);
        assert_eq!(system.patch(&group, set("Countess")).await.unwrap().version, 2);
        let again = json!([{ "op": "add", "path": "members", "value": [{ "value": ada.id, "display": "other" }] }]);
        assert_eq!(system.patch(&group, again).await.unwrap().version, 2);
        assert_eq!(shown(&system.patch(&group, set("Ada L")).await.unwrap())[0].as_deref(), Some("Ada L"));
        let by_name = json!([{ "op": "remove", "path": "members[display eq \"ada l\"]" }]);
        assert_eq!(member_ids(&system.patch(&group, by_name).await.unwrap()), [bob.id.as_str()]);
        assert_eq!(system.event_types().await[3..], [
            "group.member_added", "group.updated", "group.member_removed",
        ]);
    }
}
