//! Every change of a tenant, and what else assumed that there is one process.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{KEY, Replicas, System, crowd, patch, replica_settings, until, user};

/// Creating, setting, switching off and on, revoking, deleting: in force everywhere when the command has returned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_in_force_on_all_replicas_when_it_has_returned() {
    let replicas = Replicas::start(3, 2000).await;
    let tenant = replicas.of(0).tenant("changes");
    let ada = replicas.client(1, &tenant).post("/Users", &user("ada")).await.expect(201).id();
    let in_capitals = patch(&[json!({ "op": "Replace", "path": "displayName", "value": "Ada" })]);
    for (number, strict) in [(0, true), (1, false), (2, true), (0, false)] {
        replicas.of(number).set(&tenant, &json!({ "strict": strict }));
        for other in 0..3 {
            let answer = replicas.client(other, &tenant).patch(&format!("/Users/{ada}"), &in_capitals).await;
            assert_eq!(answer.status, if strict { 400 } else { 200 }, "replica {other}: {}", answer.text);
        }
    }
    for (number, verb, status) in [(1, "disable", 403), (2, "enable", 200), (0, "disable", 403), (1, "enable", 200)] {
        replicas.of(number).tenantry(&["tenant", verb, &tenant.name]).expect(0);
        for other in 0..3 {
            replicas.client(other, &tenant).get("/Users?count=0").await.expect(status);
        }
    }
    replicas.of(2).tenantry(&["token", "revoke", &tenant.name]).expect(0);
    for other in 0..3 {
        replicas.client(other, &tenant).get("/Users?count=0").await.expect(401);
    }
    let tenant = replicas.of(1).issue(&tenant);
    replicas.of(0).tenantry(&["tenant", "delete", &tenant.name, "--yes"]).expect(0);
    for other in 0..3 {
        replicas.client(other, &tenant).get("/Users?count=0").await.expect(401);
        replicas.of(other).tenantry(&["tenant", "show", &tenant.name]).expect(3);
    }
}

/// One name, one host and one valid token, whichever replicas are asked for them at once; and of two settings that are
/// changed at once, both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_at_once_through_several_replicas_are_all_or_one() {
    let replicas = Replicas::start(3, 2000).await;
    let run = |arguments: fn(usize) -> Vec<String>| {
        crowd(6, {
            let replicas = replicas.clone();
            move |number| {
                let system = replicas.of(number).clone();
                async move {
                    let run = move || {
                        let arguments = arguments(number);
                        system.tenantry(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).code
                    };
                    tokio::task::spawn_blocking(run).await.expect("a command")
                }
            }
        })
    };
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut codes = run(|_| vec!["tenant".into(), "create".into(), "taken".into()]).await;
    codes.sort_unstable();
    assert_eq!(codes, [0, 4, 4, 4, 4, 4].map(Some), "one name");
    let mut codes = run(|number| {
        format!("tenant create host-{number} --host scim.acme.example").split(' ').map(str::to_owned).collect()
    })
    .await;
    codes.sort_unstable();
    assert_eq!(codes, [0, 4, 4, 4, 4, 4].map(Some), "one host");
    let codes = run(|number| {
        let setting = ["rate_per_second=7", "rate_burst=8", "strict=true"][number % 3];
        format!("tenant set taken {setting}").split(' ').map(str::to_owned).collect()
    })
    .await;
    assert_eq!(codes, [Some(0); 6]);
    let codes = run(|_| vec!["token".into(), "issue".into(), "taken".into()]).await;
    assert_eq!(codes, [Some(0); 6]);
    for number in 0..3 {
        let arguments = words("tenant show taken --json");
        let shown =
            replicas.of(number).tenantry(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).expect(0).json();
        let settings = &shown["settings"];
        assert_eq!(
            (&settings["rate_per_second"], &settings["rate_burst"], &settings["strict"]),
            (&json!(7), &json!(8), &json!(true)),
            "{shown}"
        );
        let tokens = replicas.of(number).tenantry(&["token", "list", "taken", "--json"]).expect(0).json();
        let tokens = tokens["tokens"].as_array().expect("tokens").clone();
        assert_eq!((tokens.len(), tokens.iter().filter(|token| token["ended"].is_null()).count()), (6, 1));
    }
}

