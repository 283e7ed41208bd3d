//! Signing keys rotate, and nobody notices until one is retired.

use serde_json::{Value, json};

use crate::support::{Client, Database, Program, Request, System, database, encode, until, user};

const ONE: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const TWO: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

fn keys(system: &System, arguments: &[&str]) -> Value {
    system.tenantry(&[&["key"], arguments, &["--json"]].concat()).expect(0).json()
}

fn id(keys: &Value, number: usize) -> String {
    keys["keys"][number]["id"].as_str().expect("an id").to_owned()
}

on_both! {
    /// Tokens and cursors of the old key go on; new ones are of the new key; retiring waits for the last.
    async fn a_rotated_key_verifies_until_it_is_retired(database: Database) {
        let system = System::start(database).await;
        let (old, other) = (system.tenant("keys"), system.tenant("keys"));
        for number in 0..4 {
            old.client().post("/Users", &user(&format!("u{number}"))).await.expect(201);
        }
        let first = old.client().get("/Users?count=2&cursor").await.expect(200);
        let cursor = first.body["nextCursor"].as_str().expect("a cursor").to_owned();
        let before = id(&keys(&system, &["list"]), 0);
        let rotated = keys(&system, &["rotate"]);
        assert_eq!((id(&rotated, 1), &rotated["keys"][0]["signs"]), (before.clone(), &json!(true)));
        assert_ne!(id(&rotated, 0), before);
        old.client().get("/Users").await.expect(200);
        let next = old.client().get(&format!("/Users?count=2&cursor={cursor}")).await.expect(200);
        assert_eq!(next.ids().len(), 2);
        let renewed = system.issue(&other);
        renewed.client().get("/Users").await.expect(200);
        system.tenantry(&["key", "retire", &id(&rotated, 0)]).expect(4);
        system.tenantry(&["key", "retire", "00000000"]).expect(3);
        let refused = system.tenantry(&["key", "retire", &before]).expect(4);
        assert!(refused.stderr.contains(&old.name) && !refused.stderr.contains(&other.name), "{}", refused.stderr);
        // A restart reads the same file.
        assert!(system.server().stop().await.success());
        system.server().start_again().await;
        old.client().get("/Users").await.expect(200);
        let forced = keys(&system, &["retire", &before, "--force"]);
        let revoked: Vec<&Value> = forced["revoked"].as_array().expect("tokens").iter().map(|token| &token["tenant"]).collect();
        assert!(revoked.contains(&&json!(old.name)), "{forced}");
        old.client().get("/Users").await.expect(401);
        renewed.client().get("/Users").await.expect(200);
        let listed = system.tenantry(&["token", "list", &old.name, "--json"]).expect(0).json();
        assert_eq!(listed["tokens"][0]["state"], "revoked");
        // Without a valid token of it, a key is retired without force, also without a server.
        assert!(system.server().stop().await.success());
        let last = keys(&system, &["rotate"]);
        system.tenantry(&["key", "retire", &id(&last, 1)]).expect(4);
        system.server().start_again().await;
        renewed.client().get("/Users").await.expect(200);
    }

    /// Access tokens are kept nowhere: a key that may have signed some goes when they have ended, or by force.
    async fn a_key_that_has_signed_access_tokens_is_retired_by_force(database: Database) {
        let system = System::start(database).await;
        let (tenant, other) = (system.tenant("oauth"), system.tenant("other"));
        let oauth = |arguments: &[&str]| system.tenantry(&[&["oauth"], arguments, &["--json"]].concat()).expect(0).json();
        let id_of = |answer: &Value| answer["client_id"].as_str().expect("an id").to_owned();
        let client = id_of(&oauth(&["client", "create", &tenant.name, "entra"]));
        let issued = oauth(&["secret", "issue", &tenant.name, &client]);
        let secret = issued["client_secret"].as_str().expect("a secret");
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={}", encode(secret));
        let get = async || {
            let asked = Request::new("POST", issued["token_endpoint"].as_str().expect("an address")).body(form.clone());
            let asked = asked.header("content-type", "application/x-www-form-urlencoded");
            let given = Client::new("").send_any(asked).await.expect(200);
            tenant.client().with_token(given.body["access_token"].as_str().expect("a token"))
        };
        let access = get().await;
        system.tenantry(&["token", "revoke", "demo"]).expect(0);
        let before = id(&keys(&system, &["list"]), 0);
        keys(&system, &["rotate"]);
        for renewed in [system.issue(&tenant), system.issue(&other)] {
            renewed.client().get("/Users").await.expect(200);
        }
        access.get("/Users").await.expect(200);
        let refused = system.tenantry(&["key", "retire", &before]).expect(4);
        let sentence = &refused.stderr;
        assert!(sentence.contains("access tokens of the OAuth clients of ") && sentence.contains(&tenant.name), "{sentence}");
        assert!(!sentence.contains(&other.name) && !sentence.contains("valid tokens"), "{sentence}");
        access.get("/Users").await.expect(200);
        let forced = keys(&system, &["retire", &before, "--force"]);
        assert_eq!(forced["access_tokens"][0]["tenants"], json!([tenant.name]), "{forced}");
        access.get("/Users").await.expect(401);
        get().await.get("/Users").await.expect(200);
    }

    /// A mounted secret changes under the running server, which takes it over at SIGHUP and at the command.
    async fn a_mounted_secret_is_read_again(database: Database) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("2026"), ONE).expect("a key");
        let path = folder.path().display().to_string();
        let system = System::start_with(database, &[("TENANTRY_TOKENS__SIGNING_KEY_FILE", &path)]).await;
        let old = system.tenant("mounted");
        system.tenantry(&["key", "rotate"]).expect(2);
        std::fs::write(folder.path().join("2027"), TWO).expect("a key");
        system.server().signal("HUP");
        until("the new key", async || (keys(&system, &["list"])["keys"].as_array().map(Vec::len) == Some(2)).then_some(())).await;
        old.client().get("/Users").await.expect(200);
        let renewed = system.issue(&system.tenant("renewed"));
        std::fs::remove_file(folder.path().join("2026")).expect("the old key goes");
        let reloaded = keys(&system, &["reload"]);
        assert!(reloaded["refused"].to_string().contains(&old.name), "{reloaded}");
        old.client().get("/Users").await.expect(401);
        renewed.client().get("/Users").await.expect(200);
        // What cannot be read changes nothing.
        std::fs::write(folder.path().join("2028"), "nonsense").expect("no key");
        system.tenantry(&["key", "reload"]).expect(1);
        renewed.client().get("/Users").await.expect(200);
    }

    /// Several keys in one variable: the first signs, the others verify.
    async fn keys_of_the_environment_change_with_a_restart(database: Database) {
        let one = format!("{TWO},{ONE}");
        let system = System::start_with(database, &[("TENANTRY_TOKENS__SIGNING_KEY", one.as_str())]).await;
        let listed = keys(&system, &["list"]);
        assert_eq!(listed["keys"].as_array().map(Vec::len), Some(2));
        for text in [ONE, TWO] {
            assert!(!listed.to_string().contains(text) && !system.server().log().contains(text));
        }
        assert!(!system.server().data_folder().join("signing.key").exists());
        system.tenantry(&["key", "rotate"]).expect(2);
        let tenant = system.tenant("environment");
        tenant.client().get("/Users").await.expect(200);
    }
}

