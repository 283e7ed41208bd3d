//! What a client does is in the tenant's databases a moment later.

use super::super::a_days_work;
use super::*;

on_both! {
    /// Each kind of database has what the directory has, and every event of it.
    async fn a_database_follows_the_directory(database: Database) {
        let system = start(database).await;
        let tenant = system.tenant("followed");
        let all = [
            Kept::in_a_file(&system, &tenant),
            Kept::in_postgres(&system, &tenant).await,
            Kept::in_mariadb(&system, &tenant).await,
        ];
        a_days_work(&tenant).await;
        for kept in &all {
            kept.is_as_the_directory(&system, &tenant).await;
        }
    }
}

/// Whoever may look into the tenant's file sees its users with the `sqlite3` program, while the server runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_is_opened_by_sqlite3() {
    let system = System::shared(Database::Sqlite).await;
    let tenant = system.tenant("seen");
    let kept = Kept::in_a_file(&system, &tenant);
    a_days_work(&tenant).await;
    caught_up(&system, &tenant, kept.name).await;
    let file = kept.url.trim_start_matches("sqlite://");
    let sql = "SELECT user_name, active FROM users ORDER BY user_name";
    let shown = std::process::Command::new("sqlite3").args(["-readonly", file, sql]).output().expect("sqlite3");
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let shown = String::from_utf8(shown.stdout).expect("UTF-8");
    let expected: String = State::of_directory(&tenant)
        .await
        .users
        .into_values()
        .fold(BTreeSet::new(), |mut all, user| {
            all.insert(format!("{}|{}\n", user.0, u8::from(user.1)));
            all
        })
        .into_iter()
        .collect();
    assert_eq!(shown, expected);
}

/// A store that cannot be right is refused when it is added, and its secret is in no answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_right_is_refused() {
    let system = System::shared(Database::Sqlite).await;
    let tenant = system.tenant("refused");
    for (url, word) in [
        ("sqlite://../../tenantry.db", "folder of the tenant's stores"),
        ("postgres://u:top-secret@db.example.com/app?host=/tmp", "no parameter but sslmode"),
        ("oracle://u:top-secret@db.example.com/app", "postgres://USER:PASSWORD@HOST/DATABASE"),
    ] {
        let url = format!("url={url}");
        let arguments = ["store", "add", &tenant.name, "wrong", "--kind", "sql", &url];
        let refused = system.tenantry(&arguments);
        assert_ne!(refused.code, Some(0), "{url}");
        assert!(refused.stderr.contains(word) && !refused.stderr.contains("top-secret"), "{}", refused.stderr);
    }
    // Where private addresses are not allowed, this machine is one.
    let url = format!("url={}/postgres", server_of(POSTGRES_VARIABLE));
    add_store(&system, &tenant, "near", "sql", &["retry_seconds=[1]", &url]);
    let tested = system.tenantry(&["store", "test", &tenant.name, "near"]);
    assert_ne!(tested.code, Some(0));
    assert!(tested.stderr.contains("stores.allow_private"), "{}", tested.stderr);
}
