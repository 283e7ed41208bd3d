//! The applications, by the requirements of their guides.

use serde_json::json;

use super::{applied, told, user};
use crate::{Profile, UntilMet, builtin};

const WATS: &str = "urn:ietf:params:scim:schemas:extension:wats:2.0:User";
const WORKATO: &str = "urn:ietf:params:scim:schemas:workato:1.0:WorkatoRole";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[test]
fn every_profile_that_comes_with_the_program_is_whole() {
    let names: Vec<&str> = builtin().iter().map(|profile| profile.name()).collect();
    assert_eq!(names, ["generic", "account-scim", "wats", "wizer", "workato", "workteam"]);
    for profile in builtin() {
        let again = Profile::parse(profile.text(), "again.toml").unwrap();
        assert_eq!(again.name(), profile.name());
        assert!(!profile.title().is_empty() && !profile.description().is_empty());
    }
}

#[test]
fn the_generic_profile_maps_nothing() {
    let generic = crate::Applied::generic();
    assert_eq!(generic.profile().name(), "generic");
    assert!(!generic.maps() && generic.has_groups() && generic.takes_passwords() && !generic.reads_groups());
    assert!(generic.missing(UntilMet::Off).is_none() && generic.missing(UntilMet::Refuse).is_none());
}

#[test]
fn w06_there_is_exactly_one_role_and_it_is_analyzer_where_none_is_sent() {
    let wats = applied("wats", json!({}));
    let roles = |attributes| told(&wats, attributes, &[], json!({}))["roles"].clone();
    assert_eq!(roles(json!({})), json!([{ "value": "Analyzer", "primary": true }]));
    for (sent, role) in [
        (json!({ "roles": [{ "value": "Manager", "primary": "True" }] }), "Manager"),
        (json!({ "roles": [{ "value": "1", "display": "WATS Operator", "primary": true }] }), "Operator"),
        (json!({ "roles": [{ "value": "viewer" }] }), "Viewer"),
        (json!({ WATS: { "roles": ["WATS Administrator"] } }), "Administrator"),
    ] {
        assert_eq!(roles(sent), json!([{ "value": role, "primary": true }]));
    }
    let two = user(&wats, json!({ WATS: { "roles": ["Viewer", "Manager"] } }));
    let error = wats.check(&two).unwrap_err();
    assert_eq!(error.status, 400);
    assert!(
        error.detail.contains("exactly one role") && error.detail.contains("\"Viewer\", \"Manager\""),
        "{}",
        error.detail
    );
}

#[test]
fn w06_an_unknown_role_is_refused_until_it_exists() {
    let sent = json!({ "roles": [{ "value": "WATS Test Pilot", "primary": true }] });
    let wats = applied("wats", json!({}));
    let error = wats.check(&user(&wats, sent.clone())).unwrap_err();
    assert_eq!(error.scim_type.map(|keyword| keyword.as_str()), Some("invalidValue"));
    assert!(
        error.detail.starts_with("the role \"Test Pilot\" does not exist; there are \"Administrator\""),
        "{}",
        error.detail
    );
    let wats = applied("wats", json!({ "custom_roles": ["Test pilot"] }));
    wats.check(&user(&wats, sent.clone())).unwrap();
    assert_eq!(told(&wats, sent, &[], json!({}))["roles"][0]["value"], "Test pilot");
}

#[test]
fn w07_levels_and_product_groups_must_exist() {
    let sent = json!({ WATS: { "levels": ["Final", "Debug"], "productGroups": ["Radios"] } });
    let wats = applied("wats", json!({ "levels": ["Final"] }));
    assert!(
        wats.check(&user(&wats, sent.clone())).unwrap_err().detail.starts_with("the level \"Debug\" does not exist")
    );
    let wats = applied("wats", json!({ "levels": ["Final", "Debug"] }));
    let detail = wats.check(&user(&wats, sent.clone())).unwrap_err().detail;
    assert!(detail.starts_with("the product group \"Radios\" does not exist; there is none yet"), "{detail}");
    let wats = applied("wats", json!({ "levels": ["Final", "Debug"], "product_groups": ["Radios"] }));
    wats.check(&user(&wats, sent.clone())).unwrap();
    let told = told(&wats, sent, &[], json!({}));
    assert_eq!(told["application"]["levels"], json!(["Final", "Debug"]));
    assert_eq!(told["application"]["productGroups"], json!(["Radios"]));
}

#[test]
fn w08_a_user_may_sign_in_with_a_password_if_that_is_said() {
    let wats = applied("wats", json!({}));
    let may = |attributes| told(&wats, attributes, &[], json!({}))["application"]["passwordSignInEnabled"].clone();
    assert_eq!(may(json!({})), false);
    assert_eq!(may(json!({ WATS: { "PasswordSignInEnabled": true } })), true);
}

#[test]
fn w09_w11_passwords_and_groups_are_off() {
    let wats = applied("wats", json!({}));
    assert!(!wats.takes_passwords() && !wats.has_groups());
    assert!(applied("wats", json!({ "groups": true })).has_groups());
    assert!(applied("workteam", json!({})).takes_passwords());
}

#[test]
fn k04_without_environments_there_is_one_role_and_with_them_one_in_each() {
    let sent = json!({ WORKATO: { "workato_role": "Admin", "workato_role_test": "operator", "workato_role_prod": "NoAccess" } });
    let workato = applied("workato", json!({}));
    let without = told(&workato, sent.clone(), &[], json!({}));
    assert_eq!(without["roles"], json!([{ "value": "Admin", "primary": true }]));
    assert!(without.get("application").is_none());
    let workato = applied("workato", json!({ "environments": true }));
    let with = told(&workato, sent, &[], json!({}));
    assert_eq!(with["application"], json!({ "roles": { "dev": "Admin", "test": "Operator" } }), "NoAccess is none");
}

