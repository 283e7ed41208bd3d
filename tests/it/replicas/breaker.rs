//! A breaker counts what all replicas do, and what one of them is told is in force on all.

use serde_json::{Value, json};

use crate::support::{Replicas, patch_one, user};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_breaker_counts_across_replicas_and_restarts() {
    let replicas = Replicas::start(2, 2000).await;
    let tenant = replicas.of(0).tenant("guarded");
    let breaker = |number: usize, arguments: &[&str]| -> Value {
        let [verb, more @ ..] = arguments else { panic!("a verb") };
        let all = [&["breaker", *verb, tenant.name.as_str(), "--json"], more].concat();
        replicas.of(number).tenantry(&all).expect(0).json()
    };
    breaker(0, &["set", "mode=hold", "number=4"]);
    let mut ids = Vec::new();
    for n in 0..8 {
        ids.push(replicas.client(n, &tenant).post("/Users", &user(&format!("user-{n}"))).await.expect(201).id());
    }
    let off = patch_one("replace", "active", json!(false));
    for (n, id) in ids.iter().take(4).enumerate() {
        replicas.client(n, &tenant).patch(&format!("/Users/{id}"), &off).await.expect(200);
        if n == 1 {
            replicas.of(1).server().kill();
            replicas.of(1).server().start_again().await;
        }
    }
    assert_eq!((&breaker(1, &["show"])["state"], &breaker(1, &["show"])["counted"]), (&json!("armed"), &json!(4)));
    replicas.client(1, &tenant).patch(&format!("/Users/{}", ids[4]), &off).await.expect(200);
    replicas.client(0, &tenant).patch(&format!("/Users/{}", ids[5]), &off).await.expect(200);
    for number in 0..2 {
        let shown = breaker(number, &["show"]);
        assert_eq!((&shown["state"], &shown["held_events"], &shown["trips"]), (&json!("held"), &json!(2), &json!(1)));
    }
    let released = breaker(1, &["release"]);
    assert_eq!(released["released"], json!({ "events": 2, "users": 2, "new_users": 0, "discarded_events": 0 }));
    // Switched off at one, it counts at none.
    breaker(0, &["set", "mode=off"]);
    replicas.client(1, &tenant).delete(&format!("/Users/{}", ids[6])).await.expect(204);
    assert_eq!((&breaker(0, &["show"])["state"], &breaker(0, &["show"])["counted"]), (&json!("off"), &json!(0)));
}
