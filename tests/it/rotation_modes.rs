//! The ways in which a new token takes the place of the old one, from the command line to the answers of the server.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::{Answer, Database, System, Tenant, crowd, until};

/// A token that was issued with these arguments, and what was said about it.
fn issue(system: &System, tenant: &Tenant, arguments: &[&str]) -> (Tenant, Value) {
    let all = [&["token", "issue", tenant.name.as_str(), "--json"], arguments].concat();
    let issued = system.tenantry(&all).expect(0).json();
    let token = issued["token"].as_str().expect("a token").to_owned();
    (Tenant { token, ..tenant.clone() }, issued)
}

/// What a command answers, twice: the second time the same.
fn twice(system: &System, arguments: &[&str]) -> Value {
    let all = [arguments, &["--json"]].concat();
    let answer = system.tenantry(&all).expect(0).json();
    assert_eq!(system.tenantry(&all).expect(0).json(), answer);
    answer
}

async fn get(tenant: &Tenant) -> Answer {
    tenant.client().get("/Users?count=0").await
}

#[track_caller]
fn refused(answer: &Answer, sentence: &str) {
    assert_eq!(answer.status, 401, "{}", answer.text);
    assert!(answer.body["detail"].as_str().is_some_and(|detail| detail.contains(sentence)), "{}", answer.text);
    let challenge = answer.header("www-authenticate").expect("a challenge");
    assert!(challenge.contains("error=\"invalid_token\"") && challenge.contains(sentence), "{challenge}");
}

/// The states of all tokens, the newest first.
fn states(system: &System, tenant: &Tenant) -> Vec<String> {
    let listed = system.tenantry(&["token", "list", &tenant.name, "--json"]).expect(0).json();
    let tokens = listed["tokens"].as_array().expect("tokens").clone();
    tokens.iter().map(|token| token["state"].as_str().expect("a state").to_owned()).collect()
}

