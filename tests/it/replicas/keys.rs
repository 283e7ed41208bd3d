//! A signing key is exchanged over several servers, while clients send.

use serde_json::{Value, json};

use super::knocking::Knocking;
use crate::support::{Database, Redis, Replicas, System, Tenant, database, until};

const OLD: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const NEW: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

fn keys(replicas: &Replicas, number: usize, verb: &str) -> Value {
    replicas.of(number).tenantry(&["key", verb, "--json"]).expect(0).json()
}

/// The id of the key that signs at a server, and of the one that is to.
fn signing(keys: &Value) -> (String, Option<String>) {
    let find = |role: &str| {
        let found = keys["keys"].as_array().expect("keys").iter().find(|key| key[role] == true);
        found.map(|key| key["id"].as_str().expect("an id").to_owned())
    };
    (find("signs").expect("one signs"), find("waits"))
}

/// Three servers with these keys, as text in the setting, or as the name of a file or folder.
async fn three(setting: &str, value: &str) -> Replicas {
    let redis = Redis::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let url = Database::Postgres.create(folder.path()).await;
    let redis_url = redis.url();
    let settings =
        [("TENANTRY_REPLICAS__REDIS_URL", &*redis_url), ("TENANTRY_REPLICAS__LEASE_MS", "1000"), (setting, value)];
    let mut systems = Vec::new();
    for _ in 0..3 {
        systems.push(System::start_on(&url, &settings).await);
    }
    Replicas::of_all(systems, redis, &url)
}

/// A token that a server issues is good everywhere at once.
async fn issued_everywhere(replicas: &Replicas) -> Vec<Tenant> {
    let mut tenants = Vec::new();
    for number in 0..3 {
        let tenant = replicas.of(number).tenant("issued");
        for other in 0..3 {
            replicas.client(other, &tenant).get("/Users?count=0").await.expect(200);
        }
        tenants.push(tenant);
    }
    tenants
}

/// The steps of the handbook: the new key into the folder, each server reads it, and when the last has, it signs. Then the
/// old one goes. No request fails, whatever key its token was signed with and whichever server it comes to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_a_mounted_folder_is_exchanged_over_three_servers_and_no_request_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("2026"), OLD).expect("a key");
    let replicas = three("TENANTRY_TOKENS__SIGNING_KEY_FILE", &folder.path().display().to_string()).await;
    let before = replicas.of(0).tenant("before");
    let old_key = signing(&keys(&replicas, 0, "list")).0;
    let knocking = Knocking::start(&replicas, &before);
    knocking.more(3, &[]).await;

    std::fs::write(folder.path().join("2027"), NEW).expect("a key");
    let first = keys(&replicas, 0, "reload");
    let (signs, waits) = signing(&first);
    assert_eq!((&signs, &first["unknown_to_servers"]), (&old_key, &json!(2)));
    let new_key = waits.expect("the new key waits");
    let told = replicas.of(0).tenantry(&["key", "list"]).expect(0).stdout;
    assert!(told.contains("signs next") && told.contains("2 do not yet"), "{told}");
    issued_everywhere(&replicas).await;

    replicas.of(1).server().signal("HUP");
    until("the second server to read it", async || {
        (keys(&replicas, 1, "list")["keys"].as_array().map(Vec::len) == Some(2)).then_some(())
    })
    .await;
    issued_everywhere(&replicas).await;
    assert_eq!(signing(&keys(&replicas, 0, "list")).0, old_key);
    keys(&replicas, 2, "reload");
    for number in 0..3 {
        until("the new key to sign", async || {
            (signing(&keys(&replicas, number, "list")) == (new_key.clone(), None)).then_some(())
        })
        .await;
    }
    let after = issued_everywhere(&replicas).await;
    knocking.more(10, &[]).await;
    knocking.everybody_was_let_in().await;

    // What the old key signed is good until it goes, and what the new key signed after that.
    for number in 0..3 {
        replicas.client(number, &before).get("/Users?count=0").await.expect(200);
    }
    let renewed = replicas.of(1).issue(&before);
    let knocking = Knocking::start(&replicas, &renewed);
    std::fs::remove_file(folder.path().join("2026")).expect("the old key goes");
    for number in 0..3 {
        keys(&replicas, number, "reload");
    }
    knocking.more(10, &[]).await;
    knocking.everybody_was_let_in().await;
    for tenant in &after {
        for number in 0..3 {
            replicas.client(number, tenant).get("/Users?count=0").await.expect(200);
        }
    }
}

