//! Creating, changing, switching off and deleting.

use sea_orm::ConnectionTrait;
use serde_json::{Map, Value, json};

use super::{System, authenticate, on_both};
use crate::{NewTenant, Refusal, Settings, TenancyError, TenantChange};

fn settings(changes: Value) -> TenantChange {
    let Value::Object(settings) = changes else { panic!("an object") };
    TenantChange { settings, ..TenantChange::default() }
}

on_both! {
    async fn tenants_are_listed_by_name_and_survive_a_restart(system: System) {
        system.tenants.create(NewTenant { name: "aaa".to_owned(), ..NewTenant::default() }).await.unwrap();
        for tenants in [system.tenants.clone(), system.restarted().await] {
            let names: Vec<_> = tenants.list().iter().map(|tenant| tenant.name().to_owned()).collect();
            assert_eq!(names, ["aaa", "acme", "beta"]);
        }
    }

    async fn a_name_is_a_label_of_a_domain_name_and_belongs_to_one(system: System) {
        let long = "a".repeat(64);
        for name in ["", "Acme", "a_b", "a.b", "-a", "a-", "a b", "ä", "a/b", &long] {
            let refused = system.tenants.create(NewTenant { name: name.to_owned(), ..NewTenant::default() }).await;
            assert!(matches!(refused, Err(TenancyError::Invalid(_))), "{name}");
        }
        let taken = system.tenants.create(NewTenant { name: "acme".to_owned(), ..NewTenant::default() }).await;
        assert_eq!(taken.unwrap_err().to_string(), "a tenant named \"acme\" exists already");
    }

    async fn settings_change_by_name_and_come_back_to_their_default(system: System) {
        let changed = system.tenants.update("acme", settings(json!({"strict": true, "rate_per_second": 7}))).await.unwrap();
        let expected = Settings { strict: true, rate_per_second: 7, ..Settings::default() };
        assert_eq!(*changed.settings(), expected);
        assert_eq!(*system.restarted().await.find("acme").unwrap().settings(), expected);
        let back = system.tenants.update("acme", settings(json!({"strict": null}))).await.unwrap();
        assert_eq!(*back.settings(), Settings { rate_per_second: 7, ..Settings::default() });
        assert_eq!(*system.tenants.find("beta").unwrap().settings(), Settings::default());
    }

    async fn a_wrong_setting_names_itself_and_changes_nothing(system: System) {
        for (change, begins) in [
            (json!({"strict": true, "colour": 1}), "no setting is named colour; there are profile, profile_options, "),
            (json!({"strict": "maybe"}), "setting strict: invalid type"),
            (json!({"rate_per_second": -1}), "setting rate_per_second: invalid value"),
            (json!({"rate_burst": 0}), "setting rate_burst is at least 1"),
            (json!({"extensions": [{}]}), "setting extensions: missing field"),
        ] {
            let refused = system.tenants.update("acme", settings(change)).await.unwrap_err();
            assert!(refused.to_string().starts_with(begins), "{refused}");
        }
        assert_eq!(*system.tenants.find("acme").unwrap().settings(), Settings::default());
    }

    async fn a_disabled_tenant_is_refused_until_it_is_enabled(system: System) {
        let token = system.token("acme").await;
        system.authenticate("acme", &token).await.unwrap();
        system.tenants.set_enabled("acme", false).await.unwrap();
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Disabled);
        assert_eq!(authenticate(&system.restarted().await, "acme", &token).await.unwrap_err(), Refusal::Disabled);
        system.tenants.set_enabled("acme", true).await.unwrap();
        system.authenticate("acme", &token).await.unwrap();
    }

    async fn a_deleted_tenant_is_gone_and_its_namesake_is_another(system: System) {
        let token = system.token("acme").await;
        let first = system.tenants.find("acme").unwrap().id();
        system.tenants.delete("acme").await.unwrap();
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Unknown);
        assert!(matches!(system.tenants.administer("acme"), Err(TenancyError::NoTenant { .. })));
        let again = system.tenants.create(NewTenant { name: "acme".to_owned(), ..NewTenant::default() }).await.unwrap();
        assert_ne!(again.id(), first, "numbers are never given out twice");
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Unknown);
        assert!(system.tenants.list_tokens("acme").await.unwrap().is_empty());
    }

    async fn what_is_asked_of_nobody_names_the_name(system: System) {
        let change = TenantChange { settings: Map::new(), ..TenantChange::default() };
        let sentence = "no tenant is named \"nobody\"; see: tenantry tenant list";
        assert_eq!(system.tenants.update("nobody", change).await.unwrap_err().to_string(), sentence);
        assert_eq!(system.tenants.set_enabled("nobody", true).await.unwrap_err().to_string(), sentence);
        assert_eq!(system.tenants.delete("nobody").await.unwrap_err().to_string(), sentence);
        assert_eq!(system.tenants.issue_token("nobody", 1).await.unwrap_err().to_string(), sentence);
        assert_eq!(system.tenants.revoke_token("nobody", None).await.unwrap_err().to_string(), sentence);
    }

    async fn a_database_that_was_set_back_is_read_anew(system: System) {
        let token = system.token("acme").await;
        let database = sea_orm::Database::connect(&system.url).await.unwrap();
        for statement in [
            "DELETE FROM tenants WHERE name = 'beta'",
            "DELETE FROM changes WHERE generation > 1",
            "UPDATE deployment SET generation = 1",
        ] {
            database.execute_unprepared(statement).await.unwrap();
        }
        system.tenants.find("beta").unwrap();
        system.tenants.set_enabled("acme", false).await.unwrap();
        assert!(matches!(system.tenants.find("beta"), Err(TenancyError::NoTenant { .. })));
        system.tenants.settle().await.unwrap();
        assert_eq!(system.authenticate("acme", &token).await.unwrap_err(), Refusal::Disabled);
    }
}
