//! Every way in which a new token takes the place of the old one, over HTTP, and its effect on clients.

use serde_json::{Value, json};

use super::Admin;
use crate::support::{Answer, System, Tenant};

async fn status(tenant: &Tenant) -> u16 {
    tenant.client().get("/Users?count=0").await.status
}

fn holding(tenant: &Tenant, issued: &Answer) -> Tenant {
    let token = issued.body["token"].as_str().unwrap_or_else(|| panic!("no token in {}", issued.text)).to_owned();
    Tenant { token, ..tenant.clone() }
}

/// The same but for the word that it is repeated.
#[track_caller]
fn assert_same(first: &Answer, again: &Answer) {
    let (mut expected, mut answered) = (first.body.clone(), again.body.clone());
    // Uses may have been noted meanwhile.
    for body in [&mut expected, &mut answered] {
        body["other_tokens"]
            .as_array_mut()
            .expect("tokens")
            .iter_mut()
            .for_each(|token| token["last_used"] = json!(null));
    }
    assert_eq!((&first.body["repeated"], &again.body["repeated"]), (&json!(false), &json!(true)));
    expected["repeated"] = json!(true);
    assert_eq!((first.status, expected), (again.status, answered));
}

/// The states of all tokens, the newest first.
async fn states(admin: &Admin, tenant: &Tenant) -> Vec<String> {
    let listed = admin.get(&format!("/tenants/{}/tokens", tenant.name)).await.expect(200);
    let tokens = listed.body["tokens"].as_array().expect("tokens").clone();
    tokens.iter().map(|token| token["state"].as_str().expect("a state").to_owned()).collect()
}

/// What a call answers, twice: the second time the same.
async fn twice(admin: &Admin, tenant: &Tenant, what: &str) -> Value {
    let path = format!("/tenants/{}/tokens/{what}", tenant.name);
    let answer = admin.post(&path, &json!({})).await.expect(200);
    assert_eq!(admin.post(&path, &json!({})).await.expect(200).body, answer.body);
    answer.body
}

