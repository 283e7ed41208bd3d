//! The clock of one replica is moved by an hour, ahead and back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::load::Load;
use crate::support::{
    Client, Clock, Database, Postgres, Recovery, Replicas, Request, System, Tenant, database, encode, replica_settings,
    until,
};

const HOUR: i64 = 3600;

/// Two replicas whose clocks are right, and a third one with this one.
async fn replicas_and(clock: &Clock) -> Replicas {
    let mut replicas = Replicas::start(2, 1000).await;
    let (redis, variables) = (replicas.redis().url(), clock.variables());
    let mut settings = replica_settings(&redis, "1000").to_vec();
    settings.extend(variables.iter().map(|(name, value)| (*name, value.as_str())));
    replicas.join(System::start_on(replicas.url(), &settings).await);
    replicas
}

fn issue(replicas: &Replicas, tenant: &Tenant, arguments: &[&str]) -> Tenant {
    let all = [&["token", "issue", tenant.name.as_str(), "--json"], arguments].concat();
    let issued = replicas.of(0).tenantry(&all).expect(0).json();
    Tenant { token: issued["token"].as_str().expect("a token").to_owned(), ..tenant.clone() }
}

async fn status(replicas: &Replicas, number: usize, tenant: &Tenant) -> u16 {
    replicas.client(number, tenant).get("/ServiceProviderConfig").await.status
}

/// Strict is strict through every replica, whichever clock is wrong, and nobody with a valid token is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_moved_changes_no_lease_and_no_strict_rotation() {
    let clock = Clock::new();
    let replicas = replicas_and(&clock).await;
    let tenant = replicas.of(0).tenant("clock");
    let load = Load::start(&replicas, &tenant, 2);
    for ahead in [HOUR, 0, -HOUR, 0] {
        clock.set(ahead);
        for number in 0..6 {
            load.rotate(number).await;
        }
    }
    let seen = load.end().await;
    assert_eq!(seen.wrongly_accepted, 0, "{seen:?}");
    assert_eq!(seen.strange, Vec::<String>::new(), "{seen:?}");
    assert!(seen.accepted > 20 && seen.refused > 20, "the tokens were in use: {seen:?}");
    replicas.check_acknowledged(0..3).await;
}

/// The tokens of a test, and what they are answered when every clock is right.
struct Tokens {
    all: [Tenant; 4],
}

const RIGHT: [u16; 4] = [200, 200, 200, 401];

impl Tokens {
    /// One for half an hour, two in an overlap of half an hour, and one whose time is over.
    async fn issue(replicas: &Replicas) -> Self {
        let short = issue(replicas, &replicas.of(0).tenant("short"), &["--for", "30m"]);
        let old = replicas.of(0).tenant("overlap");
        let new = issue(replicas, &old, &["--mode", "overlap", "--overlap", "30m"]);
        let over = issue(replicas, &replicas.of(0).tenant("over"), &["--for", "1s"]);
        until("its end", async || (status(replicas, 0, &over).await == 401).then_some(())).await;
        Self { all: [short, old, new, over] }
    }

    /// Whoever reads them anew now judges them as everybody else does.
    async fn are_judged_rightly(&self, replicas: &Replicas, ahead: i64) {
        for tenant in &self.all {
            replicas.of(0).set(tenant, &json!({ "token_max_days": 100 }));
        }
        for number in 0..3 {
            for (tenant, expected) in self.all.iter().zip(RIGHT) {
                assert_eq!(status(replicas, number, tenant).await, expected, "{number} {} {ahead}", tenant.name);
            }
        }
    }
}

/// What a replica grants and issues for an hour is valid for an hour from now on, everywhere.
async fn what_it_issues_is_right(replicas: &Replicas, number: usize) {
    let tenant = replicas.of(0).tenant("granted");
    let asked = &["token", "issue", tenant.name.as_str(), "--for", "1h", "--json"];
    let issued = replicas.of(number).tenantry(asked).expect(0).json()["token"].as_str().expect("a token").to_owned();
    let access = granted(replicas, number, &tenant).await;
    let now = OffsetDateTime::now_utc().unix_timestamp();
    for token in [issued, access] {
        let claims = claims(&token);
        let [issued, expires] = ["iat", "exp"].map(|name| claims[name].as_i64().expect("seconds"));
        assert!(expires - issued >= HOUR - 1 && expires - issued <= HOUR + 1, "{claims}");
        assert!(issued.abs_diff(now) < 120, "it is {now}: {claims}");
        let holder = Tenant { token, ..tenant.clone() };
        for other in 0..3 {
            assert_eq!(status(replicas, other, &holder).await, 200, "{other}");
        }
    }
}

/// An access token from the token endpoint of this replica.
async fn granted(replicas: &Replicas, number: usize, tenant: &Tenant) -> String {
    let oauth = |arguments: &[&str]| replicas.of(0).tenantry(arguments).expect(0).json();
    let created = oauth(&["oauth", "client", "create", &tenant.name, "entra", "--json"]);
    let id = created["client_id"].as_str().expect("an id");
    let secret = oauth(&["oauth", "secret", "issue", &tenant.name, id, "--json"]);
    let secret = encode(secret["client_secret"].as_str().expect("a secret"));
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let url = format!("{}/oauth2/token", replicas.of(number).server().origin());
    let request = Request::new("POST", url).body(form).header("content-type", "application/x-www-form-urlencoded");
    let answer = Client::new("").send_any(request).await.expect(200);
    let expires_in = answer.body["expires_in"].as_i64().expect("seconds");
    assert_eq!(expires_in, HOUR);
    answer.body["access_token"].as_str().expect("a token").to_owned()
}

fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).expect("claims");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).expect("base64")).expect("JSON")
}

