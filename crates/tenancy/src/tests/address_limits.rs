//! The limits of network addresses, set while servers run.

use serde_json::{Map, Value, json};

use super::{System, on_both};
use crate::{AddressLimit, SetAddressLimits, TenancyError};

fn changes(changes: Value) -> Map<String, Value> {
    let Value::Object(changes) = changes else { panic!("an object") };
    changes
}

fn all(limits: SetAddressLimits) -> [Option<u32>; 4] {
    AddressLimit::ALL.map(|limit| limits.get(limit))
}

impl System {
    async fn change(&self, wanted: Value) -> Result<[Option<u32>; 4], TenancyError> {
        self.tenants.change_address_limits(&changes(wanted)).await.map(all)
    }

    /// What this process knows, and what one knows that has just started.
    async fn known(&self) -> [[Option<u32>; 4]; 2] {
        [all(self.tenants.address_limits()), all(self.restarted().await.address_limits())]
    }
}

on_both! {
    async fn what_was_set_is_known_at_once_and_survives_a_restart(system: System) {
        assert_eq!(system.known().await, [[None; 4]; 2]);
        let wanted = json!({ "address_requests_per_second": 0, "address_requests_burst": 9, "address_burst": 7 });
        let expected = [Some(0), Some(9), None, Some(7)];
        assert_eq!(system.change(wanted).await.unwrap(), expected);
        assert_eq!(system.known().await, [expected; 2]);
        let wanted = json!({ "address_requests_burst": 10, "address_burst": null, "address_per_second": null });
        let expected = [Some(0), Some(10), None, None];
        assert_eq!(system.change(wanted).await.unwrap(), expected);
        assert_eq!(system.change(json!({})).await.unwrap(), expected);
        assert_eq!(system.known().await, [expected; 2]);
    }

    async fn a_wrong_one_changes_nothing(system: System) {
        system.change(json!({ "address_burst": 7 })).await.unwrap();
        for wanted in [json!({ "address_burst": 8, "colour": 1 }), json!({ "address_per_second": 0, "address_burst": 8 })] {
            assert!(matches!(system.change(wanted).await, Err(TenancyError::Invalid(_))));
        }
        assert_eq!(system.known().await, [[None, None, None, Some(7)]; 2]);
    }

    async fn changes_of_tenants_leave_them_as_they_are(system: System) {
        system.change(json!({ "address_burst": 7 })).await.unwrap();
        system.tenants.set_enabled("acme", false).await.unwrap();
        system.tenants.delete("beta").await.unwrap();
        assert_eq!(system.known().await, [[None, None, None, Some(7)]; 2]);
        system.change(json!({ "address_burst": 8 })).await.unwrap();
        assert!(!system.tenants.find("acme").unwrap().is_enabled());
        assert!(system.tenants.find("beta").is_err());
    }

    // A newer version may know other limits, and allow other numbers.
    async fn what_this_version_cannot_read_is_passed_over(system: System) {
        system.change(json!({ "address_burst": 7 })).await.unwrap();
        system.meddle(&[
            "INSERT INTO address_limits (name, value) VALUES ('address_colour', 3), ('address_per_second', 0), \
             ('address_requests_burst', 1000000001)",
        ])
        .await;
        assert_eq!(all(system.restarted().await.address_limits()), [None, None, None, Some(7)]);
    }
}
