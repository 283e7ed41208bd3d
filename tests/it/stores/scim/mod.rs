//! Another SCIM service: two servers of the program in a row.

mod failures;
mod front;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{a_days_work, add_store, caught_up, everything, text};
use crate::support::{Database, System, Tenant, added_member, group, patch, patch_one, until, urn, user};
use front::{Front, Own};

/// Stores are at loopback addresses here.
const ALLOWED: (&str, &str) = ("TENANTRY_STORES__ALLOW_PRIVATE", "true");
pub(super) const STORE: &str = "downstream";

/// Two servers, the first of which brings what it has to the second.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) first: System,
    second: System,
}

/// A tenant of the first server, and the tenant of the second that it is brought to.
pub(super) struct Pair {
    pub(super) row: Row,
    pub(super) here: Tenant,
    pub(super) there: Tenant,
}

impl Row {
    /// The one of this database that tests share which leave both running.
    pub(super) async fn shared(database: Database) -> Self {
        static SQLITE: OnceCell<Row> = OnceCell::const_new();
        static POSTGRES: OnceCell<Row> = OnceCell::const_new();
        let shared = match database {
            Database::Sqlite => &SQLITE,
            Database::Postgres => &POSTGRES,
        };
        shared.get_or_init(|| Self::start(database)).await.clone()
    }

    async fn start(database: Database) -> Self {
        let first = System::start_unlimited_with(database, &[ALLOWED]).await;
        Self { first, second: System::start(database).await }
    }

    /// Two tenants, not yet joined by a store.
    pub(super) fn pair(&self, name: &str) -> Pair {
        Pair { row: self.clone(), here: self.first.tenant(name), there: self.second.tenant(name) }
    }
}

impl Pair {
    /// Joins them; `origin` is that of the second server or of what is before it.
    fn join(&self, origin: &str, more: &[&str]) {
        let url = format!("url={}", self.there.base_url.replace(&self.row.second.server().origin(), origin));
        let token = format!("token={}", self.there.token);
        let settings = [&[url.as_str(), token.as_str(), "retry_seconds=[1]"], more].concat();
        add_store(&self.row.first, &self.here, STORE, "scim", &settings);
    }

    /// Joins them without anything between.
    pub(super) fn join_directly(&self) {
        self.join(&self.row.second.server().origin(), &[]);
    }

    pub(super) async fn caught_up(&self) -> Value {
        caught_up(&self.row.first, &self.here, STORE).await
    }

    /// The second has exactly what the first has.
    pub(super) async fn agree(&self) {
        self.caught_up().await;
        assert_eq!(Shape::of(&self.there).await, Shape::of(&self.here).await);
    }

    pub(super) async fn found_there(&self, name: &str) -> Value {
        let found = self.there.client().find("Users", &format!("userName eq \"{name}\"")).await.expect(200);
        found.resources().first().unwrap_or_else(|| panic!("no {name} there")).clone()
    }
}

/// What is in a directory, without the ids that each server gives for itself.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shape {
    /// By `userName`.
    pub(super) users: BTreeMap<String, Value>,
    /// By `displayName`: the `externalId` and the names of the members.
    pub(super) groups: BTreeMap<String, (String, BTreeSet<String>)>,
}

impl Shape {
    pub(super) async fn of(tenant: &Tenant) -> Self {
        let (users, groups) = (everything(tenant, "/Users").await, everything(tenant, "/Groups").await);
        let mut names = BTreeMap::new();
        names.extend(users.iter().map(|user| (text(&user["id"]), text(&user["userName"]))));
        names.extend(groups.iter().map(|group| (text(&group["id"]), text(&group["displayName"]))));
        let shaped = |group: &Value| {
            let members = group["members"].as_array().into_iter().flatten();
            let members = members.map(|member| names[member["value"].as_str().expect("an id")].clone()).collect();
            (text(&group["displayName"]), (external(group), members))
        };
        Self {
            groups: groups.iter().map(shaped).collect(),
            users: users.iter().map(|user| (text(&user["userName"]), told(user, &names))).collect(),
        }
    }
}

