//! The breaker trips with the change that is too much, whoever makes it, and what it holds is let go whole or without ends.

use events::Event;
use scim::ResourceKind;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::on_both;
use super::support::{ALL, System, draft, patch};
use crate::{BreakerState, Condition, Directory, Record};

const BYTES: u32 = 64 << 20;

fn operator() -> Value {
    json!({ "type": "operator" })
}

async fn set(system: &System, settings: Value) {
    let Value::Object(changes) = settings else { panic!("{settings}") };
    system.directories.set_breaker(&system.tenant, &changes, operator()).await.unwrap();
}

async fn state(system: &System) -> BreakerState {
    system.directories.breaker(&system.tenant).await.unwrap().state
}

async fn create(directory: &Directory, name: &str) -> Record {
    let draft = draft(ResourceKind::User, json!({ "userName": name, "active": true }));
    directory.create(ResourceKind::User, draft, ALL).await.unwrap()
}

/// Active users, created at the same time.
async fn users(directory: &Directory, count: usize) -> Vec<Record> {
    let names: Vec<String> = (0..count).map(|n| format!("user-{n}")).collect();
    futures::future::join_all(names.iter().map(|name| create(directory, name))).await
}

async fn switch(directory: &Directory, user: &Record, active: bool) -> Record {
    let patch = patch(ResourceKind::User, &json!([{ "op": "replace", "path": "active", "value": active }]));
    directory.patch(ResourceKind::User, &user.id, patch, Condition::None, ALL).await.unwrap().record
}

async fn titled(directory: &Directory, user: &Record, title: &str) {
    let patch = patch(ResourceKind::User, &json!([{ "op": "replace", "path": "title", "value": title }]));
    directory.patch(ResourceKind::User, &user.id, patch, Condition::None, ALL).await.unwrap();
}

async fn delete(directory: &Directory, user: &Record) {
    directory.delete(ResourceKind::User, &user.id, Condition::None).await.unwrap();
}

/// Type and subject of the events after a number, as the log has them.
async fn logged(system: &System, after: i64) -> Vec<(&'static str, String)> {
    let events = system.events().await.into_iter().filter(|event| event.sequence > after);
    events.map(|event| (event.event_type.as_str(), event.subject)).collect()
}

/// What stores may have.
async fn delivered(system: &System) -> Vec<Event> {
    let events = system.events.batch(system.tenant.tenant(), 0, 100_000, BYTES).await.unwrap();
    events.into_iter().filter(|event| !event.is_discarded).collect()
}

fn count(events: &[Event], event_type: &str) -> usize {
    events.iter().filter(|event| event.event_type.as_str() == event_type).count()
}

