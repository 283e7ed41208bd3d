//! A directory at one moment.

use scim::ResourceKind;
use serde_json::json;

use super::on_both;
use super::support::System;
use crate::{Condition, SnapshotPart};

/// Everything that is left of a snapshot.
async fn read_all(snapshot: &mut crate::Snapshot) -> Vec<SnapshotPart> {
    let mut all = Vec::new();
    loop {
        let parts = snapshot.read().await.unwrap();
        if parts.is_empty() {
            return all;
        }
        all.extend(parts);
    }
}

on_both! {
    // What changes while it is read is not in it.
    async fn a_snapshot_is_of_one_moment(system: System) {
        let (ada, bob) = (system.user("ada").await, system.user("bob").await);
        let team = system.group("team", &[&ada, &bob]).await;
        let empty = system.group("empty", &[]).await;
        let mut snapshot = system.directories.snapshot(&system.tenant).await.unwrap();
        assert_eq!((snapshot.sequence(), snapshot.users(), snapshot.groups()), (4, 2, 2));
        system.user("cleo").await;
        system.patch(&ada, json!([{ "op": "replace", "path": "title", "value": "Lead" }])).await.unwrap();
        system.directory.delete(ResourceKind::User, &bob.id, Condition::None).await.unwrap();
        let parts = read_all(&mut snapshot).await;
        let shown: Vec<_> = parts.iter().map(|part| (part.id.as_str(), part.version, part.part, part.members.len())).collect();
        assert_eq!(
            shown,
            [(ada.id.as_str(), 1, 0, 0), (&bob.id, 1, 0, 0), (&team.id, 1, 0, 2), (&empty.id, 1, 0, 0)]
        );
        assert!(!parts[0].document.contains("Lead"));
        assert_eq!(parts[0].groups.iter().map(|group| group.id.as_str()).collect::<Vec<_>>(), [team.id.as_str()]);
        let mut names: Vec<_> = parts[2].members.iter().map(|member| member.id.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, [ada.id.as_str(), &bob.id]);
    }

    // The directory of another tenant is not in it, and one of which nothing is known is empty.
    async fn a_snapshot_is_of_one_tenant(system: System) {
        system.user("ada").await;
        let beta = system.tenants.administer("beta").unwrap();
        let mut snapshot = system.directories.snapshot(&beta).await.unwrap();
        assert_eq!((snapshot.sequence(), snapshot.users(), snapshot.groups()), (0, 0, 0));
        assert!(read_all(&mut snapshot).await.is_empty());
    }
}
