//! What rules can say.

use serde_json::json;

use super::{applied, told, user, with, written};
use crate::Mapped;

#[test]
fn sources_are_constants_joins_parts_and_groups() {
    let own = written(
        r#"
        map = [
            { to = "organization", from = [{ constant = "Acme" }] },
            { to = "displayName", from = [{ join = ["name.givenName", "name.familyName"], with = " " }] },
            { to = "application.tags", many = true, from = [{ split = "title", at = "," }] },
            { to = "application.domain", from = [{ of = "userName", after = "@" }] },
            { to = "application.teams", many = true, from = [{ groups = "Team " }] },
        ]"#,
    );
    let sent = json!({ "name": { "givenName": "Ada", "familyName": "Lovelace" }, "title": "poet, , engineer" });
    let told = told(&own, sent, &["Team Looms", "Everybody", "Team Engines"], json!({}));
    assert_eq!(told["organization"], "Acme");
    assert_eq!(told["displayName"], "Ada Lovelace");
    assert_eq!(
        told["application"],
        json!({ "tags": ["poet", "engineer"], "domain": "acme.example", "teams": ["Looms", "Engines"] })
    );
}

#[test]
fn values_are_exchanged_and_unknown_ones_passed_over_or_replaced() {
    let own = written(
        r#"
        [[map]]
        to = "roles"
        many = true
        from = ["roles.value"]
        values = { "Global Reader" = "viewer", "ROOT" = "admin" }
        allowed = ["editor"]
        unknown = "ignore"

        [[map]]
        to = "userType"
        from = ["userType"]
        allowed = ["staff", "guest"]
        unknown = "default"
        default = "guest"
        "#,
    );
    let sent = json!({ "roles": [{ "value": "global reader" }, { "value": "what" }, { "value": "root" }, { "value": "EDITOR" }],
        "userType": "Contractor" });
    own.check(&user(&own, sent.clone())).unwrap();
    let told = told(&own, sent, &[], json!({}));
    let roles: Vec<_> = told["roles"].as_array().unwrap().iter().map(|role| role["value"].clone()).collect();
    assert_eq!(roles, ["viewer", "admin", "editor"]);
    assert_eq!(told["userType"], "guest");
}

#[test]
fn a_group_whose_name_is_no_role_refuses_nobody() {
    let own = written(
        r#"
        [[map]]
        to = "roles"
        from = [{ groups = "Role " }]
        allowed = ["Admin", "Reader"]
        order = ["Admin"]
        default = "Reader"
        "#,
    );
    own.check(&user(&own, json!({}))).unwrap();
    let role = |groups: &[&str]| told(&own, json!({}), groups, json!({}))["roles"][0]["value"].clone();
    assert_eq!(role(&["Role Pilot"]), "Reader");
    assert_eq!(role(&["Role reader", "Role ADMIN"]), "Admin", "the order decides");
}

#[test]
fn what_changed_is_told_by_its_path() {
    let own = written(
        r#"map = [{ to = "name.formatted", from = ["displayName"] }, { to = "application.a.b", from = ["title"] }]"#,
    );
    let mapped = |sent| own.map(&user(&own, sent), &[]).unwrap();
    let before = mapped(json!({ "displayName": "A", "title": "x" }));
    let after = mapped(json!({ "displayName": "B" }));
    let changes = Mapped::changes(&before, &after);
    assert_eq!(
        changes,
        [
            ("name.formatted".to_owned(), Some(json!("A")), Some(json!("B"))),
            ("application.a".to_owned(), Some(json!({ "b": "x" })), None),
        ]
    );
    assert!(Mapped::changes(&after, &after).is_empty());
    let kept: Mapped = serde_json::from_str(&serde_json::to_string(&before).unwrap()).unwrap();
    assert_eq!(kept, before);
}

#[test]
fn a_tenant_decides_only_what_is_left_open() {
    let profile = || std::sync::Arc::clone(crate::builtin().iter().find(|profile| profile.name() == "wats").unwrap());
    for (options, met, sentence) in [
        (
            json!({ "colour": "red" }),
            vec![],
            "profile wats has no option \"colour\"; there are \"custom_roles\", \"groups\"",
        ),
        (json!({ "groups": "yes" }), vec![], "option \"groups\" of profile wats is true or false"),
        (json!({ "levels": ["a", ""] }), vec![], "option \"levels\" of profile wats is a list of texts"),
        (json!({}), vec!["tea".to_owned()], "profile wats has no prerequisite \"tea\"; there are \"sso\""),
    ] {
        let error = crate::Applied::new(profile(), options.as_object().unwrap(), &met).unwrap_err();
        assert!(error.starts_with(sentence), "{error}");
    }
    assert!(with(profile(), json!({})).missing(crate::UntilMet::Off).is_some_and(|missing| missing.name == "sso"));
    let met = crate::Applied::new(profile(), &serde_json::Map::new(), &["sso".to_owned()]).unwrap();
    assert_eq!(met.missing(crate::UntilMet::Off), None);
}

#[test]
fn p06_the_name_for_the_application_tells_what_it_was_made_of() {
    let named = |options, attributes| {
        let applied = applied("account-scim", options);
        let user = user(&applied, attributes);
        let told = applied.told_name(&user).unwrap();
        (told.name, told.origin.to_owned())
    };
    let of = |name: &str, origin: &str| (name.to_owned(), origin.to_owned());
    let mailbox = || json!({ "user_id": "mailbox" });
    let work = "emails[type eq \"work\"].value";
    let sent = json!({ "emails": [{ "value": "Ada.L@acme.example", "type": "work" }] });
    assert_eq!(named(mailbox(), sent.clone()), of("Ada.L", work));
    assert_eq!(named(json!({}), sent), of("Ada.L@acme.example", work));
    assert_eq!(named(mailbox(), json!({})), of("ada", "userName"));
    assert_eq!(named(mailbox(), json!({ "userName": "ada" })), of("ada", "userName"));
    let wats = applied("wats", json!({}));
    assert_eq!((wats.naming(), wats.told_name(&user(&wats, json!({})))), (0, None));
}

#[test]
fn p06_another_rule_has_another_number_and_the_same_one_the_same() {
    let (email, mailbox) =
        (applied("account-scim", json!({})), applied("account-scim", json!({ "user_id": "mailbox" })));
    assert_ne!(email.naming(), 0);
    assert_ne!(email.naming(), mailbox.naming());
    let written_so = |space: &str| {
        let text = format!("[[map]]\nto ={space} \"userName\"\nfrom = [{space}\"emails.value\"]\n");
        written(&text).naming()
    };
    assert_eq!(written_so(""), written_so("  "));
    // A source may be written as a table, too.
    let in_line = |mark: &str| {
        let source = format!("{{ of = \"emails.value\", before = \"{mark}\" }}");
        written(&format!("[[map]]\nto = \"userName\"\nfrom = [{source}]\n")).naming()
    };
    let as_table = |mark: &str| {
        let source = format!("[[map.from]]\nbefore = \"{mark}\"\nof = \"emails.value\"\n");
        written(&format!("[[map]]\nto = \"userName\"\n\n{source}")).naming()
    };
    assert_eq!(as_table("@"), in_line("@"));
    assert_ne!(as_table("@"), as_table("+"));
    assert_ne!(in_line("@"), in_line("+"));
    // It is stored: a new number makes the names of every such directory anew.
    assert_eq!(mailbox.naming(), -3_190_878_065_109_930_829);
}
