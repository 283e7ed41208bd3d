//! Correctness when many clients write at once.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Client, added_member, crowd, group, patch, patch_one, urn, user};

const CLIENTS: usize = 16;

on_both! {
    /// RFC 7644 section 3.3: the name is unique, whoever comes first.
    async fn r052_one_of_sixteen_gets_the_name_and_the_others_are_told(system) {
        let client = system.tenant("race").client();
        for round in 0..50 {
            let name = format!("racer-{round}");
            let answers = crowd(CLIENTS, |_| {
                let (client, body) = (client.clone(), user(&name));
                async move { client.post("/Users", &body).await }
            })
            .await;
            let created = answers.iter().filter(|answer| answer.status == 201).count();
            let refused = answers.iter().filter(|answer| answer.status == 409).count();
            assert_eq!((created, refused), (1, CLIENTS - 1), "round {round}");
            assert!(answers.iter().all(|answer| answer.status == 201 || answer.body["scimType"] == "uniqueness"));
        }
        assert_eq!(client.get("/Users?count=0").await.expect(200).total(), 50);
    }

    /// 20 members by each of 16 clients, one a request.
    async fn r095_sixteen_clients_add_320_members(system) {
        let client = system.tenant("members").client();
        let users = create_users(&client, CLIENTS * 20).await;
        let id = client.post("/Groups", &group("Everybody", &[])).await.expect(201).id();
        crowd(CLIENTS, |number| {
            let (client, path) = (client.clone(), format!("/Groups/{id}"));
            let own = users[number * 20..(number + 1) * 20].to_vec();
            async move {
                for member in own {
                    let status = client.patch(&path, &added_member(&member)).await.status;
                    assert!(matches!(status, 200 | 204), "answered {status}");
                }
            }
        })
        .await;
        let members: BTreeSet<String> = client.get(&format!("/Groups/{id}")).await.expect(200).members().into_iter().collect();
        assert_eq!(members, users.into_iter().collect());
    }

    /// Each PATCH reads what the one before wrote.
    async fn r095_64_parallel_patches_leave_64_members(system) {
        let client = system.tenant("parallel").client();
        let users = create_users(&client, 64).await;
        let id = client.post("/Groups", &group("Parallel", &[])).await.expect(201).id();
        let answers = crowd(64, |number| {
            let (client, path, body) = (client.clone(), format!("/Groups/{id}"), added_member(&users[number]));
            async move { client.patch(&path, &body).await }
        })
        .await;
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 204)), "{answers:?}");
        let members: BTreeSet<String> = client.get(&format!("/Groups/{id}")).await.expect(200).members().into_iter().collect();
        assert_eq!(members, users.into_iter().collect());
    }

    /// Adds and removes by others are kept while members come and go.
    async fn members_that_come_and_go_at_once_end_as_each_client_left_them(system) {
        let client = system.tenant("come-and-go").client();
        let users = create_users(&client, CLIENTS * 2).await;
        let id = client.post("/Groups", &group("Door", &[])).await.expect(201).id();
        crowd(CLIENTS, |number| {
            let (client, path) = (client.clone(), format!("/Groups/{id}"));
            let (stays, leaves) = (users[number].clone(), users[CLIENTS + number].clone());
            async move {
                client.patch(&path, &added_member(&leaves)).await;
                client.patch(&path, &added_member(&stays)).await;
                let removal = json!({ "op": "remove", "path": format!("members[value eq \"{leaves}\"]") });
                client.patch(&path, &patch(&[removal])).await;
            }
        })
        .await;
        let members: BTreeSet<String> = client.get(&format!("/Groups/{id}")).await.expect(200).members().into_iter().collect();
        assert_eq!(members, users[..CLIENTS].iter().cloned().collect());
    }

    /// Nothing of one tenant is ever seen in the other, also while both are written.
    async fn r160_two_tenants_written_at_once_never_see_each_other(system) {
        let tenants = [system.tenant("left"), system.tenant("right")];
        crowd(CLIENTS, |number| {
            let (own, side) = (tenants[number % 2].client(), ["left", "right"][number % 2]);
            async move {
                for round in 0..20 {
                    // The same userName on both sides, so that a missing tenant in a key shows.
                    let mut body = user(&format!("same-{}-{round}", number / 2));
                    body["title"] = json!(side);
                    let id = own.post("/Users", &body).await.expect(201).id();
                    let seen = own.get("/Users?count=200&attributes=title").await.expect(200);
                    assert!(seen.resources().iter().all(|user| user["title"] == side), "{}", seen.text);
                    assert_eq!(own.find("Users", &format!("id eq \"{id}\"")).await.total(), 1);
                }
            }
        })
        .await;
        for (tenant, side) in tenants.iter().zip(["left", "right"]) {
            let all = tenant.client().get("/Users?count=200&attributes=title").await.expect(200);
            assert_eq!(all.total(), 160);
            assert!(all.resources().iter().all(|user| user["title"] == side));
            let events = system.events(tenant, 0);
            assert!(events.iter().all(|event| event["data"]["user"]["title"] == side));
            assert_eq!(events.len(), 160);
        }
    }

    /// Sixteen users are renamed to one name at once.
    async fn r093_of_sixteen_renames_to_one_name_one_wins(system) {
        let client = system.tenant("rename").client();
        let users = create_users(&client, CLIENTS).await;
        let rename = patch_one("replace", "userName", json!("the-one"));
        let statuses = crowd(CLIENTS, |number| {
            let (client, path, body) = (client.clone(), format!("/Users/{}", users[number]), rename.clone());
            async move { client.patch(&path, &body).await.status }
        })
        .await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), CLIENTS - 1, "{statuses:?}");
        assert_eq!(client.find("Users", "userName eq \"THE-ONE\"").await.total(), 1);
    }

    /// Where a tenant wants unique group names, they are also unique when all come at once.
    async fn q53_of_sixteen_groups_of_one_name_one_is_made(system) {
        let tenant = system.tenant("groups");
        system.set(&tenant, &json!({ "unique_group_names": true }));
        for round in 0..10 {
            let statuses = crowd(CLIENTS, |_| {
                let (client, body) = (tenant.client(), group(&format!("Team {round}"), &[]));
                async move { client.post("/Groups", &body).await.status }
            })
            .await;
            assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        }
        assert_eq!(tenant.client().get("/Groups").await.expect(200).total(), 10);
    }

    /// Clients that change different attributes of one user keep each other's changes.
    async fn r095_changes_of_different_attributes_are_all_kept(system) {
        let client = system.tenant("attributes").client();
        let path = format!("/Users/{}", client.post("/Users", &user("shared")).await.expect(201).id());
        let attributes = ["title", "nickName", "userType", "locale", "timezone", "preferredLanguage", "name.givenName", "name.familyName"];
        crowd(attributes.len(), |number| {
            let (client, path) = (client.clone(), path.clone());
            async move {
                for round in 0..20 {
                    client.patch(&path, &patch_one("replace", attributes[number], json!(format!("{round}")))).await.expect(200);
                }
            }
        })
        .await;
        let left = client.get(&path).await.expect(200);
        for attribute in attributes {
            let value = &left.body.pointer(&format!("/{}", attribute.replace('.', "/")));
            assert_eq!(value, &Some(&json!("19")), "{attribute}");
        }
        assert_eq!(left.header("etag"), Some("W/\"161\""), "every change is a version");
    }

    /// R63: users that are deleted while they are added leave no dangling member and no event of one.
    async fn r063_users_deleted_while_they_are_added_are_no_members(system) {
        let tenant = system.tenant("dangling");
        let client = tenant.client();
        let users = create_users(&client, CLIENTS * 4).await;
        let id = client.post("/Groups", &group("Fleeting", &[])).await.expect(201).id();
        crowd(CLIENTS, |number| {
            let (client, path) = (client.clone(), format!("/Groups/{id}"));
            let own = users[number / 2 * 8..number / 2 * 8 + 8].to_vec();
            async move {
                for member in own {
                    if number % 2 == 0 {
                        let status = client.patch(&path, &added_member(&member)).await.status;
                        assert!(matches!(status, 200 | 204 | 400), "{status}");
                    } else {
                        client.delete(&format!("/Users/{member}")).await.expect(204);
                    }
                }
            }
        })
        .await;
        assert_eq!(client.get("/Users?count=0").await.expect(200).total(), 0);
        assert!(client.get(&format!("/Groups/{id}")).await.expect(200).members().is_empty());
        let sequences: Vec<u64> = system.all_events(&tenant, 0).iter().map(|event| event["sequence"].as_u64().expect("a number")).collect();
        assert_eq!(sequences, (1..=u64::try_from(sequences.len()).expect("few")).collect::<Vec<_>>());
    }

    /// A group deleted while it is written is gone afterwards, and nothing of it shows on users.
    async fn a_group_deleted_while_it_is_written_is_gone(system) {
        let client = system.tenant("gone").client();
        let users = create_users(&client, CLIENTS).await;
        let id = client.post("/Groups", &group("Doomed", &[])).await.expect(201).id();
        let statuses = crowd(CLIENTS, |number| {
            let (client, path, member) = (client.clone(), format!("/Groups/{id}"), users[number].clone());
            async move {
                if number == CLIENTS / 2 { client.delete(&path).await.status } else { client.patch(&path, &added_member(&member)).await.status }
            }
        })
        .await;
        assert!(statuses.iter().all(|status| matches!(status, 200 | 204 | 404)), "{statuses:?}");
        client.get(&format!("/Groups/{id}")).await.expect(404);
        let all = client.get("/Users?count=100").await.expect(200);
        assert!(all.resources().iter().all(|user| user.get("groups").is_none()), "{}", all.text);
    }

    /// A tenant that is deleted while it is written leaves nothing behind and answers no error of ours.
    async fn a_tenant_deleted_while_it_is_written_is_gone(system) {
        let tenant = system.tenant("vanishing");
        let results = crowd(9, |number| {
            let (system, tenant) = (system.clone(), tenant.clone());
            async move {
                if number == 0 {
                    tenant.client().post("/Users", &user("first")).await;
                    let delete = move || system.tenantry(&["tenant", "delete", &tenant.name, "--yes"]).code;
                    return tokio::task::spawn_blocking(delete).await.expect("a task") == Some(0);
                }
                for round in 0.. {
                    let status = tenant.client().post("/Users", &user(&format!("u{number}-{round}"))).await.status;
                    if status != 201 {
                        return matches!(status, 401 | 403 | 404);
                    }
                }
                false
            }
        })
        .await;
        assert!(results.iter().all(|right| *right), "{results:?}");
        let again = system.tenantry(&["tenant", "create", &tenant.name, "--with-token", "--json"]).expect(0).json();
        let client = tenant.client().with_token(again["token"].as_str().expect("a token"));
        assert_eq!(client.get("/").await.expect(200).total(), 0);
    }

    /// A version names one state: of clients that all saw the same one, one changes it.
    async fn r017_of_sixteen_conditional_writes_one_wins(system) {
        let client = system.tenant("conditional").client();
        let created = client.post("/Users", &user("contended")).await.expect(201);
        let (path, tag) = (format!("/Users/{}", created.id()), created.header("etag").expect("a tag").to_owned());
        let answers = crowd(CLIENTS, |number| {
            let body = json!({ "schemas": [urn::PATCH], "Operations": [
                { "op": "replace", "path": "title", "value": format!("number {number}") }] });
            let (client, path) = (client.clone().with("if-match", tag.as_str()), path.clone());
            async move { client.patch(&path, &body).await.status }
        })
        .await;
        assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 412).count(), CLIENTS - 1, "{answers:?}");
    }
}

async fn create_users(client: &Client, count: usize) -> Vec<String> {
    let mut ids = Vec::with_capacity(count);
    for number in 0..count {
        ids.push(client.post("/Users", &user(&format!("member-{number}"))).await.expect(201).id());
    }
    ids
}
