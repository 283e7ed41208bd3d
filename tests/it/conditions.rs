//! Versions: `ETag`, If-Match, If-None-Match (RFC 7644 section 3.14). The fixtures have the single cases.

use serde_json::json;

use crate::support::{Client, Request, group, patch_one, user};

on_both! {
    /// R16: whatever form the list of tags has.
    async fn r016_a_known_version_is_304(system) {
        let client = system.tenant("tags").client();
        let created = client.post("/Users", &user("ada")).await.expect(201);
        let (path, tag) = (format!("/Users/{}", created.id()), created.header("etag").expect("a tag").to_owned());
        let strong = tag.trim_start_matches("W/").to_owned();
        for known in [tag.clone(), strong, "*".to_owned(), format!("W/\"x\", {tag}"), format!("{tag},W/\"x\"")] {
            let answer = client.send(Request::new("GET", &path).header("if-none-match", &known)).await;
            assert_eq!(answer.status, 304, "{known}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()));
        }
        for unknown in ["W/\"x\"", "\"\"", "nonsense"] {
            client.send(Request::new("GET", &path).header("if-none-match", unknown)).await.expect(200);
        }
    }

    /// A user's document shows its groups, so what is cached must not hide a new one.
    async fn a_304_never_hides_a_change_that_a_read_would_show(system) {
        let client = system.tenant("tags").client();
        let created = client.post("/Users", &user("ada")).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let tag = created.header("etag").expect("a tag").to_owned();
        client.post("/Groups", &group("team", &[&created.id()])).await.expect(201);
        let now = client.send(Request::new("GET", &path).header("if-none-match", &tag)).await;
        if now.status == 304 {
            let read = client.get(&path).await.expect(200);
            assert!(read.body.get("groups").is_none(), "304, but a read shows the group");
        }
    }

    /// R17: a stale version changes nothing, whatever the method.
    async fn r017_a_stale_version_is_412_and_changes_nothing(system) {
        let client = system.tenant("tags").client();
        for (kind, body) in [("Users", user("ada")), ("Groups", group("team", &[]))] {
            let created = client.post(&format!("/{kind}"), &body).await.expect(201);
            let path = format!("/{kind}/{}", created.id());
            let tag = created.header("etag").expect("a tag").to_owned();
            let changed = client.patch(&path, &patch_one("replace", "displayName", json!("changed"))).await.expect(200);
            let stale = client.clone().with("if-match", tag);
            stale.put(&path, &body).await.expect(412);
            stale.patch(&path, &patch_one("replace", "displayName", json!("stale"))).await.expect(412);
            stale.delete(&path).await.expect(412);
            assert_eq!(client.get(&path).await.expect(200).body, changed.body);
        }
    }

    /// R17: the right one lets the change through, in a list or as a star.
    async fn r017_the_right_version_lets_the_change_through(system) {
        let client = system.tenant("tags").client();
        let created = client.post("/Users", &user("ada")).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let mut tag = created.header("etag").expect("a tag").to_owned();
        for (number, form) in ["TAG", "*", "W/\"0\", TAG", "TAG , W/\"0\""].into_iter().enumerate() {
            let change = patch_one("replace", "title", json!(format!("title {number}")));
            let request = Request::new("PATCH", &path).header("if-match", form.replace("TAG", &tag)).json(&change);
            let answer = client.send(request).await.expect(200);
            assert_ne!(answer.header("etag"), Some(tag.as_str()));
            answer.header("etag").expect("a tag").clone_into(&mut tag);
        }
        // Several lines are one list (RFC 9110 section 5.3).
        let stale = Request::new("DELETE", &path).header("if-match", "W/\"0\"").header("if-match", "W/\"x\"");
        client.send(stale).await.expect(412);
        let known = Request::new("GET", &path).header("if-none-match", "W/\"0\"").header("if-none-match", &tag);
        assert_eq!(client.send(known).await.status, 304);
        let right = Request::new("DELETE", &path).header("if-match", "W/\"0\"").header("if-match", &tag);
        client.send(right).await.expect(204);
    }

    /// Versions only grow, and a read shows the version of the last write.
    async fn r040_every_answer_with_the_resource_has_its_version(system) {
        let client = system.tenant("tags").client();
        let created = client.post("/Users", &user("ada")).await.expect(201);
        let path = format!("/Users/{}", created.id());
        let changed = client.patch(&path, &patch_one("replace", "title", json!("x"))).await.expect(200);
        assert_ne!(version(&created.body), version(&changed.body));
        assert_eq!(read_version(&client, &path).await, version(&changed.body));
        let listed = client.get("/Users").await.expect(200);
        assert_eq!(version(&listed.resources()[0]), version(&changed.body));
        assert_eq!(created.body["meta"]["created"], changed.body["meta"]["created"], "created stays (R39)");
        assert_eq!(created.body["meta"]["created"], created.body["meta"]["lastModified"], "R39");
    }
}

fn version(resource: &serde_json::Value) -> String {
    resource["meta"]["version"].as_str().expect("a version").to_owned()
}

async fn read_version(client: &Client, path: &str) -> String {
    version(&client.get(path).await.expect(200).body)
}
