//! To whom the application attributes what a client changes: named at the setup, and looked after.

use serde_json::{Value, json};

use super::{tenant_of, user_with};
use crate::support::{Replicas, System, Tenant, crowd, group, patch_one, unique, until};

const UMA: &str = "administrator={\"name\":\"Uma\",\"role\":\"user manager\"}";

fn with_role(name: &str, role: &str) -> Value {
    user_with(name, &json!({ "roles": [{ "value": role, "primary": true }] }))
}

fn show(system: &System, tenant: &Tenant) -> Value {
    system.tenantry(&["tenant", "show", &tenant.name, "--json"]).expect(0).json()
}

/// Why the administrator is unfit, as often as it was told.
fn told(system: &System, tenant: &Tenant) -> Vec<Value> {
    let events = system.all_events(tenant, 0);
    let unfit: Vec<Value> = events.into_iter().filter(|event| event["type"] == "administrator.unfit").collect();
    assert_eq!(crate::event_form::wrong(&unfit), Vec::<String>::new());
    unfit.iter().map(|event| event["data"]["reason"].clone()).collect()
}

/// To whom the last change of a user or group is attributed.
fn attributed(system: &System, tenant: &Tenant) -> Value {
    let events = system.events(tenant, 0).into_iter();
    let mut changes = events.filter(|event| !event["data"]["user"].is_null() || !event["data"]["group"].is_null());
    let mut last = changes.next_back().expect("an event");
    assert_eq!(crate::event_form::wrong(std::slice::from_ref(&last)), Vec::<String>::new());
    last["data"]["administrator"].take()
}

