//! Delivery on real databases: every test runs on SQLite and on PostgreSQL.

mod breaker;
mod company;
mod drift;
mod errands;
mod failures;
mod kind;
mod own_positions;
mod snapshots;
mod streams;
mod support;

pub(crate) use kind::KIND;

/// Makes each function a test on both databases.
macro_rules! on_both {
    ($($(#[$doc:meta])* async fn $name:ident($system:ident: System) $body:block)*) => {
        $($(#[$doc])* mod $name {
            use super::*;

            async fn run($system: System) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                Box::pin(run(System::on_sqlite().await)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                Box::pin(run(System::on_postgres().await)).await;
            }
        })*
    };
}
use on_both;
