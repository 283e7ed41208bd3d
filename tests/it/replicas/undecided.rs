//! A replica loses PostgreSQL between the COMMIT of a rotation and the answer to it: it cannot know whether it was made.

use std::time::Instant;

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, TransactionTrait as _};
use serde_json::{Value, json};

use super::knocking::Knocking;
use crate::support::{Answer, Client, Replicas, Request, Tenant, Trio, database, until};

/// What becomes of the commit whose answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Made,
    Undone,
}

/// The COMMIT of whatever changes a token waits for this.
async fn hold_commits(replicas: &Replicas) -> DatabaseTransaction {
    let connection = sea_orm::Database::connect(replicas.url()).await.expect("the database");
    let trigger = "
        CREATE OR REPLACE FUNCTION test_wait() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END $$;
        DROP TRIGGER IF EXISTS test_issued ON tokens;
        CREATE CONSTRAINT TRIGGER test_issued AFTER INSERT ON tokens DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION test_wait();
        DROP TRIGGER IF EXISTS test_ended ON tokens;
        CREATE CONSTRAINT TRIGGER test_ended AFTER UPDATE OF ended_ms ON tokens DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION test_wait();";
    connection.execute_unprepared(trigger).await.expect("the trigger");
    let transaction = connection.begin().await.expect("a transaction");
    transaction.execute_unprepared("SELECT pg_advisory_xact_lock(4711)").await.expect("the lock");
    transaction
}

const COMMITS: &str = "SELECT CAST(pid AS TEXT) FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event = 'advisory' AND query = 'COMMIT'";

/// Who asks the administration API of a replica with a key.
#[derive(Clone)]
struct Caller {
    replicas: Replicas,
    client: Client,
    tenant: Tenant,
}

impl Caller {
    fn of(replicas: &Replicas, tenant: &Tenant) -> Self {
        let made = replicas.of(0).tenantry(&["api-key", "create", "--name", "undecided", "--json"]).expect(0).json();
        let client = Client::new("").with_token(made["key"].as_str().expect("a key"));
        Self { replicas: replicas.clone(), client, tenant: tenant.clone() }
    }

    async fn ask(&self, number: usize, path: &str, call: &str, wishes: &Value) -> Answer {
        let base = self.replicas.of(number).server().admin();
        let url = format!("{base}/tenants/{}/tokens{path}", self.tenant.name);
        let request = Request::new("POST", url).body(wishes.to_string()).header("content-type", "application/json");
        self.client.send_any(request.header("idempotency-key", call)).await
    }

    /// Asks the third replica, which loses the database in the middle of the commit.
    async fn ask_in_vain(&self, trio: &Trio, fate: Fate, (path, call): (&str, &str), wishes: &Value) -> Answer {
        let held = hold_commits(&self.replicas).await;
        let asking = tokio::spawn({
            let (caller, path, call, wishes) = (self.clone(), path.to_owned(), call.to_owned(), wishes.clone());
            async move { caller.ask(2, &path, &call, &wishes).await }
        });
        let committing = until("the commit", async || database::texts(self.replicas.url(), COMMITS).await.pop()).await;
        trio.cut_off();
        let answer = asking.await.expect("an answer");
        if fate == Fate::Undone {
            database::texts(self.replicas.url(), &format!("SELECT CAST(pg_terminate_backend({committing}) AS TEXT)"))
                .await;
            until("its end", async || database::texts(self.replicas.url(), COMMITS).await.is_empty().then_some(()))
                .await;
        }
        held.rollback().await.expect("to let go");
        answer
    }

    async fn status(&self, number: usize, token: &str) -> u16 {
        let tenant = Tenant { token: token.to_owned(), ..self.tenant.clone() };
        self.replicas.client(number, &tenant).get("/ServiceProviderConfig").await.status
    }
}

/// It is not known: never a success, and never a refusal that would be wrong.
#[track_caller]
fn check_unknown(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.body["type"], "urn:tenantry:problem:unavailable", "{answer:?}");
    assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()), "{answer:?}");
}

