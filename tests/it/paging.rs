//! Pages by index, also deep ones, and the order behind them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Client, group, patch_one, urn, user};

on_both! {
    /// R123–R125: every page deep in 1,500 users is the right one, with the true total.
    async fn r125_deep_pages_are_exact(system) {
        let client = system.tenant("deep").client();
        let ids = create_many(&client, 1500).await;
        for (start, count) in [(1, 100), (701, 100), (1401, 100), (1500, 1), (1499, 50), (1501, 10)] {
            let page = client.get(&format!("/Users?startIndex={start}&count={count}&attributes=id")).await.expect(200);
            let expected: Vec<String> = ids.iter().skip(start - 1).take(count).cloned().collect();
            assert_eq!(page.total(), 1500);
            assert_eq!(page.body["startIndex"], json!(start));
            assert_eq!(page.body["itemsPerPage"], json!(expected.len()));
            assert_eq!(page.ids(), expected, "from {start}");
        }
    }

    /// Deletions leave no holes that shift or repeat what comes after.
    async fn r125_pages_close_up_after_deletions(system) {
        let client = system.tenant("deep").client();
        let mut ids = create_many(&client, 60).await;
        for gone in [0, 17, 18, 40] {
            client.delete(&format!("/Users/{}", ids.remove(gone))).await.expect(204);
        }
        let mut seen = Vec::new();
        for start in (1..=56).step_by(10) {
            seen.extend(client.get(&format!("/Users?startIndex={start}&count=10")).await.expect(200).ids());
        }
        assert_eq!(seen, ids);
    }

    /// A change does not move a user to another page.
    async fn r125_the_order_is_that_of_creation_whatever_changes(system) {
        let client = system.tenant("deep").client();
        let ids = create_many(&client, 20).await;
        for id in ids.iter().step_by(3) {
            client.patch(&format!("/Users/{id}"), &patch_one("replace", "title", json!("moved"))).await.expect(200);
        }
        assert_eq!(client.get("/Users?count=20").await.expect(200).ids(), ids);
    }

    /// R123: never more than announced, however much is asked for.
    async fn r123_a_page_is_never_larger_than_announced(system) {
        let client = system.tenant("deep").client();
        create_many(&client, 230).await;
        let config = client.get("/ServiceProviderConfig").await.expect(200).body;
        let (most, usual) = (&config["pagination"]["maxPageSize"], &config["pagination"]["defaultPageSize"]);
        assert_eq!(config["filter"]["maxResults"], *most);
        assert_eq!(client.get("/Users?count=100000").await.expect(200).body["itemsPerPage"], *most);
        assert_eq!(client.get("/Users").await.expect(200).body["itemsPerPage"], *usual);
        assert_eq!(client.get("/Users?count=18446744073709551616").await.status, 200);
    }

    /// R127: sorted pages fit together, also with equal and missing values.
    async fn r127_sorted_pages_fit_together(system) {
        let client = system.tenant("sorted").client();
        for number in 0..30 {
            let mut body = user(&format!("s{number:02}"));
            if number % 3 != 0 {
                body["title"] = json!(["beta", "Alpha", "gamma"][number % 3]);
            }
            client.post("/Users", &body).await.expect(201);
        }
        for order in ["ascending", "descending"] {
            let mut titles = Vec::new();
            let mut ids = BTreeSet::new();
            for start in (1..=30).step_by(7) {
                let page = client.get(&format!("/Users?sortBy=title&sortOrder={order}&startIndex={start}&count=7")).await.expect(200);
                titles.extend(page.resources().iter().map(|user| user["title"].as_str().map(str::to_lowercase)));
                ids.extend(page.ids());
            }
            assert_eq!(ids.len(), 30, "{order}");
            // Missing last when ascending: as if it were larger than any text.
            let key = |title: &Option<String>| title.clone().unwrap_or_else(|| "\u{10ffff}".to_owned());
            let mut sorted = titles.clone();
            sorted.sort_by_key(key);
            if order == "descending" {
                sorted.reverse();
            }
            assert_eq!(titles, sorted, "{order}");
        }
    }

    /// Filters, pages and totals agree.
    async fn filtered_pages_have_the_total_of_the_filter(system) {
        let client = system.tenant("filtered").client();
        create_many(&client, 90).await;
        for filter in ["userName sw \"many-1\"", "displayName co \"many-1\"", "title eq null and userName co \"many-1\""] {
            let first = client.get(&format!("/Users?count=4&filter={}", crate::support::encode(filter))).await.expect(200);
            assert_eq!((first.total(), first.ids().len()), (11, 4), "{filter}");
            let rest = client.get(&format!("/Users?startIndex=5&count=100&filter={}", crate::support::encode(filter))).await.expect(200);
            assert_eq!(rest.ids().len(), 7, "{filter}");
        }
    }

    /// R77 and the decision on large groups: 200 with the members up to 200 of them, 204 beyond, reads as always.
    async fn r077_a_patch_of_a_large_group_answers_204(system) {
        let tenant = system.tenant("large");
        let client = tenant.client();
        let ids = create_many(&client, 205).await;
        let members: Vec<&str> = ids.iter().take(199).map(String::as_str).collect();
        let id = client.post("/Groups", &group("large", &members)).await.expect(201).id();
        let path = format!("/Groups/{id}");
        let add = |index: usize| patch_one("add", "members", json!([{ "value": ids[index] }]));
        assert_eq!(client.patch(&path, &add(199)).await.expect(200).members().len(), 200);
        let beyond = client.patch(&path, &add(200)).await.expect(204);
        assert!(beyond.header("etag").is_some(), "a 204 tells the version");
        let asked = client.patch(&format!("{path}?attributes=displayName"), &add(201)).await.expect(200);
        assert_eq!((&asked.body["displayName"], asked.body.get("members")), (&json!("large"), None), "R77: 200 when attributes are named");
        assert_eq!(client.get(&path).await.expect(200).members().len(), 202);
        system.set(&tenant, &json!({ "group_answer_members": 500 }));
        assert_eq!(client.patch(&path, &add(202)).await.expect(200).members().len(), 203);
    }
}

async fn create_many(client: &Client, count: usize) -> Vec<String> {
    let numbers: Vec<usize> = (0..count).collect();
    let mut ids = Vec::new();
    for part in numbers.chunks(500) {
        let operations: Vec<Value> = part
            .iter()
            .map(|number| json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data":
                { "schemas": [urn::USER], "userName": format!("many-{number}"), "displayName": format!("many-{number}") } }))
            .collect();
        let answer =
            client.post("/Bulk", &json!({ "schemas": [urn::BULK], "Operations": operations })).await.expect(200);
        for operation in answer.body["Operations"].as_array().expect("operations") {
            let location = operation["location"].as_str().unwrap_or_else(|| panic!("{operation}"));
            ids.push(location.rsplit('/').next().expect("an id").to_owned());
        }
    }
    ids
}
