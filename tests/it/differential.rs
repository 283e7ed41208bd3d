//! Both databases and the evaluator of `scim` give the same answer to every question.
//!
//! The server answers some filters and orders from an index, in SQL; collations, wildcards and case rules of databases
//! differ. The oracle is `scim` on the resources as they were read.

use scim::{Dialect, Filter, ResourceKind, Schemas, SortBy};
use serde_json::{Value, json};

use crate::support::{Client, crowd, encode, urn};

/// Texts that databases like to get wrong.
const TEXTS: [&str; 24] = [
    "mara",
    "Mara",
    "MARA",
    "ｍａｒａ",
    "mara.voss",
    "a%b",
    "a_b",
    "axb",
    "a\\b",
    "straße",
    "STRASSE",
    "İstanbul",
    "istanbul",
    "Zoë",
    "Zoe\u{308}",
    "zoe",
    "~tilde",
    "10",
    "9",
    "o'hara",
    "qu\"ote",
    "😀 smile",
    " lead",
    "a b",
];

const ATTRIBUTES: [&str; 16] = [
    "userName",
    "externalId",
    "displayName",
    "title",
    "name.familyName",
    "emails.value",
    "emails",
    "emails.type",
    "nickName",
    "active",
    "id",
    "meta.resourceType",
    "meta.lastModified",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    "manager.value",
    "schemas",
];

const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

on_both! {
    /// One comparison of every attribute with every operator and every awkward text.
    async fn every_comparison_is_answered_as_the_evaluator_does(system) {
        let client = system.tenant("compared").client();
        let users = create(&client).await;
        let mut filters: Vec<String> = ATTRIBUTES.iter().map(|attribute| format!("{attribute} pr")).collect();
        for attribute in ATTRIBUTES {
            for operator in OPERATORS {
                filters.extend(TEXTS.iter().map(|text| format!("{attribute} {operator} {}", json!(text))));
            }
        }
        filters.push("active eq true".to_owned());
        filters.push("active eq false".to_owned());
        check_all(&client, &users, filters).await;
    }

    /// Terms joined, negated and nested.
    async fn joined_comparisons_are_answered_as_the_evaluator_does(system) {
        let client = system.tenant("joined").client();
        let users = create(&client).await;
        let mut dice = Dice(7);
        let filters: Vec<String> = (0..600).map(|_| dice.filter(3)).collect();
        check_all(&client, &users, filters).await;
    }

    /// Every order, with ties, gaps and all scripts.
    async fn every_order_is_the_one_of_the_evaluator(system) {
        let client = system.tenant("ordered").client();
        let users = create(&client).await;
        for attribute in ["userName", "externalId", "displayName", "title", "name.familyName", "emails.value", "emails", "active", "nickName", "meta.created", "id"] {
            for order in ["ascending", "descending"] {
                let mut paged = Vec::new();
                for start in (1..=users.len()).step_by(7) {
                    let page = client.get(&format!("/Users?sortBy={attribute}&sortOrder={order}&startIndex={start}&count=7")).await.expect(200);
                    paged.extend(page.ids());
                }
                assert_eq!(paged, sorted(&users, attribute, order == "descending"), "{attribute} {order}");
            }
        }
    }
}

/// Users in every combination of awkward texts that keeps names apart.
async fn create(client: &Client) -> Vec<Value> {
    let mut names = Vec::new();
    for (number, text) in TEXTS.iter().enumerate() {
        let other = TEXTS[(number * 7 + 3) % TEXTS.len()];
        let mut user = json!({ "schemas": [urn::USER], "userName": format!("{text}"), "externalId": text, "active": number % 3 != 0 });
        if number % 2 == 0 {
            user["displayName"] = json!(other);
            user["emails"] = json!([{ "value": format!("{text}@x.example"), "type": "work" }, { "value": other, "type": "home", "primary": number % 4 == 0 }]);
        }
        if number % 3 == 0 {
            user["title"] = json!(text);
            user["name"] = json!({ "familyName": other });
            user[urn::ENTERPRISE] = json!({ "department": text });
        }
        names.push(user);
    }
    for user in names {
        // Some names are the same once case, width and composition are folded; those are refused.
        let status = client.post("/Users", &user).await.status;
        assert!(matches!(status, 201 | 409), "{status} for {user}");
    }
    client.get("/Users?count=200").await.expect(200).resources().to_vec()
}

