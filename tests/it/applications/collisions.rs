//! Users whom an application could not tell apart are refused, and found before a rule makes them the same.

use serde_json::{Value, json};

use super::{tenant_of, told_last, user_with};
use crate::support::{Answer, Client, Replicas, System, Tenant, crowd, patch_one, unique, until};

fn tenant(system: &System) -> Tenant {
    tenant_of(system, "account-scim", &[], &json!({ "user_id": "mailbox" }))
}

fn at_work(name: &str, email: &str) -> Value {
    user_with(name, &json!({ "emails": [{ "value": email, "type": "work" }] }))
}

/// What a refusal says of the name, its attribute and the way out.
fn refused_as_taken(answer: Answer, name: &str) {
    let answer = answer.refused(409, Some("uniqueness"));
    let detail = answer.body["detail"].as_str().expect("a text");
    for words in
        [&format!("userName \"{name}\"") as &str, "emails[type eq \"work\"].value", "give one of the two another"]
    {
        assert!(detail.contains(words), "{detail}");
    }
}

/// One request after another from everybody at once; how many were created.
async fn race(clients: Vec<Client>, round: usize) -> usize {
    let answers = crowd(clients.len(), |number| {
        let client = clients[number].clone();
        let domain = format!("d{number}.example");
        let user = at_work(&format!("r{round}@{domain}"), &format!("R{round}@{domain}"));
        async move { client.post("/Users", &user).await.status }
    })
    .await;
    assert!(answers.iter().all(|status| matches!(status, 201 | 409)), "{answers:?}");
    answers.iter().filter(|status| **status == 201).count()
}

