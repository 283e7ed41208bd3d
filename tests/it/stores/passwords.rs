//! Hashes of passwords reach the stores that are allowed them, and nobody else.

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier as _;
use argon2::password_hash::phc::PasswordHash;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::{add_store, caught_up};
use crate::support::{System, Tenant, patch_one, until, user};

/// What a store's file has of its events.
async fn events_of(system: &System, tenant: &Tenant, file: &str) -> Vec<Value> {
    let path = system.server().data_folder().join("stores").join(&tenant.name).join(file);
    let connection =
        sea_orm::Database::connect(format!("sqlite://{}", path.display())).await.expect("the store's file");
    let backend = connection.get_database_backend();
    let rows =
        connection.query_all_raw(Statement::from_string(backend, "SELECT data FROM events ORDER BY sequence")).await;
    let text = |row: &sea_orm::QueryResult| row.try_get_by_index::<String>(0).expect("a text");
    rows.expect("rows").iter().map(|row| serde_json::from_str(&text(row)).expect("JSON")).collect()
}

/// How many hashes the server keeps.
async fn kept(url: &str) -> i64 {
    let connection = sea_orm::Database::connect(url).await.expect("the server's database");
    let statement = Statement::from_string(connection.get_database_backend(), "SELECT COUNT(*) FROM password_hashes");
    let row = connection.query_one_raw(statement).await.expect("a count").expect("a row");
    row.try_get_by_index(0).expect("a number")
}

fn is_of(hash: &Value, password: &str) -> bool {
    let hash = hash.as_str().unwrap_or_else(|| panic!("{hash} is no hash"));
    let parsed = PasswordHash::new(hash).expect("a hash in the PHC format");
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
}

on_both! {
    /// One store that is allowed the hashes, one that is not, and the log.
    async fn a_password_reaches_the_store_that_is_allowed_its_hash_and_is_forgotten(database: Database) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = database.create(folder.path()).await;
        let system = System::start_on(&url, &[]).await;
        let tenant = system.tenant("passwords");
        add_store(&system, &tenant, "plain", "sql", &["--from-start", "url=sqlite://plain.db"]);
        add_store(&system, &tenant, "allowed", "sql", &["--from-start", "url=sqlite://allowed.db", "password_hash=true"]);
        let mut body = user("ada");
        body["password"] = json!("first-secret");
        let id = tenant.client().post("/Users", &body).await.expect(201).id();
        let changed = patch_one("replace", "password", json!("second-secret"));
        tenant.client().patch(&format!("/Users/{id}"), &changed).await.expect(200);
        for store in ["plain", "allowed"] {
            caught_up(&system, &tenant, store).await;
        }
        let allowed = events_of(&system, &tenant, "allowed.db").await;
        let newest: Vec<&Value> = allowed.iter().rev().take(2).collect();
        assert!(is_of(&newest[1]["passwordHash"], "first-secret") && is_of(&newest[0]["passwordHash"], "second-secret"));
        assert_eq!(newest[0]["changed"], json!([{ "path": "password" }]));
        let others = json!([events_of(&system, &tenant, "plain.db").await, system.all_events(&tenant, 0)]).to_string();
        assert!(others.contains("\"password\"") && !others.contains("argon2"), "{others}");
        assert!(!format!("{allowed:?}{others}{}", system.server().log()).contains("-secret"));
        until("the hashes to be forgotten", async || (kept(&url).await == 0).then_some(())).await;
        system.tenantry(&["store", "pause", &tenant.name, "allowed"]).expect(0);
        tenant.client().patch(&format!("/Users/{id}"), &changed).await.expect(200);
        caught_up(&system, &tenant, "plain").await;
        assert_eq!(kept(&url).await, 1, "it waits for the store that is paused");
        system.tenantry(&["store", "resume", &tenant.name, "allowed"]).expect(0);
        until("the hash to be brought", async || (kept(&url).await == 0).then_some(())).await;
        let newest = events_of(&system, &tenant, "allowed.db").await.pop().expect("an event");
        assert!(is_of(&newest["passwordHash"], "second-secret"), "{newest}");
    }
}
