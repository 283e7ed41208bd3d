//! When somebody is told that a token or a secret ends soon.

use sea_orm::ConnectionTrait;

use crate::TenancyError;
use crate::credential_row::CredentialRow;
use crate::store::statement;

/// How many days before its end one is told, the earliest first.
const DAYS: [i64; 4] = [30, 14, 7, 1];

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The warning that is due: the last of [`DAYS`] that has come, unless it or a later one was given. Warnings that are
/// longer than the whole life are left out.
pub(crate) fn due(issued_ms: i64, expires_ms: i64, warned: Option<i64>, now_ms: i64) -> Option<i64> {
    let left = expires_ms - now_ms;
    let life = expires_ms - issued_ms;
    let has_come = |days: &i64| left <= days * DAY_MS && days * DAY_MS < life;
    let last = DAYS.into_iter().rfind(has_come)?;
    (left > 0 && warned.is_none_or(|warned| last < warned)).then_some(last)
}

/// The days that are left, the last one being one.
pub(crate) fn days_left(expires_ms: i64, now_ms: i64) -> i64 {
    (expires_ms - now_ms).div_euclid(DAY_MS) + i64::from((expires_ms - now_ms).rem_euclid(DAY_MS) > 0)
}

/// Notes that a warning is given; `false`: somebody else gives it, or a later one.
pub(crate) async fn claim_warning(
    on: &impl ConnectionTrait,
    row: CredentialRow,
    days: i64,
) -> Result<bool, TenancyError> {
    let sql = format!(
        "UPDATE {} SET warned_days = $2 WHERE id = $1 AND (warned_days IS NULL OR warned_days > $2)",
        row.table()
    );
    Ok(on.execute_raw(statement(on, &sql, [row.id().into(), days.into()])).await?.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks every hour of a token's life, and tells what was due and with how many days left.
    fn warnings(life_days: i64) -> Vec<(i64, i64)> {
        let (mut warned, mut given) = (None, Vec::new());
        for hour in 0..=life_days * 24 {
            let now = hour * DAY_MS / 24;
            if let Some(days) = due(0, life_days * DAY_MS, warned, now) {
                warned = Some(days);
                given.push((days, days_left(life_days * DAY_MS, now)));
            }
        }
        given
    }

    #[test]
    fn one_is_told_30_14_7_and_1_days_ahead() {
        assert_eq!(warnings(365), [(30, 30), (14, 14), (7, 7), (1, 1)]);
    }

    #[test]
    fn a_short_life_has_fewer_warnings() {
        assert_eq!(warnings(30), [(14, 14), (7, 7), (1, 1)]);
        assert_eq!(warnings(10), [(7, 7), (1, 1)]);
        assert_eq!(warnings(1), []);
    }

    #[test]
    fn after_a_pause_only_the_last_is_told() {
        let now = 360 * DAY_MS;
        assert_eq!(due(0, 365 * DAY_MS, None, now), Some(7));
        assert_eq!(due(0, 365 * DAY_MS, Some(30), now), Some(7));
        assert_eq!(due(0, 365 * DAY_MS, Some(7), now), None);
        assert_eq!(due(0, 365 * DAY_MS, Some(1), now), None);
    }

    #[test]
    fn an_expired_token_ends_no_more() {
        assert_eq!(due(0, 365 * DAY_MS, Some(7), 365 * DAY_MS), None);
    }
}
