//! A client that is set to send everybody: what is too much waits for an administrator.

use serde_json::{Value, json};

use super::{tenant_of, user_with};
use crate::support::{Client, Replicas, Request, System, Tenant, crowd, patch_one, unique, until, urn};

/// A customer of the application whose profile holds floods, who has said what is too much.
fn tenant(system: &System, settings: &[&str]) -> Tenant {
    let tenant = tenant_of(system, "wizer", &["sso"], &json!({}));
    if !settings.is_empty() {
        system.tenantry(&[&["breaker", "set", tenant.name.as_str()], settings].concat()).expect(0);
    }
    system.tenantry(&["store", "add", &tenant.name, "lines", "--kind", "file", "--from-start"]).expect(0);
    tenant
}

/// What the store of the tenant has.
fn lines(system: &System, tenant: &Tenant) -> Vec<Value> {
    let path = system.server().data_folder().join("stores").join(&tenant.name).join("lines.jsonl");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    // The last line may be under way.
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn names(events: &[Value], event_type: &str) -> Vec<String> {
    let of_type = events.iter().filter(|event| event["type"] == event_type);
    of_type.map(|event| event["data"]["user"]["userName"].as_str().expect("a name").to_owned()).collect()
}

/// Waits until the store has as many events of this type.
async fn brought(system: &System, tenant: &Tenant, event_type: &str, count: usize) -> Vec<Value> {
    until(&format!("{count} of {event_type}"), async || {
        let lines = lines(system, tenant);
        (lines.iter().filter(|event| event["type"] == event_type).count() == count).then_some(lines)
    })
    .await
}

fn breaker(system: &System, tenant: &Tenant, verb: &str) -> Value {
    system.tenantry(&["breaker", verb, &tenant.name, "--json"]).expect(0).json()
}

async fn create(client: &Client, numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut ids = Vec::new();
    for number in numbers {
        ids.push(
            client.post("/Users", &user_with(&format!("u{number}@acme.example"), &json!({}))).await.expect(201).id(),
        );
    }
    ids
}

/// In one request.
async fn create_in_bulk(client: &Client, count: usize) {
    let create = |number: usize| {
        json!({ "method": "POST", "path": "/Users", "bulkId": format!("{number}"),
            "data": user_with(&format!("b{number}@acme.example"), &json!({})) })
    };
    let body = json!({ "schemas": [urn::BULK], "Operations": (0..count).map(create).collect::<Vec<_>>() });
    let done = client.send(Request::new("POST", "/Bulk").json(&body)).await.expect(200);
    let done = done.body["Operations"].as_array().expect("a list").clone();
    assert!(done.len() == count && done.iter().all(|one| one["status"] == "201"), "the client notices nothing");
}

on_both! {
    async fn z09_a_flood_of_new_users_is_held_until_an_administrator_releases_it(system) {
        let tenant = tenant(&system, &[]);
        let settings = breaker(&system, &tenant, "show")["settings"].clone();
        assert_eq!((&settings["new_mode"], &settings["new_number"]), (&json!("hold"), &json!(200)), "the profile says so");
        // "Sync all users and groups" into an empty tenant.
        create_in_bulk(&tenant.client(), 230).await;
        let shown = breaker(&system, &tenant, "show");
        assert_eq!((&shown["state"], &shown["held_events"], &shown["held_new_users"]), (&json!("held"), &json!(30), &json!(30)));
        let lines = brought(&system, &tenant, "breaker.flooded", 1).await;
        assert_eq!(names(&lines, "user.created").len(), 200);
        let alarm = lines.last().expect("an event");
        assert_eq!(alarm["type"], "breaker.flooded");
        let told = ["mode", "held", "exceeded", "new", "before", "number"].map(|name| alarm["data"][name].clone());
        assert_eq!(told, [json!("hold"), json!(true), json!("number"), json!(201), json!(0), json!(200)]);
        assert_eq!(crate::event_form::wrong(&lines), Vec::<String>::new());
        let text = system.tenantry(&["breaker", "show", &tenant.name]).expect(0).stdout;
        assert!(text.contains("with the end of 0 users and 30 new ones"), "{text}");
        assert!(system.server().log().contains("its client makes many new users"), "the log");
        let released = breaker(&system, &tenant, "release")["released"].clone();
        assert_eq!(released, json!({ "events": 30, "users": 0, "new_users": 30, "discarded_events": 0 }));
        let lines = brought(&system, &tenant, "user.created", 230).await;
        let numbers: Vec<_> = lines.iter().map(|event| event["sequence"].as_i64().expect("a number")).collect();
        assert!(numbers.is_sorted(), "in order");
        // It counts anew.
        create(&tenant.client(), 0..5).await;
        let shown = breaker(&system, &tenant, "show");
        assert_eq!((&shown["state"], &shown["new_counted"]), (&json!("armed"), &json!(5)));
    }

    async fn z09_a_flood_that_was_an_accident_reaches_nobody(system) {
        let tenant = tenant(&system, &["new_number=3", "mode=off"]);
        let client = tenant.client();
        let ids = create(&client, 0..7).await;
        let team = client.post("/Groups", &crate::support::group("team", &[&ids[1], &ids[4]])).await.expect(201).id();
        // Put right: two are deleted, one is deactivated, one was meant.
        client.delete(&format!("/Users/{}", ids[4])).await.expect(204);
        client.delete(&format!("/Users/{}", ids[5])).await.expect(204);
        client.patch(&format!("/Users/{}", ids[6]), &patch_one("replace", "active", json!(false))).await.expect(200);
        let done = breaker(&system, &tenant, "discard")["discarded"].clone();
        assert_eq!((&done["users"], &done["new_users"]), (&json!(3), &json!(4)));
        let lines = brought(&system, &tenant, "breaker.discarded", 1).await;
        let expected: Vec<String> = [0, 1, 2, 3].map(|number| format!("u{number}@acme.example")).into();
        assert_eq!(names(&lines, "user.created"), expected);
        for gone in ["user.deleted", "user.deactivated"] {
            assert_eq!(names(&lines, gone), Vec::<String>::new());
        }
        // Who was never told leaves the group in which he was told to be.
        let left = lines.iter().filter(|event| event["subject"] == format!("Groups/{team}"));
        let types: Vec<&str> = left.map(|event| event["type"].as_str().expect("a text")).collect();
        assert_eq!(types, ["group.created", "group.member_removed"]);
        assert_eq!(tenant.client().get("/Users").await.expect(200).total(), 5, "the directory is what the client says");
    }

    async fn z09_an_expected_first_synchronization_passes(system) {
        let tenant = tenant(&system, &["new_number=3"]);
        let shown = system.tenantry(&["breaker", "expect", &tenant.name, "10", "--for", "1h", "--json"]).expect(0).json();
        assert_eq!(shown["expected"]["users"], 10);
        create(&tenant.client(), 0..6).await;
        let shown = breaker(&system, &tenant, "show");
        assert_eq!((&shown["state"], &shown["expected"]["users"], &shown["new_counted"]), (&json!("armed"), &json!(4), &json!(0)));
        // Four more are expected, three more may come, and one is too many.
        create_in_bulk(&tenant.client(), 8).await;
        let shown = breaker(&system, &tenant, "show");
        assert_eq!((&shown["state"], &shown["expected"], &shown["held_new_users"]), (&json!("held"), &Value::Null, &json!(1)));
        breaker(&system, &tenant, "release");
        system.tenantry(&["breaker", "expect", &tenant.name, "10"]).expect(0);
        let shown = system.tenantry(&["breaker", "expect", &tenant.name, "0", "--json"]).expect(0).json();
        assert_eq!(shown["expected"], Value::Null);
        create(&tenant.client(), 10..14).await;
        assert_eq!(breaker(&system, &tenant, "show")["state"], "held");
        for wrong in [["10000001", "1h"], ["5", "31d"]] {
            system.tenantry(&["breaker", "expect", &tenant.name, wrong[0], "--for", wrong[1]]).expect(2);
        }
        brought(&system, &tenant, "breaker.flooded", 2).await;
    }

    async fn z09_the_share_counts_in_a_directory_that_is_not_small(system) {
        let tenant = tenant(&system, &["new_number=50", "new_share=50", "minimum_users=4", "window_seconds=3600"]);
        let client = tenant.client();
        create(&client, 0..4).await;
        // A directory of four that are new themselves is none yet: those who were there before count.
        assert_eq!(breaker(&system, &tenant, "show")["state"], "armed");
        system.tenantry(&["breaker", "expect", &tenant.name, "1"]).expect(0);
        create(&client, 4..7).await;
        assert_eq!(breaker(&system, &tenant, "show")["state"], "armed", "two of five");
        // Inactive ones are new users, too.
        client.post("/Users", &user_with("off@acme.example", &json!({ "active": false }))).await.expect(201);
        assert_eq!(breaker(&system, &tenant, "show")["state"], "held", "three of five");
        assert_eq!(brought(&system, &tenant, "breaker.flooded", 1).await.last().expect("an event")["data"]["exceeded"], "share");
    }

    async fn z09_the_tenant_overrides_the_profile_and_who_has_none_is_not_counted(system) {
        let tenant = tenant(&system, &["new_number=2"]);
        let client = tenant.client();
        system.tenantry(&["breaker", "set", &tenant.name, "new_mode=off"]).expect(0);
        create(&client, 0..4).await;
        assert_eq!(breaker(&system, &tenant, "show")["state"], "armed");
        system.tenantry(&["breaker", "set", &tenant.name, "new_mode=warn"]).expect(0);
        create(&client, 4..6).await;
        assert_eq!(breaker(&system, &tenant, "show")["state"], "warned", "those within the window count");
        brought(&system, &tenant, "user.created", 6).await;
        // Once in a window, and the ends of users count all the same.
        create(&client, 6..9).await;
        system.tenantry(&["breaker", "set", &tenant.name, "new_mode="]).expect(0);
        assert_eq!(breaker(&system, &tenant, "show")["settings"]["new_mode"], "hold", "that of the profile again");
        create(&client, 9..10).await;
        assert_eq!(breaker(&system, &tenant, "show")["state"], "held");
        let flooded = system.all_events(&tenant, 0).iter().filter(|event| event["type"] == "breaker.flooded").count();
        assert_eq!(flooded, 2);
        // No application of its own, no guard; until the tenant asks for it.
        let plain = system.tenant("plain");
        create(&plain.client(), 0..4).await;
        assert_eq!(breaker(&system, &plain, "show")["settings"]["new_mode"], "off");
        system.tenantry(&["breaker", "set", &plain.name, "new_mode=hold", "new_number=4"]).expect(0);
        create(&plain.client(), 4..5).await;
        assert_eq!(breaker(&system, &plain, "show")["state"], "held");
    }

    async fn z09_a_profile_of_one_s_own_sets_the_guard(system) {
        let name = unique("guarded");
        let file = system.server().data_folder().join(format!("{name}.toml"));
        std::fs::write(&file, format!("name = \"{name}\"\ntitle = \"Guarded\"\n\n[breaker]\nnew_mode = \"hold\"\nnew_number = 1\nmode = \"hold\"\n")).expect("it is there");
        system.tenantry(&["profile", "import", &file.display().to_string()]).expect(0);
        let tenant = tenant_of(&system, &name, &[], &json!({}));
        assert_eq!(breaker(&system, &tenant, "show")["settings"]["mode"], "hold");
        create(&tenant.client(), 0..3).await;
        assert_eq!(breaker(&system, &tenant, "show")["held_new_users"], 2);
    }

    async fn z09_whoever_asks_at_once_is_counted_once(system) {
        let tenant = tenant(&system, &["new_number=10", "new_share=1000"]);
        let client = tenant.client();
        let statuses = crowd(24, |number| {
            let (client, user) = (client.clone(), user_with(&format!("c{number}@acme.example"), &json!({})));
            async move { client.post("/Users", &user).await.status }
        }).await;
        assert_eq!(statuses, [201; 24]);
        let shown = breaker(&system, &tenant, "show");
        assert_eq!((&shown["held_new_users"], &shown["trips"]), (&json!(14), &json!(1)));
        brought(&system, &tenant, "user.created", 10).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn z09_new_users_are_counted_across_replicas_and_restarts() {
    let replicas = Replicas::start(2, 2000).await;
    let tenant = tenant_of(replicas.of(0), "wizer", &["sso"], &json!({}));
    let show = |number: usize| breaker(replicas.of(number), &tenant, "show");
    replicas.of(0).tenantry(&["breaker", "set", &tenant.name, "new_number=6"]).expect(0);
    replicas.of(1).tenantry(&["breaker", "expect", &tenant.name, "2"]).expect(0);
    for number in 0..8 {
        create(&replicas.client(number, &tenant), number..number + 1).await;
        if number == 3 {
            replicas.of(1).server().kill();
            replicas.of(1).server().start_again().await;
        }
    }
    assert_eq!((&show(1)["state"], &show(0)["new_counted"]), (&json!("armed"), &json!(6)));
    create(&replicas.client(1, &tenant), 8..9).await;
    create(&replicas.client(0, &tenant), 9..10).await;
    for number in 0..2 {
        let shown = show(number);
        assert_eq!(
            (&shown["state"], &shown["held_new_users"], &shown["trips"]),
            (&json!("held"), &json!(2), &json!(1))
        );
    }
    // Switched off at one, it counts at none.
    replicas.of(0).tenantry(&["breaker", "release", &tenant.name]).expect(0);
    replicas.of(0).tenantry(&["breaker", "set", &tenant.name, "new_mode=off"]).expect(0);
    for number in 10..20 {
        create(&replicas.client(number, &tenant), number..number + 1).await;
    }
    assert_eq!(show(1)["state"], "armed");
}
