//! What a token may do: every route with every scope.

use serde_json::{Value, json};

use crate::support::{Client, Request, System, Tenant, group, patch_one, urn, user};

/// A request, the type it is about (`U`, `G`, or none), and whether it changes something.
struct Asked {
    request: Request,
    kind: Option<char>,
    writes: bool,
}

fn asked(kind: Option<char>, writes: bool, request: Request) -> Asked {
    Asked { request, kind, writes }
}

/// Every method and path there is for resources.
fn routes(user_id: &str, group_id: &str, turn: usize) -> Vec<Asked> {
    let (at_user, at_group) = (format!("/Users/{user_id}"), format!("/Groups/{group_id}"));
    let search = json!({ "schemas": [urn::SEARCH], "count": 0 });
    let rename = |attribute: &str| patch_one("replace", attribute, json!(format!("renamed-{turn}")));
    vec![
        asked(Some('U'), false, Request::new("GET", "/Users")),
        asked(Some('U'), false, Request::new("HEAD", "/Users")),
        asked(Some('U'), false, Request::new("GET", &at_user)),
        asked(Some('U'), false, Request::new("HEAD", &at_user)),
        asked(Some('U'), false, Request::new("POST", "/Users/.search").json(&search)),
        asked(Some('U'), true, Request::new("POST", "/Users").json(&user(&format!("new-{turn}")))),
        asked(Some('U'), true, Request::new("PUT", &at_user).json(&user(&format!("put-{turn}")))),
        asked(Some('U'), true, Request::new("PATCH", &at_user).json(&rename("title"))),
        asked(Some('G'), false, Request::new("GET", "/Groups")),
        asked(Some('G'), false, Request::new("GET", &at_group)),
        asked(Some('G'), false, Request::new("POST", "/Groups/.search").json(&search)),
        asked(Some('G'), true, Request::new("POST", "/Groups").json(&group("new", &[]))),
        asked(Some('G'), true, Request::new("PUT", &at_group).json(&group("put", &[]))),
        asked(Some('G'), true, Request::new("PATCH", &at_group).json(&rename("displayName"))),
        asked(None, false, Request::new("GET", "/")),
        asked(None, false, Request::new("POST", "/.search").json(&search)),
        asked(None, false, Request::new("GET", "/ServiceProviderConfig")),
        asked(None, false, Request::new("GET", "/ResourceTypes")),
        asked(None, false, Request::new("GET", "/Schemas")),
        asked(None, true, Request::new("POST", "/Bulk").json(&json!({ "schemas": [urn::BULK], "Operations": [] }))),
        // Last: what was looked at before is gone afterwards.
        asked(Some('U'), true, Request::new("DELETE", &at_user)),
        asked(Some('G'), true, Request::new("DELETE", &at_group)),
    ]
}

const SCOPES: [&[&str]; 7] = [
    &[],
    &["read-only"],
    &["users"],
    &["groups"],
    &["users", "groups"],
    &["read-only", "users"],
    &["read-only", "groups"],
];

fn allows(scopes: &[&str], kind: Option<char>, writes: bool) -> bool {
    let named = |kind: char| scopes.contains(&if kind == 'U' { "users" } else { "groups" });
    let restricted = scopes.contains(&"users") || scopes.contains(&"groups");
    (!writes || !scopes.contains(&"read-only")) && kind.is_none_or(|kind| !restricted || named(kind))
}

fn scoped(system: &System, tenant: &Tenant, scopes: &[&str]) -> Client {
    let mut arguments = vec!["token", "issue", tenant.name.as_str(), "--json", "--mode", "strict"];
    scopes.iter().for_each(|scope| arguments.extend(["--scope", scope]));
    let issued = system.tenantry(&arguments).expect(0).json();
    assert_eq!(issued["scopes"].as_array().map(Vec::len), Some(scopes.len()), "{issued}");
    tenant.client().with_token(issued["token"].as_str().expect("a token"))
}

