//! The provisioning log over HTTP.

use serde_json::{Value, json};

use super::Admin;
use crate::support::{until, user};

on_both! {
    /// Pages make the whole log, newest first; a wrong cursor or moment is refused.
    async fn z07_the_provisioning_log_is_read_in_pages(system) {
        let (tenant, admin) = (system.tenant("failing"), Admin::operator(&system).await);
        for number in 0..5 {
            tenant.client().put(&format!("/Users/none-{number}"), &user("ada")).await.expect(404);
        }
        let path = format!("/tenants/{}/failures", tenant.name);
        until("all of them", async || {
            let listed = admin.get(&path).await.expect(200);
            (listed.body["failures"].as_array().map(Vec::len) == Some(5)).then_some(())
        })
        .await;
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = admin.get(&format!("{path}?limit=2{cursor}")).await.expect(200);
            found.extend(page.body["failures"].as_array().expect("failures").iter().map(|one| one["resource_id"].clone()));
            let Some(next) = page.body["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, [json!("none-4"), json!("none-3"), json!("none-2"), json!("none-1"), json!("none-0")]);
        let of = |query: &str| format!("{path}?{query}");
        assert_eq!(admin.get(&of("user=none-3")).await.expect(200).body["failures"].as_array().map(Vec::len), Some(1));
        assert_eq!(admin.get(&of("since=2999-01-01T00:00:00Z")).await.expect(200).body["failures"], json!([]));
        for wrong in ["limit=0", "limit=201", "cursor=x", "since=yesterday", "from=1"] {
            let refused = admin.send("GET", &of(wrong), &Value::Null).await;
            assert_eq!(refused.status, 400, "{wrong}: {}", refused.text);
        }
    }
}
