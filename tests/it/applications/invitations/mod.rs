//! K7: a new user is invited by mail, and a member once the address is verified.

mod attacks;
mod control;
mod left;
mod life;
mod post;
mod refused;

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::mail::{Post, mailing};
use crate::support::{Client, Database, Request, System, Tenant, database, unique, until};

/// A server with a mail server, and a tenant of an application that invites.
struct Inviting {
    system: System,
    tenant: Tenant,
    post: Post,
}

impl Inviting {
    async fn start(database: Database) -> Self {
        let (post, url) = Post::open(0).await;
        let system = mailing(database, &url).await;
        let tenant = workspace(&system, &json!({}));
        Self { system, tenant, post }
    }

    /// Provisions a user and gives its id.
    async fn provision(&self, name: &str) -> String {
        self.tenant.client().post("/Users", &person(name)).await.expect(201).id()
    }

    /// The link in the mail of this number, from 1 on, of those to an address.
    async fn link(&self, address: &str, number: usize) -> String {
        link_of(&self.mail(address, number).await)
    }

    async fn mail(&self, address: &str, number: usize) -> String {
        until("the mail", async || mails_to(&self.post, address).into_iter().nth(number - 1)).await
    }

    /// As if so much time had gone by since the last mail that another one can go to the same address.
    async fn later(&self) {
        let under_way = "SELECT state FROM invitations WHERE due_ms IS NOT NULL AND (lease_ms > 0 OR times_sent = 0)";
        let url = self.system.server().database_url();
        until("the notes of what was sent", async || database::texts(url, under_way).await.is_empty().then_some(()))
            .await;
        let earlier = "UPDATE invitations SET sent_ms = sent_ms - 600000 WHERE sent_ms IS NOT NULL";
        self.system.server().change_rows(earlier).await;
    }

    fn invitation(&self, user: &str) -> Value {
        self.system.tenantry(&["invitation", "show", &self.tenant.name, user, "--json"]).expect(0).json()
    }

    /// The types of the events, and where the invitation stood in each.
    fn story(&self) -> Vec<(String, Value)> {
        let events = self.system.events(&self.tenant, 0);
        let text = |event: &Value| event["type"].as_str().expect("a text").to_owned();
        events.iter().map(|event| (text(event), event["data"]["user"]["invitation"].clone())).collect()
    }
}

/// A tenant of an application that invites, with what it says about invitations.
fn workspace(system: &System, invitation: &Value) -> Tenant {
    let settings =
        json!({ "profile": "workato", "prerequisites_met": ["entitlement", "saml-sso"], "invitation": invitation });
    system.tenant_with("inviting", &settings)
}

fn person(name: &str) -> Value {
    super::user_with(
        name,
        &json!({ "displayName": "Ada Lovelace", "emails": [{ "value": name, "type": "work", "primary": true }] }),
    )
}

fn mails_to(post: &Post, address: &str) -> Vec<String> {
    let to = format!("RCPT TO:<{address}>");
    // Long lines are folded on their way (RFC 2045 section 6.7), and a dot at the begin of one is doubled (RFC 5321 section 4.5.2).
    let mails = post.mails().into_iter().filter(|mail| mail.contains(&to));
    mails.map(|mail| mail.replace("\r\n..", "\r\n.").replace("=\r\n", "").replace("=3D", "=")).collect()
}

fn link_of(mail: &str) -> String {
    let line = mail.lines().find(|line| line.contains("/invitations/")).unwrap_or_else(|| panic!("no link: {mail}"));
    line.trim().to_owned()
}

/// What a browser is shown.
struct Page {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Page {
    async fn get(link: &str) -> Self {
        Self::of(reqwest::Method::GET, link).await
    }

    async fn post(link: &str) -> Self {
        Self::of(reqwest::Method::POST, link).await
    }

    async fn of(method: reqwest::Method, link: &str) -> Self {
        let browser =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a browser");
        let answer = browser.request(method, link).send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Self { status, headers, text: answer.text().await.expect("a text") }
    }

    #[track_caller]
    fn expect(self, status: u16, text: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(self.text.contains(text), "{text} is not in {}", self.text);
        self
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("a text")).unwrap_or_default()
    }
}

/// The application that asks whether a user may act.
struct Application(Client);

impl Application {
    fn of(system: &System, tenant: &Tenant) -> Self {
        let name = unique("app");
        system.tenantry(&["store", "add", &tenant.name, &name, "--kind", "pull"]).expect(0);
        let issued = system.tenantry(&["store", "token", &tenant.name, &name, "--json"]).expect(0).json();
        Self(Client::new(system.server().feed()).with_token(issued["token"].as_str().expect("a token")))
    }

    async fn may_act(&self, id: &str) -> (Value, Value) {
        let answer = self.0.send_any(Request::new("GET", format!("/may-act?id={id}"))).await.expect(200);
        (answer.body["mayAct"].clone(), answer.body["reason"].clone())
    }
}
