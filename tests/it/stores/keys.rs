//! The keys that the secrets of stores are sealed with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use sea_orm::{ConnectionTrait as _, Statement};
use serde_json::{Value, json};

use super::add_store;
use crate::support::{System, Tenant};

/// A key in base64.
const BY_HAND: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn keys(system: &System, arguments: &[&str]) -> Value {
    system.tenantry(&[&["store", "key"], arguments, &["--json"]].concat()).expect(0).json()
}

/// The sealed secrets of all stores.
async fn sealed(url: &str) -> Vec<String> {
    let connection = sea_orm::Database::connect(url).await.expect("the server's database");
    let statement =
        Statement::from_string(connection.get_database_backend(), "SELECT secrets FROM stores ORDER BY name");
    let rows = connection.query_all_raw(statement).await.expect("rows");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}

/// The store of tenant `demo`, whose address is a secret.
const DEMO: u64 = 1;

fn add(system: &System, tenant: &Tenant, name: &str) {
    add_store(system, tenant, name, "webhook", &["url=https://hook.example/"]);
}

on_both! {
    /// A new key seals what the old one sealed, and the old one is gone: from the file, and from the database.
    async fn a_new_key_seals_all_secrets_and_the_old_one_goes(database: Database) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = database.create(folder.path()).await;
        let system = System::start_on(&url, &[]).await;
        let tenant = system.tenant("keys");
        let file = system.server().data_folder().join("stores.key");
        for name in ["one", "two"] {
            add(&system, &tenant, name);
        }
        let (old, before) = (fs::read_to_string(&file).expect("a key"), sealed(&url).await);
        let first = keys(&system, &["list"])["keys"][0].clone();
        assert_eq!((&first["seals"], &first["stores"], &first["missing"]), (&json!(true), &json!(2 + DEMO), &json!(false)));

        let rotated = keys(&system, &["rotate"]);
        assert_eq!((&rotated["resealed"], rotated["keys"].as_array().map(Vec::len)), (&json!(2 + DEMO), Some(1)));
        assert_ne!(rotated["keys"][0]["id"], first["id"]);
        let (new, after) = (fs::read_to_string(&file).expect("a key"), sealed(&url).await);
        assert!(!new.contains(old.trim()) && new.lines().count() == 1, "the old key is gone");
        assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
        let id = rotated["keys"][0]["id"].as_str().expect("an id");
        assert!(after.iter().all(|secrets| secrets.starts_with(id)) && after.iter().all(|secrets| !before.contains(secrets)));
        // The secrets are the same, also for a server that starts with the new file.
        let told = system.tenantry(&["store", "test", &tenant.name, "one"]);
        assert!(!told.stderr.contains("cannot be opened"), "{told:?}");
        system.server().kill();
        system.server().start_again().await;
        add(&system, &tenant, "three");
        assert_eq!(keys(&system, &["list"])["keys"][0]["stores"], 3 + DEMO);
    }

    /// A file that is changed by hand is read again; a key that is missed is named, and nothing is lost by that.
    async fn a_file_of_keys_may_be_changed_by_hand(database: Database) {
        let folder = tempfile::tempdir().expect("a folder");
        let url = database.create(folder.path()).await;
        let system = System::start_on(&url, &[]).await;
        let tenant = system.tenant("keys");
        let file = system.server().data_folder().join("stores.key");
        add(&system, &tenant, "one");
        let old = fs::read_to_string(&file).expect("a key");
        let first = keys(&system, &["list"])["keys"][0]["id"].clone();
        let before = sealed(&url).await;

        fs::write(&file, "no key\n").expect("a file");
        let refused = system.tenantry(&["store", "key", "reseal"]);
        assert!(refused.code != Some(0) && refused.stderr.contains("32 bytes in base64"), "{refused:?}");
        // Without the old one nothing is sealed, and it is said which is missed.
        fs::write(&file, format!("{BY_HAND}\n")).expect("a file");
        let refused = system.tenantry(&["store", "key", "reseal"]);
        assert!(refused.code != Some(0) && refused.stderr.contains("cannot be opened"), "{refused:?}");
        let listed = keys(&system, &["list"]);
        assert_eq!((&listed["keys"][1]["id"], &listed["keys"][1]["missing"]), (&first, &json!(true)));
        assert_eq!(sealed(&url).await, before);

        fs::write(&file, format!("{BY_HAND}\n{old}")).expect("a file");
        let sealed_anew = keys(&system, &["reseal"]);
        assert_eq!((&sealed_anew["resealed"], &sealed_anew["keys"][1]["stores"]), (&json!(1 + DEMO), &json!(0)));
        assert_eq!(keys(&system, &["reseal"])["resealed"], 0, "again, there is nothing to do");
    }
}