on_both! {
    async fn p06_two_users_of_one_mailbox_are_not_merged(system) {
        let (tenant, other) = (tenant(&system), tenant(&system));
        let client = tenant.client();
        let anna = client.post("/Users", &at_work("anna@a.example", "anna@a.example")).await.expect(201).id();
        other.client().post("/Users", &at_work("anna@a.example", "anna@a.example")).await.expect(201);
        refused_as_taken(client.post("/Users", &at_work("anna@b.example", "ANNA@b.example")).await, "ANNA");
        let eve = client.post("/Users", &at_work("eve@b.example", "eve@b.example")).await.expect(201).id();
        let at = format!("/Users/{eve}");
        refused_as_taken(client.put(&at, &at_work("eve@b.example", "anna@b.example")).await, "anna");
        let email = "emails[type eq \"work\"].value";
        refused_as_taken(client.patch(&at, &patch_one("replace", email, json!("Anna@b.example"))).await, "Anna");
        assert_eq!(told_last(&system, &tenant)["userName"], "eve", "nothing was changed");
        client.patch(&at, &patch_one("replace", email, json!("eva@b.example"))).await.expect(200);
        // It is in the provisioning log, with whom it was about.
        until("the refusals in the log", async || {
            let listed = system.tenantry(&["failures", "list", &tenant.name, "--json"]).expect(0).json();
            let failures = listed["failures"].as_array().expect("a list").clone();
            let conflicts = failures.iter().filter(|one| one["status"] == 409 && one.to_string().contains("made of emails"));
            (conflicts.count() == 3).then_some(())
        }).await;
        // A name is free with the user that had it, and a bulk request is judged like its operations.
        client.delete(&format!("/Users/{anna}")).await.expect(204);
        client.post("/Users", &at_work("anna@b.example", "anna@b.example")).await.expect(201);
        let create = |name: &str| json!({ "method": "POST", "path": "/Users", "bulkId": name,
            "data": at_work(&format!("{name}@bulk.example"), "bob@bulk.example") });
        let bulk = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [create("x"), create("y")] });
        let done = client.post("/Bulk", &bulk).await.expect(200);
        let statuses: Vec<&Value> = done.body["Operations"].as_array().expect("a list").iter().map(|one| &one["status"]).collect();
        assert_eq!(statuses, [&json!("201"), &json!("409")]);
    }

    async fn p06_of_many_who_ask_at_once_one_gets_the_name(system) {
        let tenant = tenant(&system);
        for round in 0..4 {
            assert_eq!(race(vec![tenant.client(); 8], round).await, 1);
        }
        // Two users that go for one name, and one that goes for the name that another gives up.
        let client = tenant.client();
        let mut ids = Vec::new();
        for name in ["p", "q", "s"] {
            ids.push(client.post("/Users", &at_work(&format!("{name}@a.example"), &format!("{name}@a.example"))).await.expect(201).id());
        }
        let answers = crowd(3, |number| {
            let (client, at) = (client.clone(), format!("/Users/{}", ids[number]));
            let patch = patch_one("replace", "emails[type eq \"work\"].value", json!(format!("one@d{number}.example")));
            async move { client.patch(&at, &patch).await.status }
        }).await;
        let mut sorted = answers.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [200, 409, 409], "{answers:?}");
    }

    async fn p06_a_user_can_always_be_deactivated(system) {
        let tenant = tenant(&system);
        let client = tenant.client();
        client.post("/Users", &at_work("anna@a.example", "anna@a.example")).await.expect(201);
        let id = client.post("/Users", &at_work("bob@a.example", "bob@a.example")).await.expect(201).id();
        client.patch(&format!("/Users/{id}"), &patch_one("replace", "active", json!(false))).await.expect(200);
        // Who is deactivated still has the name: the account of the application is there.
        refused_as_taken(client.post("/Users", &at_work("bob@b.example", "bob@b.example")).await, "bob");
    }

    async fn p06_what_would_collide_is_found_before_the_rule_is_changed(system) {
        let tenant = tenant_of(&system, "account-scim", &[], &json!({}));
        let client = tenant.client();
        let mut ids = Vec::new();
        for (name, domain) in [("anna", "a"), ("anna", "b"), ("Anna", "c"), ("bob", "a")] {
            let address = format!("{name}@{domain}.example");
            ids.push(client.post("/Users", &at_work(&address, &address)).await.expect(201).id());
        }
        let option = "profile_options={\"user_id\":\"mailbox\"}";
        let try_out = || system.tenantry(&["profile", "try", &tenant.name, option, "--json"]).expect(0).json();
        let tried = try_out();
        assert_eq!(tried["collisions"]["users"], 2);
        let shown: Vec<_> = tried["collisions"]["shown"].as_array().expect("a list").iter()
            .map(|one| (one["id"].clone(), one["told_name"].clone(), one["other_id"].clone())).collect();
        assert_eq!(shown, [(json!(ids[1]), json!("anna"), json!(ids[0])), (json!(ids[2]), json!("Anna"), json!(ids[0]))]);
        let told = system.tenantry(&["profile", "try", &tenant.name, option]).expect(0).stdout;
        assert!(told.contains("2 users would be called like another one by the application"), "{told}");
        let refused = system.tenantry(&["tenant", "set", &tenant.name, option]).expect(4);
        assert!(refused.stderr.contains("2 users of tenant") && refused.stderr.contains("\"anna@b.example\" as \"anna\""), "{}", refused.stderr);
        assert_eq!(system.tenantry(&["tenant", "show", &tenant.name, "--json"]).expect(0).json()["settings"]["profile_options"], json!({}));
        for (id, name) in ids[1..3].iter().zip(["anne", "ann"]) {
            let patch = patch_one("replace", "emails[type eq \"work\"].value", json!(format!("{name}@x.example")));
            client.patch(&format!("/Users/{id}"), &patch).await.expect(200);
        }
        assert_eq!(try_out()["collisions"]["users"], 0);
        system.tenantry(&["tenant", "set", &tenant.name, option]).expect(0);
        // Those who were there before the rule count.
        refused_as_taken(client.post("/Users", &at_work("new@d.example", "anne@d.example")).await, "anne");
        // Back: each has the whole address again, and names without domains are free.
        system.tenantry(&["tenant", "set", &tenant.name, "profile_options={}"]).expect(0);
        client.post("/Users", &at_work("new@d.example", "anne@d.example")).await.expect(201);
        system.tenantry(&["tenant", "set", &tenant.name, "profile=generic", "profile_options=null"]).expect(0);
        client.post("/Users", &at_work("other@d.example", "anne@d.example")).await.expect(201);
        let refused = system.tenantry(&["tenant", "set", &tenant.name, "profile=account-scim"]).expect(4);
        assert!(refused.stderr.contains("1 users of tenant"), "{}", refused.stderr);
    }

    async fn p06_a_version_of_a_profile_with_which_users_would_collide_is_refused(system) {
        let name = unique("desk");
        let written = |from: &str| {
            let file = system.server().data_folder().join(format!("{name}.toml"));
            let text = format!("name = \"{name}\"\ntitle = \"Desk\"\n\n[[map]]\nto = \"userName\"\nfrom = [{from}]\n");
            std::fs::write(&file, text).expect("it is there");
            file.display().to_string()
        };
        system.tenantry(&["profile", "import", &written("\"emails.value\"")]).expect(0);
        let tenant = tenant_of(&system, &name, &[], &json!({}));
        for domain in ["a", "b"] {
            let address = format!("anna@{domain}.example");
            tenant.client().post("/Users", &at_work(&address, &address)).await.expect(201);
        }
        let mailbox = written("{ of = \"emails.value\", before = \"@\" }");
        let refused = system.tenantry(&["profile", "import", &mailbox]).expect(4);
        assert!(refused.stderr.contains(&format!("1 users of tenant \"{}\"", tenant.name)), "{}", refused.stderr);
        let found = tenant.client().find("Users", "userName eq \"anna@b.example\"").await.expect(200).ids();
        let at = format!("/Users/{}", found[0]);
        tenant.client().patch(&at, &patch_one("remove", "emails", Value::Null)).await.expect(200);
        system.tenantry(&["profile", "import", &mailbox]).expect(0);
        tenant.client().patch(&at, &patch_one("add", "emails", json!([{ "value": "anna@b.example" }]))).await.refused(409, Some("uniqueness"));
        system.tenantry(&["profile", "rollback", &name]).expect(0);
        tenant.client().patch(&at, &patch_one("add", "emails", json!([{ "value": "anna@b.example" }]))).await.expect(200);
        let refused = system.tenantry(&["profile", "rollback", &name, "--to", "2"]).expect(4);
        assert!(refused.stderr.contains("1 users of tenant"), "{}", refused.stderr);
        let groups = written("{ groups = \"*\" }");
        let wrong = system.tenantry(&["profile", "check", &groups]).expect(2);
        assert!(wrong.stderr.contains("userName cannot come from groups"), "{}", wrong.stderr);
    }
}

