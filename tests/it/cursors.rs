//! Cursor pagination (RFC 9865).

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Client, Database, System, encode, urn, user};

on_both! {
    /// R133: each page names the next, the last names none; together they are everything, once.
    async fn r133_cursors_lead_through_everything_once(system) {
        let client = system.tenant("cursors").client();
        let created = create(&client, 25).await;
        for query in ["", "&sortBy=userName&sortOrder=descending", "&filter=userName%20sw%20%22u%22", "&attributes=userName"] {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = client.get(&format!("/Users?cursor={cursor}&count=4{query}")).await.expect(200);
                assert!(page.body.get("startIndex").is_none(), "R136");
                seen.extend(page.ids());
                let Some(next) = page.body["nextCursor"].as_str() else { break };
                assert_eq!(next, encode(next), "cursors are URL-safe (R132)");
                next.clone_into(&mut cursor);
            }
            assert_eq!(seen.len(), 25, "{query}");
            assert_eq!(seen.iter().cloned().collect::<BTreeSet<_>>(), created, "{query}");
        }
    }

    /// What is created or deleted meanwhile shifts nothing.
    async fn pages_do_not_shift_when_users_come_and_go(system) {
        let client = system.tenant("cursors").client();
        let created = create(&client, 12).await;
        let first = client.get("/Users?cursor&count=5").await.expect(200);
        client.delete(&format!("/Users/{}", first.ids()[0])).await.expect(204);
        client.post("/Users", &user("a-newcomer")).await.expect(201);
        let mut seen: BTreeSet<String> = first.ids().into_iter().collect();
        let mut next = first.body["nextCursor"].as_str().map(str::to_owned);
        while let Some(cursor) = next {
            let page = client.get(&format!("/Users?cursor={cursor}&count=5")).await.expect(200);
            assert!(page.ids().iter().all(|id| seen.insert(id.clone())), "nobody comes twice");
            next = page.body["nextCursor"].as_str().map(str::to_owned);
        }
        assert!(created.is_subset(&seen), "nobody is left out");
    }

    /// R135, R140: a changed cursor opens nothing.
    async fn r135_a_tampered_cursor_is_invalid(system) {
        let client = system.tenant("cursors").client();
        create(&client, 5).await;
        let cursor = first_cursor(&client).await;
        for index in [0, cursor.len() / 2, cursor.len() - 1] {
            let mut bytes = cursor.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let tampered = String::from_utf8(bytes).expect("text");
            client.get(&format!("/Users?cursor={tampered}&count=2")).await.refused(400, Some("invalidCursor"));
        }
        for nonsense in ["x", "%00", &"A".repeat(5000), &cursor[1..], &format!("{cursor}{cursor}")] {
            client.get(&format!("/Users?cursor={nonsense}&count=2")).await.refused(400, Some("invalidCursor"));
        }
    }

    /// R140: a cursor gives no access by itself, and is not told from one that never was.
    async fn r140_another_tenants_cursor_is_invalid(system) {
        let (a, b) = (system.tenant("cursors").client(), system.tenant("cursors").client());
        create(&a, 5).await;
        create(&b, 5).await;
        let foreign = b.get(&format!("/Users?cursor={}&count=2", first_cursor(&a).await)).await.refused(400, Some("invalidCursor"));
        let invented = b.get("/Users?cursor=AAAAAAAAAAAAAAAA&count=2").await.refused(400, Some("invalidCursor"));
        assert_eq!(foreign.text, invented.text);
    }

    /// R140: rotation ends what the old token had begun.
    async fn r140_a_new_token_ends_the_cursors_of_the_old(system) {
        let tenant = system.tenant("cursors");
        create(&tenant.client(), 5).await;
        let cursor = first_cursor(&tenant.client()).await;
        let renewed = system.issue(&tenant).client();
        renewed.get(&format!("/Users?cursor={cursor}&count=2")).await.refused(400, Some("invalidCursor"));
    }

    /// R134: the query must stay the same.
    async fn r134_a_cursor_belongs_to_its_query(system) {
        let client = system.tenant("cursors").client();
        create(&client, 5).await;
        let cursor = first_cursor(&client).await;
        client.get(&format!("/Users?cursor={cursor}&count=3")).await.refused(400, Some("invalidCount"));
        for change in ["&filter=userName%20pr", "&sortBy=userName", "&attributes=id"] {
            client.get(&format!("/Users?cursor={cursor}&count=2{change}")).await.refused(400, Some("invalidCursor"));
        }
        client.get(&format!("/Groups?cursor={cursor}&count=2")).await.refused(400, Some("invalidCursor"));
        client.get(&format!("/Users?cursor={cursor}&count=2&startIndex=1")).await.expect(400);
    }

    /// R134: how many one may ask for.
    async fn r134_a_count_out_of_bounds_is_invalid(system) {
        let client = system.tenant("cursors").client();
        create(&client, 3).await;
        let most = client.get("/ServiceProviderConfig").await.expect(200).body["pagination"]["maxPageSize"].as_u64().expect("a number");
        client.get(&format!("/Users?cursor&count={}", most + 1)).await.refused(400, Some("invalidCount"));
        client.get("/Users?cursor&count=-1").await.refused(400, Some("invalidCount"));
        client.get(&format!("/Users?cursor&count={most}")).await.expect(200);
    }

    /// R139: in the body as in the query.
    async fn r139_searches_take_cursors_too(system) {
        let client = system.tenant("cursors").client();
        let created = create(&client, 7).await;
        let mut seen = BTreeSet::new();
        let mut cursor = String::new();
        loop {
            let body = json!({ "schemas": [urn::SEARCH], "cursor": cursor, "count": 3, "filter": "userName pr" });
            let page = client.post("/Users/.search", &body).await.expect(200);
            seen.extend(page.ids());
            let Some(next) = page.body["nextCursor"].as_str() else { break };
            next.clone_into(&mut cursor);
        }
        assert_eq!(seen, created);
    }

    /// R135: a cursor that is too old says so.
    async fn r135_an_old_cursor_has_expired(database: Database) {
        let system = expiring(database).await;
        let client = system.tenant("cursors").client();
        create(&client, 5).await;
        let cursor = first_cursor(&client).await;
        crate::support::until("the cursor to expire", async || {
            let answer = client.get(&format!("/Users?cursor={cursor}&count=2")).await;
            (answer.status == 400).then(|| answer.refused(400, Some("expiredCursor")))
        })
        .await;
    }
}

async fn expiring(database: Database) -> System {
    System::start_with(database, &[("TENANTRY_LIMITS__CURSOR_SECONDS", "1")]).await
}

async fn create(client: &Client, count: usize) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for number in 0..count {
        ids.insert(client.post("/Users", &user(&format!("u{number:02}"))).await.expect(201).id());
    }
    ids
}

async fn first_cursor(client: &Client) -> String {
    let page = client.get("/Users?cursor&count=2").await.expect(200);
    page.body["nextCursor"].as_str().expect("a next page").to_owned()
}
