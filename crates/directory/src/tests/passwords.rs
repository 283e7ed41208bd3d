//! What is told and kept of a password.

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use scim::ResourceKind;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::on_both;
use super::support::{ALL, System, draft};
use crate::Condition;

fn set(password: &str) -> Value {
    json!({ "op": "replace", "path": "password", "value": password })
}

/// The type and the changes of each event.
async fn told(system: &System) -> Vec<(&'static str, Value)> {
    let told = |event: events::Event| {
        (event.event_type.as_str(), serde_json::to_value(&event.data).unwrap()["changed"].clone())
    };
    system.events().await.into_iter().map(told).collect()
}

/// The hashes that are kept, by the number of their event.
async fn kept(system: &System) -> Vec<(i64, String)> {
    let statement = Statement::from_string(
        system.database.backend(),
        "SELECT sequence, hash FROM password_hashes ORDER BY tenant_id, sequence",
    );
    let rows = system.database.query(statement).await.unwrap();
    rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect()
}

async fn allow_a_store(system: &System, is_allowed: bool, state: &str) {
    let tenant = system.tenant.tenant().id().as_i64();
    let options = json!({ "types": [], "password_hash": is_allowed });
    let id = uuid::Uuid::now_v7();
    let sql = format!(
        "INSERT INTO stores (tenant_id, id, name, kind, options, settings, state, created_ms, modified_ms) \
         VALUES ({tenant}, '{id}', '{id}', 'sql', '{options}', '{{}}', '{state}', 0, 0)"
    );
    system.database.writer().execute_unprepared(&sql).await.unwrap();
}

fn is_hash_of(hash: &str, password: &str) -> bool {
    let parsed = PasswordHash::new(hash).unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
}

on_both! {
    async fn each_password_that_is_sent_is_a_change_without_values(system: System) {
        let body = json!({ "userName": "ada", "password": "first-secret" });
        let ada = system.create(ResourceKind::User, body).await.unwrap();
        let once = system.patch(&ada, json!([set("second-secret")])).await.unwrap();
        let again = system.patch(&ada, json!([set("second-secret")])).await.unwrap();
        assert_eq!((once.version, again.version, &again.document), (2, 3, &ada.document));
        system.patch(&ada, json!([{ "op": "remove", "path": "password" }])).await.unwrap();
        system.patch(&ada, json!([set("")])).await.unwrap();
        let body = json!({ "userName": "ada", "active": false, "password": "third-secret" });
        let put = draft(ResourceKind::User, body);
        system.directory.replace(ResourceKind::User, &ada.id, put, Condition::None, ALL).await.unwrap();
        let password = json!({ "path": "password" });
        let expected = [
            ("user.created", json!([password])),
            ("user.updated", json!([password])),
            ("user.updated", json!([password])),
            ("user.deactivated", json!([{ "path": "active", "old": true, "new": false }, password])),
        ];
        assert_eq!(told(&system).await, expected);
        let events = serde_json::to_string(&system.events().await).unwrap();
        assert!(!events.contains("secret"), "{events}");
        assert_eq!(kept(&system).await, [], "nobody may have it, so nothing is hashed");
    }

    async fn a_hash_is_kept_for_the_stores_that_are_allowed_it(system: System) {
        let ada = system.user("ada").await;
        allow_a_store(&system, false, "active").await;
        allow_a_store(&system, true, "disabled").await;
        system.patch(&ada, json!([set("first-secret")])).await.unwrap();
        assert_eq!(kept(&system).await, []);
        allow_a_store(&system, true, "paused").await;
        system.patch(&ada, json!([set("second-secret")])).await.unwrap();
        system.other.create(ResourceKind::User, draft(ResourceKind::User, json!({ "userName": "b", "password": "x" })), ALL).await.unwrap();
        system.patch(&ada, json!([{ "op": "replace", "path": "title", "value": "x" }])).await.unwrap();
        let kept = kept(&system).await;
        assert_eq!(kept.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), [3], "of this tenant alone");
        assert!(is_hash_of(&kept[0].1, "second-secret") && !is_hash_of(&kept[0].1, "first-secret"));
        let mut events = system.events().await;
        let before = serde_json::to_string(&events).unwrap();
        assert!(!before.contains("argon2"), "it is not in the log: {before}");
        system.events.add_password_hashes(system.tenant.tenant(), &mut events).await.unwrap();
        let hashes: Vec<Value> = events.iter().map(|event| serde_json::to_value(&event.data).unwrap()["passwordHash"].clone()).collect();
        assert_eq!(hashes, [Value::Null, Value::Null, json!(kept[0].1), Value::Null]);
        system.directory.erase().await.unwrap();
        assert_eq!(self::kept(&system).await, []);
    }
}
