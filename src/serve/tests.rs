//! What a server says when it is ready.

use serde_json::json;

use super::banner::Banner;
use super::first_start::Tenants;

fn banner(tenants: Tenants) -> Banner {
    let admin = Some("127.0.0.1:8081".parse().unwrap());
    let database = "data/tenantry.db (SQLite)".to_owned();
    Banner { tenants, operations: "127.0.0.1:9090".parse().unwrap(), admin, database, warning: None }
}

#[test]
fn a_lost_key_is_the_first_thing_that_is_said() {
    let warning = Some(crate::signing::lost(std::path::Path::new("data/signing.key")));
    let banner = Banner { warning, ..banner(Tenants::Found(Vec::new())) };
    let text = banner.to_text();
    assert!(text.starts_with("WARNING: the signing key data/signing.key was missing"), "{text}");
    assert!(
        text.contains("EVERY TOKEN ISSUED BEFORE IS REFUSED") && text.contains("tenantry token issue NAME"),
        "{text}"
    );
    assert!(banner.to_json().get("warning").unwrap().is_string());
}

#[test]
fn the_first_start_shows_everything_that_is_needed_to_create_a_user() {
    let created = json!({"name": "demo", "base_url": "http://127.0.0.1:8080/t/demo/scim/v2", "token": "abc.def"});
    let text = banner(Tenants::Created(created)).to_text();
    for needed in [
        "Tenant URL  http://127.0.0.1:8080/t/demo/scim/v2\n",
        "Token       abc.def\n",
        "Operations  http://127.0.0.1:9090  (/livez, /readyz, /metrics)\n",
        "Admin API   http://127.0.0.1:8081/api/v1  (tenantry api-key create)\n",
        "The token is shown this once.",
        "curl -i http://127.0.0.1:8080/t/demo/scim/v2/Users -H 'Authorization: Bearer abc.def' ",
        "\"userName\":\"ada@example.com\"}'\n",
    ] {
        assert!(text.contains(needed), "{needed} is missing:\n{text}");
    }
}

#[test]
fn a_later_start_shows_no_token_but_how_to_get_one() {
    let found = json!({"name": "demo", "base_url": "http://127.0.0.1:8080/t/demo/scim/v2"});
    let text = banner(Tenants::Found(vec![found])).to_text();
    assert!(text.contains("with 1 tenant."), "{text}");
    assert!(text.contains(" token issue demo\n"), "{text}");
    assert!(!text.contains("Token "), "{text}");
}

#[test]
fn a_start_with_many_tenants_lists_some() {
    let found = |number: usize| json!({"name": format!("t{number}"), "base_url": format!("http://x/t/t{number}")});
    let text = banner(Tenants::Found((0..9).map(found).collect())).to_text();
    assert!(text.contains("with 9 tenants."), "{text}");
    assert_eq!(text.matches("Tenant URL").count(), 5, "{text}");
    let none = banner(Tenants::Found(Vec::new())).to_text();
    assert!(none.contains("with no tenant.") && none.contains(" tenant create NAME --with-token"), "{none}");
}

#[test]
fn for_scripts_it_is_one_line() {
    let found = json!({"name": "demo", "base_url": "http://x/t/demo/scim/v2"});
    let line = banner(Tenants::Found(vec![found])).to_json();
    let expected = json!({
        "ready": true,
        "operations_url": "http://127.0.0.1:9090",
        "admin_url": "http://127.0.0.1:8081/api/v1",
        "created": null,
        "warning": null,
        "tenants": ["http://x/t/demo/scim/v2"],
    });
    assert_eq!(line, expected);
}
