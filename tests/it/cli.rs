//! The command line: every command, for people and for scripts, with and without a running server.

use serde_json::{Value, json};

use crate::support::{Finished, Program, System, group, user};

on_both! {
    /// Create, list, show, set, disable, enable, delete.
    async fn tenants_through_their_whole_life(system) {
        let name = unique("cli");
        let created = json(&system, &["tenant", "create", &name, "--with-token", "--days", "30", "--set", "strict=true"]);
        for key in ["base_url", "token", "token_id", "expires", "name"] {
            assert!(created[key].is_string(), "{key} is missing in {created}");
        }
        assert_eq!(created["settings"]["strict"], true);
        assert!(created["base_url"].as_str().is_some_and(|url| url.ends_with(&format!("/t/{name}/scim/v2"))));
        let listed = json(&system, &["tenant", "list"]);
        assert!(listed["tenants"].as_array().expect("tenants").iter().any(|tenant| tenant["name"] == name.as_str()));
        let shown = json(&system, &["tenant", "show", &name]);
        assert_eq!((&shown["enabled"], &shown["settings"]["rate_per_second"]), (&json!(true), &json!(100)));
        assert!(!shown.to_string().contains(created["token"].as_str().expect("a token")), "tokens are shown once");
        let changed = json(&system, &["tenant", "set", &name, "rate_per_second=7", "strict="]);
        assert_eq!((&changed["settings"]["rate_per_second"], &changed["settings"]["strict"]), (&json!(7), &json!(false)));
        assert_eq!(json(&system, &["tenant", "disable", &name])["enabled"], false);
        assert_eq!(json(&system, &["tenant", "enable", &name])["enabled"], true);
        assert_eq!(json(&system, &["tenant", "delete", &name, "--yes"]), json!({ "name": name, "deleted": true }));
        system.tenantry(&["tenant", "show", &name]).expect(3);
    }

    /// For people: tables with headings, sentences, nothing that looks like JSON.
    async fn people_get_tables(system) {
        let tenant = system.tenant("people");
        let ada = tenant.client().post("/Users", &user("ada")).await.expect(201).id();
        tenant.client().post("/Groups", &group("Engineers", &[&ada])).await.expect(201);
        for (arguments, expected) in [
            (vec!["tenant", "list"], vec!["NAME", tenant.name.as_str()]),
            (vec!["tenant", "show", &tenant.name], vec![tenant.base_url.as_str(), "enabled", "rate_per_second"]),
            (vec!["token", "list", &tenant.name], vec!["STATE", "EXPIRES"]),
            (vec!["user", "list", &tenant.name], vec!["USERNAME", "ada", ada.as_str()]),
            (vec!["group", "list", &tenant.name], vec!["DISPLAY NAME", "Engineers"]),
            (vec!["user", "show", &tenant.name, "ada"], vec!["userName", "ada", "Engineers"]),
            (vec!["group", "show", &tenant.name, "Engineers"], vec!["displayName", ada.as_str()]),
            (vec!["token", "issue", &tenant.name], vec!["Token", "once"]),
            (vec!["token", "revoke", &tenant.name], vec!["revoked"]),
        ] {
            let shown = system.tenantry(&arguments).expect(0).stdout;
            for text in expected {
                assert!(shown.contains(text), "{text} is missing in\n{shown}");
            }
            assert!(!shown.contains('\u{1b}'), "no colours where nobody sees them");
        }
    }

    /// Users and groups, found by id, name and filter, page by page.
    async fn users_and_groups_are_listed_and_shown(system) {
        let tenant = system.tenant("listed");
        let client = tenant.client();
        let mut ids = Vec::new();
        for number in 0..5 {
            ids.push(client.post("/Users", &user(&format!("u{number}"))).await.expect(201).id());
        }
        let team = client.post("/Groups", &group("team", &[&ids[0], &ids[1]])).await.expect(201).id();
        let name = tenant.name.as_str();
        let all = json(&system, &["user", "list", name]);
        assert_eq!((all["total"].as_u64(), all["users"].as_array().map(Vec::len)), (Some(5), Some(5)));
        let page = json(&system, &["user", "list", name, "--start", "4", "--count", "10"]);
        assert_eq!((page["total"].as_u64(), page["users"].as_array().map(Vec::len)), (Some(5), Some(2)));
        let filtered = json(&system, &["user", "list", name, "--filter", "userName eq \"U3\""]);
        assert_eq!(filtered["users"][0]["id"], json!(ids[3]));
        for reference in [ids[2].as_str(), "u2", "U2"] {
            assert_eq!(json(&system, &["user", "show", name, reference])["id"], json!(ids[2]));
        }
        let shown = json(&system, &["group", "show", name, "team"]);
        assert_eq!((&shown["id"], shown["members"].as_array().map(Vec::len)), (&json!(team), Some(2)));
        assert_eq!(json(&system, &["user", "show", name, "u0"])["groups"][0]["value"], json!(team));
    }

    /// Exit codes: 2 wrong usage, 3 not found, 4 conflict; each with a sentence on standard error.
    async fn failures_have_their_codes_and_a_sentence(system) {
        let tenant = system.tenant("codes");
        let name = tenant.name.as_str();
        let long = "x".repeat(64);
        for (code, arguments) in [
            (2, vec!["tenant", "create", "Not_A_Name"]),
            (2, vec!["tenant", "create", long.as_str()]),
            (2, vec!["tenant", "create", "-"]),
            (2, vec!["tenant", "set", name, "no_such_setting=1"]),
            (2, vec!["tenant", "set", name, "rate_per_second=fast"]),
            (2, vec!["tenant", "set", name, "rate_per_second=0"]),
            (2, vec!["tenant", "set", name, "extensions=[{\"id\":\"no-urn\"}]"]),
            (2, vec!["tenant", "set", name]),
            (2, vec!["tenant", "delete", name]),
            (2, vec!["user", "list", name, "--filter", "userName regex \"x\""]),
            (2, vec!["no-such-command"]),
            (2, vec!["tenant"]),
            (3, vec!["tenant", "show", "no-such-tenant"]),
            (3, vec!["tenant", "delete", "no-such-tenant", "--yes"]),
            (3, vec!["tenant", "enable", "no-such-tenant"]),
            (3, vec!["token", "issue", "no-such-tenant"]),
            (3, vec!["token", "list", "no-such-tenant"]),
            (3, vec!["user", "list", "no-such-tenant"]),
            (3, vec!["user", "show", name, "nobody"]),
            (3, vec!["group", "show", name, "nothing"]),
            (3, vec!["events", "tail", "no-such-tenant"]),
            (4, vec!["tenant", "create", name]),
        ] {
            let failed = system.tenantry(&arguments).expect(code);
            assert!(failed.stdout.is_empty(), "{arguments:?} prints {}", failed.stdout);
            assert!(failed.stderr.trim().len() > 10 && !failed.stderr.contains("panicked"), "{arguments:?}: {}", failed.stderr);
        }
        let failed = system.tenantry(&["tenant", "show", "no-such-tenant", "--json"]).expect(3);
        let error: Value = serde_json::from_str(&failed.stderr).expect("JSON for scripts, also of failures");
        assert_eq!(error["error"]["code"], "not-found");
        assert!(failed.stdout.is_empty());
        tenant.client().get("/Users").await.expect(200);
    }

    /// Without a server the same commands do the same, on the data itself.
    async fn commands_work_while_no_server_runs(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("offline");
        tenant.client().post("/Users", &user("ada")).await.expect(201);
        assert!(system.server().stop().await.success());
        assert_eq!(json(&system, &["user", "list", &tenant.name])["total"], 1);
        assert_eq!(system.events(&tenant, 0).len(), 1);
        let renewed = system.issue(&tenant);
        let other = system.tenant("made-offline");
        system.tenantry(&["events", "tail", &tenant.name, "--follow"]).expect(5);
        system.tenantry(&["tenant", "show", "no-such-tenant"]).expect(3);
        system.server().start_again().await;
        tenant.client().get("/Users").await.expect(401);
        renewed.client().get("/Users").await.expect(200);
        other.client().get("/Users").await.expect(200);
    }

    /// Every command takes effect on the running server before it returns.
    async fn commands_take_effect_at_once(system) {
        let tenant = system.tenant("at-once");
        let client = tenant.client();
        client.post("/Users", &serde_json::json!({ "userName": "a", "active": "True" })).await.expect(201);
        system.tenantry(&["tenant", "set", &tenant.name, "strict=true"]).expect(0);
        client.post("/Users", &serde_json::json!({ "userName": "b", "active": "True" })).await.expect(400);
        system.tenantry(&["tenant", "set", &tenant.name, "strict=false"]).expect(0);
        client.post("/Users", &serde_json::json!({ "userName": "b", "active": "True" })).await.expect(201);
        let extension = json!([{ "id": "urn:example:badge", "name": "Badge", "description": "", "attributes": [{ "name": "door", "type": "string" }] }]);
        system.set(&tenant, &json!({ "extensions": extension }));
        let body = json!({ "userName": "c", "urn:example:badge": { "door": "B7" } });
        assert_eq!(client.post("/Users", &body).await.expect(201).body["urn:example:badge"]["door"], "B7");
        client.get("/Schemas/urn:example:badge").await.expect(200);
    }

    /// `extensions=@file`, as the help says.
    async fn extensions_come_from_a_file(system) {
        let tenant = system.tenant("from-a-file");
        let file = tempfile::NamedTempFile::new().expect("a file");
        let schema = json!([{ "id": "urn:example:desk:2.0:User", "name": "Desk", "description": "Where", "attributes": [
            { "name": "floor", "type": "integer", "multiValued": false, "description": "Floor" }] }]);
        std::fs::write(file.path(), schema.to_string()).expect("to write");
        let assignment = format!("extensions=@{}", file.path().display());
        system.tenantry(&["tenant", "set", &tenant.name, &assignment]).expect(0);
        let body = json!({ "userName": "a", "urn:example:desk:2.0:User": { "floor": 3 } });
        assert_eq!(tenant.client().post("/Users", &body).await.expect(201).body["urn:example:desk:2.0:User"]["floor"], 3);
        system.tenantry(&["tenant", "set", &tenant.name, "extensions=@/no/such/file"]).expect(2);
    }
}

