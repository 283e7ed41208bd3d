//! What operators do about invitations, by command and over HTTP, and what applications may say.

use serde_json::{Value, json};

use super::{Inviting, Page, mails_to, person, workspace};
use crate::event_form;
use crate::mail::{Post, mail_settings};
use crate::support::{Answer, Client, Request, System, until};

async fn post(client: &Client, path: &str) -> Answer {
    client.send_any(Request::new("POST", path)).await
}

on_both! {
    /// One, all, and none; with events for each.
    async fn k07_invitations_are_sent_again_and_taken_back(database: Database) {
        let inviting = Inviting::start(database).await;
        let name = inviting.tenant.name.as_str();
        for user in ["ada@acme.example", "bob@acme.example", "eve@acme.example"] {
            inviting.provision(user).await;
        }
        let (ada, bob) = (inviting.link("ada@acme.example", 1).await, inviting.link("bob@acme.example", 1).await);
        Page::post(&inviting.link("eve@acme.example", 1).await).await.expect(200, "you are a member");
        let revoked = inviting.system.tenantry(&["invitation", "revoke", name, "bob@acme.example", "--json"]).expect(0).json();
        assert_eq!((&revoked["state"], &revoked["mail"]), (&json!("revoked"), &json!("none")));
        inviting.system.tenantry(&["invitation", "revoke", name, "bob@acme.example"]).expect(0);
        Page::post(&bob).await.expect(404, "not valid");
        inviting.later().await;
        let all = inviting.system.tenantry(&["invitation", "resend", name, "--all", "--json"]).expect(0).json();
        assert_eq!(all["resent"], 1, "who has accepted, or was taken back, is left alone");
        let again = inviting.link("ada@acme.example", 2).await;
        Page::post(&ada).await.expect(404, "not valid");
        Page::post(&again).await.expect(200, "you are a member");
        inviting.system.tenantry(&["invitation", "resend", name, "bob@acme.example"]).expect(0);
        Page::post(&inviting.link("bob@acme.example", 2).await).await.expect(200, "you are a member");
        for command in ["resend", "revoke"] {
            let refused = inviting.system.tenantry(&["invitation", command, name, "eve@acme.example"]).expect(4);
            assert!(refused.stderr.contains("accepted the invitation already"), "{}", refused.stderr);
        }
        inviting.system.tenantry(&["invitation", "resend", name, "nobody"]).expect(3);
        let events = inviting.system.events(&inviting.tenant, 0);
        let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
        assert_eq!([of("user.invited"), of("user.verified"), of("user.invitation_revoked")], [5, 3, 1]);
        let taken = events.iter().find(|event| event["type"] == "user.invitation_revoked").expect("an event");
        assert_eq!((&taken["data"]["user"]["invitation"], &taken["data"]["client"]), (&json!("revoked"), &json!("operator")));
        assert_eq!(event_form::wrong(&events), Vec::<String>::new());
        let text = inviting.system.tenantry(&["invitation", "list", name]).expect(0).stdout;
        assert!(text.contains("eve@acme.example") && text.contains("accepted"), "{text}");
    }

    /// The same over HTTP, in pages; and an auditor only looks.
    async fn k07_invitations_are_administered_over_http(database: Database) {
        let inviting = Inviting::start(database).await;
        let name = inviting.tenant.name.as_str();
        for number in 0..5 {
            inviting.provision(&format!("user{number}@acme.example")).await;
        }
        let key = |role: &str| {
            let create = ["api-key", "create", "--name", role, "--role", role, "--tenant", name, "--json"];
            let issued = inviting.system.tenantry(&create).expect(0).json();
            Client::new(inviting.system.server().admin()).with_token(issued["key"].as_str().expect("a key"))
        };
        let (admin, auditor) = (key("tenant-admin"), key("auditor"));
        let path = format!("/tenants/{name}/invitations");
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = auditor.send_any(Request::new("GET", format!("{path}?limit=2{cursor}"))).await.expect(200);
            found.extend(page.body["invitations"].as_array().expect("a list").iter().map(|one| one["user_name"].clone()));
            let Some(next) = page.body["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let expected: Vec<Value> = (0..5).map(|number| json!(format!("user{number}@acme.example"))).collect();
        assert_eq!(found, expected);
        let first = inviting.link("user0@acme.example", 1).await;
        let one = format!("{path}/user0@acme.example");
        post(&auditor, &format!("{one}/resend")).await.expect(403);
        for number in 0..5 {
            inviting.link(&format!("user{number}@acme.example"), 1).await;
        }
        until("the mails to be noted", async || {
            let listed = inviting.system.tenantry(&["invitation", "list", name, "--json"]).expect(0).json();
            let all = listed["invitations"].as_array().cloned().unwrap_or_default();
            all.iter().all(|one| one["mail"] == "sent").then_some(())
        })
        .await;
        inviting.later().await;
        post(&admin, &format!("{one}/resend")).await.expect(200);
        inviting.link("user0@acme.example", 2).await;
        Page::post(&first).await.expect(404, "not valid");
        let revoked = post(&admin, &format!("{one}/revoke")).await.expect(200);
        assert_eq!(revoked.body["state"], "revoked");
        assert_eq!(post(&admin, &format!("{path}/resend")).await.expect(200).body["resent"], 4);
        let listed = admin.send_any(Request::new("GET", format!("{path}?state=revoked"))).await.expect(200);
        assert_eq!(listed.body["invitations"].as_array().map(Vec::len), Some(1));
        admin.send_any(Request::new("GET", format!("{path}?state=lost"))).await.expect(400);
        admin.send_any(Request::new("GET", format!("{path}/nobody"))).await.expect(404);
    }

    /// Data alone: an application of an operator's own invites, with its own words; what it does not leave open is fixed.
    async fn k07_any_profile_can_invite(database: Database) {
        let inviting = Inviting::start(database).await;
        let system = &inviting.system;
        let file = system.server().data_folder().join("own.toml");
        let written = |landing: &str| format!(
            "name = \"own\"\ntitle = \"Own\"\n\n[invitation]\nenabled = true\ndays = 3\nsubject = \"Come to {{product}}\"\n\
             text = \"Dear {{givenName}}: {{link}} ({{days}} days)\"\nlanding = \"{landing}\"\ntenants_decide = [\"workspace\"]\n");
        std::fs::write(&file, written("http://own.example")).expect("a file");
        let path = file.display().to_string();
        let refused = system.tenantry(&["profile", "check", &path]).expect(2);
        assert!(refused.stderr.contains(":9:11: expected a URL such as https://"), "{}", refused.stderr);
        std::fs::write(&file, written("https://own.example/in")).expect("a file");
        system.tenantry(&["profile", "import", &path]).expect(0);
        let tenant = system.tenant_with("own", &json!({ "profile": "own", "invitation": { "workspace": "Our own" } }));
        let refused = system.tenantry(&["tenant", "set", &tenant.name, "invitation={\"days\":5}"]).expect(2);
        assert!(refused.stderr.contains("leaves open \"workspace\", and not \"days\""), "{}", refused.stderr);
        let mut ada = person("ada@own.example");
        ada["name"] = json!({ "givenName": "Ada {link}" });
        tenant.client().post("/Users", &ada).await.expect(201);
        let mail = inviting.mail("ada@own.example", 1).await;
        assert!(mail.contains("Subject: Come to Own") && mail.contains("(3 days)") && mail.contains("Dear Ada {link}:"), "{mail}");
        let link = mail.split_whitespace().find(|word| word.contains("/invitations/")).expect("a link");
        Page::get(link).await.expect(200, "Our own");
        assert_eq!(Page::post(link).await.expect(303, "").header("location"), "https://own.example/in");
        let plain = system.tenant("plain");
        let refused = system.tenantry(&["tenant", "set", &plain.name, "invitation={\"days\":5}"]).expect(2);
        assert!(refused.stderr.contains("invites nobody"), "{}", refused.stderr);
    }

    /// Nobody is sent a link to the machine that the server is on: it waits until it is known where people reach it.
    async fn k07_without_a_public_url_invitations_wait(database: Database) {
        let (letters, url) = Post::open(0).await;
        // Behind a proxy, so it is no trial on somebody's own machine.
        let proxied = [mail_settings(&url).as_slice(), &[("TENANTRY_SERVER__TRUSTED_PROXIES", "192.0.2.1")]].concat();
        let silent = System::start_with(database, &proxied).await;
        let tenant = workspace(&silent, &json!({}));
        tenant.client().post("/Users", &person("ada@acme.example")).await.expect(201);
        let listed = silent.tenantry(&["invitation", "list", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(listed["invitations"][0]["mail"], "waiting-for-public-url");
        assert!(listed["warning"].as_str().is_some_and(|warning| warning.contains("server.public_url")), "{listed}");
        let database_url = silent.server().database_url().to_owned();
        assert!(silent.server().stop().await.success());
        silent.server().start_again().await;
        until("the warning", async || silent.server().log().contains("invitations are not sent").then_some(())).await;
        assert!(silent.server().stop().await.success());
        assert!(letters.mails().is_empty());
        let reached = [proxied.as_slice(), &[("TENANTRY_SERVER__PUBLIC_URL", "https://scim.example.com")]].concat();
        let _system = System::start_on(&database_url, &reached).await;
        let mail = until("the mail", async || mails_to(&letters, "ada@acme.example").pop()).await;
        let expected = format!("https://scim.example.com/t/{}/invitations/", tenant.name);
        assert!(super::link_of(&mail).starts_with(&expected), "{mail}");
    }

    /// Nothing is lost, nothing is hidden, and all of it is sent once there is a way.
    async fn k07_without_mail_settings_invitations_wait(database: Database) {
        let (letters, url) = Post::open(0).await;
        let silent = System::start_with(database, &[]).await;
        let tenant = workspace(&silent, &json!({}));
        let set = silent.tenantry(&["tenant", "set", &tenant.name, "strict=false", "--json"]).expect(0).json();
        assert!(set["warning"].as_str().is_some_and(|warning| warning.contains("mail.server")), "{set}");
        for user in ["ada@acme.example", "bob@acme.example"] {
            tenant.client().post("/Users", &person(user)).await.expect(201);
        }
        let listed = silent.tenantry(&["invitation", "list", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(listed["invitations"][0]["mail"], "waiting-for-mail-settings");
        assert!(listed["warning"].is_string(), "{listed}");
        let text = silent.tenantry(&["invitation", "list", &tenant.name]).expect(0).stdout;
        assert!(text.contains("waiting for mail settings") && text.starts_with("WARNING: "), "{text}");
        // Its time begins with the mail.
        silent.server().change_rows("UPDATE invitations SET invited_ms = invited_ms - 2592000000").await;
        let database_url = silent.server().database_url().to_owned();
        assert!(silent.server().stop().await.success());
        let system = System::start_on(&database_url, &mail_settings(&url)).await;
        let mails = until("both mails", async || {
            let mails = [mails_to(&letters, "ada@acme.example"), mails_to(&letters, "bob@acme.example")].concat();
            (mails.len() == 2).then_some(mails)
        })
        .await;
        for mail in mails {
            Page::post(&super::link_of(&mail)).await.expect(200, "you are a member");
        }
        let set = system.tenantry(&["tenant", "set", &tenant.name, "strict=false", "--json"]).expect(0).json();
        assert_eq!(set.get("warning"), None, "{set}");
    }
}