on_both! {
    /// A route that is out of scope is 403 with a sentence, whatever is sent; all others work.
    async fn every_route_is_open_to_its_scopes_alone(system) {
        let tenant = system.tenant("scopes");
        for (turn, scopes) in SCOPES.into_iter().enumerate() {
            let all = scoped(&system, &tenant, &[]);
            let ada = all.post("/Users", &user(&format!("ada-{turn}"))).await.expect(201).id();
            let team = all.post("/Groups", &group("team", &[])).await.expect(201).id();
            let client = scoped(&system, &tenant, scopes);
            for Asked { request, kind, writes } in routes(&ada, &team, turn) {
                let answer = client.send(request).await;
                let allowed = allows(scopes, kind, writes);
                assert_eq!(answer.status == 403, !allowed, "{scopes:?}: {} is {} {}", answer.request, answer.status, answer.text);
                assert!(answer.status != 401 && answer.status < 500, "{} {}", answer.request, answer.text);
                if !allowed && !answer.text.is_empty() {
                    assert!(answer.body["detail"].as_str().is_some_and(|detail| detail.contains("token is")), "{}", answer.text);
                }
                if !allowed {
                    let challenge = answer.header("www-authenticate").expect("a challenge");
                    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
                }
            }
        }
    }

    /// A body that could not be read either way is not looked at.
    async fn what_is_out_of_scope_is_refused_before_its_body(system) {
        let tenant = system.tenant("scopes");
        let client = scoped(&system, &tenant, &["read-only"]);
        for path in ["/Users", "/Groups", "/Bulk"] {
            client.send(Request::new("POST", path).body("{ nonsense")).await.expect(403);
        }
    }

    /// Lists of everything hold what is in scope, and count nothing else.
    async fn lists_of_all_types_are_narrowed(system) {
        let tenant = system.tenant("scopes");
        let all = scoped(&system, &tenant, &[]);
        let ada = all.post("/Users", &user("ada")).await.expect(201).id();
        let team = all.post("/Groups", &group("team", &[])).await.expect(201).id();
        let search = json!({ "schemas": [urn::SEARCH] });
        for (scopes, expected) in [
            (&["users"][..], vec![ada.clone()]),
            (&["groups"], vec![team.clone()]),
            (&["read-only"], vec![ada.clone(), team.clone()]),
        ] {
            let client = scoped(&system, &tenant, scopes);
            for answer in [client.get("/").await, client.post("/.search", &search).await, client.get("/?cursor").await] {
                let mut ids = answer.expect(200).ids();
                ids.sort();
                let mut expected = expected.clone();
                expected.sort();
                assert_eq!(ids, expected, "{scopes:?}");
            }
            assert_eq!(client.get("/?count=0").await.expect(200).total(), u64::try_from(expected.len()).expect("few"));
        }
        // A filter does not get around it.
        let client = scoped(&system, &tenant, &["users"]);
        assert_eq!(client.get(&format!("/?filter=id%20eq%20%22{team}%22")).await.expect(200).total(), 0);
    }

    /// Each operation of a bulk request is looked at by itself.
    async fn each_bulk_operation_needs_its_scope(system) {
        let tenant = system.tenant("scopes");
        let all = scoped(&system, &tenant, &[]);
        let team = all.post("/Groups", &group("team", &[])).await.expect(201).id();
        let at_team = format!("/Groups/{team}");
        let client = scoped(&system, &tenant, &["users"]);
        let operations = json!({ "schemas": [urn::BULK], "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": user("ada") },
            { "method": "POST", "path": "/Groups", "bulkId": "b", "data": group("other", &[]) },
            { "method": "PATCH", "path": at_team, "data": patch_one("replace", "displayName", json!("x")) },
            { "method": "PUT", "path": at_team, "data": group("x", &[]) },
            { "method": "DELETE", "path": at_team },
        ]});
        let done = client.post("/Bulk", &operations).await.expect(200);
        let statuses: Vec<&Value> = done.body["Operations"].as_array().expect("operations").iter().map(|one| &one["status"]).collect();
        assert_eq!(statuses, ["201", "403", "403", "403", "403"]);
        assert!(done.body["Operations"][1]["response"]["detail"].as_str().is_some_and(|detail| detail.contains("not for groups")), "{}", done.text);
        let all = scoped(&system, &tenant, &[]);
        assert_eq!(all.get(&at_team).await.expect(200).body["displayName"], "team");
        assert_eq!(all.get("/Groups").await.expect(200).total(), 1);
    }
}