/// With one file for all, one command makes the new key and each server reads it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_a_shared_file_is_rotated_by_one_server_and_read_by_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("signing.key");
    let replicas = three("TENANTRY_TOKENS__SIGNING_KEY_FILE", &path.display().to_string()).await;
    let before = replicas.of(0).tenant("before");
    let knocking = Knocking::start(&replicas, &before);
    let (old_key, new_key) = signing(&keys(&replicas, 1, "rotate"));
    let new_key = new_key.expect("the new key waits");
    issued_everywhere(&replicas).await;
    // One that starts anew meanwhile signs with what the others know.
    assert!(replicas.of(0).server().stop().await.success());
    replicas.of(0).server().start_again().await;
    assert_eq!(signing(&keys(&replicas, 0, "list")), (old_key.clone(), Some(new_key.clone())));
    let refused = replicas.of(1).tenantry(&["key", "retire", &old_key]).expect(4);
    assert!(refused.stderr.contains("signs new tokens"), "{}", refused.stderr);
    keys(&replicas, 2, "reload");
    for number in 0..3 {
        until("the new key to sign", async || {
            (signing(&keys(&replicas, number, "list")) == (new_key.clone(), None)).then_some(())
        })
        .await;
    }
    issued_everywhere(&replicas).await;
    knocking.more(3, &[]).await;
    knocking.everybody_was_let_in().await;
}

/// The attack: a server is stopped, taken off the list, and goes on when the others sign with a key that it never read. It must not
/// take their tokens for forged ones, and must not make them go back to the old key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_back_without_the_new_key_says_503_until_it_has_it() {
    let (redis, folder) = (Redis::start().await, tempfile::tempdir().expect("a folder"));
    let url = Database::Postgres.create(folder.path()).await;
    let redis_url = redis.url();
    let places = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let mut systems = Vec::new();
    for place in [&places[0], &places[0], &places[1]] {
        std::fs::write(place.path().join("2026"), OLD).expect("a key");
        let place = place.path().display().to_string();
        let settings = [
            ("TENANTRY_REPLICAS__REDIS_URL", &*redis_url),
            ("TENANTRY_REPLICAS__LEASE_MS", "1000"),
            ("TENANTRY_TOKENS__SIGNING_KEY_FILE", &place),
        ];
        systems.push(System::start_on(&url, &settings).await);
    }
    let replicas = Replicas::of_all(systems, redis, &url);
    let old = replicas.of(0).tenant("old");
    replicas.client(2, &old).get("/Users?count=0").await.expect(200);

    let stopped = replicas.of(2).server();
    stopped.signal("STOP");
    // This change waits for its lease and takes it off the list.
    replicas.of(0).set(&old, &json!({ "token_max_days": 100 }));
    std::fs::write(places[0].path().join("2027"), NEW).expect("a key");
    let old_key = signing(&keys(&replicas, 0, "reload")).0;
    keys(&replicas, 1, "reload");
    let new_key = until("the new key to sign", async || {
        let (signs, waits) = signing(&keys(&replicas, 0, "list"));
        (waits.is_none() && signs != old_key).then_some(signs)
    })
    .await;
    let new = replicas.of(0).tenant("new");
    stopped.signal("CONT");
    for tenant in [&new, &old].into_iter().cycle().take(30) {
        let answer = replicas.client(2, tenant).get("/Users?count=0").await.expect(503);
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    }
    for number in [0, 1] {
        assert_eq!(signing(&keys(&replicas, number, "list")), (new_key.clone(), None));
        replicas.client(number, &new).get("/Users?count=0").await.expect(200);
    }
    std::fs::write(places[1].path().join("2027"), NEW).expect("a key");
    until("it to have read the key, without a command", async || {
        let answer = replicas.client(2, &new).get("/Users?count=0").await;
        assert!(matches!(answer.status, 200 | 503), "{answer:?}");
        (answer.status == 200).then_some(())
    })
    .await;
    replicas.client(2, &old).get("/Users?count=0").await.expect(200);
    assert_eq!(signing(&keys(&replicas, 2, "list")), (new_key, None));
}

/// Whoever takes another key into force does not hold up the lease: a database that takes its time to note it is waited for
/// by nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_cannot_be_noted_holds_up_no_lease() {
    let redis = Redis::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let url = Database::Postgres.create(folder.path()).await;
    let redis_url = redis.url();
    let settings = [("TENANTRY_REPLICAS__REDIS_URL", &*redis_url), ("TENANTRY_REPLICAS__LEASE_MS", "1000")];
    let replicas = Replicas::of_all(vec![System::start_on(&url, &settings).await], redis, &url);
    let tenant = replicas.of(0).tenant("noted");
    let held_up = database::hold_changes(&url).await;
    let rotating = tokio::task::spawn_blocking({
        let system = replicas.of(0).clone();
        move || system.tenantry(&["key", "rotate", "--json"])
    });
    let waits = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' \
                 AND query LIKE 'UPDATE deployment SET signing_key%'";
    until("the note to wait", async || (!database::texts(&url, waits).await.is_empty()).then_some(())).await;
    let before = replicas.renewals(0).await;
    while replicas.renewals(0).await < before + 12.0 {
        replicas.client(0, &tenant).get("/ServiceProviderConfig").await.expect(200);
    }
    held_up.rollback().await.expect("to let go");
    rotating.await.expect("a command").expect(0);
    replicas.client(0, &tenant).get("/ServiceProviderConfig").await.expect(200);
}
