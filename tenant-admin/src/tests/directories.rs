//! Users, groups and events.

use std::sync::Arc;

use directory::Include;
use scim::{Dialect, Draft, ResourceKind};
use sea_orm::Statement;
use serde_json::{Value, json};

use super::{System, create, on_both};
use crate::{Code, Command, Kind};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

fn user(name: &str) -> Value {
    json!({"schemas": [USER], "userName": name})
}

fn list(tenant: &str, kind: Kind, filter: Option<&str>) -> Command {
    Command::ListResources { tenant: tenant.to_owned(), kind, filter: filter.map(str::to_owned), start: 1, count: 100 }
}

fn show(kind: Kind, name: &str) -> Command {
    Command::ShowResource { tenant: "acme".to_owned(), kind, name: name.to_owned() }
}

fn events(after: i64, wait_ms: u64) -> Command {
    Command::ReadEvents { tenant: "acme".to_owned(), after, limit: 10, wait_ms }
}

on_both! {
    async fn of_a_tenant_that_is_deleted_while_others_write_nothing_is_left(system: System) {
        system.add("acme", ResourceKind::User, user("first")).await;
        let acme = system.tenants.find("acme").unwrap();
        let writing = (0..4).map(|writer| {
            let (directory, acme) = (system.directory("acme"), Arc::clone(&acme));
            tokio::spawn(async move {
                for number in 0.. {
                    let body = user(&format!("user-{writer}-{number}"));
                    let of = acme.schemas().of(ResourceKind::User);
                    let draft = Draft::parse(body, of, &mut Dialect::lenient()).unwrap().creating();
                    if directory.create(ResourceKind::User, draft, Include::NOTHING).await.is_err() {
                        return number;
                    }
                }
                0
            })
        });
        let writing: Vec<_> = writing.collect();
        system.run(Command::DeleteTenant { name: "acme".to_owned() }).await.unwrap();
        for task in writing {
            // Each wrote until the tenant was gone.
            task.await.unwrap();
        }
        let database = &system.database;
        for table in ["directories", "resources", "events", "blocks", "emails"] {
            let statement = Statement::from_string(database.backend(), format!("SELECT COUNT(*) FROM {table}"));
            let row = database.query(statement).await.unwrap().remove(0);
            assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 0, "{table}");
        }
    }

    async fn users_are_listed_as_their_client_sees_them(system: System) {
        let ada = system.add("acme", ResourceKind::User, user("ada")).await;
        system.add("acme", ResourceKind::User, user("bob")).await;
        let all = system.run(list("acme", Kind::User, None)).await.unwrap();
        assert_eq!(all["total"], 2);
        let one = system.run(list("acme", Kind::User, Some("userName eq \"ADA\""))).await.unwrap();
        assert_eq!(one["users"][0]["id"], ada.as_str());
        let location = format!("https://example.com:8443/t/acme/scim/v2/Users/{ada}");
        assert_eq!(one["users"][0]["meta"]["location"], location);
        let refused = system.run(list("acme", Kind::User, Some("colour eq 1"))).await.unwrap_err();
        assert_eq!(refused.code, Code::Invalid);
    }

    async fn a_resource_is_shown_by_id_and_by_name(system: System) {
        let ada = system.add("acme", ResourceKind::User, user("ada \"the\" first")).await;
        let group = json!({"schemas": [GROUP], "displayName": "Engineers", "members": [{"value": ada}]});
        let engineers = system.add("acme", ResourceKind::Group, group.clone()).await;
        for name in [ada.as_str(), "ada \"the\" first"] {
            let shown = system.run(show(Kind::User, name)).await.unwrap();
            assert_eq!(shown["groups"][0]["value"], engineers.as_str());
        }
        let shown = system.run(show(Kind::Group, "engineers")).await.unwrap();
        assert_eq!(shown["members"][0]["value"], ada.as_str());

        let missing = system.run(show(Kind::User, "bob")).await.unwrap_err();
        assert_eq!((missing.code, missing.message.as_str()), (Code::NotFound, "tenant \"acme\" has no user \"bob\""));
        system.add("acme", ResourceKind::Group, group).await;
        let ambiguous = system.run(show(Kind::Group, "Engineers")).await.unwrap_err();
        assert_eq!(ambiguous.code, Code::Conflict);
    }

    async fn events_are_read_from_a_number_on_and_waited_for(system: System) {
        system.add("acme", ResourceKind::User, user("ada")).await;
        let first = system.run(events(0, 0)).await.unwrap();
        assert_eq!(first["events"][0]["sequence"], 1);
        assert_eq!(first["events"][0]["type"], "user.created");
        assert_eq!(system.run(events(1, 0)).await.unwrap()["events"], json!([]));

        let operator = system.operator.clone();
        let waiting = tokio::spawn(async move { operator.run(events(1, 60_000)).await.unwrap() });
        system.add("acme", ResourceKind::User, user("bob")).await;
        assert_eq!(waiting.await.unwrap()["events"][0]["sequence"], 2);
    }

    async fn a_deleted_tenant_takes_everything_along(system: System) {
        system.run(create("beta", false, None)).await.unwrap();
        system.add("beta", ResourceKind::User, user("bob")).await;
        system.add("acme", ResourceKind::User, user("ada")).await;
        system.run(Command::DeleteTenant { name: "acme".to_owned() }).await.unwrap();
        assert_eq!(system.run(list("acme", Kind::User, None)).await.unwrap_err().code, Code::NotFound);

        system.run(create("acme", false, None)).await.unwrap();
        assert_eq!(system.run(list("acme", Kind::User, None)).await.unwrap()["total"], 0);
        assert_eq!(system.run(events(0, 0)).await.unwrap()["events"], json!([]));
        assert_eq!(system.run(list("beta", Kind::User, None)).await.unwrap()["total"], 1);
    }
}
