//! Files of JSON lines.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{State, a_days_work, add_store, caught_up, kill_under_load, replayed, rounds, show_store};
use crate::support::{System, Tenant, until, user};

fn folder(system: &System, tenant: &Tenant) -> PathBuf {
    system.server().data_folder().join("stores").join(&tenant.name)
}

/// The events in all files of a store, in their order.
fn written(system: &System, tenant: &Tenant) -> Vec<Value> {
    let entries =
        fs::read_dir(folder(system, tenant)).expect("the folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = entries.filter(|path| !is_hidden(path)).collect();
    // What was put aside has a longer name and comes first.
    files.sort_by_key(|path| (path.extension().is_some_and(|extension| extension == "jsonl"), path.clone()));
    let texts = files.iter().map(|path| fs::read_to_string(path).expect("a file"));
    let lines: Vec<String> = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    lines.iter().map(|line| serde_json::from_str(line).expect("JSON in each line")).collect()
}

/// Why the store takes nothing.
async fn failure(system: &System, tenant: &Tenant, name: &str) -> String {
    let failing =
        until("the failure", async || Some(show_store(system, tenant, name)).filter(|store| store["attempts"] != 0))
            .await;
    failing["error"].as_str().expect("a sentence").to_owned()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// Every number once, from the first to the last that is told to stores.
fn check_numbers(system: &System, tenant: &Tenant, events: &[Value]) {
    let told = system.events(tenant, 0);
    let numbers = |events: &[Value]| events.iter().map(|event| event["sequence"].clone()).collect::<Vec<_>>();
    assert_eq!(numbers(events), numbers(&told));
    assert_eq!(events, told, "the same events in the same form");
}

on_both! {
    /// One line an event, in order, in the form of the event log.
    async fn a_file_has_a_line_for_each_event(system) {
        let tenant = system.tenant("filed");
        add_store(&system, &tenant, "log", "file", &["--from-start"]);
        a_days_work(&tenant).await;
        caught_up(&system, &tenant, "log").await;
        let events = written(&system, &tenant);
        check_numbers(&system, &tenant, &events);
        assert_eq!(replayed(&events), State::of_directory(&tenant).await);
    }

    /// A new store gets the directory as it is, and then what comes, in the documented form.
    async fn a_snapshot_and_what_follows_are_the_directory(system) {
        let tenant = system.tenant("filed");
        a_days_work(&tenant).await;
        add_store(&system, &tenant, "log", "file", &[]);
        caught_up(&system, &tenant, "log").await;
        let id = tenant.client().post("/Users", &user("later")).await.expect(201).id();
        caught_up(&system, &tenant, "log").await;
        let events = written(&system, &tenant);
        let types: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
        assert_eq!((types[0], types[types.len() - 2], types[types.len() - 1]), ("snapshot.started", "snapshot.completed", "user.created"));
        assert_eq!(events[types.len() - 1]["subject"], json!(format!("Users/{id}")));
        assert_eq!(replayed(&events), State::of_directory(&tenant).await);
        assert_eq!(crate::event_form::wrong(&events), Vec::<String>::new());
    }

    /// Whenever the server is killed, every event is in the file once.
    async fn a_killed_server_leaves_each_event_once_in_its_files(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("filed");
        add_store(&system, &tenant, "log", "file", &["--from-start", "rotate_megabytes=1", "keep=1000"]);
        for round in 0..rounds() {
            kill_under_load(&system, &tenant, round).await;
        }
        caught_up(&system, &tenant, "log").await;
        let events = written(&system, &tenant);
        check_numbers(&system, &tenant, &events);
        assert_eq!(replayed(&events), State::of_directory(&tenant).await);
    }

    /// A full file is put aside; the oldest go.
    async fn full_files_are_put_aside_and_the_oldest_removed(system) {
        let tenant = system.tenant("filed");
        let settings = ["--from-start", "name=big.jsonl", "rotate_megabytes=1", "keep=2", "batch=1"];
        add_store(&system, &tenant, "log", "file", &settings);
        let mut body = user("large");
        body["title"] = json!("x".repeat(60_000));
        let id = tenant.client().post("/Users", &body).await.expect(201).id();
        for number in 0..60 {
            body["nickName"] = json!(format!("{number}"));
            tenant.client().put(&format!("/Users/{id}"), &body).await.expect(200);
        }
        caught_up(&system, &tenant, "log").await;
        let events = written(&system, &tenant);
        let newest = system.events(&tenant, 0).pop().expect("an event");
        assert_eq!(events.last().expect("an event"), &newest);
        for (one, next) in events.iter().zip(events.iter().skip(1)) {
            assert_eq!(one["sequence"].as_i64().map(|number| number + 1), next["sequence"].as_i64(), "no gap in what is kept");
        }
        assert_eq!(fs::read_dir(folder(&system, &tenant)).expect("the folder").count(), 4, "three files, and whose they are");
    }

    /// What a power cut left of a line is cut off, and the event written whole.
    async fn half_a_line_is_made_whole(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("filed");
        add_store(&system, &tenant, "log", "file", &["--from-start"]);
        a_days_work(&tenant).await;
        caught_up(&system, &tenant, "log").await;
        system.server().kill();
        let path = folder(&system, &tenant).join("log.jsonl");
        let mut file = OpenOptions::new().append(true).open(path).expect("the file");
        file.write_all(b"{\"specversion\":\"1.0\",\"id\":\"01").expect("half a line");
        system.server().start_again().await;
        tenant.client().post("/Users", &user("later")).await.expect(201);
        caught_up(&system, &tenant, "log").await;
        check_numbers(&system, &tenant, &written(&system, &tenant));
    }

    /// A file that is somebody else's is not written to, and that is told; when it is gone, everything comes.
    async fn a_foreign_file_is_left_alone(system) {
        let tenant = system.tenant("filed");
        fs::create_dir_all(folder(&system, &tenant)).expect("the folder");
        let path = folder(&system, &tenant).join("log.jsonl");
        for notes in ["my notes\n", "my notes", "one line\nand half of another"] {
            fs::write(&path, notes).expect("a file");
            add_store(&system, &tenant, "log", "file", &["--from-start", "retry_seconds=[1]"]);
            let error = failure(&system, &tenant, "log").await;
            assert!(error.contains("something else than events") && error.contains("another name"), "{error}");
            assert_eq!(fs::read_to_string(&path).expect("the file"), notes);
            system.tenantry(&["store", "delete", &tenant.name, "log"]).expect(0);
            fs::remove_file(folder(&system, &tenant).join(".log.jsonl.owner")).expect("to forget whose it is");
        }
        add_store(&system, &tenant, "log", "file", &["--from-start", "retry_seconds=[1]"]);
        failure(&system, &tenant, "log").await;
        fs::remove_file(&path).expect("to remove it");
        a_days_work(&tenant).await;
        caught_up(&system, &tenant, "log").await;
        check_numbers(&system, &tenant, &written(&system, &tenant));
    }

    /// Two stores in one file would each pass over what the other wrote.
    async fn a_file_is_one_stores(system) {
        let tenant = system.tenant("filed");
        add_store(&system, &tenant, "one", "file", &["--from-start", "name=shared.jsonl"]);
        caught_up(&system, &tenant, "one").await;
        add_store(&system, &tenant, "two", "file", &["--from-start", "name=shared.jsonl"]);
        a_days_work(&tenant).await;
        let error = failure(&system, &tenant, "two").await;
        assert!(error.contains("the file of another store"), "{error}");
        caught_up(&system, &tenant, "one").await;
        check_numbers(&system, &tenant, &written(&system, &tenant));
    }

    /// A name leads nowhere else.
    async fn a_name_with_a_path_is_refused(system) {
        let tenant = system.tenant("filed");
        for name in ["../../escape", "/etc/passwd", "", ".hidden", "a/b"] {
            let setting = format!("name=\"{name}\"");
            let refused = system.tenantry(&["store", "add", &tenant.name, "log", "--kind", "file", &setting]).expect(2);
            assert!(refused.stderr.contains("name is the name of a file"), "{}", refused.stderr);
        }
    }
}
