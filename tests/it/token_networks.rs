//! From where a token may be used.

use serde_json::json;

use crate::support::{Client, System, Tenant};

fn issue(system: &System, tenant: &Tenant, networks: &[&str]) -> Client {
    let mut arguments = vec!["token", "issue", tenant.name.as_str(), "--json"];
    networks.iter().for_each(|network| arguments.extend(["--allow", network]));
    let issued = system.tenantry(&arguments).expect(0).json();
    tenant.client().with_token(issued["token"].as_str().expect("a token"))
}

on_both! {
    /// A token with networks is good from there, and 403 from elsewhere, seen before or not.
    async fn a_token_is_for_its_networks(system) {
        let tenant = system.tenant("networks");
        issue(&system, &tenant, &["127.0.0.0/8"]).get("/Users").await.expect(200);
        let client = issue(&system, &tenant, &["192.0.2.0/24", "2001:db8::/32"]);
        for _ in 0..2 {
            let refused = client.get("/Users").await.expect(403);
            assert!(refused.text.contains("network address"), "{}", refused.text);
            assert!(!refused.text.contains("192.0.2") && !refused.text.contains(&tenant.name), "{}", refused.text);
        }
    }

    /// What a client writes into headers of proxies is not believed.
    async fn an_address_cannot_be_claimed(system) {
        let tenant = system.tenant("networks");
        let client = issue(&system, &tenant, &["192.0.2.0/24"]);
        for (name, value) in [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1"), ("x-real-ip", "192.0.2.1")] {
            client.clone().with(name, value).get("/Users").await.expect(403);
        }
    }

    /// A trusted proxy tells the address of the client.
    async fn behind_a_trusted_proxy_the_clients_address_counts(database: Database) {
        let system = System::start_with(database, &[("TENANTRY_SERVER__TRUSTED_PROXIES", "127.0.0.1/32")]).await;
        let tenant = system.tenant("networks");
        let client = issue(&system, &tenant, &["192.0.2.0/24"]);
        let from = |addresses: &str| client.clone().with("x-forwarded-for", addresses);
        from("192.0.2.1").get("/Users").await.expect(200);
        from("198.51.100.1").get("/Users").await.expect(403);
        // What stands before the proxy's own word was written by the client.
        from("192.0.2.1, 198.51.100.1").get("/Users").await.expect(403);
        client.get("/Users").await.expect(403);
        let listed = system.tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(listed["tokens"][0]["last_used"]["address"], "192.0.2.1");
    }

    /// The list of a tenant holds for every token, at once, and beside the token's own.
    async fn the_networks_of_a_tenant_hold_at_once(system) {
        let tenant = system.tenant("networks");
        let client = tenant.client();
        client.get("/Users").await.expect(200);
        system.set(&tenant, &json!({ "token_networks": ["192.0.2.0/24"] }));
        client.get("/Users").await.expect(403);
        issue(&system, &tenant, &["127.0.0.1"]).get("/Users").await.expect(403);
        system.tenantry(&["tenant", "set", &tenant.name, "token_networks="]).expect(0);
        client.get("/Users").await.expect(401);
        system.issue(&tenant).client().get("/Users").await.expect(200);
    }

    /// Whoever has no genuine token learns nothing of networks.
    async fn an_outsider_is_told_nothing_of_networks(system) {
        let (tenant, other) = (system.tenant("networks"), system.tenant("intruder"));
        system.set(&tenant, &json!({ "token_networks": ["192.0.2.0/24"] }));
        let nowhere = tenant.base_url.replace(&tenant.name, "no-such-tenant");
        for client in [other.client(), Client::new("").with_token("garbage"), Client::new("")] {
            let here = client.clone().at(tenant.base_url.as_str()).get("/Users").await.expect(401);
            let there = client.at(nowhere.as_str()).get("/Users").await.expect(401);
            assert_eq!((here.body, here.headers.get("www-authenticate")), (there.body, there.headers.get("www-authenticate")));
        }
    }
}
