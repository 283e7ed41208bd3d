//! Directories on real databases: every test runs on SQLite and on PostgreSQL.

mod breaker;
mod large;
mod lists;
mod log;
mod members;
mod passwords;
mod rivals;
mod snapshots;
mod support;
mod surveys;
mod texts;
mod told;
mod told_names;
mod writes;

/// Makes each function a test on both databases.
macro_rules! on_both {
    ($(async fn $name:ident($system:ident: System) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn run($system: System) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                run(System::on_sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                run(System::on_postgres().await).await;
            }
        })*
    };
}
use on_both;
