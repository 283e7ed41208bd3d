//! Tenants and tokens.

use std::net::Ipv4Addr;

use serde_json::{Value, json};
use tenancy::{Address, Visit};
use time::OffsetDateTime;

use super::{System, create, on_both};
use crate::{Code, Command, IssueToken};

fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap()
}

fn issue(tenant: &str, days: Option<u32>) -> Command {
    Command::IssueToken(IssueToken { tenant: tenant.to_owned(), days, ..IssueToken::default() })
}

async fn is_accepted(system: &System, token: &str) -> bool {
    let address = Address { host: "example.com", path_tenant: Some("acme") };
    let header = format!("Bearer {token}");
    let (sender, now) = (Ipv4Addr::LOCALHOST.into(), OffsetDateTime::now_utc());
    let arrived = std::time::Instant::now();
    let visit = Visit { authorization: Some(&header), sender, client: "okta", now, arrived };
    system.tenants.authenticate(&address, &visit).await.is_ok()
}

on_both! {
    async fn a_new_tenant_is_answered_with_its_address_and_token(system: System) {
        let answer = system.run(create("beta", true, None)).await.unwrap();
        assert_eq!(text(&answer, "base_url"), "https://example.com:8443/t/beta/scim/v2");
        assert_eq!(answer["host_urls"], json!(["https://beta.scim.example.com:8443/scim/v2"]));
        assert!(text(&answer, "token").starts_with("eyJ"));
        let listed = system.run(Command::ListTokens { tenant: "beta".to_owned() }).await.unwrap();
        assert_eq!(listed["tokens"][0]["id"], answer["token_id"]);
        assert!(!listed.to_string().contains(text(&answer, "token")));
    }

    async fn a_wrong_number_of_days_leaves_no_tenant_behind(system: System) {
        for days in [0, 91] {
            let refused = system.run(create("beta", true, Some(days))).await.unwrap_err();
            let sentence = format!("a token is valid for 1 to 90 days (setting tokens.max_days), not for {days}");
            assert_eq!((refused.code, refused.message), (Code::Invalid, sentence));
        }
        let missing = system.run(Command::ShowTenant { name: "beta".to_owned() }).await.unwrap_err();
        assert_eq!(missing.code, Code::NotFound);
    }

    async fn an_issued_token_ends_the_one_before_and_a_revoked_one_ends(system: System) {
        let issue = || issue("acme", None);
        let first = system.run(issue()).await.unwrap();
        assert!(is_accepted(&system, text(&first, "token")).await);
        let second = system.run(issue()).await.unwrap();
        assert!(!is_accepted(&system, text(&first, "token")).await);
        assert!(is_accepted(&system, text(&second, "token")).await);
        let revoke = Command::RevokeToken { tenant: "acme".to_owned(), id: Some(text(&second, "token_id").to_owned()), request_id: None };
        system.run(revoke).await.unwrap();
        assert!(!is_accepted(&system, text(&second, "token")).await);
    }

    async fn a_shown_tenant_tells_its_valid_token(system: System) {
        let show = || Command::ShowTenant { name: "acme".to_owned() };
        assert_eq!(system.run(show()).await.unwrap()["token"], Value::Null);
        let issued = system.run(issue("acme", Some(7))).await.unwrap();
        let shown = system.run(show()).await.unwrap();
        assert_eq!(shown["token"]["id"], issued["token_id"]);
        assert_eq!(shown["token"]["state"], "current");
        assert_eq!(shown["token"]["expires"], issued["expires"]);
    }

    async fn a_change_is_shown_and_a_wrong_one_is_refused(system: System) {
        let change = |settings: Value, host: &str| Command::ChangeTenant {
            name: "acme".to_owned(),
            settings: settings.as_object().cloned().unwrap(),
            add_hosts: vec![host.to_owned()],
            remove_hosts: Vec::new(),
            if_version: None,
        };
        let changed = system.run(change(json!({"strict": true}), "scim.acme.example")).await.unwrap();
        assert_eq!(changed["settings"]["strict"], true);
        assert_eq!(changed["host_urls"][0], "https://scim.acme.example:8443/scim/v2");
        let refused = system.run(change(json!({"strict": 1}), "other.acme.example")).await.unwrap_err();
        assert_eq!(refused.code, Code::Invalid);
        let shown = system.run(Command::ShowTenant { name: "acme".to_owned() }).await.unwrap();
        assert_eq!(shown["hosts"], json!(["scim.acme.example"]));
    }

    async fn each_failure_has_its_code(system: System) {
        let nobody = || "nobody".to_owned();
        for (command, code) in [
            (create("acme", false, None), Code::Conflict),
            (create("A", false, None), Code::Invalid),
            (Command::EnableTenant { name: nobody(), enabled: false }, Code::NotFound),
            (Command::DeleteTenant { name: nobody() }, Code::NotFound),
            (Command::ListTokens { tenant: nobody() }, Code::NotFound),
            (Command::RevokeToken { tenant: "acme".to_owned(), id: None, request_id: None }, Code::NotFound),
            (Command::RevokeToken { tenant: "acme".to_owned(), id: Some("x".to_owned()), request_id: None }, Code::Invalid),
            (Command::ReadEvents { tenant: nobody(), after: 0, limit: 1, wait_ms: 0 }, Code::NotFound),
        ] {
            assert_eq!(system.run(command.clone()).await.unwrap_err().code, code, "{command:?}");
        }
    }

    async fn what_happened_to_a_token_is_told_once_however_many_tell_it(system: System) {
        system.tenants.issue_token("acme", 30).await.unwrap();
        system.tenants.issue_token("acme", 30).await.unwrap();
        let acme = system.tenants.administer("acme").unwrap();
        let telling = (0..8).map(|_| {
            let directory = system.directories.administered(&acme);
            tokio::spawn(async move { directory.tell_notices().await.unwrap() })
        });
        for task in telling.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let read = Command::ReadEvents { tenant: "acme".to_owned(), after: 0, limit: 10, wait_ms: 0 };
        let answer = system.run(read).await.unwrap();
        let told: Vec<_> = answer["events"].as_array().unwrap().iter().map(|event| (&event["sequence"], &event["type"])).collect();
        assert_eq!(told, [(&json!(1), &json!("token.issued")), (&json!(2), &json!("token.rotated"))]);
        assert_eq!(system.tenants.with_notices().await.unwrap(), Vec::<String>::new());
    }

    async fn a_token_that_cannot_be_had_leaves_no_tenant_behind(system: System) {
        let mut command = create("beta", true, Some(60));
        if let Command::CreateTenant { settings, .. } = &mut command {
            settings.insert("token_max_days".to_owned(), json!(30));
        }
        let refused = system.run(command).await.unwrap_err();
        assert_eq!(refused.message, "a token is valid for 1 to 30 days (setting token_max_days of the tenant), not for 60");
        let missing = system.run(Command::ShowTenant { name: "beta".to_owned() }).await.unwrap_err();
        assert_eq!(missing.code, Code::NotFound);
    }

    async fn keys_are_not_changed_where_nobody_keeps_them(system: System) {
        assert_eq!(system.run(Command::RotateKey).await.unwrap_err().code, Code::Failed);
        assert_eq!(system.run(Command::ListKeys).await.unwrap()["keys"].as_array().unwrap().len(), 1);
    }
}
