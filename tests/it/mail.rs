//! Mail about tokens that end soon, as a mail server sees it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Database, System, Tenant, until, user};

/// A mail server that keeps what it is given.
#[derive(Clone, Default)]
pub(super) struct Post {
    mails: Arc<Mutex<Vec<String>>>,
    refusals: Arc<Mutex<Vec<Refusal>>>,
}

/// What it answers in place of a good word: after what, and how often.
pub(super) type Refusal = (&'static str, &'static str, u32);

impl Post {
    /// Serves on a port of its own; its first answers to MAIL are that it has no time now.
    pub(super) async fn open(busy: u32) -> (Self, String) {
        Self::refusing(&[("MAIL", "451 no time for ada@acme.example\r\n", busy)]).await
    }

    /// The same, that refuses after what it hears (`220` is its greeting, `.` the end of a mail, which it keeps all the same).
    pub(super) async fn refusing(refusals: &[Refusal]) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("its address"));
        let post = Self { refusals: Arc::new(Mutex::new(refusals.to_vec())), ..Self::default() };
        let kept = post.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(kept.clone().take(stream));
            }
        });
        (post, url)
    }

    /// RFC 5321, as far as a friendly client needs it.
    async fn take(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let (mut mail, mut in_data) = (String::new(), false);
        let mut answer = self.answer("220", "220 post.test\r\n");
        loop {
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
                return;
            }
            answer = match line.trim_end() {
                "." if in_data => {
                    in_data = false;
                    self.mails.lock().expect("the mails").push(std::mem::take(&mut mail));
                    self.answer(".", "250 kept\r\n")
                }
                _ if in_data => {
                    mail.push_str(&line);
                    ""
                }
                "DATA" => {
                    in_data = true;
                    "354 go on\r\n"
                }
                "QUIT" => return,
                command => {
                    mail.push_str(command);
                    mail.push('\n');
                    let good = if command.starts_with("EHLO") {
                        "250-post.test\r\n250 AUTH PLAIN\r\n"
                    } else {
                        "250 good\r\n"
                    };
                    self.answer(command, if command.starts_with("AUTH") { "235 welcome\r\n" } else { good })
                }
            };
        }
    }

    fn answer(&self, heard: &str, good: &'static str) -> &'static str {
        let mut refusals = self.refusals.lock().expect("the refusals");
        let refusal = refusals.iter_mut().find(|(after, _, left)| heard.starts_with(after) && *left > 0);
        refusal.map_or(good, |(_, answer, left)| {
            *left -= 1;
            answer
        })
    }

    /// From now on it refuses nothing.
    pub(super) fn mend(&self) {
        self.refusals.lock().expect("the refusals").clear();
    }

    pub(super) fn mails(&self) -> Vec<String> {
        self.mails.lock().expect("the mails").clone()
    }
}

/// A server that sends its mail there.
pub(super) async fn mailing(database: Database, url: &str) -> System {
    System::start_with(database, &mail_settings(url)).await
}

/// What such a server is set to.
pub(super) fn mail_settings(url: &str) -> [(&str, &str); 3] {
    [
        ("TENANTRY_MAIL__SERVER", url),
        ("TENANTRY_MAIL__FROM", "Tenantry <tenantry@example.com>"),
        ("TENANTRY_MAIL__TO", "operator@example.com"),
    ]
}

/// Gives a tenant a token whose last day begins a moment later, and waits for that; it is looked for at the next start.
async fn issue_for_a_day(system: &System, tenant: &Tenant) -> Value {
    let issued = system.tenantry(&["token", "issue", &tenant.name, "--for", "86401s", "--json"]).expect(0).json();
    let soon = OffsetDateTime::now_utc() + time::Duration::milliseconds(1100);
    until("the last day to begin", async || (OffsetDateTime::now_utc() > soon).then_some(())).await;
    issued
}

