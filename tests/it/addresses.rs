//! The ways to a tenant: path, own host, wildcard host, and the token alone.

use serde_json::json;

use crate::support::{Client, Request, System, Tenant, user};

const BASE_DOMAIN: (&str, &str) = ("TENANTRY_SERVER__BASE_DOMAIN", "scim.test");

on_both! {
    /// `/t/{tenant}/scim/v2`, in any letter case, with slashes too many, with or without the version.
    async fn r008_the_path_names_the_tenant_in_every_spelling(system) {
        let tenant = system.tenant("spelled");
        let id = tenant.client().post("/Users", &user("ada")).await.expect(201).id();
        let (name, client) = (tenant.name.as_str(), tenant.client().at(system.server().origin()));
        for base in ["/t/NAME/scim/v2", "/t/NAME/SCIM/V2", "/t/NAME/Scim/v2/", "//t//NAME//scim//v2/", "/t/NAME/scim", "/T/NAME/scim/v2"] {
            let base = base.replace("NAME", name);
            let read = client.get(&format!("{base}/Users/{id}")).await.expect(200);
            let location = read.body["meta"]["location"].as_str().expect("a location").to_owned();
            assert_eq!(location, format!("{}/Users/{id}", tenant.base_url), "one canonical location");
            client.get(&format!("{base}/users/{id}/")).await.expect(200);
        }
        for version in ["v1", "v3", "V20"] {
            client.get(&format!("/t/{name}/scim/{version}/Users")).await.refused(400, Some("invalidVers"));
        }
        for elsewhere in ["/", "/t", "/t/NAME", "/t/NAME/", "/x/NAME/scim/v2/Users", "/t/NAME/api/Users", "/favicon.ico"] {
            client.get(&elsewhere.replace("NAME", name)).await.expect(404);
        }
    }

    /// On the shared endpoint the token alone tells; locations are there, too.
    async fn the_token_alone_names_the_tenant_on_the_shared_endpoint(system) {
        let (one, other) = (system.tenant("shared"), system.tenant("shared"));
        let shared = format!("{}/scim/v2", system.server().origin());
        let at_shared = |tenant: &Tenant| tenant.client().at(shared.as_str());
        let created = at_shared(&one).post("/Users", &user("ada")).await.expect(201);
        assert_eq!(created.header("location"), Some(format!("{shared}/Users/{}", created.id()).as_str()));
        one.client().get(&format!("/Users/{}", created.id())).await.expect(200);
        at_shared(&other).get(&format!("/Users/{}", created.id())).await.expect(404);
        assert_eq!(at_shared(&other).get("/Users").await.expect(200).total(), 0);
        Client::new(shared.as_str()).get("/Users").await.expect(401);
        Client::new(shared.as_str()).get("/ServiceProviderConfig").await.expect(401);
    }

    /// A domain name of its own, and one below the base domain.
    async fn a_host_names_the_tenant_and_must_agree_with_the_token(database: Database) {
        let system = System::start_with(database, &[BASE_DOMAIN]).await;
        let (acme, other) = (system.tenant("acme"), system.tenant("other"));
        system.tenantry(&["tenant", "set", &acme.name, "--add-host", "scim.acme.test"]).expect(0);
        let wildcard = format!("{}.scim.test", acme.name);
        let port = system.server().port();
        let shared = format!("{}/scim/v2", system.server().origin());
        let id = acme.client().post("/Users", &user("ada")).await.expect(201).id();
        for host in ["scim.acme.test".to_owned(), "SCIM.Acme.Test".to_owned(), format!("scim.acme.test:{port}"), wildcard.clone(), wildcard.to_uppercase()] {
            let at_host = |tenant: &Tenant| tenant.client().at(shared.as_str()).with("host", host.as_str());
            let read = at_host(&acme).get(&format!("/Users/{id}")).await.expect(200);
            let location = read.body["meta"]["location"].as_str().expect("a location");
            assert_eq!(location, format!("http://{}/scim/v2/Users/{id}", host.to_lowercase()), "the base URL that was used");
            at_host(&other).get("/Users").await.expect(401);
            Client::new(shared.as_str()).with("host", host.as_str()).get("/ServiceProviderConfig").await.expect(200);
        }
        let nobody = other.client().at(shared.as_str()).with("host", "nobody.scim.test").get("/Users").await.expect(401);
        let foreign = other.client().at(shared.as_str()).with("host", wildcard.as_str()).get("/Users").await.expect(401);
        assert_eq!(nobody.text, foreign.text, "a host that is not there answers as one of another");
        // Host and path must agree, too.
        let path = format!("{}/t/{}/scim/v2", system.server().origin(), other.name);
        other.client().at(path).with("host", "scim.acme.test").get("/Users").await.expect(401);
    }

    /// Given up, a domain name opens nothing from then on, and another may have it.
    async fn a_host_is_one_tenants_at_a_time(database: Database) {
        let system = System::start(database).await;
        let (one, other) = (system.tenant("one"), system.tenant("other"));
        system.tenantry(&["tenant", "set", &one.name, "--add-host", "scim.acme.test"]).expect(0);
        system.tenantry(&["tenant", "set", &other.name, "--add-host", "SCIM.acme.test"]).expect(4);
        let shared = format!("{}/scim/v2", system.server().origin());
        let at_host = |tenant: &Tenant| tenant.client().at(shared.as_str()).with("host", "scim.acme.test");
        at_host(&one).get("/Users").await.expect(200);
        at_host(&other).get("/Users").await.expect(401);
        system.tenantry(&["tenant", "set", &one.name, "--remove-host", "scim.acme.test"]).expect(0);
        system.tenantry(&["tenant", "set", &other.name, "--add-host", "scim.acme.test"]).expect(0);
        at_host(&other).get("/Users").await.expect(200);
        at_host(&one).get("/Users").await.expect(401);
    }

    /// R18: behind a proxy the locations are what its clients see; nobody else can make them up.
    async fn r018_forwarded_headers_count_from_trusted_proxies_alone(database: Database) {
        let trusting = System::start_with(database, &[("TENANTRY_SERVER__TRUSTED_PROXIES", "127.0.0.0/8")]).await;
        let tenant = trusting.tenant("proxied");
        let forwarded = tenant.client().with("x-forwarded-proto", "https").with("x-forwarded-host", "scim.example");
        let created = forwarded.post("/Users", &user("ada")).await.expect(201);
        let expected = format!("https://scim.example/t/{}/scim/v2/Users/{}", tenant.name, created.id());
        assert_eq!(created.header("location"), Some(expected.as_str()));
        let standard = tenant.client().with("forwarded", "for=192.0.2.1;proto=https;host=other.example");
        let read = standard.get(&format!("/Users/{}", created.id())).await.expect(200);
        assert_eq!(read.body["meta"]["location"], json!(expected.replace("scim.example", "other.example")));
        drop(trusting);
        let system = System::start(database).await;
        let tenant = system.tenant("direct");
        let pretending = tenant.client().with("x-forwarded-proto", "https").with("x-forwarded-host", "evil.example").with("forwarded", "host=evil.example");
        let created = pretending.post("/Users", &user("ada")).await.expect(201);
        assert_eq!(created.header("location"), Some(format!("{}/Users/{}", tenant.base_url, created.id()).as_str()));
    }

    /// A public URL stands in everything that is printed and answered.
    async fn the_public_url_stands_in_locations_and_in_what_is_printed(database: Database) {
        let system = System::start_with(database, &[("TENANTRY_SERVER__PUBLIC_URL", "https://scim.example")]).await;
        let tenant = system.tenant("public");
        assert_eq!(tenant.base_url, format!("https://scim.example/t/{}/scim/v2", tenant.name));
        let local = format!("{}/t/{}/scim/v2", system.server().origin(), tenant.name);
        let created = tenant.client().at(local).post("/Users", &user("ada")).await.expect(201);
        assert_eq!(created.header("location"), Some(format!("{}/Users/{}", tenant.base_url, created.id()).as_str()));
    }

    /// SCIM paths are served as they come, never redirected: clients lose the method or the token on the way.
    async fn r011_nothing_is_redirected(system) {
        let tenant = system.tenant("direct");
        for path in ["", "/", "//", "/Users/", "//Users", "/Users//", "/ServiceProviderConfig/", "/Schemas//"] {
            let answer = tenant.client().send(Request::new("GET", path)).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        }
    }

    /// R10 and Q6: unknown parameters are ignored wherever they stand.
    async fn r010_unknown_parameters_are_ignored(system) {
        let tenant = system.tenant("flags");
        let client = tenant.client();
        for query in ["?aadOptscim062020", "?aadOptscim062020&count=1", "?_=1&&=&x=%zz", "?count=1&aadOptscim062020=", "?"] {
            client.get(&format!("/Users{query}")).await.expect(200);
        }
        client.post("/Users?aadOptscim062020", &user("ada")).await.expect(201);
    }
}
