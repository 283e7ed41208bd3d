//! Giving all users of a tenant other names, while everything goes on.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{System, Tenant, patch_one, until, user};

/// A user of this name with this address at work.
fn with_email(name: &str, email: &str) -> Value {
    let mut user = user(name);
    user["emails"] = json!([{ "type": "work", "value": email }]);
    user
}

fn without_email(name: &str) -> Value {
    let mut user = user(name);
    user.as_object_mut().expect("an object").remove("emails");
    user
}

async fn add(tenant: &Tenant, user: &Value) -> String {
    tenant.client().post("/Users", user).await.expect(201).id()
}

fn status(system: &System, tenant: &Tenant) -> Value {
    system.tenantry(&["user", "conversion", "status", &tenant.name, "--json"]).expect(0).json()
}

async fn done(system: &System, tenant: &Tenant) -> Value {
    until("the conversion to be done", async || {
        let status = status(system, tenant);
        (status["state"] == "done").then_some(status)
    })
    .await
}

/// The user names of a tenant by id.
async fn names(tenant: &Tenant) -> BTreeMap<String, String> {
    let listed = tenant.client().get("/Users?count=1000").await.expect(200);
    let pair = |user: &Value| {
        (user["id"].as_str().expect("an id").to_owned(), user["userName"].as_str().expect("a name").to_owned())
    };
    listed.resources().iter().map(pair).collect()
}

/// The changes of user names that the events tell: of whom, from what, to what.
fn renamed(system: &System, tenant: &Tenant) -> Vec<(String, String, String)> {
    let mut renamed = Vec::new();
    for event in system.all_events(tenant, 0) {
        let changes = event["data"]["changed"].as_array().cloned().unwrap_or_default();
        for change in changes.iter().filter(|change| change["path"] == "userName") {
            assert_eq!(
                (&event["type"], &event["data"]["client"]),
                (&json!("user.updated"), &json!("operator")),
                "{event}"
            );
            let text = |value: &Value| value.as_str().expect("a name").to_owned();
            renamed.push((text(&event["data"]["user"]["id"]), text(&change["old"]), text(&change["new"])));
        }
    }
    renamed
}