/// Creates users of its own until each is there: while the rule changes, somebody may be asked to come again.
async fn write(client: Client, writer: usize) {
    for number in 0..15 {
        let address = format!("w{writer}n{number}@d{writer}.example");
        let mut answer = client.post("/Users", &at_work(&address, &address)).await;
        while answer.status == 503 {
            answer.obey().await;
            answer = client.post("/Users", &at_work(&address, &address)).await;
        }
        answer.expect(201);
    }
}

/// While two servers write, the rule is changed again and again: in the end no user is missing among the names.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn p06_the_rule_changes_while_clients_write() {
    let replicas = Replicas::start(2, 2000).await;
    let tenant = tenant(replicas.of(0));
    let writers: Vec<_> = (0..4).map(|writer| tokio::spawn(write(replicas.client(writer, &tenant), writer))).collect();
    for (number, option) in ["email", "mailbox", "email", "mailbox"].into_iter().enumerate() {
        let option = format!("profile_options={{\"user_id\":\"{option}\"}}");
        replicas.of(number).tenantry(&["tenant", "set", &tenant.name, &option]).expect(0);
    }
    for writer in writers {
        writer.await.expect("it has written");
    }
    let listed = tenant.client().get("/Users?count=100").await.expect(200);
    assert_eq!(listed.total(), 60);
    for (number, user) in listed.resources().iter().enumerate() {
        let name = user["userName"].as_str().and_then(|name| name.split_once('@')).expect("an address").0.to_owned();
        let rival = at_work(&format!("rival{number}@x.example"), &format!("{name}@x.example"));
        refused_as_taken(replicas.client(number, &tenant).post("/Users", &rival).await, &name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p06_one_name_is_given_once_by_several_servers() {
    let replicas = Replicas::start(2, 2000).await;
    let tenant = tenant(replicas.of(0));
    for round in 0..4 {
        let clients = (0..8).map(|number| replicas.client(number, &tenant)).collect();
        assert_eq!(race(clients, round).await, 1);
    }
    // Each change of the rule holds on all of them when it has returned.
    for option in ["email", "mailbox"] {
        let option = format!("profile_options={{\"user_id\":\"{option}\"}}");
        replicas.of(1).tenantry(&["tenant", "set", &tenant.name, &option]).expect(0);
    }
    for number in 0..2 {
        let taken = at_work(&format!("late{number}@a.example"), &format!("r{number}@late.example"));
        refused_as_taken(replicas.client(number, &tenant).post("/Users", &taken).await, &format!("r{number}"));
    }
}
