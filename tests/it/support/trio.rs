//! Three replicas, one of which can be cut off from the database while it goes on serving.

use super::{Line, Proxy, Replicas, System, replica_settings};

/// Two replicas, and a third one whose line to the database runs through a proxy.
#[derive(Clone)]
pub(crate) struct Trio {
    replicas: Replicas,
    line: std::sync::Arc<Proxy>,
}

impl Trio {
    /// Starts them, with this lease.
    pub(crate) async fn start(lease_ms: u32) -> Self {
        let mut replicas = Replicas::start(2, lease_ms).await;
        let (authority, name) = replicas.url().rsplit_once('/').expect("a database");
        let (user, target) = authority.rsplit_once('@').expect("a user");
        let line = Proxy::before(target.parse().expect("an address")).await;
        let url = format!("{user}@{}/{name}", line.address());
        let (lease, redis) = (lease_ms.to_string(), replicas.redis().url());
        replicas.join(System::start_on(&url, &replica_settings(&redis, &lease)).await);
        Self { replicas, line: line.into() }
    }

    /// All three.
    pub(crate) fn replicas(&self) -> &Replicas {
        &self.replicas
    }

    /// From now on the third one hears nothing of the database, and goes by its lease as long as that lasts.
    pub(crate) fn cut_off(&self) {
        self.line.turn(Line::Cut);
    }

    /// It is connected again.
    pub(crate) fn connect(&self) {
        self.line.turn(Line::Open);
    }
}