on_both! {
    /// What is usual and allowed may change after a call: repeated, it is the same call all the same.
    async fn a_repeated_call_does_not_depend_on_what_is_allowed_now(system) {
        let (tenant, admin) = (system.tenant("settings"), Admin::operator(&system).await);
        let issued = admin.issue(&tenant.name, "usual", &json!({})).await.expect(201);
        let path = format!("/tenants/{}", tenant.name);
        admin.patch(&path, &json!({ "settings": { "token_max_days": 5 } })).await.expect(200);
        assert_same(&issued, &admin.issue(&tenant.name, "usual", &json!({})).await);
        admin.issue(&tenant.name, "usual", &json!({ "days": 6 })).await.expect(409);
        admin.issue(&tenant.name, "another", &json!({ "days": 6 })).await.expect(400);
        assert_eq!(states(&admin, &tenant).await.len(), 2);
    }

    /// When the answer is there, the old token is refused. Asked again, the same token; with other wishes, a conflict.
    async fn a_strict_rotation_ends_the_old_token_at_once_and_is_repeated_safely(system) {
        let (old, admin) = (system.tenant("strict"), Admin::operator(&system).await);
        let wishes = json!({ "days": 90, "scopes": ["users"], "networks": ["127.0.0.0/8"] });
        let issued = admin.issue(&old.name, "call-1", &wishes).await.expect(201);
        let new = holding(&old, &issued);
        assert_eq!((status(&old).await, status(&new).await), (401, 200));
        assert_same(&issued, &admin.issue(&old.name, "call-1", &wishes).await);
        assert_same(&issued, &admin.issue(&old.name, "\"call-1\"", &wishes).await);
        for other in [json!({ "days": 91 }), json!({ "days": 90 }), json!({ "days": 90, "scopes": ["users"], "networks": [] })] {
            admin.issue(&old.name, "call-1", &other).await.expect(409);
        }
        assert_eq!(states(&admin, &old).await, ["current", "superseded"], "one token was issued");
        // The command line knows the call by the same name.
        let arguments = ["token", "issue", &old.name, "--days", "90", "--scope", "users", "--allow", "127.0.0.0/8", "--request-id", "call-1", "--json"];
        assert_eq!(system.tenantry(&arguments).expect(0).json(), admin.issue(&old.name, "call-1", &wishes).await.body);
    }

    /// Without a name each call is one of its own.
    async fn without_an_idempotency_key_each_call_issues_a_token(system) {
        let (old, admin) = (system.tenant("strict"), Admin::operator(&system).await);
        let path = format!("/tenants/{}/tokens", old.name);
        let first = holding(&old, &admin.post(&path, &json!({})).await.expect(201));
        let second = holding(&old, &admin.post(&path, &json!({ "seconds": 3600 })).await.expect(201));
        assert_eq!((status(&old).await, status(&first).await, status(&second).await), (401, 401, 200));
    }

    async fn an_overlap_lets_both_in_until_it_is_completed(system) {
        let (old, admin) = (system.tenant("overlap"), Admin::operator(&system).await);
        let wishes = json!({ "mode": "overlap", "overlap_seconds": 7200 });
        let issued = admin.issue(&old.name, "call", &wishes).await.expect(201);
        let new = holding(&old, &issued);
        assert_eq!((status(&old).await, status(&new).await), (200, 200));
        assert_eq!(states(&admin, &old).await, ["current", "ending"]);
        assert_same(&issued, &admin.issue(&old.name, "call", &wishes).await);
        let longer = json!({ "mode": "overlap", "overlap_seconds": 9000 });
        admin.issue(&old.name, "call", &longer).await.expect(409);
        admin.post(&format!("/tenants/{}/tokens/cancel", old.name), &json!({})).await.expect(409);
        let completed = twice(&admin, &old, "complete").await;
        assert_eq!(completed, json!({ "tenant": old.name, "token_id": issued.body["token_id"], "completed": true }));
        assert_eq!((status(&old).await, status(&new).await), (401, 200));
    }

    async fn a_staged_rotation_is_completed_or_cancelled(system) {
        let (old, admin) = (system.tenant("staged"), Admin::operator(&system).await);
        let wishes = json!({ "mode": "staged" });
        let issued = admin.issue(&old.name, "first", &wishes).await.expect(201);
        let new = holding(&old, &issued);
        assert_same(&issued, &admin.issue(&old.name, "first", &wishes).await);
        assert_eq!((status(&old).await, status(&new).await), (200, 200));
        admin.issue(&old.name, "second", &wishes).await.expect(409);
        let cancelled = twice(&admin, &old, "cancel").await;
        assert_eq!(cancelled, json!({ "tenant": old.name, "token_id": issued.body["token_id"], "cancelled": true }));
        assert_eq!((status(&old).await, status(&new).await), (200, 401));
        let new = holding(&old, &admin.issue(&old.name, "second", &wishes).await.expect(201));
        twice(&admin, &old, "complete").await;
        assert_eq!((status(&old).await, status(&new).await), (401, 200));
        admin.post(&format!("/tenants/{}/tokens/cancel", old.name), &json!({})).await.expect(409);
    }

    async fn the_first_use_of_the_new_token_ends_the_old_one(system) {
        let (old, admin) = (system.tenant("first-use"), Admin::operator(&system).await);
        let wishes = json!({ "mode": "first-use" });
        let issued = admin.issue(&old.name, "call", &wishes).await.expect(201);
        let new = holding(&old, &issued);
        assert_same(&issued, &admin.issue(&old.name, "call", &wishes).await);
        assert_eq!((status(&old).await, states(&admin, &old).await), (200, vec!["unused".to_owned(), "current".to_owned()]));
        assert_eq!((status(&new).await, status(&old).await), (200, 401));
    }

    /// All of them, or one; what is no token of this tenant is not found.
    async fn tokens_are_revoked(system) {
        let (old, admin) = (system.tenant("revoked"), Admin::operator(&system).await);
        let other = system.tenant("other");
        let issued = admin.issue(&old.name, "call", &json!({ "mode": "staged" })).await.expect(201);
        let new = holding(&old, &issued);
        let path = format!("/tenants/{}/tokens/revoke", old.name);
        admin.post(&path, &json!({ "token_id": issued.body["token_id"] })).await.expect(200);
        assert_eq!((status(&old).await, status(&new).await), (200, 401));
        let foreign = admin.get(&format!("/tenants/{}/tokens", other.name)).await.expect(200).body["tokens"][0]["id"].clone();
        admin.post(&path, &json!({ "token_id": foreign })).await.expect(404);
        admin.post(&path, &json!({ "token_id": "x" })).await.expect(400);
        twice(&admin, &old, "revoke").await;
        for call in ["new", "newer"] {
            admin.issue(&old.name, call, &json!({ "mode": "staged" })).await.expect(201);
        }
        let revoked = twice(&admin, &old, "revoke").await;
        assert_eq!(revoked["token_ids"].as_array().map(Vec::len), Some(2));
        assert_eq!((status(&old).await, status(&other).await), (401, 200));
    }

    /// What a tenant's policy does not allow is refused with the setting that says so.
    async fn the_policy_of_a_tenant_holds(system) {
        let (tenant, admin) = (system.tenant("policy"), Admin::operator(&system).await);
        let own = Admin::with(&system, &["--tenant", &tenant.name]).await;
        let policy = json!({ "settings": { "token_modes": ["strict"], "token_max_days": 30 } });
        let path = format!("/tenants/{}", tenant.name);
        assert_eq!(admin.patch(&path, &policy).await.expect(200).body["settings"]["token_max_days"], 30);
        for (wishes, setting) in [
            (json!({ "mode": "staged", "days": 3 }), "token_modes"),
            (json!({ "days": 31 }), "token_max_days"),
        ] {
            let refused = own.issue(&tenant.name, "call", &wishes).await.expect(400);
            assert!(refused.text.contains(setting), "{}", refused.text);
        }
        let lift = json!({ "settings": { "token_max_days": 3650 } });
        own.patch(&path, &lift).await.expect(403);
        assert_eq!(status(&tenant).await, 200);
        own.issue(&tenant.name, "call", &json!({ "days": 30 })).await.expect(201);
    }

    /// Whoever is not told the answer because the server dies asks again, and gets the same token.
    async fn a_call_is_repeated_after_a_restart(database: Database) {
        let system = System::start(database).await;
        let (old, admin) = (system.tenant("restart"), Admin::operator(&system).await);
        let mut issued = Vec::new();
        for mode in ["staged", "strict"] {
            issued.push((mode, admin.issue(&old.name, mode, &json!({ "mode": mode })).await.expect(201)));
        }
        system.server().kill();
        system.server().start_again().await;
        let (_, strict) = issued.pop().expect("the last");
        assert_same(&strict, &admin.issue(&old.name, "strict", &json!({ "mode": "strict" })).await);
        // What has ended meanwhile is not shown again, and is issued by nobody a second time.
        let (_, staged) = issued.pop().expect("the first");
        let again = admin.issue(&old.name, "staged", &json!({ "mode": "staged" })).await.expect(201);
        assert_eq!((&again.body["token"], &again.body["token_id"]), (&Value::Null, &staged.body["token_id"]));
        assert_eq!(states(&admin, &old).await.len(), 3);
        assert_eq!((status(&old).await, status(&holding(&old, &strict)).await), (401, 200));
    }
}
