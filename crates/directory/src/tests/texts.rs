//! What the database leaves out must be exactly what the filter does not match, whatever characters stand in it.

use scim::{Dialect, Filter, ResourceKind, Schemas, SortBy};
use serde_json::json;

use super::on_both;
use super::support::{ALL, BASE, System};
use crate::{List, PageRequest, Search};

const TEXTS: [&str; 16] = [
    "Engineer",
    "engineer II",
    "Stra\u{df}e",
    "STRASSE",
    "\u{212a}elvin",
    "kelvin",
    "\u{fb01}ne",
    "FINE",
    "\u{17f}harp",
    "a \"quoted\" word",
    "back\\slash",
    "a\ttab",
    "100 %",
    "under_score",
    "title",
    "\u{fb01}ne \u{130}stanbul \u{1f600}",
];

const LITERALS: [&str; 18] = [
    "Engineer",
    "ENG",
    "neer",
    "strasse",
    "ss",
    "kelvin",
    "K",
    "fine",
    "FI",
    "sharp",
    "\\\"quoted",
    "back\\\\s",
    "\\t",
    "%",
    "_",
    "title",
    "\u{130}stanbul",
    "\u{1f600}",
];

const EVERYTHING: PageRequest = PageRequest::Index { start: 1, count: 1000 };

on_both! {
    async fn a_filter_on_any_text_finds_what_matches_and_nothing_else(system: System) {
        for (n, text) in TEXTS.iter().enumerate() {
            let user = json!({
                "userName": format!("u{n}"), "title": text, "nickName": "title",
                "addresses": [{ "type": "work", "locality": text }, { "type": "home", "locality": "Engineer" }],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "costCenter": text },
            });
            system.create(ResourceKind::User, user).await.unwrap();
        }
        let all = system.list(ResourceKind::User, None, EVERYTHING).await.records;
        let paths = [
            "title", "addresses.locality", "userName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter", "groups.display", "id",
        ];
        let mut found = 0;
        for (path, operator) in paths.iter().flat_map(|path| ["eq", "sw", "ew", "co", "ne", "gt"].map(|one| (path, one))) {
            for literal in LITERALS {
                let mut filters = vec![format!("{path} {operator} \"{literal}\"")];
                if *path == "addresses.locality" {
                    filters.push(format!("addresses[type eq \"work\" and locality {operator} \"{literal}\"]"));
                    filters.push(format!("not (title {operator} \"{literal}\") or {path} {operator} \"{literal}\""));
                }
                for text in filters {
                    let filter = Filter::parse(&text, Schemas::standard().of(ResourceKind::User), &mut Dialect::lenient());
                    let filter = filter.unwrap();
                    let matches = |record: &&crate::Record| filter.matches(&scim::to_tree(&record.stored(), BASE).unwrap());
                    let expected: Vec<&str> = all.iter().filter(matches).map(|record| record.id.as_str()).collect();
                    let listing = system.list(ResourceKind::User, Some(&text), EVERYTHING).await;
                    let ids: Vec<&str> = listing.records.iter().map(|record| record.id.as_str()).collect();
                    assert_eq!((ids, listing.total), (expected, Some(listing.records.len() as u64)), "{text}");
                    found += listing.records.len();
                }
            }
        }
        assert!(found > 1000, "{found} were found in all");
    }

    async fn a_search_ends_with_whoever_asked(system: System) {
        for n in 0..40 {
            system.user(&format!("u{n:02}")).await;
        }
        let sort = SortBy::parse("title", Schemas::standard().of(ResourceKind::User), &mut Dialect::lenient()).unwrap();
        let searches = vec![Search { kind: ResourceKind::User, filter: None, sort: Some(sort) }];
        let list = List { searches, descending: false, page: EVERYTHING, include: ALL, base: BASE.to_owned() };
        for round in 0..40 {
            // Whoever gives up, before, while or after it is answered, leaves nothing behind that is taken.
            let patience = std::time::Duration::from_micros(100 * round);
            drop(tokio::time::timeout(patience, system.directory.list(&list)).await);
        }
        let many = (0..20).map(|_| system.directory.list(&list));
        for listing in futures::future::join_all(many).await {
            assert_eq!(listing.unwrap().records.len(), 40);
        }
        assert!(system.other.list(&list).await.unwrap().records.is_empty(), "another tenant has none of them");
    }
}