on_both! {
    async fn it_trips_with_the_first_change_that_is_too_much_and_tells_it_once(system: System) {
        let all = users(&system.directory, 100).await;
        let before = system.events().await.len();
        // Through two who write, in turns: nobody counts alone.
        for (n, user) in all.iter().take(20).enumerate() {
            let by = if n % 2 == 0 { &system.directory } else { &system.rival };
            switch(by, user, false).await;
        }
        assert_eq!(state(&system).await, BreakerState::Armed);
        assert_eq!(system.directories.breaker(&system.tenant).await.unwrap().counted, 20);
        switch(&system.rival, &all[20], false).await;
        for user in &all[21..40] {
            switch(&system.directory, user, false).await;
        }
        let told = logged(&system, i64::try_from(before).unwrap()).await;
        assert_eq!(told.len(), 41);
        assert_eq!(told[20], ("breaker.tripped", "Breaker".to_owned()));
        assert_eq!(told[21], ("user.deactivated", format!("Users/{}", all[20].id)));
        assert_eq!(told.iter().filter(|(event_type, _)| *event_type == "breaker.tripped").count(), 1);
        let alarm = serde_json::to_value(&system.events().await[before + 20].data).unwrap();
        assert_eq!((&alarm["ended"], &alarm["active"], &alarm["exceeded"]), (&json!(21), &json!(100), &json!("share")));
        assert_eq!((&alarm["mode"], &alarm["held"], &alarm["client"]), (&json!("warn"), &json!(false), &json!("operator")));
        assert_eq!(state(&system).await, BreakerState::Warned);
        assert_eq!(delivered(&system).await.len(), before + 41, "a warning holds nothing");
    }

    async fn after_a_warning_it_counts_anew_when_the_window_is_over(system: System) {
        set(&system, json!({ "number": 2 })).await;
        let all = users(&system.directory, 100).await;
        for user in &all[..10] {
            switch(&system.directory, user, false).await;
        }
        assert_eq!(count(&system.events().await, "breaker.tripped"), 1);
        // An hour goes by.
        for sql in ["UPDATE breakers SET quiet_until_ms = quiet_until_ms - 3600000", "UPDATE endings SET time_ms = time_ms - 3600000"] {
            system.database.writer().execute_unprepared(sql).await.unwrap();
        }
        for user in &all[10..12] {
            switch(&system.directory, user, false).await;
        }
        assert_eq!(count(&system.events().await, "breaker.tripped"), 1);
        switch(&system.directory, &all[12], false).await;
        assert_eq!(count(&system.events().await, "breaker.tripped"), 2);
    }

    async fn a_number_counts_without_regard_to_the_share_and_a_small_tenant_has_no_share(system: System) {
        set(&system, json!({ "number": 30, "share": 100 })).await;
        let all = users(&system.directory, 64).await;
        // All at the same time: they share transactions, and the numbers tell which was too much.
        futures::future::join_all(all.iter().map(|user| switch(&system.directory, user, false))).await;
        let events = system.events().await;
        let alarm = events.iter().position(|event| event.event_type.as_str() == "breaker.tripped").unwrap();
        assert_eq!(count(&events[..alarm], "user.deactivated"), 30);
        assert_eq!(count(&events, "user.deactivated"), 64);
        assert_eq!(count(&events, "breaker.tripped"), 1);
        let few = users(&system.other, 19).await;
        for user in &few {
            delete(&system.other, user).await;
        }
        let breaker = system.directories.breaker(&system.other_tenant).await.unwrap();
        assert_eq!((breaker.state, breaker.trips, breaker.counted), (BreakerState::Armed, 0, 19));
    }

    async fn a_user_counts_once_and_off_counts_nobody(system: System) {
        set(&system, json!({ "number": 3 })).await;
        let all = users(&system.directory, 100).await;
        for _ in 0..3 {
            switch(&system.directory, &all[0], false).await;
            switch(&system.directory, &all[0], true).await;
        }
        switch(&system.directory, &all[0], false).await;
        delete(&system.directory, &all[0]).await;
        switch(&system.directory, &all[1], false).await;
        switch(&system.directory, &all[2], false).await;
        assert_eq!(state(&system).await, BreakerState::Armed);
        set(&system, json!({ "mode": "off" })).await;
        for user in &all[3..60] {
            delete(&system.directory, user).await;
        }
        assert_eq!(state(&system).await, BreakerState::Off);
        assert_eq!(count(&system.events().await, "breaker.tripped"), 0);
        set(&system, json!({ "mode": null })).await;
        switch(&system.directory, &all[60], false).await;
        assert_eq!(count(&system.events().await, "breaker.tripped"), 1, "those before it was off count still");
    }

    async fn what_comes_after_the_alarm_is_held_until_it_is_released(system: System) {
        set(&system, json!({ "mode": "hold", "number": 2 })).await;
        let all = users(&system.directory, 30).await;
        let others = users(&system.other, 30).await;
        for user in &all[..5] {
            switch(&system.directory, user, false).await;
        }
        let group = system.group("Lab", &[&all[9]]).await;
        assert_eq!(system.get(&group).await.unwrap().version, 1, "clients notice nothing");
        for user in &others[..2] {
            switch(&system.other, user, false).await;
        }
        let seen = delivered(&system).await;
        assert_eq!(seen.last().unwrap().event_type.as_str(), "breaker.tripped");
        assert_eq!(count(&seen, "user.deactivated"), 2);
        let of_others = system.events.batch(system.other_tenant.tenant(), 0, 1000, BYTES).await.unwrap();
        assert_eq!(of_others.len(), 32, "others are not held");
        let breaker = system.directories.breaker(&system.tenant).await.unwrap();
        assert_eq!((breaker.state, breaker.held_events, breaker.held_users), (BreakerState::Held, 4, 3));
        // Settings do not let it go, and it does not trip again.
        set(&system, json!({ "mode": "off" })).await;
        assert_eq!(state(&system).await, BreakerState::Held);
        set(&system, json!({ "mode": "hold" })).await;
        switch(&system.rival, &all[5], false).await;
        assert_eq!(delivered(&system).await.len(), seen.len());
        let done = system.directories.release_breaker(&system.tenant, operator()).await.unwrap();
        assert_eq!((done.events, done.users, done.discarded), (7, 4, 0));
        let (now, whole) = (delivered(&system).await, system.events().await);
        assert_eq!(now.len(), whole.len());
        assert_eq!(now.last().unwrap().event_type.as_str(), "breaker.released");
        let again = system.directories.release_breaker(&system.tenant, operator()).await.unwrap();
        assert_eq!(again, crate::BreakerDone::default());
        assert_eq!(system.events().await.len(), whole.len(), "what was done is not told again");
        // It counts anew.
        for user in &all[6..8] {
            switch(&system.directory, user, false).await;
        }
        assert_eq!(state(&system).await, BreakerState::Armed);
        switch(&system.directory, &all[8], false).await;
        assert_eq!(state(&system).await, BreakerState::Held);
        assert_eq!(system.directories.breaker(&system.tenant).await.unwrap().trips, 2);
    }

    async fn a_discarded_end_is_as_if_it_had_not_been_told(system: System) {
        set(&system, json!({ "mode": "hold", "number": 1 })).await;
        let all = users(&system.directory, 30).await;
        let (back, stays_away, deleted) = (&all[1], &all[2], &all[3]);
        let group = system.group("Lab", &[deleted, &all[4]]).await;
        switch(&system.directory, &all[0], false).await;
        let before = i64::try_from(system.events().await.len()).unwrap();
        switch(&system.directory, back, false).await;
        titled(&system.directory, back, "while away").await;
        switch(&system.directory, back, true).await;
        titled(&system.directory, back, "back").await;
        switch(&system.directory, stays_away, false).await;
        titled(&system.directory, stays_away, "while away").await;
        delete(&system.directory, deleted).await;
        titled(&system.directory, &all[5], "as ever").await;
        titled(&system.directory, &all[0], "told before").await;
        let done = system.directories.discard_breaker(&system.tenant, operator()).await.unwrap();
        assert_eq!((done.events, done.users, done.discarded), (10, 3, 6));
        let told: Vec<_> = delivered(&system).await.into_iter().filter(|event| event.sequence > before).collect();
        let told: Vec<_> = told.iter().map(|event| (event.event_type.as_str(), event.subject.as_str())).collect();
        let of = |user: &Record| format!("Users/{}", user.id);
        assert_eq!(told, [
            ("breaker.tripped", "Breaker"),
            ("user.activated", of(back).as_str()),
            ("user.updated", of(back).as_str()),
            ("user.updated", of(&all[5]).as_str()),
            ("user.updated", of(&all[0]).as_str()),
            ("breaker.discarded", "Breaker"),
        ]);
        let of_group = system.events().await.into_iter().filter(|event| event.subject.ends_with(&group.id));
        assert_eq!(of_group.map(|event| event.is_discarded).collect::<Vec<_>>(), [false, true], "and the member of the group");
        let again = system.directories.discard_breaker(&system.tenant, operator()).await.unwrap();
        assert_eq!(again, crate::BreakerDone::default());
        titled(&system.directory, stays_away, "later").await;
        assert_eq!(delivered(&system).await.last().unwrap().subject, of(stays_away), "what comes later is told");
    }

    async fn the_alarm_comes_before_everything_that_a_deletion_tells(system: System) {
        set(&system, json!({ "mode": "hold", "number": 1 })).await;
        let all = users(&system.directory, 30).await;
        system.group("Lab", &[&all[1]]).await;
        let before = i64::try_from(system.events().await.len()).unwrap();
        delete(&system.directory, &all[0]).await;
        delete(&system.directory, &all[1]).await;
        let types: Vec<_> = logged(&system, before).await.into_iter().map(|(event_type, _)| event_type).collect();
        assert_eq!(types, ["user.deleted", "breaker.tripped", "group.member_removed", "user.deleted"]);
        let seen = delivered(&system).await;
        assert_eq!(seen.last().unwrap().event_type.as_str(), "breaker.tripped");
        let done = system.directories.discard_breaker(&system.tenant, operator()).await.unwrap();
        assert_eq!((done.events, done.discarded), (2, 2));
    }

    async fn to_hold_after_a_warning_holds_at_the_next_end(system: System) {
        set(&system, json!({ "number": 5 })).await;
        let all = users(&system.directory, 100).await;
        for user in &all[..6] {
            switch(&system.directory, user, false).await;
        }
        assert_eq!(state(&system).await, BreakerState::Warned);
        set(&system, json!({ "mode": "hold" })).await;
        let before = system.events().await.len();
        switch(&system.directory, &all[6], false).await;
        assert_eq!(state(&system).await, BreakerState::Held);
        assert_eq!(delivered(&system).await.len(), before + 1);
    }

    async fn hashes_of_passwords_stay_with_their_events(system: System) {
        let sql = "INSERT INTO stores (tenant_id, id, name, kind, options, settings, state, created_ms, modified_ms) \
                   SELECT id, '01890a5d-ac96-774b-bcce-b302099a8057', 'own', 'test', '{\"password_hash\":true}', '{}', 'active', 0, 0 \
                   FROM tenants WHERE name = 'acme'";
        system.database.writer().execute_unprepared(sql).await.unwrap();
        set(&system, json!({ "mode": "hold", "number": 1 })).await;
        let all = users(&system.directory, 30).await;
        switch(&system.directory, &all[0], false).await;
        let change = patch(ResourceKind::User, &json!([
            { "op": "replace", "path": "active", "value": false },
            { "op": "replace", "path": "password", "value": "a new one of theirs" },
        ]));
        system.directory.patch(ResourceKind::User, &all[1].id, change, Condition::None, ALL).await.unwrap();
        let rows = system.database.query(sea_orm::Statement::from_string(
            system.database.backend(),
            "SELECT h.sequence, e.type FROM password_hashes h JOIN events e ON e.tenant_id = h.tenant_id AND e.sequence = h.sequence",
        )).await.unwrap();
        let types: Vec<String> = rows.iter().map(|row| row.try_get_by_index(1).unwrap()).collect();
        assert_eq!(types, ["user.deactivated"]);
    }

    async fn what_is_held_is_not_pruned_and_erased_with_its_tenant(system: System) {
        set(&system, json!({ "mode": "hold", "number": 1 })).await;
        let all = users(&system.directory, 30).await;
        for user in &all[..3] {
            delete(&system.directory, user).await;
        }
        let whole = system.events().await.len();
        let held = system.directories.breaker(&system.tenant).await.unwrap().held_events;
        while system.events.prune(system.tenant.tenant(), i64::MAX).await.unwrap() > 0 {}
        let left = system.events.after(&system.tenant, 0, 1000).await.unwrap();
        assert_eq!(i64::try_from(left.len()).unwrap(), held);
        assert_eq!(usize::try_from(left.last().unwrap().sequence).unwrap(), whole);
        system.directory.erase().await.unwrap();
        let breaker = system.directories.breaker(&system.tenant).await.unwrap();
        assert_eq!((breaker.state, breaker.trips, breaker.held_events), (BreakerState::Armed, 0, 0));
    }

    async fn z09_that_nobody_is_expected_any_more_forgives_nothing(system: System) {
        set(&system, json!({ "new_mode": "warn", "new_number": 3 })).await;
        for name in ["a", "b"] {
            create(&system.directory, name).await;
        }
        system.directories.expect_users(&system.tenant, (0, i64::MAX), operator()).await.unwrap();
        let breaker = system.directories.breaker(&system.tenant).await.unwrap();
        assert_eq!((breaker.new_counted, breaker.expected), (2, None));
        for name in ["c", "d"] {
            create(&system.directory, name).await;
        }
        assert_eq!(state(&system).await, BreakerState::Warned);
        system.directories.expect_users(&system.tenant, (0, i64::MAX), operator()).await.unwrap();
        assert_eq!(state(&system).await, BreakerState::Warned, "what was told is not told again");
    }

    async fn z09_who_is_expected_is_taken_from_it_also_where_ends_trip(system: System) {
        set(&system, json!({ "mode": "warn", "number": 1, "new_mode": "warn", "new_number": 100 })).await;
        let all = users(&system.directory, 30).await;
        system.directories.expect_users(&system.tenant, (10, i64::MAX), operator()).await.unwrap();
        // They share transactions, however they fall.
        let ends = all[..8].iter().map(|user| switch(&system.directory, user, false));
        let names: Vec<String> = (0..8).map(|n| format!("new-{n}")).collect();
        let arrivals = names.iter().map(|name| create(&system.directory, name));
        futures::future::join_all(ends.zip(arrivals).map(|(end, arrival)| futures::future::join(arrival, end))).await;
        assert_eq!(count(&system.events().await, "breaker.tripped"), 1);
        let breaker = system.directories.breaker(&system.tenant).await.unwrap();
        assert_eq!((breaker.expected.map(|expected| expected.0), breaker.new_counted), (Some(2), 0));
    }
}
