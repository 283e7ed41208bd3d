//! Keys of programs that administer.

use secrecy::ExposeSecret;
use time::{Duration, OffsetDateTime};

use super::{System, on_both};
use crate::{NewApiKey, Role, TenancyError};

fn new(role: Role, tenant: Option<&str>) -> NewApiKey {
    NewApiKey { name: "tests".to_owned(), role, tenant: tenant.map(str::to_owned), days: 1 }
}

on_both! {
    async fn a_key_is_found_until_it_expires(system: System) {
        let issued = system.tenants.create_api_key(new(Role::Auditor, None)).await.unwrap();
        let key = issued.key.expose_secret();
        let end = OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(issued.record.expires_ms);
        let found = system.tenants.find_api_key(key, end - Duration::MILLISECOND).await.unwrap().unwrap();
        assert_eq!((found.id, found.role, found.tenant), (issued.record.id, Role::Auditor, None));
        assert!(system.tenants.find_api_key(key, end).await.unwrap().is_none());
    }

    async fn a_revoked_key_is_found_no_more(system: System) {
        let issued = system.tenants.create_api_key(new(Role::Operator, None)).await.unwrap();
        let first = system.tenants.revoke_api_key(issued.record.id).await.unwrap();
        let again = system.tenants.revoke_api_key(issued.record.id).await.unwrap();
        assert!(first.ended_ms.is_some() && first.ended_ms == again.ended_ms);
        let now = OffsetDateTime::now_utc();
        assert!(system.tenants.find_api_key(issued.key.expose_secret(), now).await.unwrap().is_none());
        assert!(matches!(
            system.tenants.revoke_api_key("0f6c1a52-6a35-4f5e-9c1d-3f1f0a6f8f10".parse().unwrap()).await,
            Err(TenancyError::NoApiKey { .. })
        ));
    }

    async fn a_key_is_one_number_with_its_own_secret(system: System) {
        let (one, other) = (
            system.tenants.create_api_key(new(Role::TenantAdmin, Some("acme"))).await.unwrap(),
            system.tenants.create_api_key(new(Role::Operator, None)).await.unwrap(),
        );
        let (own, now) = (one.key.expose_secret(), OffsetDateTime::now_utc());
        let found = system.tenants.find_api_key(own, now).await.unwrap().unwrap();
        assert_eq!(found.tenant.as_deref(), Some("acme"));
        let secret = own.splitn(3, '_').nth(2).unwrap();
        let mixed = format!("tenantry_{}_{secret}", other.record.id.to_string().replace('-', ""));
        for wrong in [mixed.as_str(), &own[..own.len() - 1], "", "tenantry_"] {
            assert!(system.tenants.find_api_key(wrong, now).await.unwrap().is_none(), "{wrong}");
        }
        system.tenants.delete("acme").await.unwrap();
        assert!(system.tenants.find_api_key(own, now).await.unwrap().is_none());
        assert_eq!(system.tenants.list_api_keys().await.unwrap().len(), 1);
    }
}
