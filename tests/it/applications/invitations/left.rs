//! Links that were left behind: what they verify is the user's no more, though no change has told.

use serde_json::json;

use super::{Application, Inviting, Page, mails_to, person};
use crate::event_form;
use crate::support::{database, patch, patch_one, until};

on_both! {
    /// Off, changed, and on again: what was sent before opens nothing, and who is still to be invited gets another mail.
    async fn k07_a_link_verifies_only_what_it_was_sent_to(database: Database) {
        let inviting = Inviting::start(database).await;
        let (system, tenant, client) = (&inviting.system, &inviting.tenant, inviting.tenant.client());
        let name = tenant.name.as_str();
        let (ada, bob, eve) = (
            inviting.provision("ada@acme.example").await,
            inviting.provision("bob@acme.example").await,
            inviting.provision("eve@acme.example").await,
        );
        let links = [
            inviting.link("ada@acme.example", 1).await,
            inviting.link("bob@acme.example", 1).await,
            inviting.link("eve@acme.example", 1).await,
        ];
        Page::post(&links[2]).await.expect(200, "you are a member");
        system.set(tenant, &json!({ "profile_options": { "invitations": false } }));
        for page in [Page::get(&links[0]).await, Page::post(&links[0]).await] {
            page.expect(410, "invites nobody by mail at the moment");
        }
        for command in [["resend", "ada@acme.example"], ["revoke", "ada@acme.example"], ["resend", "--all"]] {
            let refused = system.tenantry(&["invitation", command[0], name, command[1]]).expect(4);
            assert!(refused.stderr.contains("switched off"), "{}", refused.stderr);
        }
        let before = system.events(tenant, 0).len();
        let address = patch(&[json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "ada@other.example" })]);
        client.patch(&format!("/Users/{ada}"), &address).await.expect(200);
        for id in [&bob, &eve] {
            client.patch(&format!("/Users/{id}"), &patch_one("replace", "active", false)).await.expect(200);
        }
        let events = system.events(tenant, 0);
        assert!(events[before..].iter().all(|event| event["data"]["user"].get("invitation").is_none()), "nobody is invited: {events:?}");
        system.set(tenant, &json!({ "profile_options": { "invitations": true } }));
        for link in &links {
            Page::get(link).await.expect(404, "not valid");
        }
        for link in &links {
            Page::post(link).await.expect(404, "not valid");
        }
        let new = inviting.link("ada@other.example", 1).await;
        assert_eq!(inviting.invitation(&bob)["state"], "revoked");
        let application = Application::of(system, tenant);
        assert_eq!(application.may_act(&ada).await, (json!(false), json!("not-verified")));
        Page::post(&links[0]).await.expect(404, "not valid");
        Page::post(&new).await.expect(200, "you are a member");
        assert_eq!(mails_to(&inviting.post, "ada@other.example").len(), 1, "one mail for one address");
        client.patch(&format!("/Users/{eve}"), &patch_one("replace", "active", true)).await.expect(200);
        Page::post(&links[2]).await.expect(200, "you are a member");
        assert_eq!(event_form::wrong(&system.events(tenant, 0)), Vec::<String>::new());
    }

    /// A mail that is due when its user has another address by now goes there.
    async fn k07_a_mail_goes_to_no_address_of_before(database: Database) {
        let inviting = Inviting::start(database).await;
        let id = inviting.provision("ada@acme.example").await;
        inviting.link("ada@acme.example", 1).await;
        until("the note", async || (inviting.invitation(&id)["mail"] == "sent").then_some(())).await;
        // As a server would leave it that knew of no invitations.
        let stale = "UPDATE invitations SET address = 'old@acme.example', due_ms = 1, sent_ms = NULL";
        inviting.system.server().change_rows(stale).await;
        inviting.link("ada@acme.example", 2).await;
        assert!(mails_to(&inviting.post, "old@acme.example").is_empty());
        assert_eq!(inviting.invitation(&id)["address"], "ada@acme.example");
    }

    /// Rows of nobody, or of somebody who cannot be read, come to an end.
    async fn k07_what_cannot_be_sent_is_not_claimed_for_ever(kind: Database) {
        let inviting = Inviting::start(kind).await;
        let id = inviting.provision("ada@acme.example").await;
        inviting.link("ada@acme.example", 1).await;
        until("the note", async || (inviting.invitation(&id)["mail"] == "sent").then_some(())).await;
        let server = inviting.system.server();
        server.change_rows("UPDATE invitations SET due_ms = 1, tries = 1000").await;
        until("the end of the tries", async || (inviting.invitation(&id)["mail"] == "failed").then_some(())).await;
        assert!(inviting.invitation(&id)["problem"].as_str().is_some_and(|problem| problem.contains("too often")));
        let orphan = "INSERT INTO invitations (tenant_id, user_id, state, address, invited_ms, due_ms) SELECT tenant_id, \
                      '01900000-0000-7000-8000-000000000000', state, 'nobody@acme.example', 1, 1 FROM invitations";
        server.change_rows(orphan).await;
        let left = "SELECT address FROM invitations WHERE address = 'nobody@acme.example'";
        until("the row to go", async || database::texts(server.database_url(), left).await.is_empty().then_some(())).await;
        assert!(mails_to(&inviting.post, "nobody@acme.example").is_empty());
    }

    /// A name is one line of the mail, and nobody is flooded with mails by changes of a user.
    async fn k07_nobody_is_flooded_with_mails(database: Database) {
        let inviting = Inviting::start(database).await;
        let client = inviting.tenant.client();
        let mut ada = person("ada@acme.example");
        ada["displayName"] = json!(format!("x\r\n\r\nhttps://evil {}", "y".repeat(300)));
        let id = client.post("/Users", &ada).await.expect(201).id();
        let mail = inviting.mail("ada@acme.example", 1).await;
        assert!(mail.contains("Hello x https://evil yy") && !mail.contains("\nhttps://evil"), "{mail}");
        assert!(!mail.contains(&"y".repeat(101)), "{mail}");
        until("the note", async || (inviting.invitation(&id)["mail"] == "sent").then_some(())).await;
        let at = format!("/Users/{id}");
        for _ in 0..5 {
            client.patch(&at, &patch_one("replace", "active", false)).await.expect(200);
            client.patch(&at, &patch_one("replace", "active", true)).await.expect(200);
            inviting.system.tenantry(&["invitation", "resend", &inviting.tenant.name, &id]).expect(0);
        }
        // What comes later is sent: so it was looked for what is due.
        inviting.provision("bob@acme.example").await;
        inviting.link("bob@acme.example", 1).await;
        assert_eq!(mails_to(&inviting.post, "ada@acme.example").len(), 1);
        assert_eq!(inviting.invitation(&id)["mail"], "waiting");
        inviting.later().await;
        inviting.system.tenantry(&["invitation", "resend", &inviting.tenant.name, &id]).expect(0);
        Page::post(&inviting.link("ada@acme.example", 2).await).await.expect(200, "you are a member");
    }
}