on_both! {
    /// Conflicts are told and nothing is changed; the real run refuses to begin until they are gone or to be skipped.
    async fn p06_a_dry_run_lists_conflicts_and_changes_nothing(system) {
        let tenant = system.tenant("converted");
        let ada = add(&tenant, &with_email("ada", "Ada@acme.example")).await;
        let twin = add(&tenant, &with_email("twin", "ada@ACME.example")).await;
        let same = add(&tenant, &with_email("eve@acme.example", "eve@acme.example")).await;
        let nobody = add(&tenant, &without_email("nobody")).await;
        let bob = add(&tenant, &with_email("bob", "bob@acme.example")).await;
        let before = (names(&tenant).await, system.all_events(&tenant, 0).len());
        let plan = system.tenantry(&["user", "convert", &tenant.name, "--to", "email", "--dry-run", "--json"]).expect(0).json();
        let counts = ["total", "to_convert", "unchanged", "conflicts"].map(|name| plan[name].as_u64().expect("a number"));
        assert_eq!(counts, [5, 1, 1, 3]);
        let conflicts: BTreeMap<&str, (&Value, &Value)> = plan["conflicting_users"].as_array().expect("conflicts").iter()
            .map(|user| (user["id"].as_str().expect("an id"), (&user["reason"], &user["other_id"]))).collect();
        assert_eq!(conflicts, BTreeMap::from([
            (ada.as_str(), (&json!("name-taken"), &json!(twin))),
            (twin.as_str(), (&json!("name-taken"), &json!(ada))),
            (nobody.as_str(), (&json!("no-email"), &Value::Null)),
        ]));
        let refused = system.tenantry(&["user", "convert", &tenant.name, "--to", "email"]).expect(4);
        assert!(refused.stderr.contains("3 users cannot get their new names"), "{}", refused.stderr);
        system.tenantry(&["user", "conversion", "status", &tenant.name]).expect(3);
        assert_eq!((names(&tenant).await, system.all_events(&tenant, 0).len()), before);
        system.tenantry(&["user", "convert", &tenant.name, "--to", "email", "--skip-conflicts"]).expect(0);
        let status = done(&system, &tenant).await;
        let after = names(&tenant).await;
        assert_eq!((after[&bob].as_str(), after[&same].as_str(), after[&nobody].as_str()), ("bob@acme.example", "eve@acme.example", "nobody"));
        let twins = [after[&ada].as_str(), after[&twin].as_str()];
        assert!(twins == ["Ada@acme.example", "twin"] || twins == ["ada", "ada@ACME.example"], "one of them: {twins:?}");
        assert_eq!((&status["converted"], &status["skipped"]), (&json!(2), &json!(2)));
    }

    /// Each change is one event with the old and the new name; names that become free are given away; the mailbox is the way back.
    async fn p06_every_change_is_one_event_with_both_names(system) {
        let tenant = system.tenant("converted");
        let mut expected = Vec::new();
        for number in 0..12 {
            // Each is to be called as the next one is called now.
            let (name, email) = (format!("u{number}@acme.example"), format!("u{}@acme.example", number + 1));
            let id = add(&tenant, &with_email(&name, &email)).await;
            expected.push((id, name, email));
        }
        system.tenantry(&["user", "convert", &tenant.name, "--to", "email"]).expect(0);
        let status = done(&system, &tenant).await;
        assert_eq!((&status["converted"], &status["skipped"], &status["total"]), (&json!(12), &json!(0), &json!(12)));
        let mut told = renamed(&system, &tenant);
        told.sort();
        expected.sort();
        assert_eq!(told, expected);
        system.tenantry(&["user", "convert", &tenant.name, "--to", "mailbox"]).expect(0);
        done(&system, &tenant).await;
        let names = names(&tenant).await;
        assert!(expected.iter().all(|(id, _, email)| format!("{}@acme.example", names[id]) == *email), "{names:?}");
        assert_eq!(renamed(&system, &tenant).len(), 24);
        system.tenantry(&["user", "convert", &tenant.name, "--to", "nonsense"]).expect(2);
    }

    /// kill -9 again and again: whoever runs next goes on, and nothing is told twice.
    async fn p06_a_killed_conversion_is_resumed_without_a_second_event(database: Database) {
        let system = System::start_unlimited_with(database, &[]).await;
        let tenant = system.tenant("converted");
        let mut expected = Vec::new();
        for number in 0..300 {
            let (name, email) = (format!("u{number}"), format!("u{number}@acme.example"));
            expected.push((add(&tenant, &with_email(&name, &email)).await, name, email));
        }
        system.tenantry(&["user", "convert", &tenant.name, "--to", "email"]).expect(0);
        for kill in 1..=3 {
            until("some more to be converted", async || {
                let done = status(&system, &tenant);
                (done["looked_at"].as_u64() >= Some(kill * 50) || done["state"] == "done").then_some(())
            })
            .await;
            system.server().kill();
            system.server().start_again().await;
        }
        let status = done(&system, &tenant).await;
        assert_eq!((&status["looked_at"], &status["skipped"]), (&json!(300), &json!(0)));
        let mut told = renamed(&system, &tenant);
        told.sort();
        expected.sort();
        assert_eq!(told, expected, "each user once");
    }

    /// Paused, it rests; who is changed meanwhile is judged as it is then.
    async fn p06_a_paused_conversion_rests_until_it_is_resumed(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("converted");
        for number in 0..60 {
            add(&tenant, &with_email(&format!("u{number}"), &format!("u{number}@acme.example"))).await;
        }
        system.tenantry(&["user", "conversion", "pause", &tenant.name]).expect(3);
        // Begun and paused while no server runs that could be quicker.
        assert!(system.server().stop().await.success());
        system.tenantry(&["user", "convert", &tenant.name, "--to", "email"]).expect(0);
        let paused = system.tenantry(&["user", "conversion", "pause", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(paused["state"], "paused");
        system.server().start_again().await;
        system.tenantry(&["user", "convert", &tenant.name, "--to", "email"]).expect(4);
        let before = names(&tenant).await;
        let (last, _) = before.iter().last().expect("a user");
        let changed = json!([{ "type": "work", "value": "changed@acme.example" }]);
        tenant.client().patch(&format!("/Users/{last}"), &patch_one("replace", "emails", changed)).await.expect(200);
        assert!(before.values().all(|name| !name.contains('@')), "{before:?}");
        let resumed = system.tenantry(&["user", "conversion", "resume", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(resumed["state"], "running");
        done(&system, &tenant).await;
        let after = names(&tenant).await;
        assert_eq!(after[last], "changed@acme.example");
        assert!(after.values().all(|name| name.ends_with("@acme.example")), "{after:?}");
        system.tenantry(&["user", "conversion", "cancel", &tenant.name]).expect(3);
    }
}
