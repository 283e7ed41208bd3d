//! A client's secret from its issue to its end: its use, and the warnings before it ends.

use serde_json::{Value, json};

use crate::support::{Client, Request, System, Tenant, encode, until};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn oauth(system: &System, arguments: &[&str]) -> Value {
    system.tenantry(&[&["oauth"], arguments, &["--json"]].concat()).expect(0).json()
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

/// The id of a new client of the tenant.
fn client(system: &System, tenant: &Tenant) -> String {
    text(&oauth(system, &["client", "create", &tenant.name, "entra"]), "client_id")
}

/// The tenant with an access token in place of its token.
async fn with_access(tenant: &Tenant, issued: &Value) -> Tenant {
    let (id, secret) = (text(issued, "client_id"), encode(&text(issued, "client_secret")));
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let request = Request::new("POST", text(issued, "token_endpoint")).body(form);
    let request =
        request.header("content-type", "application/x-www-form-urlencoded").header("user-agent", "azure-ad-scim");
    let given = Client::new("").send_any(request).await.expect(200);
    Tenant { token: text(&given.body, "access_token"), ..tenant.clone() }
}

fn expiring(system: &System, tenant: &Tenant) -> Vec<Value> {
    let mut events = system.all_events(tenant, 0);
    events.retain(|event| event["type"] == "oauth_secret.expiring");
    events
}

on_both! {
    /// When, from where and by whom a secret was last used, to get a token and with it; kept over a restart.
    async fn the_last_use_of_clients_and_secrets_is_listed(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("used");
        let id = client(&system, &tenant);
        let issued = oauth(&system, &["secret", "issue", &tenant.name, &id]);
        let listed = || {
            let secrets = oauth(&system, &["secret", "list", &tenant.name, &id])["secrets"][0]["last_used"].clone();
            let shown = oauth(&system, &["client", "show", &tenant.name, &id]);
            let clients = oauth(&system, &["client", "list", &tenant.name])["clients"][0]["last_used"].clone();
            assert_eq!((&shown["secrets"][0]["last_used"], &shown["last_used"], &clients), (&secrets, &secrets, &secrets));
            secrets
        };
        assert_eq!(listed(), Value::Null);
        let tenant = with_access(&tenant, &issued).await;
        let got = listed();
        assert_eq!(got["address"], json!("127.0.0.1"));
        let used = until("the use of the access token", async || {
            tenant.client().with("user-agent", "Okta SCIM Client 1.0.0").get("/Users").await.expect(200);
            Some(listed()).filter(|used| used["client"] == "okta")
        })
        .await;
        let table = system.tenantry(&["oauth", "secret", "list", &tenant.name, &id]).expect(0).stdout;
        assert!(table.contains("LAST USED") && table.contains("okta 127.0.0.1"), "{table}");
        // Written at the end, and read without a server.
        assert!(system.server().stop().await.success());
        assert_eq!(listed(), used);
    }

    /// An end that is near is told once: as an event, in the log and as a metric, also over a restart.
    async fn one_is_warned_before_a_secret_ends(database: Database) {
        let system = System::start(database).await;
        let tenant = system.tenant("warned");
        let id = client(&system, &tenant);
        let issued = oauth(&system, &["secret", "issue", &tenant.name, &id, "--days", "20"]);
        assert_eq!(expiring(&system, &tenant), Vec::<Value>::new());
        for _ in 0..2 {
            assert!(system.server().stop().await.success());
            let by = 7 * DAY_MS;
            let sql = format!("UPDATE oauth_secrets SET created_ms = created_ms - {by}, expires_ms = expires_ms - {by} WHERE warned_days IS NULL");
            system.server().change_rows(&sql).await;
            system.server().start_again().await;
            until("the warning", async || (!expiring(&system, &tenant).is_empty()).then_some(())).await;
        }
        let warnings = expiring(&system, &tenant);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let data = &warnings[0]["data"];
        assert_eq!(warnings[0]["subject"], format!("OauthClients/{id}"));
        assert_eq!((&data["secret"], &data["daysLeft"], &data["name"]), (&issued["secret_id"], &json!(13), &json!("entra")));
        let lines = system.server().log().lines().filter(|line| line.contains("a secret of an OAuth client ends soon")).count();
        assert_eq!(lines, 1, "{}", system.server().log());
        let sample = format!("tenantry_oauth_secret_expiry_seconds{{oauth_client=\"{id}\",tenant=\"{}\"}} ", tenant.name);
        let left = until("the metric", async || {
            let metrics = reqwest::get(format!("{}/metrics", system.server().operations())).await.expect("metrics").text().await.expect("text");
            metrics.lines().find_map(|line| line.strip_prefix(&sample)?.parse::<f64>().ok())
        })
        .await;
        assert!(left > 12.0 * 86_400.0 && left < 13.0 * 86_400.0, "{left}");
    }
}
