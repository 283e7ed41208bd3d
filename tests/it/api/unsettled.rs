//! A profile is switched, and for one of its tenants the names that it makes of users cannot be made.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};

use super::Admin;
use crate::support::{Replicas, unique, user};

/// The names of a tenant's users for the application.
async fn told_names(connection: &DatabaseConnection, tenant: &str) -> Vec<String> {
    let sql = "SELECT r.told_name FROM resources r JOIN tenants t ON t.id = r.tenant_id WHERE t.name = $1";
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, [tenant.into()]);
    let rows = connection.query_all_raw(statement).await.expect("the users");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a name")).collect()
}

/// Has the database refuse other names in the directory of a tenant.
async fn refuse_names(connection: &DatabaseConnection, tenant: &str) {
    let sql = format!(
        "CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no other names'; END $$;
         DO $do$ BEGIN EXECUTE format('CREATE TRIGGER test_naming BEFORE UPDATE OF naming ON directories FOR EACH ROW \
         WHEN (NEW.tenant_id = %s) EXECUTE FUNCTION test_refuse()', (SELECT id FROM tenants WHERE name = '{tenant}')); END $do$"
    );
    connection.execute_unprepared(&sql).await.expect("the trigger");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p06_a_tenant_whose_names_cannot_be_made_keeps_nobody_else_from_it() {
    let replicas = Replicas::start(1, 2000).await;
    let (system, name) = (replicas.of(0), unique("desk"));
    let admin = Admin::operator(system).await;
    let import = |from: &str| {
        let map = format!("[[map]]\nto = \"userName\"\nfrom = [{from}]\n");
        json!({ "text": format!("name = \"{name}\"\ntitle = \"Desk\"\n\n{map}"), "file": "desk.toml" })
    };
    admin.post("/profiles", &import("\"userName\"")).await.expect(200);
    let tenants = ["first", "second", "third"].map(|name| system.tenant(name));
    for tenant in &tenants {
        admin
            .patch(&format!("/tenants/{}", tenant.name), &json!({ "settings": { "profile": name } }))
            .await
            .expect(200);
        tenant.client().post("/Users", &user("anna@a.example")).await.expect(201);
    }
    let connection = sea_orm::Database::connect(replicas.url()).await.expect("the database");
    refuse_names(&connection, &tenants[0].name).await;
    admin.post("/profiles", &import("{ of = \"userName\", before = \"@\" }")).await.expect(500);
    for (tenant, expected) in tenants.iter().zip(["anna@a.example", "anna", "anna"]) {
        assert_eq!(told_names(&connection, &tenant.name).await, [expected], "{}", tenant.name);
    }
    assert_eq!(admin.get(&format!("/profiles/{name}")).await.expect(200).body["version"], 2, "it is switched");
    let log = system.server().log();
    let told = |sentence: &str| log.lines().filter(|line| line.contains(sentence)).count();
    assert_eq!((told("a profile was imported"), told("were not made anew for")), (2, 1), "{log}");
    connection.execute_unprepared("DROP TRIGGER test_naming ON directories").await.expect("it is gone");
    tenants[0].client().post("/Users", &user("bob@a.example")).await.expect(201);
    assert_eq!(told_names(&connection, &tenants[0].name).await, ["anna", "bob"]);
    // Going back to where it is already is nothing that was done.
    let back = admin.post(&format!("/profiles/{name}/rollback"), &json!({ "version": 2 })).await.expect(200).body;
    assert_eq!(back["changed"], Value::Bool(false));
    assert!(!system.server().log().contains("a profile went back to a version"));
}
