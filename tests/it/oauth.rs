//! Access tokens over HTTP: how clients get them, and who gets none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Request, System, Tenant, encode, until, user};

/// An OAuth client of a tenant.
struct Holder {
    id: String,
    secret: String,
    secret_id: String,
    token_endpoint: String,
}

fn oauth(system: &System, arguments: &[&str]) -> Value {
    system.tenantry(&[&["oauth"], arguments, &["--json"]].concat()).expect(0).json()
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

fn issue(system: &System, tenant: &Tenant, id: &str) -> Holder {
    let issued = oauth(system, &["secret", "issue", &tenant.name, id]);
    let part = |name: &str| text(&issued, name);
    Holder {
        id: id.to_owned(),
        secret: part("client_secret"),
        secret_id: part("secret_id"),
        token_endpoint: part("token_endpoint"),
    }
}

fn holder(system: &System, tenant: &Tenant, more: &[&str]) -> Holder {
    let created = oauth(system, &[&["client", "create", &tenant.name, "entra"], more].concat());
    issue(system, tenant, &text(&created, "client_id"))
}

async fn ask(url: &str, form: &str, authorization: Option<&str>) -> Answer {
    let request = Request::new("POST", url).body(form).header("content-type", "application/x-www-form-urlencoded");
    let request = authorization.iter().fold(request, |request, value| request.header("authorization", *value));
    Client::new("").send_any(request).await
}

fn form(holder: &Holder) -> String {
    format!("grant_type=client_credentials&client_id={}&client_secret={}", holder.id, encode(&holder.secret))
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

async fn access_token(holder: &Holder) -> String {
    text(&ask(&holder.token_endpoint, &form(holder), None).await.expect(200).body, "access_token")
}

#[track_caller]
fn assert_refused(answer: Answer, status: u16, error: &str) {
    let answer = answer.expect(status);
    assert_eq!(answer.body["error"], error, "{}", answer.text);
    assert!(answer.body["error_description"].as_str().is_some_and(|sentence| sentence.len() > 10), "{}", answer.text);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("www-authenticate").is_some_and(|sent| sent.starts_with("Basic ")), status == 401);
}

on_both! {
    /// The secret in the body and as Basic, at both addresses of the tenant and at the shared one.
    async fn a_client_gets_a_token_and_is_let_in_with_it(system) {
        let tenant = system.tenant("oauth");
        let holder = holder(&system, &tenant, &[]);
        assert_eq!(holder.token_endpoint, format!("{}/oauth2/token", tenant.base_url));
        let (origin, name) = (system.server().origin(), &tenant.name);
        let by_basic = basic(&holder.id, &holder.secret);
        for url in [
            holder.token_endpoint.clone(),
            format!("{origin}/t/{name}/oauth2/token"),
            format!("{origin}/oauth2/token"),
            format!("{origin}/scim/v2/oauth2/token"),
        ] {
            for (form, authorization) in [(form(&holder), None), ("grant_type=client_credentials".to_owned(), Some(by_basic.as_str()))] {
                let given = ask(&url, &form, authorization).await.expect(200);
                assert_eq!((&given.body["token_type"], &given.body["expires_in"]), (&json!("Bearer"), &json!(3600)));
                assert_eq!(given.body.get("scope"), None, "no restriction, nothing to tell");
                assert_eq!(given.header("content-type"), Some("application/json"));
                assert_eq!((given.header("cache-control"), given.header("pragma")), (Some("no-store"), Some("no-cache")));
                let client = tenant.client().with_token(&text(&given.body, "access_token"));
                client.get("/Users").await.expect(200);
            }
        }
        // The provisioning token goes on beside it.
        tenant.client().get("/Users").await.expect(200);
    }

    /// On a host of its own, a tenant's clients are known, and no others.
    async fn a_tenants_own_host_has_its_token_endpoint(system) {
        let (tenant, other) = (system.tenant("oauth"), system.tenant("intruder"));
        let (own, foreign) = (holder(&system, &tenant, &[]), holder(&system, &other, &[]));
        let host = format!("scim.{}.test", tenant.name);
        system.tenantry(&["tenant", "set", &tenant.name, "--add-host", &host]).expect(0);
        let (origin, client) = (system.server().origin(), Client::new("").with("host", host.as_str()));
        let metadata = format!("{origin}/.well-known/oauth-authorization-server");
        let metadata = client.send_any(Request::new("GET", metadata)).await.expect(200);
        assert_eq!(metadata.body["token_endpoint"], format!("http://{host}/oauth2/token"));
        for path in ["/oauth2/token", "/scim/v2/oauth2/token"] {
            let post = |form: String| {
                let request = Request::new("POST", format!("{origin}{path}")).body(form);
                client.send_any(request.header("content-type", "application/x-www-form-urlencoded"))
            };
            let given = post(form(&own)).await.expect(200);
            assert_refused(post(form(&foreign)).await, 401, "invalid_client");
            let client = client.clone().at(format!("{origin}/scim/v2")).with_token(&text(&given.body, "access_token"));
            client.get("/Users").await.expect(200);
        }
    }

    /// An event names the client in place of a token, and a page can be followed with the next access token.
    async fn what_a_client_does_is_told_as_its_own(system) {
        let tenant = system.tenant("oauth");
        let holder = holder(&system, &tenant, &[]);
        let client = tenant.client().with_token(&access_token(&holder).await);
        for name in ["ada", "bob", "cleo"] {
            client.post("/Users", &user(name)).await.expect(201);
        }
        let events = system.events(&tenant, 1);
        assert_eq!((&events[0]["data"]["oauthClient"], events[0]["data"].get("token")), (&json!(holder.id), None));
        let page = client.get("/Users?cursor&count=2").await.expect(200);
        let cursor = text(&page.body, "nextCursor");
        let next = tenant.client().with_token(&access_token(&holder).await);
        assert_eq!(next.get(&format!("/Users?cursor={cursor}&count=2")).await.expect(200).ids().len(), 1);
        tenant.client().get(&format!("/Users?cursor={cursor}&count=2")).await.expect(400);
    }

    /// Every change of clients and secrets is told once, and no secret with it.
    async fn changes_of_clients_are_events(system) {
        let tenant = system.tenant("oauth");
        let first = holder(&system, &tenant, &["--scope", "users"]);
        for _ in 0..2 {
            oauth(&system, &["secret", "revoke", &tenant.name, &first.id, &first.secret_id]);
        }
        oauth(&system, &["client", "delete", &tenant.name, &first.id]);
        let mut events = system.all_events(&tenant, 1);
        events.retain(|event| event["type"].as_str().is_some_and(|kind| kind.starts_with("oauth_")));
        let types: Vec<_> = events.iter().map(|event| text(event, "type")).collect();
        assert_eq!(types, ["oauth_client.created", "oauth_secret.issued", "oauth_secret.revoked", "oauth_client.deleted"]);
        for event in &events {
            assert_eq!(event["subject"], format!("OauthClients/{}", first.id));
            assert_eq!((&event["data"]["oauthClient"], &event["data"]["name"]), (&json!(first.id), &json!("entra")));
            assert!(!event.to_string().contains(&first.secret));
        }
        assert_eq!((&events[0]["data"]["scopes"], &events[1]["data"]["secret"]), (&json!(["users"]), &json!(first.secret_id)));
    }

    /// Each refusal has its word, and whoever is not known learns nothing.
    async fn nobody_else_gets_a_token(system) {
        let (tenant, other) = (system.tenant("oauth"), system.tenant("intruder"));
        let (own, foreign) = (holder(&system, &tenant, &["--scope", "users"]), holder(&system, &other, &[]));
        let url = own.token_endpoint.as_str();
        let nowhere = url.replace(&tenant.name, "no-such-tenant");
        let right = form(&own);
        let unknown_id = "0f6c1a52-6a35-4f5e-9c1d-3f1f0a6f8f10";
        let wrong = |id: &str, secret: &str| format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let mut said = Vec::new();
        for (url, form) in [
            (url, wrong(&own.id, "wrong")),
            (url, wrong(&own.id, &foreign.secret)),
            (url, wrong(&own.id, &own.id)),
            (url, wrong(unknown_id, &own.secret)),
            (url, wrong("no-id", &own.secret)),
            (url, form(&foreign)),
            (nowhere.as_str(), right.clone()),
            (nowhere.as_str(), wrong(unknown_id, "wrong")),
        ] {
            let refused = ask(url, &form, None).await;
            said.push((refused.status, refused.text.clone()));
            assert_refused(refused, 401, "invalid_client");
        }
        said.dedup();
        assert_eq!(said.len(), 1, "all alike: {said:?}");
        for (form, authorization, status, error) in [
            ("", None, 400, "invalid_request"),
            ("grant_type=client_credentials", None, 401, "invalid_client"),
            ("grant_type=client_credentials", Some(basic(&own.id, "wrong")), 401, "invalid_client"),
            ("grant_type=client_credentials", Some(format!("Bearer {}", tenant.token)), 401, "invalid_client"),
            ("grant_type=password&username=a&password=b", None, 400, "unsupported_grant_type"),
            (&format!("{right}&grant_type=client_credentials"), None, 400, "invalid_request"),
            (&right, Some(basic(&own.id, &own.secret)), 400, "invalid_request"),
            (&format!("{right}&scope=groups"), None, 400, "invalid_scope"),
            (&format!("{right}&scope=openid"), None, 400, "invalid_scope"),
        ] {
            assert_refused(ask(url, form, authorization.as_deref()).await, status, error);
        }
    }

    /// What is no form, too long, or no POST.
    async fn the_token_endpoint_takes_a_small_form_alone(system) {
        let tenant = system.tenant("oauth");
        let holder = holder(&system, &tenant, &[]);
        let (url, client) = (holder.token_endpoint.as_str(), Client::new(""));
        let json = Request::new("POST", url).json(&json!({ "grant_type": "client_credentials" }));
        assert_refused(client.send_any(json).await, 400, "invalid_request");
        for method in ["GET", "PUT", "DELETE"] {
            let refused = client.send_any(Request::new(method, url)).await.expect(405);
            assert_eq!(refused.header("allow"), Some("POST"));
        }
        let long = format!("{}&x={}", form(&holder), "y".repeat(64 * 1024));
        ask(url, &long, None).await.expect(413);
        // A secret in the query is not read: it would be in every log on its way.
        let query = format!("{url}?{}", form(&holder));
        assert_refused(ask(&query, "grant_type=client_credentials", None).await, 401, "invalid_client");
    }

    /// The scope of a token is what it was asked for, within that of its client.
    async fn a_token_is_for_its_scope(system) {
        let tenant = system.tenant("oauth");
        let holder = holder(&system, &tenant, &["--scope", "users,groups"]);
        let given = ask(&holder.token_endpoint, &format!("{}&scope=read-only+users", form(&holder)), None).await.expect(200);
        assert_eq!(given.body["scope"], "read-only users");
        let client = tenant.client().with_token(&text(&given.body, "access_token"));
        client.get("/Users").await.expect(200);
        client.get("/Groups").await.expect(403);
        client.post("/Users", &user("ada")).await.expect(403);
    }

    /// A client, a secret or a tenant that is gone or switched off: from the moment at which the command returns.
    async fn what_is_ended_is_refused_at_once(system) {
        let tenant = system.tenant("oauth");
        let first = holder(&system, &tenant, &[]);
        let second = issue(&system, &tenant, &first.id);
        let of = |token: &str| tenant.client().with_token(token);
        let (one, two) = (of(&access_token(&first).await), of(&access_token(&second).await));
        oauth(&system, &["secret", "revoke", &tenant.name, &first.id, &first.secret_id]);
        let refused = one.get("/Users").await.expect(401);
        assert!(refused.text.contains("access token"), "{}", refused.text);
        assert_refused(ask(&first.token_endpoint, &form(&first), None).await, 401, "invalid_client");
        two.get("/Users").await.expect(200);
        oauth(&system, &["client", "disable", &tenant.name, &first.id]);
        two.get("/Users").await.expect(401);
        assert_refused(ask(&second.token_endpoint, &form(&second), None).await, 400, "unauthorized_client");
        oauth(&system, &["client", "enable", &tenant.name, &first.id]);
        two.get("/Users").await.expect(200);
        system.tenantry(&["tenant", "disable", &tenant.name]).expect(0);
        two.get("/Users").await.expect(403);
        assert_refused(ask(&second.token_endpoint, &form(&second), None).await, 400, "unauthorized_client");
        system.tenantry(&["tenant", "enable", &tenant.name]).expect(0);
        oauth(&system, &["client", "delete", &tenant.name, &first.id]);
        two.get("/Users").await.expect(401);
        assert_refused(ask(&second.token_endpoint, &form(&second), None).await, 401, "invalid_client");
        tenant.client().get("/Users").await.expect(200);
    }

    /// An access token is refused at another tenant as garbage is, and a secret is no token.
    async fn another_tenants_access_token_is_unknown(system) {
        let (tenant, other) = (system.tenant("oauth"), system.tenant("intruder"));
        let own = holder(&system, &tenant, &[]);
        let intruder = other.client().with_token(&access_token(&own).await);
        let garbage = other.client().with_token("garbage");
        let (here, there) = (intruder.get("/Users").await.expect(401), garbage.get("/Users").await.expect(401));
        assert_eq!(here.text, there.text);
        for token in [own.secret.as_str(), own.id.as_str()] {
            tenant.client().with_token(token).get("/Users").await.expect(401);
        }
        tenant.client().with("authorization", basic(&own.id, &own.secret)).get("/Users").await.expect(401);
    }

    /// The attack: somebody behind the address of many guesses, and sends wrong tokens. Who guesses is refused for that; a good
    /// secret opens all the same.
    async fn guesses_are_limited_by_address_and_a_good_secret_opens(database: Database) {
        let limits = [("TENANTRY_LIMITS__ADDRESS_PER_SECOND", "1"), ("TENANTRY_LIMITS__ADDRESS_BURST", "5")];
        let system = System::start_with(database, &limits).await;
        let tenant = system.tenant("oauth");
        let holder = holder(&system, &tenant, &[]);
        let url = format!("{}/oauth2/token", tenant.base_url);
        let mut statuses = Vec::new();
        for _ in 0..20 {
            let answer = ask(&url, "grant_type=client_credentials&client_id=a&client_secret=b", None).await;
            assert_eq!(answer.header("retry-after").is_some(), answer.status == 429);
            statuses.push(answer.status);
        }
        assert!(statuses.contains(&401) && statuses.contains(&429), "{statuses:?}");
        for _ in 0..20 {
            tenant.client().with_token("a.wrong.token").get("/Users").await;
            ask(&url, &form(&holder), None).await.expect(200);
        }
    }

    /// A secret whose time is over is refused as an unknown one, and the tenant's log says why.
    async fn an_expired_secret_is_told_to_the_log_alone(database: Database) {
        let system = System::start_unlimited_with(database, &[]).await;
        let tenant = system.tenant("oauth");
        let holder = holder(&system, &tenant, &[]);
        ask(&holder.token_endpoint, &form(&holder), None).await.expect(200);
        let sql = format!("UPDATE oauth_secrets SET expires_ms = created_ms + 1 WHERE id = '{}'", holder.secret_id);
        assert!(system.server().stop().await.success());
        crate::support::database::change(system.server().database_url(), &sql).await;
        system.server().start_again().await;
        let wrong = format!("grant_type=client_credentials&client_id={}&client_secret=wrong", holder.id);
        let unknown = ask(&holder.token_endpoint, &wrong, None).await.expect(401);
        let expired = ask(&holder.token_endpoint, &form(&holder), None).await.expect(401);
        assert_eq!(expired.text, unknown.text);
        let told = until("the line in the log", async || {
            system.server().log().lines().find(|line| line.contains("secret_expired")).map(str::to_owned)
        })
        .await;
        assert!(told.contains(&format!("\"tenant.id\":\"{}\"", tenant.name)), "{told}");
    }

    /// RFC 8414: the issuer is the one that was asked for, and nobody learns which tenants there are.
    async fn the_metadata_name_the_token_endpoint(system) {
        let tenant = system.tenant("oauth");
        let holder = holder(&system, &tenant, &[]);
        let (origin, client) = (system.server().origin(), Client::new(""));
        let metadata = async |path: &str| {
            let url = format!("{origin}/.well-known/oauth-authorization-server{path}");
            client.send_any(Request::new("GET", url)).await.expect(200)
        };
        for path in ["", "/scim/v2", &format!("/t/{}", tenant.name), &format!("/t/{}/scim/v2", tenant.name)] {
            let answer = metadata(path).await;
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.body["issuer"], format!("{origin}{path}"));
            assert_eq!(answer.body["grant_types_supported"], json!(["client_credentials"]));
            assert_eq!(answer.body["scopes_supported"], json!(["read-only", "users", "groups"]));
            assert_eq!(answer.body["response_types_supported"], json!([]));
            let methods = answer.body["token_endpoint_auth_methods_supported"].as_array().map(Vec::len);
            assert_eq!(methods, Some(3));
            ask(&text(&answer.body, "token_endpoint"), &form(&holder), None).await.expect(200);
        }
        let nobody = metadata("/t/no-such-tenant").await.text.replace("no-such-tenant", &tenant.name);
        assert_eq!(nobody, metadata(&format!("/t/{}", tenant.name)).await.text);
        for path in ["/x", "/t", "/t/a/b"] {
            let url = format!("{origin}/.well-known/oauth-authorization-server{path}");
            client.send_any(Request::new("GET", url)).await.expect(404);
        }
    }

    /// Both ways in are announced (RFC 7643 section 5).
    async fn the_service_provider_config_announces_both_schemes(system) {
        let tenant = system.tenant("oauth");
        let config = tenant.client().get("/ServiceProviderConfig").await.expect(200);
        let schemes = config.body["authenticationSchemes"].as_array().expect("schemes");
        let types: Vec<_> = schemes.iter().map(|scheme| (&scheme["type"], &scheme["primary"])).collect();
        assert_eq!(types, [(&json!("oauthbearertoken"), &json!(true)), (&json!("oauth2"), &json!(false))]);
        let description = text(&schemes[1], "description");
        assert!(description.contains(&format!("{}/oauth2/token", tenant.base_url)), "{description}");
    }

    /// What a person sees, what is shown once, and what is nowhere.
    async fn secrets_are_shown_once_and_logged_never(system) {
        let tenant = system.tenant("oauth");
        let holder = holder(&system, &tenant, &[]);
        let token = access_token(&holder).await;
        tenant.client().with_token(&token).get("/Users").await.expect(200);
        let listed = oauth(&system, &["client", "show", &tenant.name, &holder.id]).to_string()
            + &oauth(&system, &["client", "list", &tenant.name]).to_string()
            + &oauth(&system, &["secret", "list", &tenant.name, &holder.id]).to_string();
        assert!(listed.contains(&holder.secret_id) && listed.contains("entra"), "{listed}");
        let named = format!("\"credential.id\":\"{}\"", holder.id);
        let log = until("the log to name the client", async || {
            let log = system.server().log();
            let is_there = |route: &str| log.lines().any(|line| line.contains(&named) && line.contains(route));
            (is_there("/oauth2/token") && is_there("/Users")).then_some(log)
        })
        .await;
        for hidden in [holder.secret.as_str(), token.as_str()] {
            assert!(!listed.contains(hidden) && !log.contains(hidden), "a secret is shown");
        }
        let nobody = system.tenantry(&["oauth", "client", "show", &tenant.name, "0f6c1a52-6a35-4f5e-9c1d-3f1f0a6f8f10"]);
        nobody.expect(3);
        system.tenantry(&["oauth", "client", "create", &tenant.name, "entra"]).expect(4);
        system.tenantry(&["oauth", "client", "show", &tenant.name, "x"]).expect(2);
    }
}