/// A clock that is set wrong ends nothing early or late at that replica, and what it issues is right everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_moved_ends_nothing_and_issues_nothing_wrong() {
    let clock = Clock::new();
    let replicas = replicas_and(&clock).await;
    let tokens = Tokens::issue(&replicas).await;
    for ahead in [HOUR, 0, -HOUR, 0] {
        clock.set(ahead);
        let moved = Recovery::begin();
        let told = if ahead == 0 { "agree again" } else { "of the database differ" };
        until("it to be noticed", async || {
            let log = replicas.of(2).server().log();
            let last = log.lines().rfind(|line| line.contains("clocks of this machine"))?.contains(told);
            last.then_some(())
        })
        .await;
        moved.check("the clock is moved, and that is noticed");
        tokens.are_judged_rightly(&replicas, ahead).await;
        what_it_issues_is_right(&replicas, 2).await;
    }
}

/// Who starts with a wrong clock goes by the database's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_starts_with_a_wrong_clock_goes_by_the_database() {
    for ahead in [HOUR, -HOUR] {
        let clock = Clock::new();
        clock.set(ahead);
        let replicas = replicas_and(&clock).await;
        let tokens = Tokens::issue(&replicas).await;
        tokens.are_judged_rightly(&replicas, ahead).await;
        what_it_issues_is_right(&replicas, 2).await;
    }
}

/// The attack: a clock that is off by less than anybody would call set wrong. Everything that ends by time ends at one moment
/// everywhere, and what that replica issues has the others' time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_clocks_differ_by_seconds_a_token_ends_at_one_moment_everywhere() {
    let clock = Clock::new();
    let replicas = replicas_and(&clock).await;
    for ahead in [3, -3, 4, -4] {
        clock.set(ahead);
        let renewed = replicas.renewals(2).await + 2.0;
        until("it to look at the clocks", async || (replicas.renewals(2).await >= renewed).then_some(())).await;
        let tenant = replicas.of(0).tenant("seconds");
        let before = postgres_ms(&replicas).await;
        let asked = &["token", "issue", tenant.name.as_str(), "--for", "4s", "--json"];
        let issued = replicas.of(2).tenantry(asked).expect(0).json()["token"].as_str().expect("a token").to_owned();
        let after = postgres_ms(&replicas).await;
        let [issued_s, expires_s] = ["iat", "exp"].map(|name| claims(&issued)[name].as_i64().expect("seconds"));
        assert!((before - 1_500..after + 500).contains(&(issued_s * 1000)), "{before} {issued_s} {after} {ahead}");
        let holder = Tenant { token: issued, ..tenant };
        for number in 0..3 {
            until("its end", async || {
                let before = postgres_ms(&replicas).await;
                let status = status(&replicas, number, &holder).await;
                let after = postgres_ms(&replicas).await;
                // A second, as `exp` is in whole ones, and for the answers of the database.
                assert!(status == 401 || before < expires_s * 1000 + 1_000, "{number} lets it in too long, {ahead}");
                assert!(status == 200 || after > expires_s * 1000 - 1_000, "{number} refuses it too early, {ahead}");
                (status == 401).then_some(())
            })
            .await;
        }
    }
}

/// What time it is by the database.
async fn postgres_ms(replicas: &Replicas) -> i64 {
    let now = "SELECT CAST(CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS TEXT)";
    database::texts(replicas.url(), now).await.remove(0).parse().expect("milliseconds")
}

/// The same when it is the clock of the database that is moved under three replicas.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_of_the_database_that_is_moved_ends_nothing_and_stops_nobody() {
    let clock = Clock::new();
    let postgres = Postgres::start_by(&clock);
    let replicas = Replicas::start_on(3, 1000, &postgres.url()).await;
    let tokens = Tokens::issue(&replicas).await;
    let load = Load::start(&replicas, &replicas.of(0).tenant("load"), 1);
    for ahead in [HOUR, 0, -HOUR, 0] {
        clock.set(ahead);
        assert_eq!(postgres_is_ahead(&replicas).await.abs_diff(ahead) / 60, 0, "its clock is moved");
        tokens.are_judged_rightly(&replicas, ahead).await;
        what_it_issues_is_right(&replicas, 2).await;
        load.rotate(1).await;
    }
    let seen = load.end().await;
    assert_eq!((seen.wrongly_accepted, seen.strange.len()), (0, 0), "{seen:?}");
    assert!(seen.accepted > 10 && seen.refused > 10, "the tokens were in use: {seen:?}");
}

/// By how many seconds.
async fn postgres_is_ahead(replicas: &Replicas) -> i64 {
    let now = "SELECT CAST(CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT) AS TEXT)";
    let told = database::texts(replicas.url(), now).await.remove(0);
    told.parse::<i64>().expect("seconds") - OffsetDateTime::now_utc().unix_timestamp()
}

/// A process alone goes by its machine: what ends by time is wrong as long as the clock is, what a command has ended has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn alone_what_a_command_has_ended_stays_ended_whatever_the_clock_says() {
    let clock = Clock::new();
    let variables = clock.variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let system = System::start_unlimited_with(Database::Sqlite, &variables).await;
    let status = async |tenant: &Tenant| tenant.client().get("/ServiceProviderConfig").await.status;
    let old = system.tenant("alone");
    let new = system.issue(&old);
    for (ahead, expected) in [(HOUR, 200), (-HOUR, 200), (400 * 24 * HOUR, 401), (0, 200)] {
        clock.set(ahead);
        let moved = Recovery::begin();
        assert_eq!((status(&old).await, status(&new).await), (401, expected), "{ahead}");
        moved.check("the clock is moved");
    }
}
