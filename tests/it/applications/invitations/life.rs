//! From the first mail to membership, and what happens to the user meanwhile.

use serde_json::{Value, json};

use super::{Application, Inviting, Page, mails_to, person, workspace};
use crate::event_form;
use crate::support::{patch, patch_one, until};

fn told(types: &[(&str, Value)]) -> Vec<(String, Value)> {
    types.iter().map(|(name, state)| ((*name).to_owned(), state.clone())).collect()
}

on_both! {
    /// The whole way; and clients see nothing of it.
    async fn k07_a_new_user_is_a_member_once_the_address_is_verified(database: Database) {
        let inviting = Inviting::start(database).await;
        let (system, tenant) = (&inviting.system, &inviting.tenant);
        let application = Application::of(system, tenant);
        let id = inviting.provision("ada@acme.example").await;
        assert_eq!(application.may_act(&id).await, (json!(false), json!("not-verified")));
        let mail = inviting.mail("ada@acme.example", 1).await;
        assert!(mail.contains("Hello Ada Lovelace,") && mail.contains("for 7 days"), "{mail}");
        assert!(mail.contains(&format!("Subject: {} invites you to Workato", tenant.name)), "{mail}");
        let link = super::link_of(&mail);
        assert!(link.starts_with(&format!("{}/t/{}/invitations/", system.server().origin(), tenant.name)), "{link}");
        // Whatever opens links in mails accepts nothing.
        for _ in 0..3 {
            Page::of(reqwest::Method::HEAD, &link).await.expect(200, "");
            Page::get(&link).await.expect(200, "Verify my address");
        }
        let invited = inviting.invitation(&id);
        assert_eq!((&invited["state"], &invited["mail"], &invited["times_sent"]), (&json!("invited"), &json!("sent"), &json!(1)));
        assert!(invited["opened"].is_string() && invited["expires"].is_string(), "{invited}");
        assert_eq!(application.may_act(&id).await, (json!(false), json!("not-verified")));
        let page = Page::get(&link).await;
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !page.text.contains("<script"), "{policy}");
        assert_eq!((page.header("cache-control"), page.header("referrer-policy")), ("no-store", "no-referrer"));
        assert!(!page.text.contains("ada@") && !page.text.contains("Lovelace"), "{}", page.text);
        for _ in 0..3 {
            Page::post(&link).await.expect(200, "you are a member");
        }
        Page::get(&link).await.expect(200, "you are a member");
        assert_eq!(application.may_act(&id).await, (json!(true), json!("active")));
        let expected = [("user.created", json!("pending")), ("user.invited", json!("pending")), ("user.verified", json!("accepted"))];
        assert_eq!(inviting.story(), told(&expected), "each once, in their order");
        let events = system.events(tenant, 0);
        assert_eq!(event_form::wrong(&events), Vec::<String>::new());
        assert_eq!(events[2]["data"]["changed"], json!([{ "path": "invitation", "old": "pending", "new": "accepted" }]));
        let secret = link.rsplit('/').next().expect("a link");
        assert!(!format!("{events:?}").contains(secret) && !system.server().log().contains(secret), "no link is told");
        // Clients see a user like any other.
        let seen = tenant.client().get(&format!("/Users/{id}")).await.expect(200);
        assert_eq!((&seen.body["active"], seen.body.get("invitation"), &seen.body["meta"]["version"]), (&json!(true), None, &json!("W/\"1\"")));
    }

    /// Who accepted, when and from where.
    async fn k07_acceptance_shows_in_the_audit_log(database: Database) {
        let inviting = Inviting::start(database).await;
        let id = inviting.provision("ada@acme.example").await;
        Page::post(&inviting.link("ada@acme.example", 1).await).await.expect(200, "you are a member");
        let listed = inviting.system.tenantry(&["failures", "list", &inviting.tenant.name, "--user", "ada@acme.example", "--json"]).expect(0).json();
        let entries = listed["failures"].as_array().expect("a list");
        assert_eq!(entries.len(), 1, "{listed}");
        let entry = &entries[0];
        assert_eq!((&entry["operation"], &entry["status"], &entry["resource_id"]), (&json!("accept_invitation"), &json!(200), &json!(id)));
        assert!(entry["detail"].as_str().expect("a text").contains("from 127.0.0.1") && entry["time"].is_string(), "{entry}");
        let shown = inviting.invitation(&id);
        assert_eq!((&shown["state"], &shown["accepted_from"]), (&json!("accepted"), &json!("127.0.0.1")));
        let verified = inviting.system.events(&inviting.tenant, 0).pop().expect("an event");
        assert_eq!(verified["data"]["requestId"], entry["request_id"]);
    }

    /// The link is of the workspace that invites, whatever else has this address.
    async fn k07_the_link_leads_to_the_inviting_workspace(database: Database) {
        let inviting = Inviting::start(database).await;
        let landing = json!({ "landing": "https://app.example.com/{tenant}/welcome", "workspace": "R&D <Lab>" });
        let other = workspace(&inviting.system, &landing);
        let first = inviting.provision("ada@acme.example").await;
        let link = inviting.link("ada@acme.example", 1).await;
        let second = other.client().post("/Users", &person("ada@acme.example")).await.expect(201).id();
        let mail = inviting.mail("ada@acme.example", 2).await;
        assert!(mail.contains("Subject: R&D <Lab> invites you"), "{mail}");
        let elsewhere = super::link_of(&mail);
        let page = Page::get(&elsewhere).await.expect(200, "R&amp;D &lt;Lab&gt;");
        assert!(page.header("content-security-policy").contains("form-action 'self' https://app.example.com;"), "{}", page.text);
        let accepted = Page::post(&elsewhere).await.expect(303, "");
        assert_eq!(accepted.header("location"), format!("https://app.example.com/{}/welcome", other.name));
        let application = Application::of(&inviting.system, &other);
        assert_eq!(application.may_act(&second).await, (json!(true), json!("active")));
        assert_eq!(inviting.invitation(&first)["state"], "invited", "the other workspace waits for its own");
        Page::post(&link).await.expect(200, &inviting.tenant.name);
    }

    /// Deactivated: revoked; active again: another mail; another address: another link.
    async fn k07_the_invitation_follows_its_user(database: Database) {
        let inviting = Inviting::start(database).await;
        let client = inviting.tenant.client();
        let id = inviting.provision("ada@acme.example").await;
        let at = format!("/Users/{id}");
        let first = inviting.link("ada@acme.example", 1).await;
        client.patch(&at, &patch_one("replace", "active", false)).await.expect(200);
        assert_eq!(inviting.invitation(&id)["state"], "revoked");
        Page::get(&first).await.expect(404, "not valid");
        Page::post(&first).await.expect(404, "not valid");
        inviting.later().await;
        client.patch(&at, &patch_one("replace", "active", true)).await.expect(200);
        let second = inviting.link("ada@acme.example", 2).await;
        let address = patch(&[json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "ada@other.example" })]);
        client.patch(&at, &address).await.expect(200);
        let third = inviting.link("ada@other.example", 1).await;
        for dead in [&first, &second] {
            Page::post(dead).await.expect(404, "not valid");
        }
        client.patch(&at, &patch_one("replace", "title", "Countess")).await.expect(200);
        Page::post(&third).await.expect(200, "you are a member");
        client.patch(&at, &patch_one("replace", "active", false)).await.expect(200);
        client.patch(&at, &patch_one("replace", "active", true)).await.expect(200);
        let (pending, revoked, accepted) = (json!("pending"), json!("revoked"), json!("accepted"));
        let expected = [
            ("user.created", pending.clone()), ("user.invited", pending.clone()), ("user.deactivated", revoked),
            ("user.activated", pending.clone()), ("user.invited", pending.clone()), ("user.updated", pending.clone()),
            ("user.invited", pending.clone()), ("user.updated", pending), ("user.verified", accepted.clone()),
            ("user.deactivated", accepted.clone()), ("user.activated", accepted),
        ];
        assert_eq!(inviting.story(), told(&expected), "who has verified stays verified");
        client.delete(&at).await.expect(204);
        Page::get(&third).await.expect(404, "not valid");
        inviting.system.tenantry(&["invitation", "show", &inviting.tenant.name, &id]).expect(3);
        assert_eq!(event_form::wrong(&inviting.system.events(&inviting.tenant, 0)), Vec::<String>::new());
    }

    /// Who was there before, and who comes inactive or without an address.
    async fn k07_only_new_active_users_with_an_address_get_a_mail(database: Database) {
        let inviting = Inviting::start(database).await;
        let (system, tenant, client) = (&inviting.system, &inviting.tenant, inviting.tenant.client());
        system.set(tenant, &json!({ "profile_options": { "invitations": false } }));
        let before = inviting.provision("before@acme.example").await;
        system.set(tenant, &json!({ "profile_options": { "invitations": true } }));
        let application = Application::of(system, tenant);
        assert_eq!(application.may_act(&before).await, (json!(true), json!("active")));
        let mut asleep = person("asleep@acme.example");
        asleep["active"] = json!(false);
        let asleep = client.post("/Users", &asleep).await.expect(201).id();
        let nowhere = client.post("/Users", &super::super::user_with("nowhere", &json!({}))).await.expect(201).id();
        assert_eq!(inviting.invitation(&nowhere)["mail"], "waiting-for-an-address");
        let by_name = client.post("/Users", &super::super::user_with("name@acme.example", &json!({}))).await.expect(201).id();
        inviting.link("name@acme.example", 1).await;
        assert_eq!(inviting.invitation(&by_name)["address"], "name@acme.example");
        assert_eq!(application.may_act(&nowhere).await, (json!(false), json!("not-verified")));
        client.patch(&format!("/Users/{asleep}"), &patch_one("replace", "active", true)).await.expect(200);
        inviting.link("asleep@acme.example", 1).await;
        let email = patch_one("add", "emails", json!([{ "value": "here@acme.example", "primary": true }]));
        client.patch(&format!("/Users/{nowhere}"), &email).await.expect(200);
        inviting.link("here@acme.example", 1).await;
        assert!(mails_to(&inviting.post, "before@acme.example").is_empty());
    }

    /// A store that is rebuilt learns who is a member, as it does from the events.
    async fn k07_snapshots_tell_who_is_a_member(database: Database) {
        let inviting = Inviting::start(database).await;
        let (ada, bob) = (inviting.provision("ada@acme.example").await, inviting.provision("bob@acme.example").await);
        Page::post(&inviting.link("ada@acme.example", 1).await).await.expect(200, "you are a member");
        let (system, tenant) = (&inviting.system, &inviting.tenant);
        system.tenantry(&["store", "add", &tenant.name, "late", "--kind", "file"]).expect(0);
        let folder = system.server().data_folder().join("stores").join(&tenant.name);
        let states = until("the snapshot", async || {
            let files = std::fs::read_dir(&folder).ok()?.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok());
            let lines: Vec<Value> = files.collect::<String>().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
            let users = lines.iter().filter(|event| event["type"] == "user.snapshot").map(|event| &event["data"]["user"]);
            let states: Vec<(Value, Value)> = users.map(|user| (user["id"].clone(), user["invitation"].clone())).collect();
            (states.len() == 2).then_some(states)
        })
        .await;
        system.tenantry(&["store", "add", &tenant.name, "rows", "--kind", "sql", "url=sqlite://rows.db"]).expect(0);
        until("the rows", async || {
            let store = system.tenantry(&["store", "show", &tenant.name, "rows", "--json"]).expect(0).json();
            (store["lag"] == 0 && store["snapshot"] == false && store["attempts"] == 0).then_some(())
        })
        .await;
        let looked = system.tenantry(&["store", "drift", &tenant.name, "rows", "--json"]).expect(0).json();
        assert_eq!(looked["compared"], 2, "who is a member is no difference: {looked}");
        assert_eq!(states, [(json!(ada), json!("accepted")), (json!(bob), json!("pending"))]);
    }
}