/// While tokens cannot be revoked their key stays; when they can, the same command goes on where it stopped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forced_retirement_that_fails_can_be_asked_for_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = Database::Postgres.create(folder.path()).await;
    let system = System::start_on(&url, &[]).await;
    let (one, other) = (system.tenant("half"), system.tenant("half"));
    let before = id(&keys(&system, &["list"]), 0);
    keys(&system, &["rotate"]);
    let held = database::hold_changes(&url).await;
    system.tenantry(&["key", "retire", &before, "--force"]).expect(5);
    held.rollback().await.expect("to let go");
    assert_eq!(id(&keys(&system, &["list"]), 1), before);
    one.client().get("/Users").await.expect(200);
    system.tenantry(&["token", "revoke", &one.name]).expect(0);
    let forced = keys(&system, &["retire", &before, "--force"]);
    assert!(forced["revoked"].to_string().contains(&other.name), "{forced}");
    assert_eq!(forced["keys"].as_array().map(Vec::len), Some(1));
    for tenant in [&one, &other] {
        tenant.client().get("/Users").await.expect(401);
        let listed = system.tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json();
        assert_eq!(listed["tokens"][0]["state"], "revoked");
    }
}

/// A key is never on the command line or in what is printed.
#[test]
fn no_command_takes_or_shows_a_key() {
    let help = Program::new(&["key", "--help"]).run().expect(0).stdout;
    assert!(help.contains("rotate") && help.contains("retire"), "{help}");
}
