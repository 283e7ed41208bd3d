//! Two that write to one directory: what each remembers of it may be out of date at any time.

use scim::ResourceKind;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use super::on_both;
use super::support::{ALL, System, draft, patch, status};
use crate::{Condition, Directory, DirectoryError};

async fn create(directory: &Directory, name: &str) -> Result<String, u16> {
    let draft = draft(ResourceKind::User, json!({ "userName": name }));
    let created = directory.create(ResourceKind::User, draft, ALL).await;
    created.map(|record| record.id).map_err(|error| status(&error))
}

async fn retitle(directory: &Directory, id: &str, title: &str) -> Result<i64, u16> {
    let patch = patch(ResourceKind::User, &json!([{ "op": "replace", "path": "title", "value": title }]));
    let patched = directory.patch(ResourceKind::User, id, patch, Condition::None, ALL).await;
    patched.map(|patched| patched.record.version).map_err(|error| status(&error))
}

on_both! {
    async fn taking_turns_leaves_no_gap(system: System) {
        for n in 0..60 {
            // Longer and shorter turns: what is remembered is right at times, and out of date at others.
            let writer = if n * n % 7 < 3 { &system.directory } else { &system.rival };
            create(writer, &format!("user{n}")).await.unwrap();
        }
        assert_eq!(system.events().await.len(), 60);
        let ids: std::collections::HashSet<_> = system.events().await.into_iter().map(|event| event.subject).collect();
        assert_eq!(ids.len(), 60);
    }

    async fn a_name_that_the_rival_took_is_taken(system: System) {
        create(&system.directory, "first").await.unwrap();
        create(&system.rival, "Second").await.unwrap();
        assert_eq!(create(&system.directory, "second").await, Err(409));
        assert_eq!(create(&system.rival, "FIRST").await, Err(409));
        create(&system.directory, "third").await.unwrap();
        assert_eq!(system.event_types().await, ["user.created"; 3]);
    }

    async fn a_change_is_made_on_what_the_rival_left(system: System) {
        let id = create(&system.directory, "ada").await.unwrap();
        for n in 1..=40 {
            let writer = if n % 3 == 0 { &system.rival } else { &system.directory };
            assert_eq!(retitle(writer, &id, &format!("title {n}")).await, Ok(n + 1));
        }
        system.rival.delete(ResourceKind::User, &id, Condition::None).await.unwrap();
        assert_eq!(retitle(&system.directory, &id, "gone").await, Err(404));
        create(&system.directory, "ada").await.unwrap();
        assert_eq!(system.events().await.len(), 43);
    }

    async fn both_at_once_make_every_change_once(system: System) {
        let id = create(&system.directory, "ada").await.unwrap();
        let mut running = Vec::new();
        for n in 0..200 {
            let writer = if n % 2 == 0 { system.directory.clone() } else { system.rival.clone() };
            let id = id.clone();
            running.push(tokio::spawn(async move {
                if n % 5 == 0 {
                    return retitle(&writer, &id, &format!("title {n}")).await.is_ok();
                }
                // Each name is wanted twice, by both.
                create(&writer, &format!("user{}", n / 2)).await.is_ok()
            }));
        }
        let mut made = 0;
        for change in running {
            made += usize::from(change.await.unwrap());
        }
        let names: std::collections::HashSet<_> = (0..200).filter(|n| n % 5 != 0).map(|n| n / 2).collect();
        assert_eq!(made, 40 + names.len());
        let events = system.events().await;
        assert_eq!(events.len(), 1 + made);
        assert_eq!(system.get_version(&id).await, 41);
    }

    async fn what_was_erased_is_not_written_to_by_its_old_numbers(system: System) {
        create(&system.directory, "ada").await.unwrap();
        system.rival.erase().await.unwrap();
        assert_eq!(system.events().await.len(), 0);
        create(&system.directory, "ada").await.unwrap();
        assert_eq!(system.event_types().await, ["user.created"]);
    }

    async fn a_tenant_that_was_deleted_gets_no_directory_again(system: System) {
        // Both remember it.
        create(&system.directory, "ada").await.unwrap();
        create(&system.rival, "bob").await.unwrap();
        create(&system.directory, "eve").await.unwrap();
        system.rival.erase().await.unwrap();
        system.database.writer().execute_unprepared("DELETE FROM tenants WHERE name = 'acme'").await.unwrap();
        for late in [&system.directory, &system.rival] {
            let draft = draft(ResourceKind::User, json!({ "userName": "late" }));
            let refused = late.create(ResourceKind::User, draft, ALL).await.unwrap_err();
            assert!(matches!(refused, DirectoryError::Unavailable(_)), "{refused}");
            late.erase().await.unwrap();
        }
        system.other.create(ResourceKind::User, draft(ResourceKind::User, json!({ "userName": "ada" })), ALL).await.unwrap();
        for (table, others) in [("directories", 1), ("resources", 1), ("events", 1), ("emails", 0)] {
            let sql = format!("SELECT COUNT(*) FROM {table}");
            let statement = Statement::from_string(system.database.backend(), sql);
            let row = system.database.query(statement).await.unwrap().remove(0);
            assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), others, "{table}");
        }
    }

    async fn positions_are_counted_from_where_the_database_is(system: System) {
        create(&system.directory, "first").await.unwrap();
        // As after a database was set back and written to by somebody else: the same last event, another position.
        let moved = "UPDATE directories SET next_position = next_position + 5";
        system.database.writer().execute_unprepared(moved).await.unwrap();
        create(&system.directory, "second").await.unwrap();
        create(&system.rival, "third").await.unwrap();
        create(&system.directory, "fourth").await.unwrap();
        let sql = "SELECT CAST(MAX(r.position) AS bigint), CAST(MAX(d.next_position) AS bigint) FROM resources r \
                   JOIN directories d ON d.tenant_id = r.tenant_id";
        let statement = Statement::from_string(system.database.backend(), sql);
        let row = system.database.query(statement).await.unwrap().remove(0);
        let counters: (i64, i64) = (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap());
        assert_eq!(counters, (8, 9));
        assert_eq!(system.events().await.len(), 4);
    }

    async fn a_group_is_changed_by_both(system: System) {
        let group = system.group("Lab", &[]).await;
        let mut running = Vec::new();
        for n in 0..24 {
            let (writer, group) = (if n % 2 == 0 { &system.directory } else { &system.rival }.clone(), group.id.clone());
            running.push(tokio::spawn(async move {
                let id = create(&writer, &format!("user{n}")).await.unwrap();
                let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
                let add = patch(ResourceKind::Group, &add);
                writer.patch(ResourceKind::Group, &group, add, Condition::None, ALL).await.map(|_| ()).unwrap();
            }));
        }
        for change in running {
            change.await.unwrap();
        }
        let group = system.get(&group).await.unwrap();
        assert_eq!((group.version, group.members.unwrap().len()), (25, 24));
        assert_eq!(system.events().await.len(), 1 + 24 + 24);
    }
}
