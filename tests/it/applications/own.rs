//! An application of an operator's own: written, checked, imported, tried, taken back.

use base64::Engine as _;
use serde_json::{Value, json};

use super::{at_path, told_last, user_with};
use crate::support::{Client, Request, System, added_member, group, patch, patch_one, unique};

/// What a token claims.
fn claims(token: &Value) -> String {
    let part = token.as_str().and_then(|token| token.split('.').nth(1)).expect("a JWT");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64");
    String::from_utf8(bytes).expect("JSON")
}

/// A profile in a file.
fn written(system: &System, name: &str, text: &str) -> String {
    let file = system.server().data_folder().join(format!("{name}.toml"));
    std::fs::write(&file, text).expect("it is there");
    file.display().to_string()
}

fn crm(name: &str, prefix: &str) -> String {
    format!(
        r#"name = "{name}"
title = "A CRM"

[address]
base_paths = ["/crm/{name}"]

[[map]]
to = "displayName"
from = [{{ constant = "{prefix}" }}]

[[map]]
to = "roles"
what = "role"
many = true
from = [{{ groups = "CRM " }}]
allowed = ["Admin", "Seller"]
default = "Guest"
"#
    )
}

on_both! {
    async fn a_sixth_application_needs_a_file_alone(system) {
        let name = unique("crm");
        let file = written(&system, &name, &crm(&name, "one"));
        system.tenantry(&["profile", "check", &file]).expect(0);
        let imported = system.tenantry(&["profile", "import", &file, "--json"]).expect(0).json();
        assert_eq!((&imported["version"], &imported["changed"]), (&json!(1), &json!(true)));
        assert_eq!(system.tenantry(&["profile", "import", &file, "--json"]).expect(0).json()["changed"], json!(false));
        let tenant = super::tenant_of(&system, &name, &[], &json!({}));
        let client = tenant.client().at(at_path(&tenant, &format!("/crm/{name}")));
        let ada = client.post("/Users", &user_with("ada@acme.example", &json!({}))).await.expect(201).id();
        let told = told_last(&system, &tenant);
        assert_eq!((&told["displayName"], &told["roles"][0]["value"]), (&json!("one"), &json!("Guest")));
        let admins = client.post("/Groups", &group("CRM admin", &[])).await.expect(201).id();
        client.patch(&format!("/Groups/{admins}"), &added_member(&ada)).await.expect(200);
        assert_eq!(told_last(&system, &tenant)["roles"][0]["value"], "Admin");
        // Live: the next change goes by the new version, and by the old one when that is taken back.
        let at = format!("/Users/{ada}");
        for (version, text, title) in [(2, "two", "a"), (3, "three", "b")] {
            let file = written(&system, &name, &crm(&name, text));
            assert_eq!(system.tenantry(&["profile", "import", &file, "--json"]).expect(0).json()["version"], version);
            client.patch(&at, &patch_one("replace", "title", json!(title))).await.expect(200);
            assert_eq!(told_last(&system, &tenant)["displayName"], text);
        }
        system.tenantry(&["profile", "rollback", &name]).expect(0);
        client.patch(&at, &patch_one("replace", "title", json!("c"))).await.expect(200);
        assert_eq!(told_last(&system, &tenant)["displayName"], "two");
        system.tenantry(&["profile", "rollback", &name, "--to", "1"]).expect(0);
        let versions = system.tenantry(&["profile", "versions", &name, "--json"]).expect(0).json();
        let current: Vec<_> = versions["versions"].as_array().expect("a list").iter().filter(|version| version["current"] == true).collect();
        assert_eq!((current.len(), &current[0]["version"]), (1, &json!(1)));
    }

    async fn a_change_is_seen_before_it_is_made(system) {
        let name = unique("crm");
        let tenant = system.tenant("tried");
        let ada = tenant.client().post("/Users", &user_with("ada@acme.example", &json!({ "displayName": "Ada" }))).await.expect(201).id();
        tenant.client().post("/Users", &user_with("bob@acme.example", &json!({}))).await.expect(201);
        let file = written(&system, &name, &crm(&name, "Ada"));
        let preview = system.tenantry(&["profile", "preview", &tenant.name, "--user", &ada, "--with", &file, "--json"]).expect(0).json();
        assert_eq!(preview["before"]["roles"], json!([]));
        assert_eq!(preview["after"]["roles"], json!([{ "value": "Guest", "primary": false }]));
        let tried = system.tenantry(&["profile", "try", &tenant.name, "--with", &file, "--json"]).expect(0).json();
        assert_eq!((&tried["users"], &tried["changed"], &tried["refused"]), (&json!(2), &json!(2), &json!(0)));
        assert_eq!(tried["members"], json!({ "displayName": 1, "roles": 2 }));
        let body = written(&system, &format!("{name}-body"), &user_with("eve@acme.example", &json!({ "roles": [{ "value": "Pilot" }] })).to_string());
        let preview = system.tenantry(&["profile", "preview", &tenant.name, "--request", &body, "profile=wats", "--json"]).expect(0).json();
        assert!(preview["refused_after"].as_str().expect("a text").contains("the role \"Pilot\" does not exist"), "{preview}");
        assert_eq!(system.tenantry(&["tenant", "show", &tenant.name, "--json"]).expect(0).json()["settings"]["profile"], "generic");
    }

    async fn what_is_wrong_is_told_with_its_line(system) {
        let name = unique("crm");
        let file = written(&system, &name, &format!("name = \"{name}\"\ntitle = \"CRM\"\n\n[[map]]\nto = \"title\"\nform = []\n"));
        for command in ["check", "import"] {
            let refused = system.tenantry(&["profile", command, &file]).expect(2);
            assert!(refused.stderr.contains(&format!("{file}:6:1: unknown field `form`")), "{}", refused.stderr);
        }
        let refused = system.tenantry(&["profile", "rollback", &name]).expect(3);
        assert!(refused.stderr.contains("no profile is named"), "{}", refused.stderr);
    }

    async fn a_store_that_speaks_scim_is_told_what_was_provisioned(system) {
        let tenant = super::tenant_of(&system, "wizer", &["sso"], &json!({}));
        let id = tenant.client().post("/Users", &user_with("ada@acme.example", &json!({ "name": { "givenName": "Ada" } }))).await.expect(201).id();
        let both = patch(&[
            json!({ "op": "replace", "path": "title", "value": "Countess" }),
            json!({ "op": "replace", "path": "name.givenName", "value": "Augusta" }),
        ]);
        tenant.client().patch(&format!("/Users/{id}"), &both).await.expect(200);
        let event = system.events(&tenant, 0).pop().expect("an event");
        assert_eq!(event["data"]["changed"], json!([{ "path": "name.givenName", "old": "Ada", "new": "Augusta" }]));
        // A receiver of security event tokens speaks SCIM.
        let stream = ["issuer=https://scim.example", "audience=https://app.example", "content=full", "--from-start"];
        let add = ["store", "add", tenant.name.as_str(), "sets", "--kind", "set_poll"];
        system.tenantry(&[&add[..], &stream].concat()).expect(0);
        let token = system.tenantry(&["store", "token", &tenant.name, "sets", "--json"]).expect(0).json();
        let poll = Client::new(system.server().feed()).with_token(token["token"].as_str().expect("a token"));
        let asked = Request::new("POST", "/sets").json(&json!({ "maxEvents": 100, "returnImmediately": true }));
        let sets = poll.send_any(asked.header("content-type", "application/json")).await.expect(200);
        let told = sets.body["sets"].as_object().expect("tokens").values().map(claims).collect::<Vec<_>>().join("\n");
        assert!(told.contains("Countess") && told.contains("Augusta"), "{told}");
    }

    async fn nobody_is_left_with_options_that_a_version_does_not_have(system) {
        let name = unique("crm");
        let head = format!("name = \"{name}\"\ntitle = \"CRM\"\n");
        let file = written(&system, &name, &format!("{head}[options.teams]\ntype = \"names\"\ntitle = \"Teams\"\n"));
        system.tenantry(&["profile", "import", &file]).expect(0);
        let tenant = super::tenant_of(&system, &name, &[], &json!({ "teams": ["a"] }));
        let file = written(&system, &name, &head);
        let refused = system.tenantry(&["profile", "import", &file]).expect(2);
        assert!(refused.stderr.contains(&format!("tenant \"{}\" could not go by this version", tenant.name)), "{}", refused.stderr);
        let refused = system.tenantry(&["tenant", "set", &tenant.name, "profile_options={\"colour\":\"red\"}"]).expect(2);
        assert!(refused.stderr.contains("has no option \"colour\"; there are \"teams\""), "{}", refused.stderr);
        let refused = system.tenantry(&["tenant", "set", &tenant.name, "profile=nobody"]).expect(2);
        assert!(refused.stderr.contains("no profile is named \"nobody\"; there are"), "{}", refused.stderr);
    }
}