/// Asks every question, by several clients at once.
async fn check_all(client: &Client, users: &[Value], filters: Vec<String>) {
    assert!(users.len() >= 15, "{} users", users.len());
    let parts: Vec<Vec<String>> = filters.chunks(filters.len() / 4 + 1).map(<[String]>::to_vec).collect();
    let wrong = crowd(parts.len(), |number| {
        let (client, users, filters) = (client.clone(), users.to_vec(), parts[number].clone());
        async move {
            let mut wrong = Vec::new();
            for filter in filters {
                wrong.extend(check_one(&client, &users, &filter).await);
            }
            wrong
        }
    })
    .await
    .concat();
    let shown: Vec<&String> = wrong.iter().take(20).collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{shown:#?}", wrong.len(), filters.len());
}

async fn check_one(client: &Client, users: &[Value], filter: &str) -> Option<String> {
    let schemas = Schemas::standard();
    let of = schemas.of(ResourceKind::User);
    let answer = client.get(&format!("/Users?count=200&filter={}", encode(filter))).await;
    let parsed = match Filter::parse(filter, of, &mut Dialect::lenient()) {
        Ok(parsed) => parsed,
        Err(refusal) => {
            let told = (answer.status, answer.body["detail"].as_str());
            let right = told == (refusal.status, Some(refusal.detail.as_str()));
            return (!right).then(|| format!("{filter}: {} {}, expected {refusal}", answer.status, answer.text));
        }
    };
    let matching = users.iter().filter(|user| user.as_object().is_some_and(|tree| parsed.matches(tree)));
    let expected: Vec<&str> = matching.map(|user| user["id"].as_str().expect("an id")).collect();
    if answer.status != 200 {
        return Some(format!("{filter}: {} {}", answer.status, answer.text));
    }
    let counted = answer.total() == u64::try_from(expected.len()).expect("few");
    let first = client.get(&format!("/Users?count=2&filter={}", encode(filter))).await;
    let paged = first.ids() == expected.iter().take(2).copied().collect::<Vec<_>>() && first.total() == answer.total();
    (!counted || !paged || answer.ids() != expected).then(|| {
        format!(
            "{filter}: found {:?} of {}, expected {:?}",
            names(users, &answer.ids()),
            answer.total(),
            names(users, &expected)
        )
    })
}

fn names(users: &[Value], ids: &[impl AsRef<str>]) -> Vec<String> {
    let name = |id: &str| {
        users.iter().find(|user| user["id"] == id).map_or("?".to_owned(), |user| user["userName"].to_string())
    };
    ids.iter().map(|id| name(id.as_ref())).collect()
}

fn sorted(users: &[Value], attribute: &str, descending: bool) -> Vec<String> {
    let schemas = Schemas::standard();
    let of = schemas.of(ResourceKind::User);
    let by = SortBy::parse(attribute, of, &mut Dialect::lenient()).expect("an attribute");
    let mut keyed: Vec<_> = users.iter().map(|user| (by.key(user.as_object().expect("a user")), user)).collect();
    if descending {
        keyed.sort_by(|(one, _), (other, _)| other.cmp(one));
    } else {
        keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    keyed.into_iter().map(|(_, user)| user["id"].as_str().expect("an id").to_owned()).collect()
}

/// The same numbers each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn filter(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.comparison();
        }
        match self.below(6) {
            0 | 1 => format!("({} and {})", self.filter(depth - 1), self.filter(depth - 1)),
            2 | 3 => format!("({} or {})", self.filter(depth - 1), self.filter(depth - 1)),
            4 => format!("not ({})", self.filter(depth - 1)),
            _ => self.comparison(),
        }
    }

    fn comparison(&mut self) -> String {
        let text = json!(self.pick(&TEXTS));
        match self.below(8) {
            0 => format!("active eq {}", self.pick(&["true", "false"])),
            1 => format!("{} pr", self.pick(&["title", "displayName", "emails", "externalId"])),
            2 => format!(
                "emails[type eq {} and value {} {text}]",
                json!(self.pick(&["work", "home"])),
                self.pick(&["eq", "co", "sw"])
            ),
            _ => {
                let attribute = self.pick(&[
                    "userName",
                    "externalId",
                    "displayName",
                    "title",
                    "emails.value",
                    "emails",
                    "name.familyName",
                ]);
                format!("{attribute} {} {text}", self.pick(&OPERATORS))
            }
        }
    }
}
