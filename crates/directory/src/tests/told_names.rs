//! Names that applications are told, where the rule comes after the users: from an older version, or with a file at the start.

use scim::ResourceKind;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};
use tenancy::TenantChange;

use super::on_both;
use super::support::{ALL, System, draft, patch, status};
use crate::{Condition, Directory, DirectoryError, Record};

async fn create(directory: &Directory, name: &str) -> Result<Record, DirectoryError> {
    directory.create(ResourceKind::User, draft(ResourceKind::User, json!({ "userName": name })), ALL).await
}

async fn change(directory: &Directory, user: &Record, path: &str, value: &str) -> Result<(), DirectoryError> {
    let patch = patch(ResourceKind::User, &json!([{ "op": "replace", "path": path, "value": value }]));
    directory.patch(ResourceKind::User, &user.id, patch, Condition::None, ALL).await.map(drop)
}

/// Without looking whether anybody collides.
async fn go_by(system: &System, settings: Value) -> Directory {
    let Value::Object(settings) = settings else { panic!("{settings}") };
    system.tenants.update("acme", TenantChange { settings, ..TenantChange::default() }).await.unwrap();
    system.directories.administered(&system.tenants.administer("acme").unwrap())
}

async fn told_names(system: &System) -> Vec<Option<String>> {
    let statement = Statement::from_string(system.database.backend(), "SELECT told_name FROM resources ORDER BY id");
    system.database.query(statement).await.unwrap().iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Who is told to come again.
fn refused_for_now(error: &DirectoryError) {
    assert!(matches!(error, DirectoryError::Unavailable(_)), "{error:?}");
}

fn named(names: &[&str]) -> Vec<Option<String>> {
    names.iter().map(|name| (!name.is_empty()).then(|| (*name).to_owned())).collect()
}

/// More than are read or written at once.
const MANY: usize = 2_500;

/// So many users that nobody has to make one by one. Of each seven in order the last one is called like the first of all, but for its domain.
async fn many_users(system: &System) {
    let tenant = system.tenant.tenant().id().as_i64();
    let (numbers, id) = match system.database.backend() {
        DbBackend::Sqlite => (
            format!("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {MANY})"),
            "printf('00000000-0000-7000-8000-%012d', n)",
        ),
        _ => (
            format!("WITH numbers AS (SELECT n FROM generate_series(1, {MANY}) AS n)"),
            "CAST('00000000-0000-7000-8000-' || lpad(n::text, 12, '0') AS uuid)",
        ),
    };
    let name = "'User' || CASE WHEN n % 7 = 0 THEN 1 ELSE n END || '@d' || n || '.example'";
    let sql = format!(
        "INSERT INTO resources (tenant_id, id, kind, position, version, created, modified, active, user_name, display, \
         member_count, document) {numbers} SELECT {tenant}, {id}, 1, n + 1000, 1, 0, 0, true, lower({name}), {name}, 0, \
         '{{\"userName\":\"' || {name} || '\"}}' FROM numbers"
    );
    system.database.writer().execute_unprepared(&sql).await.unwrap();
}

on_both! {
    async fn p06_names_of_many_users_are_made_page_by_page(system: System) {
        many_users(&system).await;
        let directory = go_by(&system, json!({ "profile": "account-scim" })).await;
        directory.settle_names().await.unwrap();
        let expected = |n: usize| Some(format!("user{}@d{n}.example", if n.is_multiple_of(7) { 1 } else { n }));
        assert_eq!(told_names(&system).await, (1..=MANY).map(expected).collect::<Vec<_>>());
        let directory = go_by(&system, json!({ "profile_options": { "user_id": "mailbox" } })).await;
        let collisions = directory.find_collisions(directory.tenant().profile()).await.unwrap();
        assert_eq!(collisions.users, i64::try_from(MANY / 7).unwrap());
        directory.settle_names().await.unwrap();
        let expected = |n: usize| (!n.is_multiple_of(7)).then(|| format!("user{n}"));
        assert_eq!(told_names(&system).await, (1..=MANY).map(expected).collect::<Vec<_>>());
        assert_eq!(status(&create(&directory, "USER2498@x.example").await.unwrap_err()), 409);
    }

    async fn p06_users_that_collide_already_stay_and_nobody_joins_them(system: System) {
        let mut users = Vec::new();
        for name in ["Anna@a.example", "anna@b.example", "bob@a.example"] {
            users.push(create(&system.directory, name).await.unwrap());
        }
        assert_eq!(told_names(&system).await, named(&["", "", ""]), "nothing is noted without a rule");
        let settings = json!({ "profile": "account-scim", "profile_options": { "user_id": "mailbox" } });
        let directory = go_by(&system, settings).await;
        let found = directory.find_collisions(directory.tenant().profile()).await.unwrap();
        assert_eq!((found.users, found.shown[0].other_id.as_str()), (1, users[0].id.as_str()));
        // The first change of a user makes all names, whichever user it is.
        change(&directory, &users[2], "title", "x").await.unwrap();
        assert_eq!(told_names(&system).await, named(&["anna", "", "bob"]));
        change(&directory, &users[1], "title", "x").await.unwrap();
        assert_eq!(status(&create(&directory, "ANNA@c.example").await.unwrap_err()), 409);
        assert_eq!(status(&change(&directory, &users[2], "userName", "anna@d.example").await.unwrap_err()), 409);
        // When the name is free, who waits for it gets it with its next change.
        change(&directory, &users[0], "userName", "anne@a.example").await.unwrap();
        change(&directory, &users[1], "title", "y").await.unwrap();
        assert_eq!(told_names(&system).await, named(&["anne", "anna", "bob"]));
        // Names that users exchange by a rule are no conflict; without a rule they are forgotten.
        let directory = go_by(&system, json!({ "profile_options": {} })).await;
        directory.settle_names().await.unwrap();
        assert_eq!(told_names(&system).await, named(&["anne@a.example", "anna@b.example", "bob@a.example"]));
        let directory = go_by(&system, json!({ "profile": null, "profile_options": null })).await;
        create(&directory, "eve").await.unwrap();
        assert_eq!(told_names(&system).await, named(&["", "", "", ""]));
    }

    async fn p06_a_change_under_the_rule_before_is_not_made_by_the_new_one(system: System) {
        create(&system.directory, "anna@a.example").await.unwrap();
        let before = go_by(&system, json!({ "profile": "account-scim" })).await;
        create(&before, "anna@b.example").await.unwrap();
        let after = go_by(&system, json!({ "profile_options": { "user_id": "mailbox" } })).await;
        // Both wait at the same time: the newer one decides for the batch, and the other comes again.
        let changes = [create(&before, "x@a.example"), create(&after, "x@b.example"), create(&before, "x@c.example")];
        let made: Vec<bool> = futures::future::join_all(changes).await.into_iter().map(|made| made.is_ok()).collect();
        assert!(made.contains(&true), "{made:?}");
        after.settle_names().await.unwrap();
        let told = told_names(&system).await;
        let mut names: Vec<&String> = told.iter().flatten().collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), told.iter().flatten().count(), "{told:?}");
        assert_eq!(status(&create(&after, "x@d.example").await.unwrap_err()), 409);
    }

    async fn p06_a_change_that_began_under_an_older_rule_makes_no_names(system: System) {
        let before = go_by(&system, json!({ "profile": "account-scim" })).await;
        create(&before, "anna@a.example").await.unwrap();
        let after = go_by(&system, json!({ "profile_options": { "user_id": "mailbox" } })).await;
        after.settle_names().await.unwrap();
        refused_for_now(&create(&before, "bob@a.example").await.unwrap_err());
        assert_eq!(told_names(&system).await, named(&["anna"]), "nothing went back");
        create(&after, "bob@a.example").await.unwrap();
        // The same where the profile is another one; going back to a version is a change like any other.
        let own = |from: &str| format!("name = \"own\"\ntitle = \"Own\"\n[[map]]\nto = \"userName\"\nfrom = [{from}]\n");
        system.tenants.import_profile(&own("\"userName\""), "own.toml", false).await.unwrap();
        let first = go_by(&system, json!({ "profile": "own", "profile_options": null })).await;
        first.settle_names().await.unwrap();
        system.tenants.import_profile(&own("{ of = \"userName\", after = \"@\" }"), "own.toml", false).await.unwrap();
        let second = system.directories.administered(&system.tenants.administer("acme").unwrap());
        second.settle_names().await.unwrap();
        refused_for_now(&create(&first, "eve@b.example").await.unwrap_err());
        assert_eq!(told_names(&system).await, named(&["a.example", ""]));
        system.tenants.roll_back_profile("own", None).await.unwrap();
        let third = system.directories.administered(&system.tenants.administer("acme").unwrap());
        create(&third, "eve@b.example").await.unwrap();
        refused_for_now(&create(&second, "cid@c.example").await.unwrap_err());
        assert_eq!(told_names(&system).await, named(&["anna@a.example", "bob@a.example", "eve@b.example"]));
        create(&first, "cid@c.example").await.unwrap();
    }

    async fn p06_a_long_name_is_refused(system: System) {
        let directory = go_by(&system, json!({ "profile": "account-scim" })).await;
        let mut body = json!({ "userName": "ada", "emails": [{ "type": "work", "value": "a".repeat(257) }] });
        let refused = directory.create(ResourceKind::User, draft(ResourceKind::User, body.clone()), ALL).await.unwrap_err();
        assert_eq!(status(&refused), 400);
        body["emails"][0]["value"] = json!("ada@acme.example");
        directory.create(ResourceKind::User, draft(ResourceKind::User, body), ALL).await.unwrap();
        let sql = "SELECT COUNT(*) FROM directories WHERE naming <> 0";
        let statement = Statement::from_string(system.database.backend(), sql);
        let row = system.database.query(statement).await.unwrap().remove(0);
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1);
        system.database.writer().execute_unprepared("UPDATE directories SET naming = 5").await.unwrap();
        create(&directory, "eve").await.unwrap();
        create(&directory, "bob").await.unwrap();
        assert_eq!(told_names(&system).await, named(&["ada@acme.example", "eve", "bob"]));
    }
}
