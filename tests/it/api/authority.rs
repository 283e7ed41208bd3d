//! Who may do what: every endpoint of the document, with every role, on its own tenant, another one, and none.

use serde_json::{Value, json};

use super::Admin;
use crate::support::{Answer, Client, Request, System, Tenant};

/// What an endpoint is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    /// Everybody, also without a key.
    Open,
    /// Whoever has a key; of lists, what the key may see.
    AnyKey,
    /// Looking at a tenant.
    Read,
    /// The way in of a tenant.
    Manage,
    /// What a tenant is, and which there are.
    Operate,
}

/// The rule of each endpoint. One that is new fails the tests until it has one.
const RULES: &[(&str, Rule)] = &[
    ("GET /openapi.json", Rule::Open),
    ("GET /me", Rule::AnyKey),
    ("GET /limits", Rule::Operate),
    ("PATCH /limits", Rule::Operate),
    ("GET /tenants", Rule::AnyKey),
    ("POST /tenants", Rule::Operate),
    ("GET /tenants/{tenant}", Rule::Read),
    ("PATCH /tenants/{tenant}", Rule::Manage),
    ("POST /tenants/{tenant}/enable", Rule::Operate),
    ("POST /tenants/{tenant}/disable", Rule::Operate),
    ("DELETE /tenants/{tenant}", Rule::Operate),
    ("GET /tenants/{tenant}/tokens", Rule::Read),
    ("POST /tenants/{tenant}/tokens", Rule::Manage),
    ("POST /tenants/{tenant}/tokens/complete", Rule::Manage),
    ("POST /tenants/{tenant}/tokens/cancel", Rule::Manage),
    ("POST /tenants/{tenant}/tokens/revoke", Rule::Manage),
    ("GET /tenants/{tenant}/oauth-clients", Rule::Read),
    ("POST /tenants/{tenant}/oauth-clients", Rule::Manage),
    ("GET /tenants/{tenant}/oauth-clients/{client}", Rule::Read),
    ("POST /tenants/{tenant}/oauth-clients/{client}/enable", Rule::Manage),
    ("POST /tenants/{tenant}/oauth-clients/{client}/disable", Rule::Manage),
    ("DELETE /tenants/{tenant}/oauth-clients/{client}", Rule::Manage),
    ("GET /tenants/{tenant}/oauth-clients/{client}/secrets", Rule::Read),
    ("POST /tenants/{tenant}/oauth-clients/{client}/secrets", Rule::Manage),
    ("POST /tenants/{tenant}/oauth-clients/{client}/secrets/{secret}/revoke", Rule::Manage),
    ("GET /tenants/{tenant}/breaker", Rule::Read),
    ("PATCH /tenants/{tenant}/breaker", Rule::Manage),
    ("POST /tenants/{tenant}/breaker/expect", Rule::Manage),
    ("POST /tenants/{tenant}/breaker/release", Rule::Manage),
    ("POST /tenants/{tenant}/breaker/discard", Rule::Manage),
    ("GET /tenants/{tenant}/failures", Rule::Read),
    ("GET /profiles", Rule::AnyKey),
    ("POST /profiles", Rule::Operate),
    ("GET /profiles/{profile}", Rule::AnyKey),
    ("GET /profiles/{profile}/versions", Rule::Operate),
    ("POST /profiles/{profile}/rollback", Rule::Operate),
    ("POST /tenants/{tenant}/profile/preview", Rule::Manage),
    ("POST /tenants/{tenant}/profile/try", Rule::Manage),
    ("GET /tenants/{tenant}/invitations", Rule::Read),
    ("GET /tenants/{tenant}/invitations/{user}", Rule::Read),
    ("POST /tenants/{tenant}/invitations/resend", Rule::Manage),
    ("POST /tenants/{tenant}/invitations/{user}/resend", Rule::Manage),
    ("POST /tenants/{tenant}/invitations/{user}/revoke", Rule::Manage),
    ("GET /tenants/{tenant}/user-conversion", Rule::Read),
    ("POST /tenants/{tenant}/user-conversion", Rule::Manage),
    ("POST /tenants/{tenant}/user-conversion/plan", Rule::Manage),
    ("POST /tenants/{tenant}/user-conversion/pause", Rule::Manage),
    ("POST /tenants/{tenant}/user-conversion/resume", Rule::Manage),
    ("POST /tenants/{tenant}/user-conversion/cancel", Rule::Manage),
    ("GET /store-kinds", Rule::AnyKey),
    ("GET /tenants/{tenant}/stores", Rule::Read),
    ("POST /tenants/{tenant}/stores", Rule::Manage),
    ("GET /tenants/{tenant}/stores/{store}", Rule::Read),
    ("PATCH /tenants/{tenant}/stores/{store}", Rule::Manage),
    ("DELETE /tenants/{tenant}/stores/{store}", Rule::Manage),
    ("POST /tenants/{tenant}/stores/{store}/pause", Rule::Manage),
    ("POST /tenants/{tenant}/stores/{store}/resume", Rule::Manage),
    ("POST /tenants/{tenant}/stores/{store}/retry", Rule::Manage),
    ("POST /tenants/{tenant}/stores/{store}/rebuild", Rule::Manage),
    ("POST /tenants/{tenant}/stores/{store}/test", Rule::Manage),
    ("POST /tenants/{tenant}/stores/{store}/token", Rule::Manage),
    ("POST /tenants/{tenant}/stores/{store}/replay", Rule::Manage),
    ("GET /tenants/{tenant}/stores/{store}/dead-letters", Rule::Read),
    ("POST /tenants/{tenant}/stores/{store}/dead-letters/retry", Rule::Manage),
    ("POST /tenants/{tenant}/stores/{store}/dead-letters/discard", Rule::Manage),
];

