//! The whole process is killed again and again while clients write and stores are fed.

use super::super::{kill_under_load, rounds};
use super::*;
use crate::support::user;

on_both! {
    /// Each event has its effect once, in every kind of database.
    async fn a_killed_server_applies_each_event_once(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("killed");
        let all = [
            Kept::in_a_file(&system, &tenant),
            Kept::in_postgres(&system, &tenant).await,
            Kept::in_mariadb(&system, &tenant).await,
        ];
        for round in 0..rounds() {
            // What a killed server had begun to feed is its own until its lease ends. Now all three are fed.
            tenant.client().post("/Users", &user(&format!("r{round}"))).await.expect(201);
            for kept in &all {
                caught_up(&system, &tenant, kept.name).await;
            }
            kill_under_load(&system, &tenant, round).await;
        }
        for kept in &all {
            kept.is_as_the_directory(&system, &tenant).await;
        }
    }
}