on_both! {
    async fn p02_the_setup_names_an_administrator_or_a_user_manager(system) {
        let name = unique("setup");
        let create = |with: &str| system.tenantry(&["tenant", "create", &name, "--with-token", "--set", "profile=account-scim", "--set", with, "--json"]);
        for (wrong, words) in [
            ("administrator={\"name\":\"Uma\",\"role\":\"Viewer\"}", "needs the primary role \"Administrator\", \"User Manager\"; \"Uma\" has the role \"Viewer\""),
            ("administrator={\"name\":\"Uma\"}", "\"Uma\" has no role"),
            ("administrator={\"role\":\"Administrator\"}", "needs a name of 1 to 256 letters"),
            ("administrator={\"name\":\" \",\"role\":\"Administrator\"}", "needs a name of 1 to 256 letters"),
            ("administrator={\"user\":\"uma\"}", "a new tenant has no users"),
            ("administrator={\"name\":\"Uma\",\"roles\":[]}", "unknown field `roles`"),
            ("administrator=Uma", "setting administrator"),
        ] {
            let refused = create(wrong).expect(2).stderr.replace("\\\"", "\"");
            assert!(refused.contains(words), "{wrong}: {refused}");
        }
        // Without one, clients are told; the token is kept.
        let created = create("strict=false").expect(0).json();
        let text = |key: &str| created[key].as_str().expect("a text").to_owned();
        let tenant = Tenant { name: name.clone(), base_url: text("base_url"), token: text("token") };
        let refused = tenant.client().get("/Users").await.expect(403);
        assert!(refused.body["detail"].as_str().expect("a text").contains("the SCIM administrator user is not named"), "{}", refused.text);
        assert!(show(&system, &tenant)["administrator_problem"].as_str().expect("a text").contains("clients are refused until then"));
        system.tenantry(&["tenant", "set", &name, UMA]).expect(0);
        tenant.client().get("/Users").await.expect(200);
        assert_eq!(show(&system, &tenant)["administrator_problem"], Value::Null);
        system.tenantry(&["tenant", "set", &name, "administrator="]).expect(0);
        tenant.client().get("/Users").await.expect(403);
    }

    async fn p02_changes_and_failures_are_attributed_to_the_administrator(system) {
        let tenant = tenant_of(&system, "account-scim", &[], &json!({}));
        system.tenantry(&["tenant", "set", &tenant.name, UMA]).expect(0);
        let client = tenant.client();
        let id = client.post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201).id();
        assert_eq!(attributed(&system, &tenant), json!({ "name": "Uma" }));
        client.post("/Groups", &group("team", &[&id])).await.expect(201);
        assert_eq!(attributed(&system, &tenant), json!({ "name": "Uma" }));
        client.post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(409);
        // What was attributed stays so when somebody else is named.
        until("the failure in the log", async || {
            let listed = system.tenantry(&["failures", "list", &tenant.name, "--json"]).expect(0).json();
            (listed["failures"][0]["administrator"] == "Uma").then_some(())
        }).await;
        system.tenantry(&["tenant", "set", &tenant.name, "administrator={\"name\":\"Max\",\"role\":\"Administrator\"}"]).expect(0);
        client.delete(&format!("/Users/{id}")).await.expect(204);
        assert_eq!(attributed(&system, &tenant), json!({ "name": "Max" }));
        let first = system.events(&tenant, 0).remove(0);
        assert_eq!(first["data"]["administrator"], json!({ "name": "Uma" }));
        // What an operator does is the operator's.
        client.post("/Users", &user_with("eve", &json!({ "emails": [{ "value": "eve@acme.example", "type": "work" }] }))).await.expect(201);
        system.tenantry(&["user", "convert", &tenant.name, "--to", "email"]).expect(0);
        until("the conversion", async || {
            (system.events(&tenant, 0).last().expect("an event")["data"]["client"] == "operator").then_some(())
        }).await;
        assert_eq!(attributed(&system, &tenant), Value::Null);
        // Nobody else's application has to know of it.
        let plain = system.tenant("plain");
        plain.client().post("/Users", &user_with("ada", &json!({}))).await.expect(201);
        assert_eq!(attributed(&system, &plain), Value::Null);
    }

    async fn p02_an_administrator_of_the_directory_who_loses_the_role_is_told(system) {
        let tenant = tenant_of(&system, "account-scim", &[], &json!({}));
        let client = tenant.client();
        let uma = client.post("/Users", &with_role("uma@acme.example", "User Manager")).await.expect(201).id();
        let eve = client.post("/Users", &with_role("eve@acme.example", "Viewer")).await.expect(201).id();
        let set = |user: &str| system.tenantry(&["tenant", "set", &tenant.name, &format!("administrator={{\"user\":\"{user}\"}}")]);
        let refused = set("eve@acme.example").expect(2);
        assert!(refused.stderr.contains("needs the primary role") && refused.stderr.contains("\"eve@acme.example\" has another one"), "{}", refused.stderr);
        set("nobody@acme.example").expect(3);
        set("UMA@acme.example").expect(0);
        let shown = show(&system, &tenant);
        assert_eq!(shown["settings"]["administrator"], json!({ "name": "uma@acme.example", "user": uma }));
        let at = format!("/Users/{uma}");
        let role = |name: &str| patch_one("replace", "roles", json!([{ "value": name, "primary": true }]));
        client.patch(&format!("/Users/{eve}"), &role("Guest")).await.expect(200);
        assert_eq!(attributed(&system, &tenant), json!({ "name": "uma@acme.example", "id": uma }));
        assert_eq!(told(&system, &tenant), Vec::<Value>::new());
        // By two at once: it is lost once.
        let answers = crowd(4, |number| {
            let (client, at) = (client.clone(), at.clone());
            let change = role(&format!("Viewer{number}"));
            async move { client.patch(&at, &change).await.status }
        }).await;
        assert_eq!(answers, [200; 4]);
        assert_eq!(told(&system, &tenant), [json!("role")]);
        assert!(system.server().log().contains("does not qualify any more"), "the log");
        let problem = show(&system, &tenant)["administrator_problem"].as_str().expect("a text").to_owned();
        assert!(problem.contains("\"uma@acme.example\" has another one, or none"), "{problem}");
        // Provisioning goes on, and may give the role back.
        client.patch(&at, &role("Administrator")).await.expect(200);
        assert_eq!(show(&system, &tenant)["administrator_problem"], Value::Null);
        client.patch(&at, &patch_one("replace", "active", json!(false))).await.expect(200);
        client.patch(&at, &patch_one("replace", "active", json!(true))).await.expect(200);
        client.delete(&at).await.expect(204);
        assert_eq!(told(&system, &tenant), [json!("role"), json!("inactive"), json!("gone")]);
        assert!(show(&system, &tenant)["administrator_problem"].as_str().expect("a text").contains("is no user of the directory any more"));
        client.patch(&format!("/Users/{eve}"), &role("Viewer")).await.expect(200);
        assert_eq!(attributed(&system, &tenant), json!({ "name": "uma@acme.example", "id": uma }));
    }

    async fn p02_the_log_names_the_event_that_tells_it_also_after_an_alarm(system) {
        let tenant = tenant_of(&system, "account-scim", &[], &json!({}));
        system.tenantry(&["breaker", "set", &tenant.name, "mode=warn", "number=1"]).expect(0);
        let client = tenant.client();
        let uma = client.post("/Users", &with_role("uma@acme.example", "User Manager")).await.expect(201).id();
        let eve = client.post("/Users", &with_role("eve@acme.example", "Viewer")).await.expect(201).id();
        system.tenantry(&["tenant", "set", &tenant.name, &format!("administrator={{\"user\":\"{uma}\"}}")]).expect(0);
        for id in [eve, uma] {
            client.patch(&format!("/Users/{id}"), &patch_one("replace", "active", json!(false))).await.expect(200);
        }
        let events = system.all_events(&tenant, 0);
        assert!(events.iter().any(|event| event["type"] == "breaker.tripped"), "{events:?}");
        let unfit = events.iter().find(|event| event["type"] == "administrator.unfit").expect("it is told");
        let log = system.server().log();
        let mut lines = log.lines().filter(|line| line.contains("does not qualify any more") && line.contains(&tenant.name));
        let line = lines.next().expect("a line");
        assert!(line.contains(&format!("\"sequence\":{},", unfit["sequence"])), "{line}");
    }

    async fn p02_nobody_names_the_user_of_another_tenant(system) {
        let (tenant, other) = (tenant_of(&system, "account-scim", &[], &json!({})), tenant_of(&system, "account-scim", &[], &json!({})));
        let uma = other.client().post("/Users", &with_role("uma@acme.example", "Administrator")).await.expect(201).id();
        for name in [uma.as_str(), "uma@acme.example"] {
            system.tenantry(&["tenant", "set", &tenant.name, &format!("administrator={{\"user\":\"{name}\"}}")]).expect(3);
        }
        let wrong = format!("administrator={{\"user\":\"{uma}\",\"role\":\"Administrator\"}}");
        system.tenantry(&["tenant", "set", &other.name, &wrong]).expect(2);
        assert_eq!(show(&system, &other)["settings"]["administrator"]["name"], "the test");
    }

    async fn p02_a_profile_of_one_s_own_says_who_qualifies(system) {
        let name = unique("desk");
        let file = system.server().data_folder().join(format!("{name}.toml"));
        let text = format!("name = \"{name}\"\ntitle = \"Desk\"\n\n[administrator]\ntitle = \"the agent\"\nroles = [\"Agent\"]\n\n\
            [[map]]\nto = \"roles\"\nfrom = [{{ groups = \"Role \" }}]\n");
        std::fs::write(&file, text).expect("it is there");
        system.tenantry(&["profile", "import", &file.display().to_string()]).expect(0);
        let tenant = system.tenant_with("desk", &json!({ "profile": name }));
        let client = tenant.client();
        // Not required: nobody is named yet.
        let uma = client.post("/Users", &user_with("uma@acme.example", &json!({}))).await.expect(201).id();
        let set = || system.tenantry(&["tenant", "set", &tenant.name, &format!("administrator={{\"user\":\"{uma}\"}}")]);
        set().expect(2);
        let agents = client.post("/Groups", &group("Role agent", &[&uma])).await.expect(201).id();
        set().expect(0);
        // The role is one of a group, which is renamed.
        client.patch(&format!("/Groups/{agents}"), &patch_one("replace", "displayName", json!("Role guest"))).await.expect(200);
        assert_eq!(told(&system, &tenant), [json!("role")]);
        // Another profile is looked at for that, too.
        client.patch(&format!("/Groups/{agents}"), &patch_one("replace", "displayName", json!("Role agent"))).await.expect(200);
        let refused = system.tenantry(&["tenant", "set", &tenant.name, "profile=account-scim"]).expect(2);
        assert!(refused.stderr.contains("\"uma@acme.example\" has another one, or none"), "{}", refused.stderr);
        system.tenantry(&["tenant", "set", &tenant.name, "profile=generic"]).expect(0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p02_who_is_named_at_one_server_counts_at_all() {
    let replicas = Replicas::start(2, 2000).await;
    let tenant = tenant_of(replicas.of(0), "account-scim", &[], &json!({}));
    for (number, name) in ["Uma", "Max", "Eve"].into_iter().enumerate() {
        let setting = format!("administrator={{\"name\":\"{name}\",\"role\":\"Administrator\"}}");
        replicas.of(number).tenantry(&["tenant", "set", &tenant.name, &setting]).expect(0);
        let client = replicas.client(number + 1, &tenant);
        client.post("/Users", &user_with(&format!("{name}@acme.example"), &json!({}))).await.expect(201);
        assert_eq!(attributed(replicas.of(0), &tenant), json!({ "name": name }));
    }
}
