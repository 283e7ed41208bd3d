//! How often one network address may ask, whoever it is: counted before a token is looked at, and changed while the server runs.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Finished, Request, System, Tenant, Wire, until};

/// So many at once, and then hardly any more; a test is over before one comes back.
const BURST: u64 = 20;
const FEW: [(&str, &str); 2] =
    [("TENANTRY_LIMITS__ADDRESS_REQUESTS_PER_SECOND", "1"), ("TENANTRY_LIMITS__ADDRESS_REQUESTS_BURST", "20")];
/// Whoever fails is limited apart, and not what these tests are about.
const FAILURES: [(&str, &str); 2] =
    [("TENANTRY_LIMITS__ADDRESS_PER_SECOND", "1000000"), ("TENANTRY_LIMITS__ADDRESS_BURST", "1000000")];
/// Tests come from here, and say where they claim to be from.
const BEHIND_A_PROXY: (&str, &str) = ("TENANTRY_SERVER__TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8");

const REFUSED: &str = "too many requests (more than the rate of one network address); try again in 1 s";

async fn limited(database: crate::support::Database, more: &[(&str, &str)]) -> System {
    System::start_with(database, &[&FEW, &FAILURES, more].concat()).await
}

fn from(client: Client, forwarded: &str) -> Client {
    client.with("x-forwarded-for", forwarded)
}

/// Asks until it is refused. How many were not.
async fn flood(client: &Client) -> (u64, Answer) {
    for served in 0..10 * BURST {
        let answer = client.get("/Users?count=0").await;
        if answer.status == 429 {
            return (served, answer);
        }
    }
    panic!("{} requests were let in", 10 * BURST)
}

