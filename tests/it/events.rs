//! Every change comes out as a numbered event; what changes nothing comes out as none.

use serde_json::{Value, json};

use crate::support::{Client, System, Tenant, added_member, group, patch, patch_one, urn, user};

on_both! {
    /// One event of every kind, in the order of the changes.
    async fn every_change_comes_out_as_its_kind_of_event(system) {
        let tenant = system.tenant("events");
        let client = tenant.client();
        let ada = client.post("/Users", &user("ada")).await.expect(201).id();
        let bob = client.post("/Users", &user("bob")).await.expect(201).id();
        let (at_ada, at_bob) = (format!("/Users/{ada}"), format!("/Users/{bob}"));
        client.patch(&at_ada, &patch_one("replace", "title", json!("Lead"))).await.expect(200);
        client.patch(&at_ada, &patch_one("replace", "active", json!(false))).await.expect(200);
        client.patch(&at_ada, &patch_one("replace", "active", json!(true))).await.expect(200);
        let team = client.post("/Groups", &group("team", &[])).await.expect(201).id();
        let at_team = format!("/Groups/{team}");
        client.patch(&at_team, &added_member(&ada)).await.expect(200);
        client.patch(&at_team, &patch(&[json!({ "op": "remove", "path": format!("members[value eq \"{ada}\"]") })])).await.expect(200);
        client.patch(&at_team, &patch_one("replace", "displayName", json!("crew"))).await.expect(200);
        client.delete(&at_team).await.expect(204);
        client.delete(&at_bob).await.expect(204);
        let events = system.events(&tenant, 0);
        let told: Vec<(String, String)> = events.iter().map(|event| (text(&event["type"]), text(&event["subject"]))).collect();
        let expected = [
            ("user.created", format!("Users/{ada}")),
            ("user.created", format!("Users/{bob}")),
            ("user.updated", format!("Users/{ada}")),
            ("user.deactivated", format!("Users/{ada}")),
            ("user.activated", format!("Users/{ada}")),
            ("group.created", format!("Groups/{team}")),
            ("group.member_added", format!("Groups/{team}")),
            ("group.member_removed", format!("Groups/{team}")),
            ("group.updated", format!("Groups/{team}")),
            ("group.deleted", format!("Groups/{team}")),
            ("user.deleted", format!("Users/{bob}")),
        ];
        assert_eq!(told, expected.map(|(kind, subject)| (kind.to_owned(), subject)));
        check_envelopes(&system.all_events(&tenant, 0), &tenant);
    }

    /// The event says what is now, what changed with the old value, and who did it.
    async fn an_event_tells_the_state_the_change_and_the_client(system) {
        let tenant = system.tenant("events");
        let client = tenant.client().with("user-agent", "Okta SCIM Client 1.0.0");
        let mut body = user("mara");
        body["password"] = json!("hunter2-secret");
        let id = client.post("/Users", &body).await.expect(201).id();
        client.patch(&format!("/Users/{id}"), &patch_one("replace", "displayName", json!("Mara Lind"))).await.expect(200);
        let events = system.events(&tenant, 0);
        assert_eq!(events.len(), 2);
        assert!(!events.iter().any(|event| event.to_string().contains("hunter2-secret")), "no password in events");
        let data = &events[1]["data"];
        assert_eq!(data["user"]["displayName"], "Mara Lind");
        assert_eq!(data["user"]["id"], json!(id));
        assert_eq!(data["changed"], json!([{ "path": "displayName", "old": "The user mara", "new": "Mara Lind" }]));
        assert_eq!(data["client"], "okta");
        assert!(data["token"].is_string() && data["requestId"].is_string(), "{data}");
        assert!(!data.to_string().contains(&tenant.token), "the token itself is nowhere");
    }

    /// R79: what changes nothing keeps the version and tells nobody.
    async fn r079_what_changes_nothing_is_no_event(system) {
        let tenant = system.tenant("events");
        let client = tenant.client();
        let ada = client.post("/Users", &user("ada")).await.expect(201);
        let team = client.post("/Groups", &group("team", &[&ada.id()])).await.expect(201);
        let (at_ada, at_team) = (format!("/Users/{}", ada.id()), format!("/Groups/{}", team.id()));
        // Read again: the user shows its group since.
        let (ada, team) = (client.get(&at_ada).await.expect(200), client.get(&at_team).await.expect(200));
        let before = system.events(&tenant, 0).len();
        for body in [
            patch_one("replace", "active", json!(true)),
            patch_one("Replace", "active", json!("True")),
            patch_one("add", "displayName", json!("The user ada")),
            patch_one("replace", "title", json!(null)),
            patch(&[json!({ "op": "add", "path": "title", "value": "x" }), json!({ "op": "remove", "path": "title" })]),
        ] {
            let answer = client.patch(&at_ada, &body).await.expect(200);
            assert_eq!(answer.body["meta"], ada.body["meta"], "{body}");
        }
        for body in [
            added_member(&ada.id()),
            patch_one("replace", "members", json!([{ "value": ada.id() }])),
            patch_one("remove", "members", json!([{ "value": "01890a5d-ac96-774b-bcce-b302099a8057" }])),
            patch_one("replace", "displayName", json!("team")),
        ] {
            let answer = client.patch(&at_team, &body).await.expect(200);
            assert_eq!(answer.body["meta"], team.body["meta"], "{body}");
        }
        client.put(&at_ada, &user("ada")).await.expect(200);
        client.put(&at_team, &group("team", &[&ada.id()])).await.expect(200);
        assert_eq!(system.events(&tenant, 0).len(), before);
    }

    /// A refused request leaves no event.
    async fn r073_what_is_refused_is_no_event(system) {
        let tenant = system.tenant("events");
        let client = tenant.client();
        let id = client.post("/Users", &user("ada")).await.expect(201).id();
        client.post("/Users", &user("ADA")).await.refused(409, Some("uniqueness"));
        let operations = [json!({ "op": "replace", "path": "title", "value": "x" }), json!({ "op": "remove", "path": "userName" })];
        client.patch(&format!("/Users/{id}"), &patch(&operations)).await.refused(400, Some("mutability"));
        client.delete("/Users/nobody").await.expect(404);
        assert_eq!(system.events(&tenant, 0).len(), 1);
    }

    /// R63: a deleted user leaves its groups and its reports, and those change.
    async fn r063_deleting_a_user_changes_its_groups_and_its_reports(system) {
        let tenant = system.tenant("events");
        let client = tenant.client();
        let boss = client.post("/Users", &user("boss")).await.expect(201).id();
        let mut body = user("report");
        body["schemas"] = json!([urn::USER, urn::ENTERPRISE]);
        body[urn::ENTERPRISE] = json!({ "manager": { "value": boss }, "department": "Optics" });
        let report = client.post("/Users", &body).await.expect(201);
        let team = client.post("/Groups", &group("team", &[&boss, &report.id()])).await.expect(201);
        client.delete(&format!("/Users/{boss}")).await.expect(204);
        let team_now = client.get(&format!("/Groups/{}", team.id())).await.expect(200);
        assert_eq!(team_now.members(), [report.id()]);
        assert_ne!(team_now.body["meta"]["version"], team.body["meta"]["version"], "the group has changed");
        let report_now = client.get(&format!("/Users/{}", report.id())).await.expect(200);
        assert_eq!(report_now.body[urn::ENTERPRISE], json!({ "department": "Optics" }), "no dangling manager");
        check_envelopes(&system.all_events(&tenant, 0), &tenant);
    }

    /// Numbers are per tenant, from 1, in the order of the commits.
    async fn each_tenant_counts_for_itself(system) {
        let (one, other) = (system.tenant("events"), system.tenant("events"));
        for name in ["a", "b", "c"] {
            one.client().post("/Users", &user(name)).await.expect(201);
        }
        other.client().post("/Users", &user("a")).await.expect(201);
        assert_eq!(sequences(&system.all_events(&one, 0)), [1, 2, 3, 4]);
        assert_eq!(sequences(&system.all_events(&other, 0)), [1, 2]);
    }

    /// `--from` begins where a reader left off.
    async fn a_reader_goes_on_where_it_left_off(system) {
        let tenant = system.tenant("events");
        create(&tenant.client(), 5).await;
        let all = system.all_events(&tenant, 0);
        let rest = system.all_events(&tenant, 3);
        assert_eq!(sequences(&rest), [3, 4, 5, 6]);
        assert_eq!(rest, all[2..], "the same events again");
    }

    /// More than a page of events comes out whole.
    async fn many_events_come_out_without_a_gap(system) {
        let tenant = system.tenant("events");
        create_in_bulk(&tenant.client(), 1200).await;
        let events = system.all_events(&tenant, 0);
        assert_eq!(sequences(&events), (1..=1201).collect::<Vec<_>>());
    }
}

