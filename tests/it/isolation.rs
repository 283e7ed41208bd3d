//! One tenant's client meets another tenant: the same answers as if there were nobody.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Request, System, Tenant, group, patch_one, urn, user};

/// A user and a group of a tenant.
struct Possessions {
    user: String,
    group: String,
}

/// Ids that belong to nobody, in the form of those that do.
const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

on_both! {
    /// Every route at A's address with B's token: a 401 that is the same for a tenant that does not exist.
    async fn r161_a_token_at_another_tenants_address_is_unknown(system) {
        let (a, b) = (system.tenant("victim"), system.tenant("intruder"));
        let own = furnish(&a).await;
        let before = everything(&a).await;
        let intruder = b.client();
        for request in every_route(&own.user, &own.group) {
            let at_a = intruder.clone().at(a.base_url.as_str()).send(request.clone()).await;
            let nowhere = a.base_url.replace(&a.name, "no-such-tenant");
            let at_nobody = intruder.clone().at(nowhere).send(request.clone()).await;
            assert_eq!(at_a.status, 401, "{}", at_a.request);
            assert_same(&at_a, &at_nobody);
        }
        assert_eq!(everything(&a).await, before);
    }

    /// Every route at A's host with B's token: as at a host that is nobody's.
    async fn r161_a_token_at_another_tenants_host_is_unknown(database: Database) {
        let system = System::start_with(database, &[
            ("TENANTRY_SERVER__BASE_DOMAIN", "scim.test"),
            ("TENANTRY_LIMITS__ADDRESS_PER_SECOND", "1000000"),
            ("TENANTRY_LIMITS__ADDRESS_BURST", "1000000"),
        ])
        .await;
        let (a, b) = (system.tenant("victim"), system.tenant("intruder"));
        system.tenantry(&["tenant", "set", &a.name, "--add-host", "scim.victim.test"]).expect(0);
        let own = furnish(&a).await;
        let before = everything(&a).await;
        let shared = b.client().at(format!("{}/scim/v2", system.server().origin()));
        let wildcard = format!("{}.scim.test", a.name);
        for request in every_route(&own.user, &own.group) {
            let at_nobody = shared.clone().with("host", "nobody.scim.test").send(request.clone()).await;
            for host in ["scim.victim.test", wildcard.as_str()] {
                let at_a = shared.clone().with("host", host).send(request.clone()).await;
                assert_eq!(at_a.status, 401, "{} at {host}", at_a.request);
                assert_same(&at_a, &at_nobody);
            }
        }
        assert_eq!(everything(&a).await, before);
    }

    /// Every route at B's own address with A's ids: the same as with ids of nobody.
    async fn r055_r160_another_tenants_ids_are_unknown(system) {
        let (a, b) = (system.tenant("victim"), system.tenant("intruder"));
        let own = furnish(&a).await;
        let before = everything(&a).await;
        let intruder = b.client();
        for (request, nobody) in every_route_by_id(&own.user, &own.group).into_iter().zip(every_route_by_id(NOBODY, NOBODY)) {
            let foreign = intruder.send(request).await;
            let unknown = intruder.send(nobody).await;
            assert_eq!((foreign.status, unknown.status), (404, 404), "{}", foreign.request);
            let said = foreign.text.replace(&own.user, NOBODY).replace(&own.group, NOBODY);
            assert_eq!(said, unknown.text, "{}", foreign.request);
        }
        assert_eq!(everything(&a).await, before);
    }

    /// Searches never find, count or name what is another's.
    async fn searches_find_nothing_of_another_tenant(system) {
        let (a, b) = (system.tenant("victim"), system.tenant("intruder"));
        let own = furnish(&a).await;
        let intruder = b.client();
        for (kind, filter) in [
            ("Users", "userName eq \"secret-user\"".to_owned()),
            ("Users", "userName sw \"secret\"".to_owned()),
            ("Users", format!("id eq \"{}\"", own.user)),
            ("Users", "externalId eq \"ext-secret-user\"".to_owned()),
            ("Users", "emails.value eq \"secret-user@mail.example\"".to_owned()),
            ("Users", format!("groups.value eq \"{}\"", own.group)),
            ("Users", "not (userName eq \"x\")".to_owned()),
            ("Groups", "displayName eq \"secret-group\"".to_owned()),
            ("Groups", format!("members eq \"{}\"", own.user)),
            ("Groups", format!("id eq \"{}\" and members eq \"{}\"", own.group, own.user)),
        ] {
            assert_eq!(intruder.find(kind, &filter).await.expect(200).total(), 0, "{filter}");
        }
        for path in ["/Users", "/Groups", "/", "/Users?count=0", "/Users?cursor", "/Users?sortBy=userName"] {
            let answer = intruder.get(path).await.expect(200);
            assert!(!answer.text.contains("secret"), "{path}: {}", answer.text);
        }
    }

    /// A foreign id inside a body is as unknown as an invented one.
    async fn references_to_another_tenants_resources_are_unknown(system) {
        let (a, b) = (system.tenant("victim"), system.tenant("intruder"));
        let own = furnish(&a).await;
        let intruder = b.client();
        let group_id = intruder.post("/Groups", &group("Mine", &[])).await.expect(201).id();
        for (method, path, body) in [
            ("POST", "/Groups".to_owned(), group("Stolen", &["ID"])),
            ("PUT", format!("/Groups/{group_id}"), group("Mine", &["ID"])),
            ("PATCH", format!("/Groups/{group_id}"), patch_one("add", "members", json!([{ "value": "ID" }]))),
            ("PATCH", format!("/Groups/{group_id}"), patch_one("replace", "members", json!([{ "value": "ID" }]))),
        ] {
            let with = |id: &str| {
                let body: Value = serde_json::from_str(&body.to_string().replace("ID", id)).expect("JSON");
                intruder.send(Request::new(method, path.as_str()).json(&body))
            };
            let (foreign, unknown) = (with(&own.user).await, with(NOBODY).await);
            assert!(foreign.status >= 400, "{} {}", foreign.request, foreign.text);
            assert_eq!((foreign.status, foreign.text.replace(&own.user, NOBODY)), (unknown.status, unknown.text));
        }
        let victim = a.client().get(&format!("/Users/{}", own.user)).await.expect(200);
        assert_eq!(victim.body["groups"].as_array().map(Vec::len), Some(1), "no foreign group shows on the user");
    }

    /// The manager of a user is never looked up elsewhere.
    async fn a_foreign_manager_is_not_followed(system) {
        let (a, b) = (system.tenant("victim"), system.tenant("intruder"));
        let own = furnish(&a).await;
        let mut body = user("boss-seeker");
        body["schemas"] = json!([urn::USER, urn::ENTERPRISE]);
        body[urn::ENTERPRISE] = json!({ "manager": { "value": own.user } });
        let answer = b.client().post("/Users", &body).await;
        assert!(!answer.text.contains("secret"), "{}", answer.text);
        a.client().delete(&format!("/Users/{}", own.user)).await.expect(204);
    }

    /// Bulk goes through the same doors.
    async fn bulk_reaches_nothing_of_another_tenant(system) {
        let (a, b) = (system.tenant("victim"), system.tenant("intruder"));
        let own = furnish(&a).await;
        let before = everything(&a).await;
        let operations = |user: &str, group: &str| {
            json!({ "schemas": [urn::BULK], "Operations": [
                { "method": "DELETE", "path": format!("/Users/{user}") },
                { "method": "PATCH", "path": format!("/Users/{user}"), "data": patch_one("replace", "title", json!("x")) },
                { "method": "PUT", "path": format!("/Groups/{group}"), "data": { "schemas": [urn::GROUP], "displayName": "x" } },
            ] })
        };
        let foreign = b.client().post("/Bulk", &operations(&own.user, &own.group)).await.expect(200);
        let unknown = b.client().post("/Bulk", &operations(NOBODY, NOBODY)).await.expect(200);
        let statuses = |answer: &Answer| {
            let all = answer.body["Operations"].as_array().expect("operations").clone();
            all.into_iter().map(|operation| operation["status"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(statuses(&foreign), vec![json!("404"), json!("404"), json!("404")]);
        assert_eq!(statuses(&foreign), statuses(&unknown));
        assert_eq!(everything(&a).await, before);
    }

    /// Who is deleted leaves nothing for a tenant of the same name.
    async fn a_new_tenant_of_an_old_name_starts_empty_and_without_the_old_token(system) {
        let old = system.tenant("reborn");
        furnish(&old).await;
        system.tenantry(&["tenant", "delete", &old.name, "--yes"]).expect(0);
        old.client().get("/Users").await.expect(401);
        let created = system.tenantry(&["tenant", "create", &old.name, "--with-token", "--json"]).expect(0).json();
        old.client().get("/Users").await.expect(401);
        let token = created["token"].as_str().expect("a token");
        let client = old.client().with_token(token);
        assert_eq!(client.get("/Users").await.expect(200).total(), 0);
        assert_eq!(client.get("/Groups").await.expect(200).total(), 0);
        assert_eq!(system.events(&old, 0), Vec::<Value>::new());
    }
}

/// Fills a tenant with a user in a group.
async fn furnish(tenant: &Tenant) -> Possessions {
    let client = tenant.client();
    let user = client.post("/Users", &user("secret-user")).await.expect(201).id();
    let group = client.post("/Groups", &group("secret-group", &[&user])).await.expect(201).id();
    Possessions { user, group }
}

async fn everything(tenant: &Tenant) -> Value {
    tenant.client().get("/").await.expect(200).body
}

#[track_caller]
fn assert_same(one: &Answer, other: &Answer) {
    assert_eq!((one.status, &one.body), (other.status, &other.body), "{} and {}", one.request, other.request);
    assert_eq!(one.header("www-authenticate"), other.header("www-authenticate"), "{}", one.request);
}

/// Every method and path there is.
fn every_route(user_id: &str, group_id: &str) -> Vec<Request> {
    let search = json!({ "schemas": [urn::SEARCH], "filter": "userName pr" });
    let bulk =
        json!({ "schemas": [urn::BULK], "Operations": [{ "method": "DELETE", "path": format!("/Users/{user_id}") }] });
    let mut routes = every_route_by_id(user_id, group_id);
    for path in ["", "/Users", "/Groups", "/Me", "/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/Nothing"] {
        routes.push(Request::new("GET", path));
    }
    routes.push(Request::new("GET", format!("/Schemas/{}", urn::USER)));
    routes.push(Request::new("GET", "/ResourceTypes/User"));
    routes.push(Request::new("POST", "/Users").json(&user("planted")));
    routes.push(Request::new("POST", "/Groups").json(&group("planted", &[])));
    for path in ["/.search", "/Users/.search", "/Groups/.search"] {
        routes.push(Request::new("POST", path).json(&search));
    }
    routes.push(Request::new("POST", "/Bulk").json(&bulk));
    routes
}

/// Every method on one user and on one group.
fn every_route_by_id(user_id: &str, group_id: &str) -> Vec<Request> {
    let (user_path, group_path) = (format!("/Users/{user_id}"), format!("/Groups/{group_id}"));
    let (title, name) = (patch_one("replace", "title", json!("x")), patch_one("replace", "displayName", json!("x")));
    vec![
        Request::new("GET", &user_path),
        Request::new("HEAD", &user_path),
        Request::new("GET", format!("{user_path}?attributes=userName")),
        Request::new("PUT", &user_path).json(&user("overwritten")),
        Request::new("PATCH", &user_path).json(&title),
        Request::new("PATCH", &user_path).header("if-match", "*").json(&title),
        Request::new("DELETE", &user_path),
        Request::new("GET", &group_path),
        Request::new("GET", format!("{group_path}?excludedAttributes=members")),
        Request::new("PUT", &group_path).json(&group("overwritten", &[])),
        Request::new("PATCH", &group_path).json(&name),
        Request::new("PATCH", &group_path).json(&patch_one("remove", "members", json!([]))),
        Request::new("DELETE", &group_path),
    ]
}

/// A client without a token.
fn nobody(tenant: &Tenant) -> Client {
    Client::new(tenant.base_url.as_str())
}

on_both! {
    /// Who has no token learns nothing but the way to get in.
    async fn r164_without_a_token_there_is_only_discovery(system) {
        let tenant = system.tenant("closed");
        let own = furnish(&tenant).await;
        for request in every_route(&own.user, &own.group) {
            let discovery = request.method == "GET"
                && ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"].iter().any(|path| request.path.starts_with(path));
            let answer = nobody(&tenant).send(request).await;
            assert_eq!(answer.status, if discovery { 200 } else { 401 }, "{}", answer.request);
        }
    }

    /// What discovery says to anybody is the same for a tenant that is not there.
    async fn discovery_does_not_tell_which_tenants_exist(system) {
        let tenant = special_tenant(&system);
        let missing = tenant.base_url.replace(&tenant.name, "no-such-tenant");
        for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/ResourceTypes/User"] {
            let here = nobody(&tenant).get(path).await.expect(200);
            let nowhere = Client::new(missing.as_str()).get(path).await.expect(200);
            assert_eq!(here.text.replace(&tenant.base_url, "BASE"), nowhere.text.replace(&missing, "BASE"), "{path}");
        }
    }
}

/// A tenant whose schemas differ from everybody's.
fn special_tenant(system: &System) -> Tenant {
    let attribute = json!({ "name": "secretField", "type": "string", "multiValued": false });
    let extension =
        json!({ "id": "urn:secret:2.0:User", "name": "Secret", "description": "Secret", "attributes": [attribute] });
    system.tenant_with("special", &json!({ "extensions": [extension] }))
}