/// All that a client said of a user.
fn told(user: &Value, names: &BTreeMap<String, String>) -> Value {
    let mut told = user.clone();
    told["externalId"] = external(user).into();
    let told_by = told.as_object_mut().expect("a user");
    for own in ["id", "meta", "groups", "schemas"] {
        told_by.remove(own);
    }
    if let Some(manager) = told.pointer(&format!("/{}/manager/value", urn::ENTERPRISE)).and_then(Value::as_str) {
        told[urn::ENTERPRISE]["manager"] = names[manager].clone().into();
    }
    told
}

/// The id that the client gave, or else the one of the first server.
fn external(resource: &Value) -> String {
    resource["externalId"].as_str().map_or_else(|| text(&resource["id"]), str::to_owned)
}

/// A change of several attributes, an extension among them.
fn change(manager: &str) -> Value {
    patch(&[
        json!({ "op": "replace", "path": "name.givenName", "value": "Ada" }),
        json!({ "op": "add", "path": "phoneNumbers", "value": [{ "value": "+43 1", "type": "work" }] }),
        json!({ "op": "add", "path": format!("{}:department", urn::ENTERPRISE), "value": "Research" }),
        json!({ "op": "add", "path": format!("{}:manager", urn::ENTERPRISE), "value": { "value": manager } }),
        json!({ "op": "remove", "path": "displayName" }),
    ])
}

async fn id_of(tenant: &Tenant, name: &str) -> String {
    tenant.client().find("Users", &format!("userName eq \"{name}\"")).await.expect(200).ids().remove(0)
}

