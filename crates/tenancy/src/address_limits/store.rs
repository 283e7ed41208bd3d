//! The table `address_limits`: one row for each limit that was set.

use sea_orm::ConnectionTrait;

use super::{AddressLimit, SetAddressLimits};
use crate::TenancyError;
use crate::store::{execute, statement};

/// What was set. A limit that only a newer version knows is passed over, and so is a number that this one does not allow.
pub(crate) async fn read(on: &impl ConnectionTrait) -> Result<SetAddressLimits, TenancyError> {
    let mut limits = SetAddressLimits::default();
    for row in on.query_all_raw(statement(on, "SELECT name, value FROM address_limits", [])).await? {
        let (name, value): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let known = AddressLimit::parse(&name).ok().zip(u32::try_from(value).ok());
        if let Some((limit, value)) = known.filter(|(limit, value)| limit.allowed().contains(value)) {
            limits = limits.with(limit, Some(value));
        }
    }
    Ok(limits)
}

/// Writes what has changed.
pub(super) async fn write(
    on: &impl ConnectionTrait,
    before: SetAddressLimits,
    after: SetAddressLimits,
) -> Result<(), TenancyError> {
    for limit in AddressLimit::ALL.into_iter().filter(|limit| before.get(*limit) != after.get(*limit)) {
        let name = limit.name().into();
        match after.get(limit) {
            Some(value) => {
                let sql = "INSERT INTO address_limits (name, value) VALUES ($1, $2) \
                           ON CONFLICT (name) DO UPDATE SET value = excluded.value";
                execute(on, sql, [name, i64::from(value).into()]).await?;
            }
            None => execute(on, "DELETE FROM address_limits WHERE name = $1", [name]).await?,
        }
    }
    Ok(())
}
