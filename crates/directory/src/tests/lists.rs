use scim::ResourceKind;
use serde_json::{Value, json};

use super::on_both;
use super::support::System;
use crate::{Condition, Listing, PageRequest, Record};

const EVERYTHING: PageRequest = PageRequest::Index { start: 1, count: 1000 };

fn ids(listing: &Listing) -> Vec<&str> {
    listing.records.iter().map(|record| record.id.as_str()).collect()
}

async fn many(system: &System, count: usize) -> Vec<Record> {
    let mut users = Vec::with_capacity(count);
    for n in 0..count {
        users.push(system.user(&format!("user{n:04}")).await);
    }
    users
}

on_both! {
    async fn pages_follow_the_order_of_creation_and_tell_the_true_total(system: System) {
        let mut users = many(&system, 600).await;
        for gone in [0, 255, 256, 599] {
            system.directory.delete(ResourceKind::User, &users[gone].id, Condition::None).await.unwrap();
        }
        for gone in [599, 256, 255, 0] {
            users.remove(gone);
        }
        for start in [1, 255, 256, 300, 590, 597, 5000] {
            let page = system.list(ResourceKind::User, None, PageRequest::Index { start, count: 7 }).await;
            let expected: Vec<&str> = users.iter().skip(start as usize - 1).take(7).map(|user| user.id.as_str()).collect();
            assert_eq!((page.total, ids(&page)), (Some(596), expected), "page at {start}");
        }
        let none = system.list(ResourceKind::User, None, PageRequest::Index { start: 1, count: 0 }).await;
        assert_eq!((none.total, none.records.len()), (Some(596), 0));
    }

    async fn cursors_reach_everything_once(system: System) {
        let users = many(&system, 25).await;
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = system.list(ResourceKind::User, None, PageRequest::Cursor { after, count: 10 }).await;
            seen.extend(page.records.iter().map(|record| record.id.clone()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, users.iter().map(|user| user.id.clone()).collect::<Vec<_>>());
    }

    async fn each_lookup_finds_exactly_its_user(system: System) {
        many(&system, 20).await;
        let ada = system.create(ResourceKind::User, json!({
            "userName": "Ada@Acme.example", "externalId": "X-1", "displayName": "Ada L", "title": "Countess",
            "emails": [{ "value": "ada@mail.example", "type": "work" }, { "value": "home@ada.example", "type": "home" }],
        })).await.unwrap();
        let group = system.group("Lab", &[&ada]).await;
        for filter in [
            "userName eq \"ada@acme.EXAMPLE\"".to_owned(),
            "externalId eq \"X-1\"".to_owned(),
            "displayName eq \"ADA L\"".to_owned(),
            "displayName sw \"ada\"".to_owned(),
            "emails eq \"ADA@mail.example\"".to_owned(),
            "emails[type eq \"home\"].value eq \"home@ada.example\"".to_owned(),
            "userName sw \"ada@\" and title pr".to_owned(),
            "title co \"ount\"".to_owned(),
            "userName eq \"nobody\" or externalId eq \"X-1\"".to_owned(),
            format!("id eq \"{}\"", ada.id),
            format!("groups.value eq \"{}\"", group.id),
            "not (userName sw \"user\")".to_owned(),
        ] {
            let found = system.list(ResourceKind::User, Some(&filter), EVERYTHING).await;
            assert_eq!((found.total, ids(&found)), (Some(1), vec![ada.id.as_str()]), "{filter}");
            assert_eq!(found.records[0].groups.len(), 1, "{filter}");
        }
        for filter in ["externalId eq \"x-1\"", "emails[type eq \"work\"].value eq \"home@ada.example\"", "id eq \"7\""] {
            assert_eq!(system.list(ResourceKind::User, Some(filter), EVERYTHING).await.total, Some(0), "{filter}");
        }
        let probe = format!("id eq \"{}\" and members eq \"{}\"", group.id, ada.id);
        assert_eq!(system.list(ResourceKind::Group, Some(&probe), EVERYTHING).await.total, Some(1));
    }

    async fn addresses_that_come_and_go_are_found_as_long_as_they_are_there(system: System) {
        let (ada, bob) = (system.user("ada").await, system.user("bob").await);
        let set = async |user: &Record, addresses: &[&str]| {
            let emails: Vec<_> = addresses.iter().map(|address| json!({ "value": address, "type": address })).collect();
            system.patch(user, json!([{ "op": "replace", "path": "emails", "value": emails }])).await.unwrap();
        };
        // At once, so that several share a batch: what one removes another brings back.
        let swap = async || {
            tokio::join!(
                set(&ada, &["one@a", "two@a"]), set(&bob, &["bob@a"]), set(&ada, &["TWO@A", "three@a"]),
                set(&ada, &["one@a"]), set(&bob, &["one@a"]), set(&ada, &["three@a"]), set(&ada, &["one@a", "ONE@A"]),
            )
        };
        for _ in 0..5 {
            Box::pin(swap()).await;
            for user in [&ada, &bob] {
                let document: Value = serde_json::from_str(&system.get(user).await.unwrap().document).unwrap();
                let has: Vec<_> = document["emails"].as_array().unwrap().iter().map(|email| email["value"].as_str().unwrap().to_lowercase()).collect();
                for address in ["one@a", "two@a", "three@a", "bob@a"] {
                    let filter = format!("emails.value eq \"{address}\"");
                    let found = system.list(ResourceKind::User, Some(&filter), EVERYTHING).await;
                    assert_eq!(ids(&found).contains(&user.id.as_str()), has.contains(&address.to_owned()), "{address} of {has:?}");
                }
            }
        }
        system.directory.delete(ResourceKind::User, &bob.id, Condition::None).await.unwrap();
        set(&ada, &["bob@a"]).await;
        let found = system.list(ResourceKind::User, Some("emails.value eq \"bob@a\""), EVERYTHING).await;
        assert_eq!(ids(&found), [ada.id.as_str()]);
        let gone = system.list(ResourceKind::User, Some("emails.value eq \"one@a\""), EVERYTHING).await;
        assert_eq!(gone.total, Some(0));
    }

    async fn moments_bound_a_list(system: System) {
        let users = many(&system, 5).await;
        let all = system.list(ResourceKind::User, Some("meta.created ge \"2020-01-01T00:00:00Z\""), EVERYTHING).await;
        assert_eq!(all.total, Some(users.len() as u64));
        let none = system.list(ResourceKind::User, Some("meta.lastModified lt \"2020-01-01T00:00:00Z\""), EVERYTHING).await;
        assert_eq!(none.total, Some(0));
    }
}