const ROLES: [&str; 3] = ["operator", "tenant-admin", "auditor"];

fn may(rule: Rule, role: &str) -> bool {
    match rule {
        Rule::Open | Rule::AnyKey | Rule::Read => true,
        Rule::Manage => role != "auditor",
        Rule::Operate => role == "operator",
    }
}

/// An endpoint of the document.
struct Endpoint {
    method: String,
    pattern: String,
    rule: Rule,
    roles: Vec<String>,
}

fn endpoints(document: &Value) -> Vec<Endpoint> {
    let mut endpoints = Vec::new();
    for (pattern, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let (method, name) = (method.to_uppercase(), format!("{} {pattern}", method.to_uppercase()));
            let rule = RULES.iter().find(|(known, _)| *known == name);
            let (_, rule) = rule.unwrap_or_else(|| panic!("{name} has no rule; who may do it?"));
            let roles = operation["security"][0]["api_key"].as_array().cloned().unwrap_or_default();
            let roles = roles.iter().map(|role| role.as_str().expect("a role").to_owned()).collect();
            endpoints.push(Endpoint { method, pattern: pattern.clone(), rule: *rule, roles });
        }
    }
    endpoints
}

impl Endpoint {
    fn is_of_tenant(&self) -> bool {
        self.pattern.contains("{tenant}")
    }

    /// With an id that belongs to nothing.
    async fn call(&self, admin: &Admin, tenant: &str) -> Answer {
        let nothing = "0f6c1a52-6a35-4f5e-9c1d-3f1f0a6f8f10";
        let mut path = self.pattern.replace("{tenant}", tenant);
        for part in ["{client}", "{secret}", "{store}", "{profile}", "{user}"] {
            path = path.replace(part, nothing);
        }
        admin.send(&self.method, &path, &json!({})).await
    }
}

/// Everything that can be seen of a tenant.
fn state(system: &System, tenant: &Tenant) -> [Value; 4] {
    [["tenant", "show"], ["token", "list"], ["store", "list"], ["events", "tail"]].map(|[noun, verb]| {
        let shown = system.tenantry(&[noun, verb, &tenant.name, "--json"]).expect(0);
        if noun == "events" { json!(shown.json_lines()) } else { shown.json() }
    })
}

