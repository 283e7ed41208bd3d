//! The limits of network addresses: show, change.

use serde_json::{Map, Value, json};
use tenancy::{AddressLimit, SetAddressLimits};

use super::Operator;
use crate::{Answer, Failure};

impl Operator {
    pub(super) fn show_limits(&self) -> Answer {
        self.limits_as(self.tenants.address_limits())
    }

    pub(super) async fn change_limits(&self, changes: &Map<String, Value>) -> Result<Answer, Failure> {
        Ok(self.limits_as(self.tenants.change_address_limits(changes).await?))
    }

    /// What is in force, what the settings say, and which of them were set at run time.
    fn limits_as(&self, set: SetAddressLimits) -> Answer {
        let by_name = |value: &dyn Fn(AddressLimit) -> u32| -> Map<String, Value> {
            AddressLimit::ALL.into_iter().map(|limit| (limit.name().to_owned(), value(limit).into())).collect()
        };
        let in_force = set.over(self.limits);
        let names = AddressLimit::ALL.into_iter().filter(|limit| set.get(*limit).is_some()).map(AddressLimit::name);
        json!({
            "limits": by_name(&|limit| in_force.get(limit)),
            "settings": by_name(&|limit| self.limits.get(limit)),
            "set": names.collect::<Vec<_>>(),
        })
    }
}
