//! What must not open an invitation, and what an invitation must not open.

use futures::future::{join, join_all};
use serde_json::json;

use super::{Inviting, Page, person, workspace};
use crate::support::patch_one;

on_both! {
    /// A link is good as it is, at its own tenant, and nowhere else; and it tells nobody who there is.
    async fn k07_a_link_that_was_changed_or_is_of_another_tenant_opens_nothing(database: Database) {
        let inviting = Inviting::start(database).await;
        let other = workspace(&inviting.system, &json!({}));
        other.client().post("/Users", &person("ada@acme.example")).await.expect(201);
        inviting.provision("ada@acme.example").await;
        let links = [inviting.link("ada@acme.example", 1).await, inviting.link("ada@acme.example", 2).await];
        let own = links.iter().find(|link| link.contains(&inviting.tenant.name)).expect("its own").clone();
        let secret = own.rsplit('/').next().expect("a link").to_owned();
        let unknown = Page::get(&own.replace(&secret, "00000000.AAAA")).await.expect(404, "not valid").text;
        let at = |tenant: &str| format!("{}/t/{tenant}/invitations/{secret}", inviting.system.server().origin());
        let (key, signed) = secret.split_once('.').expect("its key");
        let mut others: Vec<String> = vec![at(&other.name), at("nobody"), own.replace("/t/", "/T/") + "A", own.replace(key, "ffffffff")];
        for place in [0, signed.len() / 2, signed.len() - 2] {
            let letter = if signed.as_bytes()[place] == b'A' { "B" } else { "A" };
            let changed = format!("{}{letter}{}", &signed[..place], &signed[place + 1..]);
            others.push(own.replace(signed, &changed));
        }
        others.push(format!("{}/invitations/{secret}", inviting.system.server().origin()));
        for wrong in others {
            assert_eq!(Page::get(&wrong).await.expect(404, "not valid").text, unknown, "{wrong}");
            assert_eq!(Page::post(&wrong).await.expect(404, "not valid").text, unknown, "{wrong}");
        }
        inviting.tenant.client().with_token(&secret).get("/Users").await.expect(401);
        let as_link = own.replace(&secret, &inviting.tenant.token);
        Page::post(&as_link).await.expect(404, "not valid");
        assert_eq!(inviting.invitation("ada@acme.example")["state"], "invited");
        Page::of(reqwest::Method::PUT, &own).await.expect(405, "cannot be asked for");
        assert_eq!(inviting.invitation("ada@acme.example")["accepted"], json!(null));
        Page::post(&own).await.expect(200, "you are a member");
    }

    /// However often and from however many sides at once.
    async fn k07_of_many_acceptances_at_once_one_counts(database: Database) {
        let inviting = Inviting::start(database).await;
        let id = inviting.provision("ada@acme.example").await;
        let link = inviting.link("ada@acme.example", 1).await;
        for page in join_all((0..20).map(|_| Page::post(&link))).await {
            page.expect(200, "you are a member");
        }
        let types: Vec<String> = inviting.story().into_iter().map(|(name, _)| name).collect();
        assert_eq!(types, ["user.created", "user.invited", "user.verified"]);
        let listed = inviting.system.tenantry(&["failures", "list", &inviting.tenant.name, "--json"]).expect(0).json();
        assert_eq!(listed["failures"].as_array().map(Vec::len), Some(1), "{listed}");
        assert_eq!(inviting.invitation(&id)["state"], "accepted");
        // Deactivated and accepted at once: whichever is first, the events agree with how it ended.
        for number in 0..5 {
            let name = format!("user{number}@acme.example");
            let at = format!("/Users/{}", inviting.provision(&name).await);
            let link = inviting.link(&name, 1).await;
            let (client, off) = (inviting.tenant.client(), patch_one("replace", "active", false));
            let (page, _) = join(Page::post(&link), client.patch(&at, &off)).await;
            let last = inviting.story().pop().expect("an event");
            let expected = if page.status == 200 { "accepted" } else { "revoked" };
            assert_eq!(last.1, expected, "{}", page.text);
            assert_eq!(inviting.invitation(&name)["state"], expected);
        }
    }

    /// Each in its own words, and nothing happens.
    async fn k07_an_expired_link_says_what_to_do(database: Database) {
        let inviting = Inviting::start(database).await;
        let id = inviting.provision("ada@acme.example").await;
        let link = inviting.link("ada@acme.example", 1).await;
        inviting.system.server().change_rows("UPDATE invitations SET expires_ms = 1").await;
        for page in [Page::get(&link).await, Page::post(&link).await] {
            page.expect(410, "Ask an administrator of the workspace to send it again");
        }
        assert_eq!(inviting.invitation(&id)["state"], "expired");
        let listed = |state: &str| {
            let list = ["invitation", "list", inviting.tenant.name.as_str(), "--state", state, "--json"];
            inviting.system.tenantry(&list).expect(0).json()["invitations"].as_array().map(Vec::len)
        };
        assert_eq!((listed("expired"), listed("invited"), listed("accepted")), (Some(1), Some(0), Some(0)));
        assert_eq!(inviting.story().len(), 2, "nothing was told");
        inviting.later().await;
        inviting.system.tenantry(&["invitation", "resend", &inviting.tenant.name, "ada@acme.example"]).expect(0);
        let again = inviting.link("ada@acme.example", 2).await;
        Page::post(&link).await.expect(404, "not valid");
        Page::post(&again).await.expect(200, "you are a member");
    }

    /// Links live as long as the key that signed them is there.
    async fn k07_links_outlive_a_rotation_of_the_signing_key_and_not_its_end(database: Database) {
        let inviting = Inviting::start(database).await;
        inviting.provision("ada@acme.example").await;
        inviting.provision("bob@acme.example").await;
        let (ada, bob) = (inviting.link("ada@acme.example", 1).await, inviting.link("bob@acme.example", 1).await);
        let before = inviting.system.tenantry(&["key", "list", "--json"]).expect(0).json();
        let before = before["keys"][0]["id"].as_str().expect("an id").to_owned();
        inviting.system.tenantry(&["key", "rotate"]).expect(0);
        Page::post(&ada).await.expect(200, "you are a member");
        inviting.system.tenantry(&["key", "retire", &before, "--force"]).expect(0);
        Page::post(&bob).await.expect(404, "not valid");
        inviting.later().await;
        inviting.system.tenantry(&["invitation", "resend", &inviting.tenant.name, "bob@acme.example"]).expect(0);
        Page::post(&inviting.link("bob@acme.example", 2).await).await.expect(200, "you are a member");
    }

    /// Who guesses is told to wait, as a person reads it; and a tenant that is switched off lets nobody join.
    async fn k07_guessing_is_limited_and_a_disabled_tenant_lets_nobody_in(database: Database) {
        let inviting = Inviting::start(database).await;
        inviting.provision("ada@acme.example").await;
        let link = inviting.link("ada@acme.example", 1).await;
        inviting.system.tenantry(&["tenant", "disable", &inviting.tenant.name]).expect(0);
        Page::post(&link).await.expect(404, "not valid");
        inviting.system.tenantry(&["tenant", "enable", &inviting.tenant.name]).expect(0);
        inviting.system.tenantry(&["limits", "set", "address_per_second=1", "address_burst=3"]).expect(0);
        let mut limited = None;
        for _ in 0..20 {
            let page = Page::get(&link.replace("/invitations/", "/invitations/x")).await;
            if page.status == 429 {
                limited = Some(page);
                break;
            }
        }
        let limited = limited.expect("it is limited").expect(429, "try again a little later");
        assert!(!limited.header("retry-after").is_empty() && limited.header("content-type").starts_with("text/html"));
        inviting.system.tenantry(&["limits", "reset", "address_per_second", "address_burst"]).expect(0);
        Page::post(&link).await.expect(200, "you are a member");
    }
}