on_both! {
    /// The operators and the tenant's contacts are told once, each in a mail of their own.
    async fn a_token_that_ends_soon_is_told_by_mail(database: Database) {
        let (post, url) = Post::open(0).await;
        let system = mailing(database, &url).await;
        let tenant = system.tenant_with("mailed", &json!({ "token_contacts": ["ada@acme.example"] }));
        let issued = issue_for_a_day(&system, &tenant).await;
        for _ in 0..2 {
            assert!(system.server().stop().await.success());
            system.server().start_again().await;
            until("both mails", async || (post.mails().len() >= 2).then_some(())).await;
        }
        let mails = post.mails();
        assert_eq!(mails.len(), 2, "{mails:?}");
        for (mail, to, other) in [(&mails[0], "operator@example.com", "ada@acme"), (&mails[1], "ada@acme.example", "operator@")] {
            assert!(mail.contains(&format!("RCPT TO:<{to}>")) && !mail.contains(other), "{mail}");
            assert!(mail.contains(&format!("Subject: The provisioning token of {} ends in 1 day", tenant.name)), "{mail}");
            assert!(mail.contains(issued["token_id"].as_str().expect("an id")) && mail.contains("MAIL FROM:<tenantry@example.com>"), "{mail}");
            assert!(!mail.contains(issued["token"].as_str().expect("a token")), "{mail}");
        }
        let logged = ["operator@", "ada@acme"].into_iter().find(|address| system.server().log().contains(address));
        assert_eq!(logged, None, "no address is logged:\n{}", system.server().log());
    }

    /// Each of the four times before the end: in the log of events, as a metric and by mail.
    async fn thirty_fourteen_seven_days_and_one_before_the_end_are_told(database: Database) {
        let (post, url) = Post::open(0).await;
        let system = mailing(database, &url).await;
        let warned: Vec<_> = [30, 14, 7, 1]
            .into_iter()
            .map(|days: u32| {
                let tenant = system.tenant(&format!("days{days}"));
                let lifetime = format!("{}s", days * 86_400 + 1);
                system.tenantry(&["token", "issue", &tenant.name, "--for", &lifetime]).expect(0);
                (days, tenant)
            })
            .collect();
        let soon = OffsetDateTime::now_utc() + time::Duration::milliseconds(1100);
        until("those days to begin", async || (OffsetDateTime::now_utc() > soon).then_some(())).await;
        assert!(system.server().stop().await.success());
        system.server().start_again().await;
        until("four mails", async || (post.mails().len() >= 4).then_some(())).await;
        let metrics = reqwest::get(format!("{}/metrics", system.server().operations())).await.expect("metrics").text().await.expect("text");
        for (days, tenant) in &warned {
            let expiring: Vec<_> = until("the event", async || {
                let mut events = system.all_events(tenant, 0);
                events.retain(|event| event["type"] == "token.expiring");
                (!events.is_empty()).then_some(events)
            })
            .await;
            assert_eq!(expiring.iter().map(|event| &event["data"]["daysLeft"]).collect::<Vec<_>>(), [&json!(days)]);
            let sample = format!("tenantry_token_expiry_seconds{{tenant=\"{}\"}} ", tenant.name);
            let left = metrics.lines().find_map(|line| line.strip_prefix(&sample)?.parse::<f64>().ok());
            let begins = f64::from(days * 86_400);
            assert!(left.is_some_and(|left| left > begins - 600.0 && left <= begins + 1.0), "{left:?} of {days} in\n{metrics}");
            let subject = format!("Subject: The provisioning token of {} ends in {days} day", tenant.name);
            assert_eq!(post.mails().iter().filter(|mail| mail.contains(&subject)).count(), 1, "{subject}: {:?}", post.mails());
        }
        assert_eq!(post.mails().len(), 4);
    }

    /// Too many users end at once: that is told once for each time, also by a server that was started since.
    async fn a_breaker_that_trips_is_told_by_mail_once(database: Database) {
        let (post, url) = Post::open(0).await;
        let system = mailing(database, &url).await;
        let tenant = system.tenant_with("alarmed", &json!({ "token_contacts": ["ada@acme.example"] }));
        system.tenantry(&["breaker", "set", &tenant.name, "mode=hold", "number=1", "share=100"]).expect(0);
        for trip in 1..=2 {
            for number in 0..2 {
                let id = tenant.client().post("/Users", &user(&format!("user-{trip}-{number}"))).await.expect(201).id();
                tenant.client().delete(&format!("/Users/{id}")).await.expect(204);
            }
            until("both mails", async || (post.mails().len() >= 2 * trip).then_some(())).await;
            assert!(system.server().stop().await.success());
            system.server().start_again().await;
            system.tenantry(&["breaker", "release", &tenant.name]).expect(0);
        }
        let mails = post.mails();
        assert_eq!(mails.len(), 4, "{mails:?}");
        let subject = format!("Subject: The breaker of {} has tripped", tenant.name);
        for (mail, to) in mails.iter().zip(["operator@example.com", "ada@acme.example"].iter().cycle()) {
            assert!(mail.contains(&format!("RCPT TO:<{to}>")) && mail.contains(&subject), "{mail}");
            assert!(mail.contains("tenantry breaker discard") && !mail.contains("user-"), "{mail}");
        }
    }

    /// The same of users that are new, in its own words.
    async fn z09_a_flood_of_new_users_is_told_by_mail(database: Database) {
        let (post, url) = Post::open(0).await;
        let system = mailing(database, &url).await;
        let tenant = system.tenant("flooded");
        system.tenantry(&["breaker", "set", &tenant.name, "new_mode=hold", "new_number=1"]).expect(0);
        for number in 0..3 {
            tenant.client().post("/Users", &user(&format!("user-{number}"))).await.expect(201);
        }
        until("the mail", async || (!post.mails().is_empty()).then_some(())).await;
        let mail = post.mails().remove(0);
        assert!(mail.contains("makes too many new") && !mail.contains("user-"), "{mail}");
        assert!(mail.contains(&format!("Subject: The breaker of {} has tripped", tenant.name)), "{mail}");
    }

    /// A mail server that is busy or away stops nothing, and what it says of people is not logged.
    async fn a_mail_server_without_time_stops_nothing(database: Database) {
        let (post, url) = Post::open(u32::MAX).await;
        let system = mailing(database, &url).await;
        let tenant = system.tenant("mailed");
        issue_for_a_day(&system, &tenant).await;
        assert!(system.server().stop().await.success());
        system.server().start_again().await;
        until("the failure in the log", async || system.server().log().contains("a mail could not be sent").then_some(())).await;
        assert!(system.server().log().contains("451") && !system.server().log().contains("ada@acme"), "{}", system.server().log());
        let kinds: Vec<String> = system.all_events(&tenant, 0).iter().map(|event| event["type"].to_string()).collect();
        assert!(kinds.contains(&"\"token.expiring\"".to_owned()), "{kinds:?}");
        assert!(post.mails().is_empty());
    }

    /// The attack: a mail server that takes connections and never says anything. What else is to be done does not wait for
    /// it, nor does the end of the server.
    async fn a_mail_server_that_hangs_delays_nothing(database: Database) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("its address"));
        let system = mailing(database, &url).await;
        let tenant = system.tenant("mailed");
        issue_for_a_day(&system, &tenant).await;
        assert!(system.server().stop().await.success());
        system.server().start_again().await;
        let (_hanging, _) = listener.accept().await.expect("the mail");
        let sample = format!("tenantry_token_expiry_seconds{{tenant=\"{}\"}} ", tenant.name);
        until("the metric", async || {
            let text = reqwest::get(format!("{}/metrics", system.server().operations())).await.ok()?.text().await.ok()?;
            text.contains(&sample).then_some(())
        })
        .await;
        assert!(system.server().stop().await.success());
        let log = system.server().log();
        assert!(!log.contains("a mail could not be sent"), "nobody has waited until the mail server was given up:\n{log}");
        assert!(log.contains("mails may be lost with the process"), "{log}");
    }

    /// Settings that cannot work stop the start, and a password is not shown.
    async fn mail_settings_are_checked_and_their_password_is_hidden(system) {
        for (name, value) in [("TENANTRY_MAIL__SERVER", "mail.example.com"), ("TENANTRY_MAIL__SERVER", "smtp://mail.example.com"), ("TENANTRY_MAIL__FROM", "nobody"), ("TENANTRY_MAIL__TO", "a@b.example,c")] {
            let failed = system.server().program(&["config", "check"]).setting(name, value).run().expect(1);
            assert!(failed.stderr.contains("mail."), "{name}={value}: {}", failed.stderr);
        }
        let shown = system.server().program(&["config", "show"]).setting("TENANTRY_MAIL__SERVER", "smtps://user:hunter2@mail.example.com").setting("TENANTRY_MAIL__FROM", "a@b.example").run().expect(0);
        assert!(shown.stdout.contains("smtps://user:…@mail.example.com"), "{}", shown.stdout);
    }
}
