//! What a store has otherwise than the directory is found, and brought into line on request.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::scim::{Pair, Row, STORE, Shape};
use super::sql::{Kept, start, words};
use super::{State, a_days_work, add_store, caught_up, show_store};
use crate::support::{Request, System, Tenant, added_member, group, patch, patch_one, until, user};

/// What the command says; `differs` is whether it is to say by its exit code that something differs.
fn drift(system: &System, tenant: &Tenant, store: &str, more: &[&str], differs: bool) -> Value {
    let arguments = [&["store", "drift", &tenant.name, store, "--json"], more].concat();
    system.tenantry(&arguments).expect(if differs { 6 } else { 0 }).json()
}

/// How many are missing, extra and different of users, groups and memberships.
fn counts(report: &Value) -> [[u64; 3]; 3] {
    ["users", "groups", "memberships"].map(|kind| {
        ["missing", "extra", "different"]
            .map(|how| report[kind][how].as_u64().unwrap_or_else(|| panic!("no {kind} {how} in {report}")))
    })
}

const NOTHING: [[u64; 3]; 3] = [[0; 3]; 3];

/// The difference of this one.
fn of<'a>(report: &'a Value, id: &str) -> &'a Value {
    let listed = report["differences"].as_array().expect("a list");
    listed.iter().find(|found| found["id"] == id).unwrap_or_else(|| panic!("{id} is not in {report}"))
}

async fn id_of(tenant: &Tenant, name: &str) -> String {
    tenant.client().find("Users", &format!("userName eq \"{name}\"")).await.expect(200).ids().remove(0)
}

async fn team_of(tenant: &Tenant) -> String {
    tenant.client().find("Groups", "displayName eq \"the team\"").await.expect(200).ids().remove(0)
}

impl Kept {
    /// Somebody changes rows by hand, removes some and adds some.
    async fn meddle(&self, [ada, bob, dan, team]: [&str; 4]) {
        let [groups, _] = words(&self.open().await);
        let nobody = "00000000-0000-7000-8000-000000000000";
        for statement in [
            format!("UPDATE users SET title = 'Boss' WHERE id = '{ada}'"),
            format!("DELETE FROM users WHERE id = '{dan}'"),
            format!(
                "INSERT INTO users (id, user_name, active, data, version, changed_at, generation) \
                 SELECT '{nobody}', 'ghost', active, data, version, changed_at, generation FROM users WHERE id = '{bob}'"
            ),
            format!("UPDATE {groups} SET display_name = 'their team' WHERE id = '{team}'"),
            format!("DELETE FROM memberships WHERE member_id = '{bob}'"),
            format!("INSERT INTO memberships (group_id, member_id, generation) VALUES ('{team}', '{dan}', 0)"),
            format!("INSERT INTO memberships (group_id, member_id, generation) VALUES ('{nobody}', '{ada}', 0)"),
        ] {
            self.execute(&statement).await;
        }
    }

    async fn is_mended(&self, system: &System, tenant: &Tenant) {
        let clean = drift(system, tenant, self.name, &[], false);
        assert_eq!((counts(&clean), &clean["compared"], &clean["total"]), (NOTHING, &json!(4), &json!(4)), "{clean}");
        let [ada, bob, dan] = [id_of(tenant, "ada").await, id_of(tenant, "bob").await, id_of(tenant, "dan").await];
        let team = team_of(tenant).await;
        self.meddle([&ada, &bob, &dan, &team]).await;
        let found = drift(system, tenant, self.name, &[], true);
        assert_eq!(counts(&found), [[1, 1, 1], [0, 0, 1], [1, 2, 0]], "{}: {found}", self.name);
        assert_eq!(of(&found, &dan)["what"], "missing");
        assert_eq!(of(&found, &ada)["attributes"], json!(["title"]));
        assert_eq!(of(&found, &team)["attributes"], json!(["displayName"]));
        assert!(!found.to_string().contains("Boss"), "values are not shown");
        let rows = self.rows("SELECT COUNT(*) FROM users WHERE title = 'Boss' OR user_name = 'ghost'").await;
        assert_eq!(rows, 2, "nothing is changed that was not asked for");
        let repaired = drift(system, tenant, self.name, &["--repair"], false);
        assert_eq!(counts(&repaired), counts(&found), "what was listed is mended");
        assert_eq!((&repaired["repaired"], &repaired["remaining"]), (&json!(7), &json!(0)), "{repaired}");
        assert_eq!(counts(&drift(system, tenant, self.name, &[], false)), NOTHING);
        // It is fed again.
        tenant.client().post("/Users", &user(&format!("eve-{}", self.name))).await.expect(201);
        self.is_as_the_directory(system, tenant).await;
    }
}

