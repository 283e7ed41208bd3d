//! What every test stands on: servers, tenants, clients and their answers.

mod answer;
mod child;
mod client;
mod clock;
mod crowd;
mod data;
pub(crate) mod database;
mod mariadb;
mod nats;
mod postgres;
mod program;
mod proxy;
mod rabbitmq;
mod reaper;
mod recovery;
mod redis;
mod replicas;
mod server;
mod system;
mod tenant;
mod tls;
mod trio;
mod wait;
mod wire;

pub(crate) use answer::Answer;
pub(crate) use client::{Client, Request, encode};
pub(crate) use clock::Clock;
pub(crate) use crowd::crowd;
pub(crate) use data::{added_member, group, patch, patch_one, urn, user};
pub(crate) use database::Database;
pub(crate) use mariadb::MariaDb;
pub(crate) use nats::Nats;
pub(crate) use postgres::Postgres;
pub(crate) use program::{Finished, Program};
pub(crate) use proxy::{Line, Proxy};
pub(crate) use rabbitmq::RabbitMq;
pub(crate) use recovery::{RECOVERY, Recovery};
pub(crate) use redis::Redis;
pub(crate) use replicas::{KEY, Replicas, replica_settings};
pub(crate) use server::{Server, free_port};
pub(crate) use system::{System, unique};
pub(crate) use tenant::Tenant;
pub(crate) use tls::Certificate;
pub(crate) use trio::Trio;
pub(crate) use wait::until;
pub(crate) use wire::Wire;

/// Makes a test of each database out of one body: `name::sqlite` and `name::postgres`.
///
/// `(system)` is the shared server of that database; `(database: Database)` leaves the start of a server of its own to
/// the body.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($($argument:tt)*) $body:block)*) => { $(
        on_both!(@body $(#[$meta])* $name ($($argument)*) $body);
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                on_both!(@call $name ($($argument)*) Sqlite);
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                on_both!(@call $name ($($argument)*) Postgres);
            }
        }
    )* };
    (@body $(#[$meta:meta])* $name:ident ($database:ident: Database) $body:block) => {
        $(#[$meta])*
        async fn $name($database: $crate::support::Database) $body
    };
    (@body $(#[$meta:meta])* $name:ident ($system:ident) $body:block) => {
        $(#[$meta])*
        async fn $name($system: $crate::support::System) $body
    };
    (@call $name:ident ($database:ident: Database) $kind:ident) => {
        super::$name($crate::support::Database::$kind).await
    };
    (@call $name:ident ($system:ident) $kind:ident) => {
        super::$name($crate::support::System::shared($crate::support::Database::$kind).await).await
    };
}