/// The caller is told 503. Asked again with the same name, at whichever replica, the call tells the truth: one token was
/// issued, and once that is told, nobody is let in with the old one, also by the replica that did not learn what it had done.
/// Until then somebody has a valid token: the old one is refused only where the new one is accepted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_whose_commit_is_not_known_is_told_rightly_when_it_is_asked_for_again() {
    let trio = Trio::start(1000).await;
    let replicas = trio.replicas();
    let tenant = replicas.of(0).tenant("undecided");
    let caller = Caller::of(replicas, &tenant);
    let mut old = tenant.token.clone();
    for (round, fate) in [Fate::Made, Fate::Undone, Fate::Made].into_iter().enumerate() {
        let call = format!("call-{round}");
        let holder = Tenant { token: old.clone(), ..tenant.clone() };
        let knocking = Knocking::start(replicas, &holder);
        knocking.more(3, &[]).await;
        check_unknown(&caller.ask_in_vain(&trio, fate, ("", &call), &json!({})).await);
        let undone = fate == Fate::Undone;
        if undone {
            for number in 0..2 {
                assert_eq!(caller.status(number, &old).await, 200, "nothing was done: it goes on ({number})");
            }
        }
        let again = caller.ask(round % 2, "", &call, &json!({})).await.expect(201);
        let returned = Instant::now();
        assert_eq!(again.body["repeated"], !undone, "{fate:?}: {}", again.text);
        let new = again.body["token"].as_str().expect("the token, once more").to_owned();
        for number in 0..2 {
            assert_eq!((caller.status(number, &old).await, caller.status(number, &new).await), (401, 200), "{number}");
        }
        knocking.more(10, &[]).await;
        trio.connect();
        until("the third to serve again", async || (caller.status(2, &new).await == 200).then_some(())).await;
        assert_eq!(caller.status(2, &old).await, 401);
        knocking.nobody_was_let_in_since(returned).await;
        // The replica that did not know tells the same now.
        let third = caller.ask(2, "", &call, &json!({})).await.expect(201);
        assert_eq!((&third.body["token_id"], &third.body["token"]), (&again.body["token_id"], &again.body["token"]));
        old = new;
    }
    let sql =
        format!("SELECT k.id FROM tokens k JOIN tenants t ON t.id = k.tenant_id WHERE t.name = '{}'", tenant.name);
    assert_eq!(database::texts(replicas.url(), &sql).await.len(), 4, "each call has issued one token");
}

/// The same for the completion of a staged rotation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_completion_whose_commit_is_not_known_is_told_rightly_when_it_is_asked_for_again() {
    let trio = Trio::start(1000).await;
    let replicas = trio.replicas();
    let tenant = replicas.of(0).tenant("undecided");
    let caller = Caller::of(replicas, &tenant);
    let mut old = tenant.token.clone();
    for (round, fate) in [Fate::Made, Fate::Undone].into_iter().enumerate() {
        let staged = caller.ask(round, "", &format!("staged-{round}"), &json!({ "mode": "staged" })).await.expect(201);
        let new = staged.body["token"].as_str().expect("a token").to_owned();
        let knocking = Knocking::start(replicas, &Tenant { token: old.clone(), ..tenant.clone() });
        let call = format!("done-{round}");
        check_unknown(&caller.ask_in_vain(&trio, fate, ("/complete", &call), &json!({})).await);
        for number in 0..2 {
            assert_eq!(caller.status(number, &new).await, 200, "the new one is valid in any case ({number})");
        }
        let again = caller.ask(1, "/complete", &call, &json!({})).await.expect(200);
        let returned = Instant::now();
        assert_eq!(again.body["token_id"], staged.body["token_id"]);
        knocking.more(10, &[]).await;
        trio.connect();
        until("the third to serve again", async || (caller.status(2, &new).await == 200).then_some(())).await;
        for number in 0..3 {
            assert_eq!((caller.status(number, &old).await, caller.status(number, &new).await), (401, 200), "{number}");
        }
        knocking.nobody_was_let_in_since(returned).await;
        old = new;
    }
}