/// Somebody works in the second directory with its own client.
async fn meddle_there(pair: &Pair) {
    let there = pair.there.client();
    let dan = pair.found_there("dan").await["id"].as_str().expect("an id").to_owned();
    let ada = pair.found_there("ada").await["id"].as_str().expect("an id").to_owned();
    there.patch(&format!("/Users/{ada}"), &patch_one("replace", "title", "Boss")).await.expect(200);
    let team = team_of(&pair.there).await;
    let gone = json!({ "op": "remove", "path": format!("members[value eq \"{ada}\"]") });
    let renamed = json!({ "op": "replace", "path": "displayName", "value": "their team" });
    there.patch(&format!("/Groups/{team}"), &patch(&[gone, renamed])).await.expect(200);
    let stranger = there.post("/Users", &user("stranger")).await.expect(201).id();
    for member in [&dan, &stranger] {
        there.patch(&format!("/Groups/{team}"), &added_member(member)).await.expect(200);
    }
    let bob = pair.found_there("bob").await["id"].as_str().expect("an id").to_owned();
    there.delete(&format!("/Users/{bob}")).await.expect(204);
}

on_both! {
    /// Each kind of database: a row changed, one deleted, one added, memberships removed and added.
    async fn a_database_is_compared_and_brought_into_line(database: Database) {
        let system = start(database).await;
        for (number, name) in ["drift-file", "drift-postgres", "drift-mariadb"].into_iter().enumerate() {
            let tenant = system.tenant(name);
            let kept = match number {
                0 => Kept::in_a_file(&system, &tenant),
                1 => Kept::in_postgres(&system, &tenant).await,
                _ => Kept::in_mariadb(&system, &tenant).await,
            };
            a_days_work(&tenant).await;
            kept.is_as_the_directory(&system, &tenant).await;
            kept.is_mended(&system, &tenant).await;
        }
    }

    /// Another service: what is not ours there is neither told nor touched.
    async fn a_downstream_is_compared_and_brought_into_line(database: Database) {
        let pair = Row::shared(database).await.pair("drift");
        pair.join_directly();
        a_days_work(&pair.here).await;
        pair.agree().await;
        let (first, here) = (&pair.row.first, &pair.here);
        let clean = drift(first, here, STORE, &[], false);
        assert_eq!((counts(&clean), &clean["compared"]), (NOTHING, &json!(4)), "{clean}");
        meddle_there(&pair).await;
        let before = Shape::of(&pair.there).await;
        let found = drift(first, here, STORE, &[], true);
        // Bob is gone there, and with him his membership; ada was taken out, dan put in.
        assert_eq!(counts(&found), [[1, 0, 1], [0, 0, 1], [2, 1, 0]], "{found}");
        assert_eq!(of(&found, &id_of(here, "bob").await)["what"], "missing");
        assert_eq!(of(&found, &id_of(here, "ada").await)["attributes"], json!(["title"]));
        assert_eq!(of(&found, &team_of(here).await)["attributes"], json!(["displayName"]));
        assert_eq!(Shape::of(&pair.there).await, before, "nothing is changed that was not asked for");
        let text = first.tenantry(&["store", "drift", &here.name, STORE]).expect(6).stdout;
        assert!(text.contains("6 differ. Nothing was changed"), "{text}");
        let repaired = drift(first, here, STORE, &["--repair"], false);
        assert_eq!((&repaired["repaired"], &repaired["remaining"]), (&json!(6), &json!(0)), "{repaired}");
        let mut after = Shape::of(&pair.there).await;
        assert!(after.users.remove("stranger").is_some(), "who is not ours stays");
        assert!(after.groups.get_mut("the team").expect("the team").1.remove("stranger"), "also in the group");
        assert_eq!(after, Shape::of(here).await);
        assert_eq!(counts(&drift(first, here, STORE, &[], false)), NOTHING);
        // It is fed again.
        here.client().post("/Users", &user("eve")).await.expect(201);
        pair.caught_up().await;
        pair.found_there("eve").await;
    }

    /// What a store is still to get is no drift, and a repair does not bring what comes afterwards.
    async fn what_is_on_its_way_is_no_drift(system) {
        let tenant = system.tenant("lagging");
        add_store(&system, &tenant, "users", "sql", &["url=sqlite://users.db"]);
        a_days_work(&tenant).await;
        caught_up(&system, &tenant, "users").await;
        system.tenantry(&["store", "pause", &tenant.name, "users"]).expect(0);
        let (client, ada, team) = (tenant.client(), id_of(&tenant, "ada").await, team_of(&tenant).await);
        let eve = client.post("/Users", &user("eve")).await.expect(201).id();
        client.patch(&format!("/Users/{ada}"), &patch_one("replace", "title", "Head")).await.expect(200);
        client.patch(&format!("/Groups/{team}"), &added_member(&eve)).await.expect(200);
        for more in [&[][..], &["--repair"]] {
            let found = drift(&system, &tenant, "users", more, false);
            assert_eq!((counts(&found), &found["under_way"]), (NOTHING, &json!(3)), "{found}");
        }
        let paused = show_store(&system, &tenant, "users");
        assert_eq!((&paused["state"], &paused["lag"]), (&json!("paused"), &json!(3)), "it is as it was");
        system.tenantry(&["store", "resume", &tenant.name, "users"]).expect(0);
        caught_up(&system, &tenant, "users").await;
        assert_eq!(counts(&drift(&system, &tenant, "users", &[], false)), NOTHING);
    }

    /// Clients change the directory all the time: nothing is taken for drift, and no change is lost.
    async fn clients_write_meanwhile(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("busy");
        let kept = Kept::in_postgres(&system, &tenant).await;
        a_days_work(&tenant).await;
        kept.is_as_the_directory(&system, &tenant).await;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut clients = JoinSet::new();
        for number in 0..2 {
            let (client, stopped) = (tenant.client(), stopped.clone());
            clients.spawn(async move {
                let team = client.post("/Groups", &group(&format!("team-{number}"), &[])).await.expect(201).id();
                for round in 0.. {
                    if *stopped.borrow() {
                        return round;
                    }
                    let id = client.post("/Users", &user(&format!("user-{number}-{round}"))).await.expect(201).id();
                    client.patch(&format!("/Groups/{team}"), &added_member(&id)).await.expect(200);
                    let title = patch_one("replace", "title", json!(format!("Title {round}")));
                    client.patch(&format!("/Users/{id}"), &title).await.expect(200);
                    if round % 3 == 0 {
                        client.send(Request::new("DELETE", format!("/Users/{id}"))).await.expect(204);
                    }
                }
                0
            });
        }
        for _ in 0..4 {
            assert_eq!(counts(&drift(&system, &tenant, kept.name, &[], false)), NOTHING);
            let before = show_store(&system, &tenant, kept.name)["position"].clone();
            until("the store to be fed again", async || {
                (show_store(&system, &tenant, kept.name)["position"] != before).then_some(())
            })
            .await;
        }
        // Somebody removes a row of one whom nobody changes now.
        let dan = id_of(&tenant, "dan").await;
        kept.execute(&format!("DELETE FROM users WHERE id = '{dan}'")).await;
        let repaired = drift(&system, &tenant, kept.name, &["--repair"], false);
        assert_eq!(counts(&repaired), [[1, 0, 0], [0; 3], [0; 3]], "{repaired}");
        stop.send_replace(true);
        clients.join_all().await;
        kept.is_as_the_directory(&system, &tenant).await;
        assert_eq!(counts(&drift(&system, &tenant, kept.name, &[], false)), NOTHING);
    }

    /// What a store does not get cannot differ.
    async fn the_filter_of_a_store_is_respected(system) {
        let tenant = system.tenant("filtered");
        let options = ["url=sqlite://users.db", "types=[\"user.*\"]", "attributes=[\"title\"]"];
        add_store(&system, &tenant, "users", "sql", &options);
        a_days_work(&tenant).await;
        let dan = id_of(&tenant, "dan").await;
        tenant.client().patch(&format!("/Users/{dan}"), &patch_one("replace", "nickName", "Danny")).await.expect(200);
        caught_up(&system, &tenant, "users").await;
        let clean = drift(&system, &tenant, "users", &[], false);
        assert_eq!((counts(&clean), &clean["compared"], &clean["under_way"]), (NOTHING, &json!(3), &json!(0)), "{clean}");
        let url = format!(
            "sqlite://{}",
            system.server().data_folder().join("stores").join(&tenant.name).join("users.db").display()
        );
        crate::support::database::change(&url, "UPDATE users SET title = 'Boss', nick_name = 'Boss'").await;
        let found = drift(&system, &tenant, "users", &["--repair"], false);
        assert_eq!(counts(&found), [[0, 0, 3], [0; 3], [0; 3]], "{found}");
        assert_eq!(of(&found, &dan)["attributes"], json!(["title"]));
    }

    /// Sentences and exit codes tell what is wrong.
    async fn a_comparison_that_cannot_be_made_is_refused(system) {
        let tenant = system.tenant("refused");
        add_store(&system, &tenant, "file", "file", &["name=events.jsonl"]);
        for (name, code, sentence) in [
            ("nobody", 3, "no store named"),
            ("file", 2, "cannot be compared"),
        ] {
            let answer = system.tenantry(&["store", "drift", &tenant.name, name]).expect(code);
            assert!(answer.stderr.contains(sentence), "{name}: {}", answer.stderr);
        }
        system.tenantry(&["store", "drift", &tenant.name]).expect(2);
    }
}

/// A store that is not there any more, and one whose service does not answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_does_not_answer_is_told() {
    let system = start(crate::support::Database::Sqlite).await;
    let tenant = system.tenant("silent");
    let settings = ["--from-now", "url=http://127.0.0.1:9/scim/v2", "token=x"];
    add_store(&system, &tenant, "away", "scim", &settings);
    let answer = system.tenantry(&["store", "drift", &tenant.name, "away"]).expect(5);
    assert!(answer.stderr.contains("cannot be reached"), "{}", answer.stderr);
    assert_eq!(State::of_directory(&tenant).await, State::default());
}
