//! Tenants and their OAuth clients.

use serde_json::{Value, json};

use super::Admin;
use crate::support::{Client, Request, System, encode};

fn unique(system: &System, name: &str) -> String {
    format!("{}-new", system.tenant(name).name)
}

on_both! {
    /// From nothing to a client that is let in, with HTTP alone.
    async fn a_tenant_is_made_and_provisioned_over_http(system) {
        let (admin, name) = (Admin::operator(&system).await, unique(&system, "made"));
        let wishes = json!({ "name": name, "hosts": [format!("{name}.test")], "settings": { "token_max_days": 90 } });
        let made = admin.post("/tenants", &wishes).await.expect(201);
        assert_eq!(made.header("location"), Some(format!("/api/v1/tenants/{name}").as_str()));
        assert_eq!((&made.body["hosts"], &made.body["settings"]["token_max_days"]), (&wishes["hosts"], &json!(90)));
        admin.post("/tenants", &wishes).await.expect(409);
        let issued = admin.issue(&name, "first", &json!({})).await.expect(201);
        let client = Client::new(made.body["base_url"].as_str().expect("a URL"));
        let client = client.with_token(issued.body["token"].as_str().expect("a token"));
        client.get("/Users").await.expect(200);
        let path = format!("/tenants/{name}");
        let shown = admin.get(&path).await.expect(200);
        assert_eq!(shown.body["token"]["id"], issued.body["token_id"]);
        for (verb, status) in [("disable", 403), ("disable", 403), ("enable", 200)] {
            let switched = admin.post(&format!("{path}/{verb}"), &json!({})).await.expect(200);
            assert_eq!(switched.body["enabled"], verb == "enable");
            client.get("/Users").await.expect(status);
        }
        admin.delete(&format!("{path}?confirm={name}")).await.expect(200);
        admin.get(&path).await.expect(404);
        client.get("/Users").await.expect(401);
    }

    /// Who decided by what is out of date is told, and nothing is changed.
    async fn a_change_of_what_was_changed_meanwhile_is_refused(system) {
        let (admin, tenant) = (Admin::operator(&system).await, system.tenant("etag"));
        let path = format!("/tenants/{}", tenant.name);
        let tag = admin.get(&path).await.expect(200).header("etag").expect("a tag").to_owned();
        let with = |tag: &str| admin.sending("if-match", tag);
        let strict = |value: bool| json!({ "settings": { "strict": value } });
        let changed = with(&tag).patch(&path, &strict(true)).await.expect(200);
        assert_ne!(changed.header("etag"), Some(tag.as_str()));
        for outdated in [tag.as_str(), "\"1\"", "W/\"1\"", "nonsense"] {
            with(outdated).patch(&path, &strict(false)).await.expect(412);
        }
        let shown = admin.get(&path).await.expect(200);
        assert_eq!((&shown.body["settings"]["strict"], shown.header("etag")), (&json!(true), changed.header("etag")));
        with(changed.header("etag").expect("a tag")).patch(&path, &strict(false)).await.expect(200);
        with("*").patch(&path, &json!({ "settings": { "strict": null } })).await.expect(200);
    }

    /// What is wrong is named, and what is right beside it is not done.
    async fn a_wrong_change_changes_nothing(system) {
        let (admin, tenant) = (Admin::operator(&system).await, system.tenant("wrong"));
        let path = format!("/tenants/{}", tenant.name);
        let before = admin.get(&path).await.expect(200).body;
        for (change, named) in [
            (json!({ "settings": { "strict": true, "no_such": 1 } }), "no_such"),
            (json!({ "settings": { "strict": true, "rate_per_second": 0 } }), "rate_per_second"),
            (json!({ "settings": { "strict": true }, "add_hosts": ["no host"] }), "no host"),
            (json!({ "settings": { "strict": true }, "remove_hosts": ["other.test"] }), "other.test"),
            (json!({ "setings": {} }), "setings"),
        ] {
            let refused = admin.patch(&path, &change).await.expect(400);
            assert!(refused.text.contains(named), "{}", refused.text);
        }
        assert_eq!(admin.get(&path).await.expect(200).body, before);
    }

    /// Pages of every list make the whole, each item once.
    async fn lists_come_in_pages(system) {
        let (admin, tenant) = (Admin::operator(&system).await, system.tenant("pages"));
        for number in 0..4 {
            admin.issue(&tenant.name, &number.to_string(), &json!({})).await.expect(201);
            let wishes = json!({ "name": format!("client-{number}") });
            admin.post(&format!("/tenants/{}/oauth-clients", tenant.name), &wishes).await.expect(201);
        }
        for (path, list, expected) in [
            (format!("/tenants/{}/tokens", tenant.name), "tokens", Some(5)),
            (format!("/tenants/{}/oauth-clients", tenant.name), "clients", Some(4)),
            ("/tenants".to_owned(), "tenants", None),
        ] {
            let (mut items, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = admin.get(&format!("{path}?limit=2{cursor}")).await.expect(200).body;
                let part = page[list].as_array().expect("items");
                assert!(part.len() <= 2);
                items.extend(part.iter().map(|item| item["name"].as_str().or(item["id"].as_str()).expect("a name").to_owned()));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={}", encode(next));
            }
            let mut distinct = items.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), items.len(), "{items:?}");
            match expected {
                Some(expected) => assert_eq!(items.len(), expected),
                None => assert!(items.contains(&tenant.name)),
            }
            for wrong in ["limit=0", "limit=201", "limit=x", "cursor=%25", "page=2"] {
                admin.get(&format!("{path}?{wrong}")).await.expect(400);
            }
        }
    }

    /// The administrator of a tenant keeps its OAuth clients; an access token is good until its secret is not.
    async fn an_oauth_client_is_kept_over_http(system) {
        let tenant = system.tenant("oauth");
        let admin = Admin::with(&system, &["--tenant", &tenant.name]).await;
        let clients = format!("/tenants/{}/oauth-clients", tenant.name);
        let wishes = json!({ "name": "entra", "scopes": ["users"] });
        let client = admin.post(&clients, &wishes).await.expect(201);
        let text = |answer: &Value, name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name}")).to_owned();
        let path = format!("{clients}/{}", text(&client.body, "client_id"));
        assert_eq!(client.header("location"), Some(format!("/api/v1{path}").as_str()));
        admin.post(&clients, &wishes).await.expect(409);
        let secret = admin.post(&format!("{path}/secrets"), &json!({ "days": 30 })).await.expect(201);
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            text(&client.body, "client_id"),
            encode(&text(&secret.body, "client_secret"))
        );
        let ask = Request::new("POST", text(&secret.body, "token_endpoint")).body(form);
        let ask = ask.header("content-type", "application/x-www-form-urlencoded");
        let given = Client::new("").send_any(ask).await.expect(200);
        let holder = tenant.client().with_token(&text(&given.body, "access_token"));
        holder.get("/Users").await.expect(200);
        for (verb, status) in [("disable", 401), ("enable", 200)] {
            admin.post(&format!("{path}/{verb}"), &json!({})).await.expect(200);
            holder.get("/Users").await.expect(status);
        }
        for _ in 0..2 {
            let revoke = format!("{path}/secrets/{}/revoke", text(&secret.body, "secret_id"));
            admin.post(&revoke, &json!({})).await.expect(200);
            holder.get("/Users").await.expect(401);
        }
        let listed = admin.get(&format!("{path}/secrets")).await.expect(200);
        assert!(listed.body["secrets"][0]["ended"].is_string() && !listed.text.contains(&text(&secret.body, "client_secret")));
        assert_eq!(admin.get(&path).await.expect(200).body["secrets"], json!([]));
        admin.delete(&path).await.expect(200);
        admin.get(&path).await.expect(404);
    }
}
