//! Warnings of the ends of tokens and secrets.

use time::Duration;

use super::*;
use crate::{CredentialEnd, EndOf, NewOauthClient, NewToken};

/// The warnings that are given now.
async fn warned(tenants: &Tenants) -> Vec<CredentialEnd> {
    let mut warned = Vec::new();
    tenants.warn_of_ends(|end| warned.push(end)).await.unwrap();
    warned
}

/// How many changes of tenants there were.
async fn generation(system: &System) -> i64 {
    let database = database(&system.url).await;
    let sql = crate::store::statement(database.reader(), "SELECT generation FROM deployment WHERE id = 1", []);
    database.query(sql).await.unwrap()[0].try_get_by_index(0).unwrap()
}

/// Makes the database refuse to note warnings of one token.
async fn refuse_warnings(system: &System, id: &str) {
    let database = database(&system.url).await;
    let sql = match database.reader().get_database_backend() {
        sea_orm::DbBackend::Postgres => format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = '{id}' THEN \
             RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER refuse BEFORE UPDATE ON tokens FOR EACH ROW EXECUTE FUNCTION refuse()"
        ),
        _ => format!(
            "CREATE TRIGGER refuse BEFORE UPDATE OF warned_days ON tokens WHEN NEW.id = '{id}' \
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        ),
    };
    database.reader().execute_unprepared(&sql).await.unwrap();
}

on_both! {
    async fn one_is_warned_once_of_the_end_of_a_token(system: System) {
        let short = |days| NewToken { lifetime: Duration::days(days) - Duration::HOUR, ..NewToken::of_days(1) };
        system.tenants.issue("beta", &short(200)).await.unwrap();
        assert_eq!(warned(&system.tenants).await, []);
        system.tenants.issue("acme", &NewToken::of_days(20)).await.unwrap();
        system.age("acme", 14).await;
        for tenants in [system.restarted().await, system.restarted().await] {
            let ends: Vec<_> = tenants.ending_within(30).into_iter().map(|end| (end.tenant, end.days_left)).collect();
            assert_eq!(ends, [("acme".to_owned(), 6)]);
        }
        let told = warned(&system.restarted().await).await;
        assert_eq!(told.iter().map(|end| (end.tenant.as_str(), end.days_left)).collect::<Vec<_>>(), [("acme", 6)]);
        let restarted = system.restarted().await;
        assert_eq!(warned(&restarted).await, []);
        system.age("acme", 5).await;
        assert_eq!(warned(&system.restarted().await).await.len(), 1, "the last day");
        assert_eq!(warned(&system.restarted().await).await, []);
    }

    async fn two_processes_warn_once(system: System) {
        system.tenants.issue("acme", &NewToken::of_days(20)).await.unwrap();
        system.age("acme", 14).await;
        let (one, other) = (system.restarted().await, system.restarted().await);
        assert_eq!(warned(&one).await.len(), 1);
        let before = generation(&system).await;
        assert_eq!(warned(&other).await.len(), 0);
        assert_eq!(generation(&system).await, before, "who warns of nothing changes nothing");
    }

    // The attack: the database fails between two warnings that are due at once.
    async fn a_warning_that_cannot_be_given_holds_up_no_other(system: System) {
        system.tenants.create(NewTenant { name: "gamma".to_owned(), ..NewTenant::default() }).await.unwrap();
        let mut ids = Vec::new();
        for tenant in ["acme", "beta", "gamma"] {
            ids.push(system.tenants.issue_token(tenant, 20).await.unwrap().id);
            system.age(tenant, 14).await;
        }
        refuse_warnings(&system, &ids[1].to_string()).await;
        let (restarted, mut told) = (system.restarted().await, Vec::new());
        restarted.warn_of_ends(|end| told.push(end.tenant)).await.unwrap_err();
        told.sort_unstable();
        assert_eq!(told, ["acme", "gamma"]);
    }

    async fn one_is_warned_of_the_end_of_each_secret(system: System) {
        let new = NewOauthClient { name: "entra".to_owned(), ..NewOauthClient::default() };
        let client = system.tenants.create_oauth_client("acme", &new).await.unwrap().id;
        let first = system.tenants.issue_oauth_secret("acme", client, 20).await.unwrap().record.id;
        let later = system.tenants.issue_oauth_secret("acme", client, 200).await.unwrap().record.id;
        assert_eq!(warned(&system.tenants).await, []);
        system.age("acme", 6).await;
        let of = |id| EndOf::Secret { id, client, name: "entra".to_owned() };
        let told = async || warned(&system.restarted().await).await.into_iter().map(|end| (end.of, end.days_left)).collect::<Vec<_>>();
        assert_eq!(told().await, [(of(first), 14)]);
        assert_eq!(told().await, []);
        let ends: Vec<_> = system.restarted().await.ending_within(30).into_iter().map(|end| end.of).collect();
        assert_eq!(ends, [of(first)]);
        system.age("acme", 170).await;
        assert_eq!(told().await, [(of(later), 24)]);
        system.age("acme", 11).await;
        // Nobody can get a token with these any more.
        system.tenants.enable_oauth_client("acme", client, false).await.unwrap();
        assert_eq!(told().await, []);
        system.tenants.enable_oauth_client("acme", client, true).await.unwrap();
        system.tenants.revoke_oauth_secret("acme", client, later).await.unwrap();
        assert_eq!(told().await, []);
    }
}