on_both! {
    /// The document names for each endpoint the roles that may, and there is a rule for each.
    async fn every_endpoint_has_a_rule_and_the_document_names_it(system) {
        let admin = Admin::operator(&system).await;
        let endpoints = endpoints(admin.document());
        assert_eq!(endpoints.len(), RULES.len(), "a rule of an endpoint that there is not");
        for endpoint in &endpoints {
            let expected: Vec<&str> = match endpoint.rule {
                Rule::Open => Vec::new(),
                rule => ROLES.into_iter().filter(|role| may(rule, role)).collect(),
            };
            assert_eq!(endpoint.roles, expected, "{} {}", endpoint.method, endpoint.pattern);
        }
    }

    /// Nobody may do what the rule does not say, and nothing comes of it. Another tenant is as unknown as none.
    async fn no_role_may_more_than_its_rule_says(system) {
        let (own, foreign) = (system.tenant("own"), system.tenant("foreign"));
        let before = (state(&system, &own), state(&system, &foreign));
        for (role, bound) in [("tenant-admin", true), ("auditor", true), ("auditor", false)] {
            let of: &[&str] = if bound { &["--tenant", &own.name] } else { &[] };
            let admin = Admin::with(&system, &[of, &["--role", role]].concat()).await;
            for endpoint in endpoints(admin.document()) {
                if endpoint.is_of_tenant() && bound {
                    let unknown = format!("no-such-{}", own.name);
                    let (other, none) = (endpoint.call(&admin, &foreign.name).await, endpoint.call(&admin, &unknown).await);
                    assert_eq!((other.status, other.text.replace(&foreign.name, "X")), (404, none.text.replace(&unknown, "X")));
                    assert_eq!((none.status, &none.body["type"]), (404, &json!("urn:tenantry:problem:not-found")));
                }
                if !may(endpoint.rule, role) {
                    let refused = endpoint.call(&admin, &own.name).await.expect(403);
                    assert!(refused.text.contains(role), "{}", refused.text);
                }
            }
        }
        assert_eq!((state(&system, &own), state(&system, &foreign)), before);
    }

    /// What the rule says may be done. A call that means nothing is told so, and not that it may not.
    async fn every_role_may_what_its_rule_says(system) {
        for (role, bound) in [("operator", false), ("tenant-admin", true), ("auditor", true), ("auditor", false)] {
            let tenant = system.tenant("allowed");
            let of: &[&str] = if bound { &["--tenant", &tenant.name] } else { &[] };
            let admin = Admin::with(&system, &[of, &["--role", role]].concat()).await;
            for endpoint in endpoints(admin.document()).iter().filter(|endpoint| may(endpoint.rule, role)) {
                let answer = endpoint.call(&admin, &tenant.name).await;
                let told = answer.body["detail"].as_str().unwrap_or_default();
                let let_in = !matches!(answer.status, 401 | 403 | 405) && !told.starts_with("no tenant is named");
                assert!(let_in && answer.status < 500, "{role}: {} → {} {}", answer.request, answer.status, answer.text);
            }
        }
    }

    /// Without a key nothing is there but the document.
    async fn without_a_key_there_is_the_document_alone(database: Database) {
        let system = System::start_unlimited_with(database, &[("TENANTRY_SERVER__TRUSTED_PROXIES", "127.0.0.1")]).await;
        let tenant = system.tenant("closed");
        let stranger = Admin::holding(&system, "tenantry_wrong", "").await;
        let mut said = Vec::new();
        for (number, endpoint) in endpoints(stranger.document()).iter().enumerate() {
            let stranger = stranger.sending("x-forwarded-for", &format!("192.0.2.{number}"));
            let answer = endpoint.call(&stranger, &tenant.name).await;
            if endpoint.rule == Rule::Open {
                answer.expect(200);
            } else {
                said.push(answer.expect(401).text);
            }
        }
        let none = Client::new(stranger.base()).with("x-forwarded-for", "192.0.2.200");
        said.push(none.send_any(Request::new("GET", "/no/such/path")).await.expect(401).text);
        said.dedup();
        assert_eq!(said.len(), 1, "all alike: {said:?}");
    }

    /// A list has what the key may see, and no more.
    async fn a_key_of_one_tenant_sees_one_tenant(system) {
        let (own, foreign) = (system.tenant("own"), system.tenant("foreign"));
        let admin = Admin::with(&system, &["--tenant", &own.name]).await;
        let listed = admin.get("/tenants?limit=200").await.expect(200);
        let names: Vec<&Value> = listed.body["tenants"].as_array().expect("tenants").iter().map(|one| &one["name"]).collect();
        assert_eq!(names, [&json!(own.name)]);
        assert!(!listed.text.contains(&foreign.name));
    }
}
