//! Receivers that do not take what they get, or must not get it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::receiver::{Manner, Receiver, SECRET};
use super::{a_days_work, add, caught_up, check, show_store, start};
use crate::support::{System, Tenant, until, user};

/// Waits until the store has failed with such a sentence.
async fn failing(system: &System, tenant: &Tenant, name: &str, words: &str) -> Value {
    let what = format!("the failure \"{words}\"");
    until(&what, async || {
        let store = show_store(system, tenant, name);
        store["error"].as_str().is_some_and(|error| error.contains(words)).then_some(store)
    })
    .await
}

fn answer(status: &str, headers: &str, body: &str) -> Manner {
    Manner::Say(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()))
}

/// A certificate that no authority has signed, in PEM, and a server with it.
fn self_signed() -> (String, TlsAcceptor) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("its certificate");
    (cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

on_both! {
    /// Whatever a receiver does, the store says so, keeps what it has for it, and goes on when it is well.
    async fn a_receiver_that_fails_gets_everything_later(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let receiver = Receiver::start().await;
        add(&system, &tenant, "hook", &[&receiver.url(), "timeout_seconds=1"]);
        let huge = "x ".repeat(4 << 20);
        let cases = [
            (answer("500 Oops", "", "no\u{1b}[31m room for ada@acme.example"), "answers 500: no [31m room for …"),
            (answer("503 Busy", "", ""), "answers 503"),
            (answer("400 Bad", "", "unknown\r\ntype"), "answers 400: unknown type"),
            (answer("302 Found", "location: http://169.254.169.254/\r\n", ""), "answers 302, a redirect, which is not followed"),
            (answer("500 Oops", "", &huge), "answers 500: x x"),
            (Manner::Say("220 mail.example ESMTP\r\n".to_owned()), "cannot be reached"),
            (Manner::Say(String::new()), "cannot be reached"),
            (Manner::Hang, "no answer in time"),
        ];
        for (number, (manner, words)) in cases.into_iter().enumerate() {
            receiver.behave(manner);
            tenant.client().post("/Users", &user(&format!("ada-{number}"))).await.expect(201);
            let store = failing(&system, &tenant, "hook", words).await;
            assert_eq!(store["state"], "active");
            let error = store["error"].as_str().expect("a sentence");
            assert!(error.len() < 500 && !error.contains("acme.example"), "{error}");
            receiver.behave(Manner::Take);
            caught_up(&system, &tenant, "hook").await;
        }
        receiver.behave(Manner::Slowly(Duration::from_millis(50)));
        a_days_work(&tenant).await;
        caught_up(&system, &tenant, "hook").await;
        check(&system, &tenant, &receiver).await;
    }

    /// A receiver that was away gets what happened meanwhile; that another one is away is not its concern.
    async fn a_stopped_receiver_catches_up(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let (away, there) = (Receiver::start().await, Receiver::start().await);
        add(&system, &tenant, "away", &[&away.url()]);
        add(&system, &tenant, "there", &[&there.url()]);
        away.stop().await;
        a_days_work(&tenant).await;
        failing(&system, &tenant, "away", "cannot be reached").await;
        caught_up(&system, &tenant, "there").await;
        check(&system, &tenant, &there).await;
        away.start_again().await;
        caught_up(&system, &tenant, "away").await;
        check(&system, &tenant, &away).await;
    }

    /// However much a receiver says, what it took is taken.
    async fn a_huge_answer_is_as_good_as_a_short_one(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let receiver = Receiver::start().await;
        receiver.behave(answer("200 OK", "", &"x".repeat(16 << 20)));
        add(&system, &tenant, "hook", &[&receiver.url()]);
        tenant.client().post("/Users", &user("ada")).await.expect(201);
        caught_up(&system, &tenant, "hook").await;
        assert_eq!(receiver.asked(), 1);
    }

    /// Who says that it is gone is asked no more, until somebody resumes the store.
    async fn a_receiver_that_is_gone_is_asked_no_more(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let receiver = Receiver::start().await;
        receiver.behave(answer("410 Gone", "", ""));
        add(&system, &tenant, "hook", &[&receiver.url()]);
        a_days_work(&tenant).await;
        let store = failing(&system, &tenant, "hook", "answers 410").await;
        assert_eq!(store["state"], "disabled");
        assert_eq!(receiver.asked(), 1);
        receiver.behave(Manner::Take);
        system.tenantry(&["store", "resume", &tenant.name, "hook"]).expect(0);
        caught_up(&system, &tenant, "hook").await;
        check(&system, &tenant, &receiver).await;
    }

    /// Who asks to be left alone is left alone for so long.
    async fn a_receiver_that_asks_for_time_gets_it(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let receiver = Receiver::start().await;
        receiver.behave(answer("429 Too Many Requests", "retry-after: 4\r\n", ""));
        add(&system, &tenant, "hook", &[&receiver.url()]);
        tenant.client().post("/Users", &user("ada")).await.expect(201);
        until("the first request", async || (receiver.asked() == 1).then_some(())).await;
        let asked = Instant::now();
        receiver.behave(Manner::Take);
        until("the second request", async || (receiver.asked() == 2).then_some(())).await;
        assert!(asked.elapsed() > Duration::from_millis(3900), "it came back after {:?}", asked.elapsed());
        caught_up(&system, &tenant, "hook").await;
    }

    /// A certificate of nobody is not trusted; that of an authority of one's own is, when it is given.
    async fn an_untrusted_certificate_is_refused(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let (pem, tls) = self_signed();
        let receiver = Receiver::start_with(Some(tls)).await;
        add(&system, &tenant, "strange", &[&receiver.url()]);
        add(&system, &tenant, "known", &[&receiver.url(), &format!("ca={pem}")]);
        a_days_work(&tenant).await;
        let told = failing(&system, &tenant, "strange", "the certificate of the receiver is not trusted").await;
        assert!(told["error"].as_str().is_some_and(|error| error.contains("give its certificate as ca")), "{told}");
        caught_up(&system, &tenant, "known").await;
        check(&system, &tenant, &receiver).await;
    }

    /// What only this machine can reach is not called, whatever it is called.
    async fn addresses_of_this_machine_are_not_called(system) {
        let tenant = system.tenant("hooked");
        let receiver = Receiver::start().await;
        let hosts = ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "[::1]", "169.254.169.254"];
        for (number, host) in hosts.into_iter().enumerate() {
            let name = format!("hook-{number}");
            add(&system, &tenant, &name, &[&format!("url=https://{host}:{}/hook", receiver.port())]);
            let told = system.tenantry(&["store", "test", &tenant.name, &name]);
            assert_ne!(told.code, Some(0));
            let words = "has no public address; the operator can allow others with stores.allow_private";
            assert!(told.stderr.contains(words), "{host}: {}", told.stderr);
        }
        add(&system, &tenant, "open", &[&format!("url=http://localhost:{}/hook", receiver.port())]);
        let told = system.tenantry(&["store", "test", &tenant.name, "open"]);
        assert!(told.stderr.contains("allow http:// with stores.allow_private"), "{}", told.stderr);
        tenant.client().post("/Users", &user("ada")).await.expect(201);
        failing(&system, &tenant, "hook-0", "has no public address").await;
        assert_eq!(receiver.connected(), 0);
    }

    /// The receiver shows that it knows the secret, and gets nothing of anybody.
    async fn a_test_is_signed_and_tells_nothing(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("hooked");
        let receiver = Receiver::start().await;
        add(&system, &tenant, "hook", &[&receiver.url(), r#"types=["group.*"]"#]);
        system.tenantry(&["store", "test", &tenant.name, "hook"]).expect(0);
        let taken = receiver.taken();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].events[0]["type"], "store.tested");
        receiver.trust("whsec_b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90");
        let told = system.tenantry(&["store", "test", &tenant.name, "hook"]);
        assert!(told.code != Some(0) && told.stderr.contains("answers 401"), "{}", told.stderr);
    }

    /// What cannot be right is refused with the name of the setting, and without the secret.
    async fn wrong_settings_are_refused(system) {
        let tenant = system.tenant("hooked");
        let url = "url=https://example.com/hook";
        let secret = format!("secret={SECRET}");
        for (settings, words) in [
            (&["url=ftp://example.com/"][..], "url: a URL begins with https://"),
            (&["url=https://user:hunter2@example.com/"], "url: a URL has no user name and no password"),
            (&[url, "secret=hunter2"], "secret is whsec_ and 24 to 64 bytes"),
            (&[url, &secret, "previous_secret=hunter2"], "previous_secret is whsec_"),
            (&[url, "timeout_seconds=0"], "timeout_seconds is between 1 and 60"),
            (&[url, "timeout_seconds=61"], "timeout_seconds is between 1 and 60"),
            (&[url, r#"headers={"webhook-id":"hunter2"}"#], "headers: webhook-id is set by the server"),
            (&[url, r#"headers={"host":"hunter2"}"#], "headers: host is set by the server"),
            (&[url, r#"headers={"a b":"hunter2"}"#], "is no name of a header"),
            (&[url, r#"headers={"a":"hunter2\nb: c"}"#], "the value of a is no text of one line"),
            (&[url, "ca=hunter2"], "ca: there is no certificate in PEM"),
            (&[url, "colour=red"], "colour"),
            (&[], "url"),
        ] {
            let arguments = [&["store", "add", &tenant.name, "hook", "--kind", "webhook"], settings].concat();
            let refused = system.tenantry(&arguments).expect(2);
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
            assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
        }
    }
}
