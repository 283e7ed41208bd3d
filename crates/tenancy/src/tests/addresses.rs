//! How a host and a path find a tenant.

use time::OffsetDateTime;

use super::{System, at_host, at_path, on_both, visit};
use crate::{Address, NewTenant, Refusal, Resolution, TenancyError, TenantChange};

fn name(resolution: Resolution) -> String {
    match resolution {
        Resolution::Tenant(tenant) => tenant.name().to_owned(),
        Resolution::Shared => "(shared)".to_owned(),
        Resolution::Unknown => "(unknown)".to_owned(),
    }
}

async fn with_host(system: &System, tenant: &str, host: &str) -> Result<(), TenancyError> {
    let change = TenantChange { add_hosts: vec![host.to_owned()], ..TenantChange::default() };
    system.tenants.update(tenant, change).await.map(|_| ())
}

on_both! {
    async fn a_tenant_is_found_by_path_by_its_host_and_by_its_name_under_the_base_domain(system: System) {
        with_host(&system, "acme", "SCIM.Acme.Example.").await.unwrap();
        let found = |address: Address<'_>| name(system.tenants.resolve(&address));
        assert_eq!(found(at_path("acme")), "acme");
        assert_eq!(found(at_host("scim.acme.example")), "acme");
        assert_eq!(found(at_host("beta.scim.example.com")), "beta");
        assert_eq!(found(at_host("127.0.0.1")), "(shared)");
        assert_eq!(found(at_host("scim.example.com")), "(shared)");
        assert_eq!(found(at_path("nobody")), "(unknown)");
        assert_eq!(found(at_host("nobody.scim.example.com")), "(unknown)");
        assert_eq!(found(at_host("a.beta.scim.example.com")), "(unknown)");
        assert_eq!(found(at_host("evilscim.example.com")), "(shared)");
    }

    async fn host_and_path_must_agree(system: System) {
        with_host(&system, "acme", "scim.acme.example").await.unwrap();
        let both = |host, tenant| name(system.tenants.resolve(&Address { host, path_tenant: Some(tenant) }));
        assert_eq!(both("scim.acme.example", "acme"), "acme");
        assert_eq!(both("acme.scim.example.com", "acme"), "acme");
        assert_eq!(both("scim.acme.example", "beta"), "(unknown)");
        assert_eq!(both("beta.scim.example.com", "acme"), "(unknown)");
        assert_eq!(both("nobody.scim.example.com", "acme"), "(unknown)");
    }

    async fn host_and_token_must_agree(system: System) {
        let token = system.token("beta").await;
        let now = OffsetDateTime::now_utc();
        let at = async |host| visit(&system.tenants, &at_host(host), Some(&token), now).await;
        at("beta.scim.example.com").await.unwrap();
        assert_eq!(at("acme.scim.example.com").await.unwrap_err(), Refusal::Unknown);
        assert_eq!(at("nobody.scim.example.com").await.unwrap_err(), Refusal::Unknown);
    }

    async fn a_host_has_one_owner(system: System) {
        with_host(&system, "acme", "scim.acme.example").await.unwrap();
        // Its owner may ask for it again.
        with_host(&system, "acme", "scim.acme.example").await.unwrap();
        let refused = with_host(&system, "beta", "scim.acme.example").await.unwrap_err();
        assert_eq!(refused.to_string(), "the host \"scim.acme.example\" belongs to tenant \"acme\" already");
        let new =
            NewTenant { name: "gamma".to_owned(), hosts: vec!["scim.acme.example".to_owned()], ..NewTenant::default() };
        assert!(matches!(system.tenants.create(new).await.unwrap_err(), TenancyError::HostTaken { .. }));
        assert!(system.tenants.find("gamma").is_err(), "all or nothing");
    }

    async fn a_host_that_was_given_up_is_free(system: System) {
        with_host(&system, "acme", "scim.acme.example").await.unwrap();
        let change = TenantChange { remove_hosts: vec!["scim.acme.example".to_owned()], ..TenantChange::default() };
        system.tenants.update("acme", change.clone()).await.unwrap();
        assert_eq!(name(system.tenants.resolve(&at_host("scim.acme.example"))), "(shared)");
        with_host(&system, "beta", "scim.acme.example").await.unwrap();
        assert_eq!(name(system.restarted().await.resolve(&at_host("scim.acme.example"))), "beta");
        let again = system.tenants.update("acme", change).await.unwrap_err();
        assert_eq!(again.to_string(), "tenant \"acme\" has no host \"scim.acme.example\"");
    }

    async fn what_is_no_host_is_refused(system: System) {
        let long = format!("{}.example", "a".repeat(64));
        for host in ["", "https://acme.example", "acme.example:443", "*.acme.example", "a_b.example", "münchen.de", &long]
        {
            assert!(matches!(with_host(&system, "acme", host).await, Err(TenancyError::Invalid(_))), "{host}");
        }
        for taken_by_name in ["scim.example.com", "beta.scim.example.com", "later.scim.example.com"] {
            assert!(matches!(with_host(&system, "acme", taken_by_name).await, Err(TenancyError::Invalid(_))));
        }
    }
}