/// Every command and its help have an example; completions exist for the usual shells.
#[test]
fn help_shows_examples_and_shells_get_completions() {
    let help = run(&["--help"]).expect(0).stdout;
    for command in ["serve", "migrate", "tenant", "token", "user", "group", "events", "completions", "config"] {
        assert!(help.contains(command), "{command} is missing in\n{help}");
        let own = run(&[command, "--help"]).expect(0).stdout;
        assert!(own.contains("Example"), "{command} --help has no example:\n{own}");
    }
    for command in [
        ["tenant", "create"],
        ["tenant", "set"],
        ["tenant", "delete"],
        ["token", "issue"],
        ["token", "revoke"],
        ["user", "list"],
        ["group", "show"],
        ["events", "tail"],
    ] {
        let own = run(&[command[0], command[1], "--help"]).expect(0).stdout;
        assert!(own.contains("Example"), "{command:?} --help has no example:\n{own}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell]).expect(0).stdout.contains("tenantry"));
    }
    assert!(run(&["--version"]).expect(0).stdout.contains(env!("CARGO_PKG_VERSION")));
}

/// A command where there is nothing says so, and makes nothing.
#[test]
fn a_command_in_an_empty_folder_makes_no_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let failed = Program::new(&["tenant", "list"]).within(folder.path()).run().expect(5);
    assert!(failed.stderr.contains("serve"), "{}", failed.stderr);
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

/// Settings come from a file and from variables, are shown with their source, and a wrong one names itself.
#[test]
fn settings_are_shown_with_their_source_and_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("tenantry.toml"), "[limits]\npage_size = 42\n").expect("a file");
    let within = |arguments: &[&str]| Program::new(arguments).within(folder.path());
    let shown = within(&["config", "show", "--json"]).setting("TENANTRY_LOG__FORMAT", "json").run().expect(0).json();
    let find = |name: &str| {
        shown["settings"].as_array().expect("settings").iter().find(|setting| setting["name"] == name).cloned()
    };
    let page_size = find("limits.page_size").expect("the setting");
    assert_eq!(
        (&page_size["value"], page_size["from"].as_str().map(|from| from.contains("tenantry.toml"))),
        (&json!(42), Some(true))
    );
    assert!(
        find("log.format").expect("the setting")["from"]
            .as_str()
            .is_some_and(|from| from.contains("TENANTRY_LOG__FORMAT"))
    );
    within(&["config", "check"]).run().expect(0);
    within(&["config", "check"]).setting("TENANTRY_LIMITS__PAGE_SIZE", "many").run().expect(1);
    std::fs::write(folder.path().join("tenantry.toml"), "[limits]\npage_sise = 42\n").expect("a file");
    let wrong = within(&["config", "check"]).run().expect(1);
    assert!(wrong.stderr.contains("page_sise") && wrong.stderr.contains("tenantry.toml"), "{}", wrong.stderr);
    let secret = within(&["config", "show"])
        .setting("TENANTRY_DATABASE__URL", "postgres://me:hunter2@db/x")
        .within(std::path::Path::new("/"))
        .run()
        .expect(0);
    assert!(!secret.stdout.contains("hunter2"), "{}", secret.stdout);
}

/// What `config default` prints is a file that can be used as it is.
#[test]
fn the_printed_defaults_are_a_settings_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = run(&["config", "default"]).expect(0).stdout;
    std::fs::write(folder.path().join("mine.toml"), text).expect("a file");
    Program::new(&["config", "check", "--config", "mine.toml"]).within(folder.path()).run().expect(0);
}

fn run(arguments: &[&str]) -> Finished {
    Program::new(arguments).run()
}

fn json(system: &System, arguments: &[&str]) -> Value {
    let with_json: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    system.tenantry(&with_json).expect(0).json()
}

fn unique(name: &str) -> String {
    format!("{name}-{}", uuid::Uuid::now_v7().simple())
}
