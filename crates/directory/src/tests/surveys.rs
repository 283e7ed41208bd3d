//! Everything, page by page.

use scim::ResourceKind;
use uuid::Uuid;

use super::on_both;
use super::support::System;
use crate::{Membership, Record};

fn id(record: &Record) -> Uuid {
    record.id.parse().unwrap()
}

on_both! {
    async fn pages_have_everything_in_the_order_of_ids(system: System) {
        let (ada, bob, cleo) = (system.user("ada").await, system.user("bob").await, system.user("cleo").await);
        let team = system.group("team", &[&ada, &bob, &cleo]).await;
        let crew = system.group("crew", &[&bob, &team]).await;
        let directory = &system.directory;
        assert_eq!(directory.count(ResourceKind::User).await.unwrap(), 3);
        let mut users = Vec::new();
        let mut after = Uuid::nil();
        loop {
            let page = directory.after(ResourceKind::User, after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = id(last);
            users.extend(page.iter().map(id));
        }
        let mut expected = vec![id(&ada), id(&bob), id(&cleo)];
        expected.sort_unstable();
        assert_eq!(users, expected);
        let some = directory.some(ResourceKind::User, &[id(&bob), Uuid::nil(), id(&team)]).await.unwrap();
        assert_eq!(some.iter().map(id).collect::<Vec<_>>(), [id(&bob)]);
        let mut expected = vec![
            (id(&team), id(&ada)),
            (id(&team), id(&bob)),
            (id(&team), id(&cleo)),
            (id(&crew), id(&bob)),
            (id(&crew), id(&team)),
        ];
        expected.sort_unstable();
        // Whatever the size of the pages, they go over the ends of groups.
        for limit in 1..=6 {
            let mut found: Vec<Membership> = Vec::new();
            loop {
                let (group, member) = found.last().map_or_else(Default::default, |last| (last.group, last.member));
                let page = directory.memberships(group, member, limit).await.unwrap();
                if page.is_empty() {
                    break;
                }
                found.extend(page);
            }
            assert_eq!(found.iter().map(|one| (one.group, one.member)).collect::<Vec<_>>(), expected);
            let groups = found.iter().filter(|one| one.kind == ResourceKind::Group);
            assert_eq!(groups.map(|one| one.member).collect::<Vec<_>>(), [id(&team)]);
        }
        let of_crew = directory.members(id(&crew), Uuid::nil(), 10).await.unwrap();
        assert_eq!(of_crew.len(), 2);
        let other = system.tenants.administer("beta").unwrap();
        assert!(system.directories.administered(&other).memberships(Uuid::nil(), Uuid::nil(), 10).await.unwrap().is_empty());
    }
}