/// What CloudEvents 1.0 demands, and our numbers.
fn check_envelopes(events: &[Value], tenant: &Tenant) {
    let mut ids: Vec<String> = Vec::new();
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["source"], json!(format!("/tenants/{}", tenant.name)));
        assert_eq!(event["sequence"], json!(number + 1));
        let time = text(&event["time"]);
        let moment = time::OffsetDateTime::parse(&time, &time::format_description::well_known::Rfc3339);
        assert!(moment.is_ok(), "{time}");
        ids.push(text(&event["id"]));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "ids are unique");
}

fn sequences(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["sequence"].as_u64().expect("a number")).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

async fn create(client: &Client, count: usize) {
    for number in 0..count {
        client.post("/Users", &user(&format!("u{number}"))).await.expect(201);
    }
}

async fn create_in_bulk(client: &Client, count: usize) {
    let numbers: Vec<usize> = (0..count).collect();
    for part in numbers.chunks(600) {
        let operations: Vec<Value> = part
            .iter()
            .map(|number| {
                json!({ "method": "POST", "path": "/Users", "bulkId": format!("b{number}"),
                "data": { "schemas": [urn::USER], "userName": format!("u{number}") } })
            })
            .collect();
        let answer =
            client.post("/Bulk", &json!({ "schemas": [urn::BULK], "Operations": operations })).await.expect(200);
        let statuses = answer.body["Operations"].as_array().expect("operations");
        assert!(statuses.iter().all(|operation| operation["status"] == "201"));
    }
}

on_both! {
    /// Who follows hears of a change at once.
    async fn a_follower_hears_of_what_comes(system) {
        let tenant = system.tenant("events");
        create(&tenant.client(), 1).await;
        let mut follower = Follower::start(&system, &tenant);
        assert_eq!(follower.next()["sequence"], 1);
        tenant.client().post("/Users", &user("later")).await.expect(201);
        let event = tokio::task::block_in_place(|| follower.next());
        assert_eq!((&event["sequence"], &event["type"]), (&json!(2), &json!("user.created")));
    }
}

/// A running `events tail --follow`.
struct Follower {
    child: std::process::Child,
    lines: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
}

impl Follower {
    fn start(system: &System, tenant: &Tenant) -> Self {
        let arguments = ["events", "tail", tenant.name.as_str(), "--from", "0", "--follow", "--json"];
        let mut command = system.server().program(&arguments).into_command();
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().expect("a follower");
        let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("its output")));
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        let line = self.lines.next().expect("another event").expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