#[test]
fn k05_a_role_of_the_workspace_must_exist() {
    let sent = json!({ WORKATO: { "workato_role_prod": "Auditor" } });
    let workato = applied("workato", json!({ "environments": true }));
    let detail = workato.check(&user(&workato, sent.clone())).unwrap_err().detail;
    assert!(detail.starts_with("the role in PROD \"Auditor\" does not exist"), "{detail}");
    let workato = applied("workato", json!({ "environments": true, "custom_roles": ["Auditor"] }));
    workato.check(&user(&workato, sent)).unwrap();
    let unused = applied("workato", json!({}));
    let sent = json!({ WORKATO: { "workato_role_prod": "whatever" } });
    unused.check(&user(&unused, sent)).unwrap();
}

#[test]
fn z04_nothing_but_names_email_and_department_is_told() {
    let wizer = applied("wizer", json!({}));
    let sent = json!({ "emails": [{ "value": "ada@acme.example", "type": "work" }], "title": "Countess" });
    let whole = json!({
        "id": "1", "userName": "x", "externalId": "e", "active": true, "title": "Countess", "email": "old@x.example",
        "name": { "givenName": "Ada", "familyName": "Lovelace", "formatted": "Ada Lovelace" },
        "emails": [], "roles": [], "created": "c", "custom": { "urn:x:y": {} }
    });
    let told = told(&wizer, sent, &[], whole);
    let expected = json!({
        "id": "1", "userName": "ada@acme.example", "active": true, "email": "ada@acme.example",
        "name": { "givenName": "Ada", "familyName": "Lovelace" }, "created": "c"
    });
    assert_eq!(serde_json::Value::Object(told), expected);
}

#[test]
fn z05_without_an_address_the_user_name_is_the_email() {
    let wizer = applied("wizer", json!({}));
    assert_eq!(told(&wizer, json!({}), &[], json!({}))["email"], "ada@acme.example");
}

#[test]
fn z06_departments_come_from_the_attribute_or_from_groups() {
    let sent = json!({ ENTERPRISE: { "department": "Mathematics" } });
    let department = |options, attributes, groups: &[&str]| {
        let wizer = applied("wizer", options);
        told(&wizer, attributes, groups, json!({ "department": "as sent" })).get("department").cloned()
    };
    assert_eq!(department(json!({}), sent.clone(), &["Engines"]), Some("Mathematics".into()));
    assert_eq!(department(json!({}), json!({}), &["Engines", "Looms"]), Some("Engines".into()));
    let order = json!({ "department_order": ["looms"] });
    assert_eq!(department(order, json!({}), &["Engines", "Looms"]), Some("Looms".into()));
    assert_eq!(
        department(json!({ "department_attribute": false }), sent.clone(), &["Engines"]),
        Some("Engines".into())
    );
    assert_eq!(department(json!({ "department_groups": false }), json!({}), &["Engines"]), None);
    assert_eq!(department(json!({ "department_groups": false, "department_attribute": false }), sent, &["E"]), None);
    assert!(applied("wizer", json!({})).reads_groups());
    assert!(!applied("wizer", json!({ "department_groups": false })).reads_groups());
}

#[test]
fn p06_users_are_known_by_their_address_or_by_their_mailbox() {
    let sent = json!({ "emails": [{ "value": "Ada.L@acme.example", "type": "work" }] });
    let id =
        |options, attributes| told(&applied("account-scim", options), attributes, &[], json!({}))["userName"].clone();
    assert_eq!(id(json!({}), sent.clone()), "Ada.L@acme.example");
    assert_eq!(id(json!({ "user_id": "mailbox" }), sent), "Ada.L");
    assert_eq!(id(json!({ "user_id": "mailbox" }), json!({})), "ada");
    assert_eq!(id(json!({ "user_id": "mailbox" }), json!({ "userName": "ada" })), "ada");
}

#[test]
fn p02_an_administrator_or_user_manager_by_primary_role_qualifies() {
    let platform = applied("account-scim", json!({}));
    let unfit = |attributes| platform.unfit_administrator(&user(&platform, attributes), &[]);
    let roles = |roles: serde_json::Value| json!({ "roles": roles });
    assert_eq!(unfit(roles(json!([{ "value": "user manager" }]))), None, "the only one is the primary one");
    let labelled = json!([{ "value": "viewer", "display": "User Manager", "primary": true }, { "value": "x" }]);
    assert_eq!(unfit(roles(labelled)), Some(crate::Unfit::Role), "what it is displayed as is no role");
    assert_eq!(unfit(roles(json!([{ "display": "Administrator" }]))), None, "unless there is nothing else");
    let second = json!([{ "value": "Viewer", "primary": true }, { "value": "User Manager" }]);
    assert_eq!(unfit(roles(second)), Some(crate::Unfit::Role));
    assert_eq!(unfit(roles(json!([{ "value": "User Manager" }, { "value": "Viewer" }]))), Some(crate::Unfit::Role));
    assert_eq!(unfit(json!({})), Some(crate::Unfit::Role));
    let inactive = json!({ "roles": [{ "value": "Administrator" }], "active": false });
    assert_eq!(unfit(inactive), Some(crate::Unfit::Inactive));
    // By what the application is told: the profile makes the roles.
    let wats = applied("wats", json!({}));
    assert_eq!(wats.unfit_administrator(&user(&wats, json!({})), &[]), None, "no rule");
    assert!(platform.administrator().is_some_and(|rule| rule.is_required && rule.accepts(" administrator ")));
}
