//! Lists (RFC 7644 section 3.4.2, RFC 9865).

use serde_json::json;

use crate::support::{Client, patch_one, user};

on_both! {
    /// There is no `tooMany`: a result of any size is paged.
    async fn r126_large_results_are_paged_and_never_too_many(system) {
        let client = system.tenant("pages").client();
        create(&client, 5).await;
        let all = client.get("/Users?count=1000000").await.expect(200);
        assert_eq!((all.total(), all.resources().len()), (5, 5));
        let evaluated = client.get("/Users?filter=displayName%20co%20%22user%22&count=2").await.expect(200);
        assert_eq!((evaluated.total(), evaluated.resources().len()), (5, 2));
    }

    /// Sorting is announced, so it happens; a name that nothing is sorted by is told instead of being passed over.
    async fn r128_sort_by_is_obeyed_because_it_is_announced(system) {
        let client = system.tenant("sorted").client();
        create(&client, 3).await;
        assert_eq!(client.get("/ServiceProviderConfig").await.expect(200).body["sort"], json!({ "supported": true }));
        let sorted = client.get("/Users?sortBy=userName&sortOrder=descending").await.expect(200);
        let names: Vec<_> = sorted.resources().iter().map(|user| user["userName"].clone()).collect();
        assert_eq!(names, [json!("user-2"), json!("user-1"), json!("user-0")]);
    }

    /// What is announced about pages is what happens.
    async fn r138_paging_is_announced_as_it_is(system) {
        let client = system.tenant("announced").client();
        let announced = client.get("/ServiceProviderConfig").await.expect(200).body;
        let paging = json!({
            "cursor": true, "index": true, "defaultPaginationMethod": "index",
            "defaultPageSize": 100, "maxPageSize": 200, "cursorTimeout": 600,
        });
        assert_eq!((&announced["pagination"], &announced["filter"]["maxResults"]), (&paging, &json!(200)));
        create(&client, 205).await;
        assert_eq!(client.get("/Users").await.expect(200).resources().len(), 100);
        assert_eq!(client.get("/Users?count=500").await.expect(200).resources().len(), 200);
        assert_eq!(client.get("/Users?cursor").await.expect(200).resources().len(), 100);
        client.get("/Users?cursor&count=500").await.refused(400, Some("invalidCount"));
    }

    /// An empty answer is a list like any other, with numbers that are numbers.
    async fn q20_q33_q34_no_match_is_an_empty_list_of_numbers(system) {
        let client = system.tenant("nobody").client();
        for path in [
            "/Users?startIndex=1&count=2",
            "/Users?filter=userName%20eq%20%22nobody%22&startIndex=1&count=100",
            "/Groups?excludedAttributes=members&filter=displayName+eq+%22nobody%22",
            "/Groups?startIndex=1&count=100",
        ] {
            let empty = client.get(path).await.expect(200);
            assert_eq!(empty.body, json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
                "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
            }), "{path}");
        }
    }

    /// Who is deactivated is still there: readable, and found by name.
    async fn q29_q44_a_deactivated_user_is_found_and_read(system) {
        let client = system.tenant("inactive").client();
        let id = client.post("/Users", &user("ada")).await.expect(201).id();
        let path = format!("/Users/{id}");
        client.patch(&path, &patch_one("Replace", "active", json!("False"))).await.expect(200);
        assert_eq!(client.get(&path).await.expect(200).body["active"], json!(false));
        let found = client.find("Users", "userName eq \"ADA\"").await.expect(200);
        assert_eq!((found.ids(), &found.resources()[0]["active"]), (vec![id], &json!(false)));
        client.post("/Users", &user("ada")).await.refused(409, Some("uniqueness"));
    }
}

async fn create(client: &Client, count: usize) {
    for number in 0..count {
        client.post("/Users", &user(&format!("user-{number}"))).await.expect(201);
    }
}