on_both! {
    /// Both are good until the overlap is over, and within a second afterwards one is not.
    async fn in_an_overlap_the_old_token_is_good_until_its_time(system) {
        let old = system.tenant("overlap");
        let (new, issued) = issue(&system, &old, &["--mode", "overlap", "--overlap", "3s"]);
        assert_eq!(states(&system, &old), ["current", "ending"]);
        let until_then = issued["other_tokens"][0]["ended"].as_str().expect("a moment");
        let end = OffsetDateTime::parse(until_then, &Rfc3339).expect("RFC 3339");
        get(&old).await.expect(200);
        let mut last_accepted = OffsetDateTime::UNIX_EPOCH;
        let answer = until("the end of the overlap", async || {
            let sent = OffsetDateTime::now_utc();
            let answer = get(&old).await;
            if answer.status != 200 {
                return Some(answer);
            }
            last_accepted = sent;
            None
        })
        .await;
        // The moment is told to the second, and kept to the millisecond.
        assert!(last_accepted < end + time::Duration::SECOND && OffsetDateTime::now_utc() >= end, "{last_accepted} and {end}");
        refused(&answer, "replaced by a newer one");
        get(&new).await.expect(200);
        assert_eq!(states(&system, &old), ["current", "superseded"]);
    }

    /// An overlap may be ended before its time.
    async fn an_overlap_is_completed_early_and_cannot_be_cancelled(system) {
        let old = system.tenant("overlap");
        let (new, _) = issue(&system, &old, &["--mode", "overlap", "--overlap", "2h"]);
        system.tenantry(&["token", "cancel", &old.name]).expect(4);
        twice(&system, &["token", "complete", &old.name]);
        refused(&get(&old).await, "replaced by a newer one");
        get(&new).await.expect(200);
    }

    /// Staged: both, then the new one alone.
    async fn a_staged_rotation_is_completed(system) {
        let old = system.tenant("staged");
        let (new, issued) = issue(&system, &old, &["--mode", "staged"]);
        assert_eq!(issued["state"], "staged");
        for tenant in [&old, &new, &old] {
            get(tenant).await.expect(200);
        }
        let completed = twice(&system, &["token", "complete", &old.name]);
        assert_eq!(completed, json!({ "tenant": old.name, "token_id": issued["token_id"], "completed": true }));
        refused(&get(&old).await, "replaced by a newer one");
        get(&new).await.expect(200);
        system.tenantry(&["token", "cancel", &old.name]).expect(4);
    }

    /// Staged and cancelled: the old one as if nothing had been.
    async fn a_staged_rotation_is_cancelled(system) {
        let old = system.tenant("staged");
        let (new, issued) = issue(&system, &old, &["--mode", "staged"]);
        get(&new).await.expect(200);
        let cancelled = twice(&system, &["token", "cancel", &old.name]);
        assert_eq!(cancelled, json!({ "tenant": old.name, "token_id": issued["token_id"], "cancelled": true }));
        refused(&get(&new).await, "revoked");
        get(&old).await.expect(200);
        system.tenantry(&["token", "complete", &old.name]).expect(3);
    }

    /// Once one request with the new token is answered, none with the old one is let in, however many are on their way,
    /// and also not after a `kill -9`.
    async fn the_first_use_of_the_new_token_ends_the_old_one(database: Database) {
        let system = System::start(database).await;
        let old = system.tenant("first-use");
        let (new, _) = issue(&system, &old, &["--mode", "first-use"]);
        let results = crowd(8, |number| {
            let (old, new) = (old.clone(), new.clone());
            async move {
                for _ in 0..20 {
                    if number == 0 {
                        break;
                    }
                    get(&old).await;
                }
                get(&new).await.expect(200);
                let mut let_in = 0;
                for _ in 0..20 {
                    let_in += u32::from(get(&old).await.status != 401);
                }
                let_in
            }
        })
        .await;
        assert_eq!(results.iter().sum::<u32>(), 0, "{results:?}");
        system.server().kill();
        system.server().start_again().await;
        refused(&get(&old).await, "replaced by a newer one");
        get(&new).await.expect(200);
        assert_eq!(states(&system, &old), ["current", "superseded"]);
    }

    /// What is not let in is no use: the old token stays until the new one is really used.
    async fn a_refused_request_is_no_first_use(system) {
        let old = system.tenant("first-use");
        let (new, issued) = issue(&system, &old, &["--mode", "first-use", "--allow", "192.0.2.0/24"]);
        get(&new).await.expect(403);
        let elsewhere = system.tenant("elsewhere");
        new.client().at(elsewhere.base_url.as_str()).get("/Users").await.expect(401);
        get(&old).await.expect(200);
        assert_eq!((issued["state"].as_str(), states(&system, &old)), (Some("unused"), vec!["unused".to_owned(), "current".to_owned()]));
    }

    /// A second rotation waits for the first one, and a strict issue for none.
    async fn two_rotations_at_once_are_a_conflict(system) {
        let old = system.tenant("twice");
        let (staged, _) = issue(&system, &old, &["--mode", "staged"]);
        for arguments in [&["--mode", "staged"][..], &["--mode", "first-use"], &["--mode", "overlap", "--overlap", "1h"]] {
            let all = [&["token", "issue", old.name.as_str()], arguments].concat();
            let failed = system.tenantry(&all).expect(4);
            assert!(failed.stderr.contains("a rotation is under way"), "{}", failed.stderr);
        }
        let (strict, _) = issue(&system, &old, &[]);
        refused(&get(&old).await, "replaced by a newer one");
        refused(&get(&staged).await, "replaced by a newer one");
        get(&strict).await.expect(200);
    }

    /// A call that is made again because its answer was lost issues nothing.
    async fn a_repeated_request_issues_no_second_token(system) {
        let tenant = system.tenant("repeated");
        let arguments = ["--request-id", "call-1", "--days", "30"];
        let (first, issued) = issue(&system, &tenant, &arguments);
        let (again, repeated) = issue(&system, &tenant, &arguments);
        assert_eq!((&issued["token_id"], &first.token), (&repeated["token_id"], &again.token));
        assert_eq!((&issued["repeated"], &repeated["repeated"]), (&json!(false), &json!(true)));
        get(&first).await.expect(200);
        assert_eq!(states(&system, &tenant).len(), 2);
        system.tenantry(&["token", "issue", &tenant.name, "--request-id", "call-1", "--days", "31"]).expect(4);
        system.issue(&tenant);
        let late = [&["token", "issue", tenant.name.as_str()], &arguments[..]].concat();
        assert!(system.tenantry(&late).expect(0).stdout.contains("is not shown again"));
        get(&first).await.expect(401);
    }

    /// What a tenant's policy does not allow is refused with the name of the setting.
    async fn a_policy_is_kept(system) {
        let tenant = system.tenant("policy");
        system.set(&tenant, &json!({ "token_modes": ["strict", "overlap"], "token_max_days": 90, "token_max_overlap_hours": 2 }));
        for (arguments, setting) in [
            (&["--days", "91"][..], "token_max_days"),
            (&["--for", "2161h"], "token_max_days"),
            (&["--mode", "staged"], "token_modes"),
            (&["--mode", "first-use"], "token_modes"),
            (&["--mode", "overlap", "--overlap", "3h"], "token_max_overlap_hours"),
            (&["--mode", "overlap"], "overlap"),
            (&["--mode", "sometimes"], "first-use"),
            (&["--overlap", "1h"], "overlap"),
            (&["--scope", "everything"], "scope"),
            (&["--allow", "here"], "network"),
            (&["--for", "never"], "length of time"),
        ] {
            let all = [&["token", "issue", tenant.name.as_str()], arguments].concat();
            let failed = system.tenantry(&all).expect(2);
            assert!(failed.stderr.contains(setting), "{arguments:?}: {}", failed.stderr);
        }
        get(&tenant).await.expect(200);
        issue(&system, &tenant, &["--mode", "overlap", "--overlap", "2h", "--days", "90"]);
        // Without a word about days, it is no longer than the tenant allows.
        let (_, issued) = issue(&system, &tenant, &[]);
        let expires = OffsetDateTime::parse(issued["expires"].as_str().expect("a moment"), &Rfc3339).expect("RFC 3339");
        assert!(expires - OffsetDateTime::now_utc() <= time::Duration::days(90));
    }
}

/// A first use that cannot be made durable lets nobody in and ends nothing; it is the server that is away, not the token.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_use_waits_for_the_database() {
    let system = System::start(Database::Postgres).await;
    let old = system.tenant("first-use");
    let (new, _) = issue(&system, &old, &["--mode", "first-use"]);
    let config = async |tenant: &Tenant| tenant.client().get("/ServiceProviderConfig").await;
    system.server().cut_database().await;
    let away = config(&new).await.expect(503);
    assert!(away.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{:?}", away.headers);
    config(&old).await.expect(200);
    system.server().restore_database().await;
    until("the first use", async || (config(&new).await.status == 200).then_some(())).await;
    refused(&config(&old).await, "replaced by a newer one");
}