/// A command finds no server in its data folder: it takes part for a moment, and its change is in force everywhere too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_from_elsewhere_is_in_force_on_all_replicas() {
    let replicas = Replicas::start(2, 2000).await;
    let tenant = replicas.of(0).tenant("elsewhere");
    let folder = tempfile::tempdir().expect("a folder");
    let mut old = tenant.token.clone();
    for _ in 0..3 {
        let issued = replicas
            .of(0)
            .server()
            .program(&["token", "issue", &tenant.name, "--json"])
            .setting("TENANTRY_DATA_DIR", folder.path())
            .run()
            .expect(0)
            .json();
        let new = issued["token"].as_str().expect("a token").to_owned();
        for number in 0..2 {
            replicas.client(number, &tenant).with_token(&old).get("/Users?count=0").await.expect(401);
            replicas.client(number, &tenant).with_token(&new).get("/Users?count=0").await.expect(200);
        }
        old = new;
    }
}

/// Events that another replica appended are told to who follows the log, and a cursor is good everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_and_cursors_are_those_of_all_replicas() {
    let replicas = Replicas::start(2, 2000).await;
    let tenant = replicas.of(0).tenant("shared");
    let mut follow =
        replicas.of(1).server().program(&["events", "tail", &tenant.name, "--follow", "--json"]).into_command();
    let mut following = follow.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("to follow");
    let lines = std::io::BufRead::lines(std::io::BufReader::new(following.stdout.take().expect("its output")));
    for name in ["ada", "bob", "cy"] {
        replicas.client(0, &tenant).post("/Users", &user(name)).await.expect(201);
    }
    let told = tokio::task::spawn_blocking(move || lines.take(3).map(|line| line.expect("a line")).collect::<Vec<_>>());
    let told = told.await.expect("three events");
    following.kill().expect("to end it");
    following.wait().expect("it to end");
    let sequences: Vec<Value> =
        told.iter().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["sequence"].clone()).collect();
    assert_eq!(sequences, [json!(1), json!(2), json!(3)]);
    let first = replicas.client(0, &tenant).get("/Users?cursor&count=2").await.expect(200);
    let cursor = first.body["nextCursor"].as_str().expect("a cursor").to_owned();
    let second = replicas.client(1, &tenant).get(&format!("/Users?cursor={cursor}&count=2")).await.expect(200);
    assert_eq!((first.resources().len(), second.resources().len()), (2, 1));
}

/// Writers of one directory take turns, whichever replica they write through: no change is lost, no number given twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_is_written_through_all_replicas_is_numbered_without_gaps() {
    let replicas = Replicas::start(3, 2000).await;
    let tenant = replicas.of(0).tenant("writers");
    let statuses = crowd(12, |number| {
        let client = replicas.client(number, &tenant);
        async move {
            let mut made = 0;
            for round in 0..10 {
                client.post("/Users", &user(&format!("u{number}-{round}"))).await.expect(201);
                made += u32::from(client.post("/Users", &user(&format!("same-{round}"))).await.status == 201);
            }
            made
        }
    })
    .await;
    assert_eq!(statuses.iter().sum::<u32>(), 10, "a name is given once");
    let sequences: Vec<u64> = replicas
        .of(1)
        .all_events(&tenant, 0)
        .iter()
        .map(|event| event["sequence"].as_u64().expect("a number"))
        .collect();
    // The first one tells of the token.
    assert_eq!(sequences, (1..=131).collect::<Vec<u64>>());
    let _ = until("the total", async || {
        let total = replicas.client(2, &tenant).get("/Users?count=0").await.expect(200).total();
        (total == 130).then_some(())
    })
    .await;
}

/// What one server signs must be accepted by all: one that is set to sign with a new key verifies with it, and signs with the
/// one that the others know.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_the_others_do_not_know_signs_nothing() {
    let mut replicas = Replicas::start(2, 2000).await;
    let (redis, keys) = (replicas.redis().url(), format!("CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=,{KEY}"));
    let mut settings = replica_settings(&redis, "2000").to_vec();
    settings.push(("TENANTRY_TOKENS__SIGNING_KEY", &keys));
    replicas.join(System::start_on(replicas.url(), &settings).await);
    let told = replicas.of(2).tenantry(&["key", "list"]).expect(0).stdout;
    assert!(told.contains("signs next") && told.contains("2 do not yet"), "{told}");
    let tenant = replicas.of(2).tenant("keys");
    for number in 0..3 {
        replicas.client(number, &tenant).get("/Users").await.expect(200);
    }
}