#[track_caller]
fn check_refused(answer: &Answer) {
    assert_eq!((answer.status, answer.body["detail"].as_str()), (429, Some(REFUSED)), "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
    assert!(answer.header("ratelimit").is_none(), "nobody knows whose it is: {answer:?}");
}

async fn metrics(system: &System) -> String {
    let metrics = reqwest::get(format!("{}/metrics", system.server().operations())).await.expect("the metrics");
    metrics.text().await.expect("a text")
}

fn limits(system: &System, arguments: &[&str]) -> Finished {
    system.tenantry(&[&["limits"], arguments].concat())
}

fn in_force(system: &System) -> Value {
    limits(system, &["show", "--json"]).expect(0).json()["limits"].clone()
}

on_both! {
    /// A stranger without a token, one who guesses, and one with a good token: each address has its limit, and no other is
    /// touched.
    async fn whoever_floods_is_refused_before_the_token_is_looked_at(database: Database) {
        let system = limited(database, &[BEHIND_A_PROXY]).await;
        let tenant = system.tenant("flooded");
        let nobody = tenant.client().without("authorization");
        let guesser = tenant.client().with_token("a.wrong.token");
        for (number, client) in [nobody, guesser, tenant.client()].into_iter().enumerate() {
            let address = format!("192.0.2.{}", number + 1);
            let (served, refused) = flood(&from(client, &address)).await;
            // One comes back in each second.
            assert!((BURST..=BURST + 5).contains(&served), "{served} were served");
            check_refused(&refused);
            check_refused(&from(tenant.client(), &address).get("/Users").await);
            from(tenant.client(), "192.0.2.200").get("/Users").await.expect(200);
        }
        let log = system.server().log();
        assert!(log.contains("\"status\":429") && log.contains("\"limited\""), "{log}");
        assert!(!log.contains("192.0.2."), "no address is logged");
        let metrics = metrics(&system).await;
        let told = "tenantry_rate_limited_total{scope=\"address_requests\"} ";
        let refused = metrics.lines().find_map(|line| line.strip_prefix(told)).and_then(|count| count.parse::<u64>().ok());
        assert!(refused.is_some_and(|refused| refused >= 6), "{metrics}");
    }

    /// Who waits as long as it was told is served.
    async fn who_obeys_the_limit_of_its_address_is_served(database: Database) {
        let system = limited(database, &[]).await;
        let tenant = system.tenant("obeys");
        let (_, refused) = flood(&tenant.client()).await;
        check_refused(&refused);
        refused.obey().await;
        tenant.client().get("/Users").await.expect(200);
    }

    /// Whatever is asked: what there is, what there is not, what is damaged, and what OAuth clients ask, who are answered in
    /// their own form.
    async fn every_request_counts_whatever_it_wants(database: Database) {
        let system = limited(database, &[BEHIND_A_PROXY]).await;
        let tenant = system.tenant("everything");
        let anywhere = from(Client::new(system.server().origin()), "192.0.2.1");
        for path in ["/", "/no/such/path", "/favicon.ico", "/t/nobody/scim/v2/Users"] {
            for _ in 0..BURST / 4 {
                let status = anywhere.get(path).await.status;
                assert!(matches!(status, 401 | 404), "{path}: {status}");
            }
        }
        for path in ["/", &format!("/t/{}/scim/v2/ServiceProviderConfig", tenant.name), "/t/nobody/scim/v2/Users"] {
            check_refused(&anywhere.get(path).await);
        }
        for path in [format!("/t/{}/oauth2/token", tenant.name), "/.well-known/oauth-authorization-server".to_owned()] {
            let refused = anywhere.send_any(Request::new("GET", path.as_str())).await.expect(429);
            assert_eq!(refused.body["error"], "temporarily_unavailable", "{refused:?}");
            assert_eq!(refused.header("retry-after"), Some("1"));
        }
        let mut wire = Wire::connect(system.server().port()).await;
        assert!(wire.send("GET / HTTP/1.1\r\nHost: a\"b\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n").await);
        check_refused(&wire.answer().await);
        let mut wire = Wire::connect(system.server().port()).await;
        assert!(wire.send("GET / HTTP/1.1\r\nHost: a\"b\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n").await);
        assert_eq!(wire.answer().await.status, 400, "another address is told what is wrong");
    }

    /// Whoever is no trusted proxy cannot pass for another, and one behind a proxy cannot hide before it.
    async fn a_sender_is_who_a_trusted_proxy_says_and_nobody_else(database: Database) {
        let direct = limited(database, &[]).await;
        let tenant = direct.tenant("direct");
        let mut served = 0;
        for number in 0..10 * BURST {
            let answer = from(tenant.client(), &format!("192.0.2.{number}")).get("/Users?count=0").await;
            if answer.status == 429 {
                break;
            }
            served += 1;
        }
        assert!((BURST..=BURST + 5).contains(&served), "{served} were served: the connection counts");

        let behind = limited(database, &[BEHIND_A_PROXY]).await;
        let tenant = behind.tenant("behind");
        let spoofing = |number: u64| from(tenant.client(), &format!("1.1.1.{number}, 192.0.2.9, 10.1.1.1"));
        let mut served = 0;
        for number in 0..10 * BURST {
            if spoofing(number).get("/Users?count=0").await.status == 429 {
                break;
            }
            served += 1;
        }
        assert!((BURST..=BURST + 5).contains(&served), "{served} were served: the last that is no proxy counts");
        check_refused(&from(tenant.client(), "192.0.2.9").get("/Users").await);
        from(tenant.client(), "1.1.1.1").get("/Users").await.expect(200);
    }

    /// A subscriber has a whole network of IPv6 addresses.
    async fn an_ipv6_network_counts_as_one_address(database: Database) {
        let system = limited(database, &[BEHIND_A_PROXY]).await;
        let tenant = system.tenant("sixes");
        for number in 0..BURST {
            from(tenant.client(), &format!("2001:db8::{number:x}")).get("/Users?count=0").await.expect(200);
        }
        let refused = until("the network to be refused", async || {
            let answer = from(tenant.client(), "2001:db8::ffff:1").get("/Users?count=0").await;
            (answer.status == 429).then_some(answer)
        })
        .await;
        check_refused(&refused);
        from(tenant.client(), "2001:db8:0:1::1").get("/Users").await.expect(200);
        from(tenant.client(), "::ffff:192.0.2.1").get("/Users").await.expect(200);
    }

    /// Each change is in force when its command has returned, and survives a restart.
    async fn limits_are_changed_while_the_server_runs(database: Database) {
        let system = System::start_with(database, &[BEHIND_A_PROXY]).await;
        let tenant = system.tenant("changed");
        let usual = json!({
            "address_requests_per_second": 10_000, "address_requests_burst": 20_000,
            "address_per_second": 30, "address_burst": 300,
        });
        assert_eq!(in_force(&system), usual, "as the documentation has it");

        limits(&system, &["set", "address_requests_per_second=1", "address_requests_burst=5"]).expect(0);
        let (served, refused) = flood(&from(tenant.client(), "192.0.2.1")).await;
        assert!((5..=7).contains(&served), "{served} were served");
        check_refused(&refused);
        let changed = limits(&system, &["set", "address_requests_per_second=0", "--json"]).expect(0).json();
        assert_eq!(changed["set"], json!(["address_requests_per_second", "address_requests_burst"]));
        for _ in 0..50 {
            from(tenant.client(), "192.0.2.1").get("/Users?count=0").await.expect(200);
        }
        guessing_is_limited_as_it_was_set(&system, &tenant).await;

        assert!(system.server().stop().await.success());
        system.server().start_again().await;
        let expected = json!({
            "address_requests_per_second": 0, "address_requests_burst": 5, "address_per_second": 1, "address_burst": 4,
        });
        assert_eq!(in_force(&system), expected);
        let names = ["address_requests_per_second", "address_requests_burst", "address_per_second", "address_burst"];
        let text = limits(&system, &[&["reset"][..], &names].concat()).expect(0).stdout;
        assert!(text.contains("the settings") && !text.contains("set at run time"), "{text}");
        assert_eq!(in_force(&system), usual);
        for _ in 0..50 {
            from(tenant.client().with_token("wrong"), "192.0.2.2").get("/Users").await.expect(401);
        }
    }

    /// Without a server the command writes what the next one reads.
    async fn limits_are_changed_while_no_server_runs(database: Database) {
        let system = System::start_with(database, &[]).await;
        let tenant = system.tenant("offline");
        assert!(system.server().stop().await.success());
        limits(&system, &["set", "address_requests_per_second=1", "address_requests_burst=3"]).expect(0);
        system.server().start_again().await;
        assert!((3..=5).contains(&flood(&tenant.client()).await.0));
    }

    /// A wrong one is named, with what is allowed, and changes nothing.
    async fn a_wrong_limit_is_named_with_what_is_allowed(system) {
        for (arguments, sentence) in [
            (vec!["set", "colour=1"], "no limit is named colour; there are address_requests_per_second, "),
            (vec!["reset", "colour"], "no limit is named colour; there are address_requests_per_second, "),
            (vec!["set", "address_burst=0"], "limit address_burst is a whole number from 1 to 1000000000, not 0"),
            (vec!["set", "address_burst=5", "address_per_second=many"], "limit address_per_second is a whole number from 1 to 1000000000, not \"many\""),
            (vec!["set", "address_requests_per_second=-1"], "from 0 to 1000000000, not -1; 0 is no limit"),
            (vec!["set", "address_requests_burst"], "is not of the form NAME=VALUE, such as address_burst=300"),
            (vec!["set"], "required"),
        ] {
            let before = in_force(&system);
            let failed = limits(&system, &arguments).expect(2);
            assert!(failed.stderr.contains(sentence) && failed.stdout.is_empty(), "{arguments:?}: {}", failed.stderr);
            assert_eq!(in_force(&system), before);
        }
    }
}

/// A good token opens all the same.
async fn guessing_is_limited_as_it_was_set(system: &System, tenant: &Tenant) {
    limits(system, &["set", "address_per_second=1", "address_burst=4"]).expect(0);
    let guesser = from(tenant.client().with_token("a.wrong.token"), "192.0.2.2");
    let (served, refused) = flood(&guesser).await;
    assert!((4..=6).contains(&served), "{served} were told that their token is wrong");
    assert_eq!(refused.body["detail"], "too many requests (without a valid token); try again in 1 s");
    from(tenant.client(), "192.0.2.2").get("/Users").await.expect(200);
}