on_both! {
    /// Users with managers and extensions, groups in groups, renames, and names that are used again.
    async fn a_downstream_follows_the_directory(database: Database) {
        let pair = Row::shared(database).await.pair("follow");
        pair.join_directly();
        a_days_work(&pair.here).await;
        let client = pair.here.client();
        let (ada, bob) = (id_of(&pair.here, "ada").await, id_of(&pair.here, "bob").await);
        client.patch(&format!("/Users/{ada}"), &change(&bob)).await.expect(200);
        let outer = client.post("/Groups", &group("outer", &[&bob])).await.expect(201).id();
        let inner = client.post("/Groups", &group("inner", &[&ada])).await.expect(201).id();
        client.patch(&format!("/Groups/{outer}"), &added_member(&inner)).await.expect(200);
        client.patch(&format!("/Users/{bob}"), &patch_one("replace", "userName", "bert")).await.expect(200);
        client.post("/Users", &json!({ "schemas": [urn::USER], "userName": "bob" })).await.expect(201);
        pair.agree().await;
        // What is removed, and a manager who goes.
        client.patch(&format!("/Users/{ada}"), &patch(&[json!({ "op": "remove", "path": "phoneNumbers" })])).await.expect(200);
        client.delete(&format!("/Users/{bob}")).await.expect(204);
        client.delete(&format!("/Groups/{inner}")).await.expect(204);
        pair.agree().await;
    }

    /// Those that are there already are taken and not made again; strangers are left alone.
    async fn what_is_there_already_is_taken_and_strangers_stay(database: Database) {
        let pair = Row::shared(database).await.pair("half");
        let there = pair.there.client();
        let mut ada = user("ada-before");
        ada["externalId"] = "ext-ada".into();
        let ada = there.post("/Users", &ada).await.expect(201).id();
        let bob = there.post("/Users", &json!({ "schemas": [urn::USER], "userName": "BOB", "title": "Old" })).await.expect(201).id();
        let team = there.post("/Groups", &group("team", &[&ada])).await.expect(201).id();
        let foreign = json!({ "schemas": [urn::GROUP], "displayName": "crew", "externalId": "of-somebody-else" });
        there.post("/Groups", &foreign).await.expect(201);
        there.post("/Users", &user("stranger")).await.expect(201);
        pair.join_directly();
        a_days_work(&pair.here).await;
        pair.caught_up().await;
        assert_eq!(pair.found_there("ada").await["id"], ada.as_str());
        assert_eq!(pair.found_there("bob").await["id"], bob.as_str());
        there.get(&format!("/Groups/{team}")).await.expect(200);
        let mut now = Shape::of(&pair.there).await;
        assert!(now.users.remove("stranger").is_some(), "the stranger stays");
        assert_eq!(now.groups.remove("crew").expect("the crew of somebody else").0, "of-somebody-else");
        assert_eq!(now, Shape::of(&pair.here).await);
    }

    /// One attribute is changed with one operation, and what comes again changes nothing.
    async fn a_change_is_a_patch_of_what_changed(database: Database) {
        let pair = Row::shared(database).await.pair("minimal");
        let front = Front::before(pair.row.second.server().port()).await;
        pair.join(&front.origin(), &[]);
        let ada = pair.here.client().post("/Users", &user("ada")).await.expect(201).id();
        pair.caught_up().await;
        front.take();
        let title = patch_one("replace", "title", "Lead");
        pair.here.client().patch(&format!("/Users/{ada}"), &title).await.expect(200);
        pair.agree().await;
        let changes: Vec<_> = front.take().into_iter().filter(|seen| seen.method != "GET").collect();
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert_eq!((changes[0].method.as_str(), &changes[0].body), ("PATCH", &title));
        assert!(changes[0].path.ends_with(pair.found_there("ada").await["id"].as_str().expect("an id")));
    }

    /// Whole resources are written then, and the members of groups are kept.
    async fn a_service_without_patch_is_written_whole(database: Database) {
        let pair = Row::shared(database).await.pair("whole");
        let front = Front::before(pair.row.second.server().port()).await;
        front.rule(|seen| {
            let config = r#"{"patch":{"supported":false},"filter":{"supported":true,"maxResults":50},"etag":{"supported":true}}"#;
            let content = "application/scim+json";
            if seen.path.ends_with("/ServiceProviderConfig") {
                return Some(Own { status: "200 OK", content, more: "", body: config });
            }
            (seen.method == "PATCH").then_some(Own { status: "501 Not Implemented", content, more: "", body: "" })
        });
        pair.join(&front.origin(), &[]);
        a_days_work(&pair.here).await;
        pair.agree().await;
        assert!(!front.take().iter().any(|seen| seen.method == "PATCH"), "it said that it cannot");
    }

    /// Users stay there without access; groups go.
    async fn a_deleted_user_can_be_deactivated_instead(database: Database) {
        let pair = Row::shared(database).await.pair("inactive");
        pair.join(&pair.row.second.server().origin(), &["delete=deactivate"]);
        a_days_work(&pair.here).await;
        pair.caught_up().await;
        let cleo = pair.found_there("cleo").await;
        assert_eq!((&cleo["active"], &cleo["groups"]), (&json!(false), &Value::Null));
        assert!(!Shape::of(&pair.there).await.groups.contains_key("crew"));
        // Whoever comes back is the same there.
        pair.here.client().post("/Users", &user("cleo")).await.expect(201);
        pair.agree().await;
        assert_eq!(pair.found_there("cleo").await["id"], cleo["id"]);
    }

    /// Tokens are fetched as a client of the service.
    async fn a_client_of_the_service_fetches_its_tokens(database: Database) {
        let pair = Row::shared(database).await.pair("oauth");
        let oauth = |arguments: &[&str]| pair.row.second.tenantry(&[&["oauth"], arguments, &["--json"]].concat()).expect(0).json();
        let client = text(&oauth(&["client", "create", &pair.there.name, "upstream"])["client_id"]);
        let issued = oauth(&["secret", "issue", &pair.there.name, &client]);
        let settings = [
            format!("url={}", pair.there.base_url),
            format!("token_url={}", text(&issued["token_endpoint"])),
            format!("client_id={client}"),
            format!("client_secret={}", text(&issued["client_secret"])),
        ];
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let added = add_store(&pair.row.first, &pair.here, STORE, "scim", &settings);
        assert!(!added.to_string().contains(&text(&issued["client_secret"])), "a secret is not shown");
        pair.row.first.tenantry(&["store", "test", &pair.here.name, STORE]).expect(0);
        a_days_work(&pair.here).await;
        pair.agree().await;
    }
}
