//! What clients do that the RFC does not foresee, where no fixture alone shows it.

use serde_json::json;

use crate::support::{Request, added_member, group, patch_one, user};

on_both! {
    /// A client that lost the answer sends the POST again: it is told, and finds what it made.
    async fn q38_q54_a_repeated_post_is_told_and_finds_the_first(system) {
        let client = system.tenant("again").client();
        let id = client.post("/Users", &user("ada")).await.expect(201).id();
        for _ in 0..2 {
            client.post("/Users", &user("ada")).await.refused(409, Some("uniqueness"));
        }
        assert_eq!(client.find("Users", "userName eq \"ada\"").await.expect(200).ids(), [id]);
    }

    /// authentik puts the whole resource with its id into a PATCH value.
    async fn q39_an_id_inside_a_value_is_passed_over(system) {
        let client = system.tenant("ids").client();
        let created = client.post("/Users", &user("ada")).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let whole = json!({ "op": "replace", "value": { "id": created.id(), "userName": "ada", "title": "Lead" } });
        let patched = client.patch(&path, &crate::support::patch(&[whole])).await.expect(200);
        assert_eq!((patched.id(), &patched.body["title"]), (created.id(), &json!("Lead")));
    }

    /// Every spelling of the two media types, and none at all.
    async fn q41_both_json_types_are_taken_with_any_parameters_or_none(system) {
        let client = system.tenant("media").client();
        for (number, media) in [
            Some("application/scim+json"),
            Some("application/scim+json; charset=utf-8"),
            Some("application/json"),
            Some("Application/JSON;charset=UTF-8"),
            Some("application/json; odata.metadata=minimal"),
            None,
        ]
        .into_iter()
        .enumerate()
        {
            let request = Request::new("POST", "/Users").body(user(&format!("user-{number}")).to_string());
            let request = media.map_or(request.clone(), |media| request.header("content-type", media));
            client.send(request).await.expect(201);
        }
        let request = Request::new("POST", "/Users").body("userName=ada");
        client.send(request.header("content-type", "application/x-www-form-urlencoded")).await.expect(415);
    }

    /// Entra takes 200 and 204 for a PATCH of a group; a small one is shown, and nothing when nothing is wanted.
    async fn q47_a_patched_group_is_shown_unless_the_client_wants_nothing(system) {
        let client = system.tenant("groups").client();
        let ada = client.post("/Users", &user("ada")).await.expect(201).id();
        let team = client.post("/Groups", &group("team", &[])).await.expect(201).id();
        let path = format!("/Groups/{team}");
        assert_eq!(client.patch(&path, &added_member(&ada)).await.expect(200).members(), [ada]);
        let change = patch_one("replace", "displayName", json!("crew"));
        let minimal = Request::new("PATCH", path).header("prefer", "wait=60").header("prefer", "return=minimal").json(&change);
        let answer = client.send(minimal).await.expect(204);
        assert_eq!(answer.header("preference-applied"), Some("return=minimal"));
    }

    /// A replace of `members` means exactly these, however few.
    async fn q52_a_replace_of_members_is_not_additive(system) {
        let client = system.tenant("replaced").client();
        let ada = client.post("/Users", &user("ada")).await.expect(201).id();
        let bob = client.post("/Users", &user("bob")).await.expect(201).id();
        let team = client.post("/Groups", &group("team", &[&ada])).await.expect(201).id();
        let path = format!("/Groups/{team}");
        let replaced = client.patch(&path, &patch_one("replace", "members", json!([{ "value": bob }]))).await.expect(200);
        assert_eq!(replaced.members(), [bob]);
    }

    /// Names of groups may repeat, unless the tenant's settings say that they may not.
    async fn q53_group_names_are_unique_where_the_tenant_wants_it(system) {
        let tenant = system.tenant("named");
        let client = tenant.client();
        client.post("/Groups", &group("team", &[])).await.expect(201);
        client.post("/Groups", &group("Team", &[])).await.expect(201);
        let strict = system.tenant_with("named", &json!({ "unique_group_names": true }));
        let client = strict.client();
        client.post("/Groups", &group("team", &[])).await.expect(201);
        client.post("/Groups", &group("TEAM", &[])).await.refused(409, Some("uniqueness"));
        let crew = client.post("/Groups", &group("crew", &[])).await.expect(201).id();
        let rename = patch_one("replace", "displayName", json!("Team"));
        client.patch(&format!("/Groups/{crew}"), &rename).await.refused(409, Some("uniqueness"));
    }
}
